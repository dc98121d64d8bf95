"""Where platforms knock, with and without a slash at the end: a POST must never be redirected."""

from django.urls import include, path, re_path

from core.routing import DoorRouter
from integrations import views
from integrations.api import Accounts, Events, StartOlder
from integrations.webhooks import PlatformDoor, verify_challenge

router = DoorRouter()
router.register("accounts", Accounts, basename="api-accounts")
router.register("events", Events, basename="api-events")

urlpatterns = [
    re_path(r"^webhooks/tiktok/?\Z", PlatformDoor.as_view(platform_name="tiktok"), name="webhook-tiktok"),
    re_path(r"^webhooks/linkedin/?\Z", PlatformDoor.as_view(platform_name="linkedin"), name="webhook-linkedin"),
    re_path(
        r"^webhooks/linkedin/(?P<scope>[^/]{1,200})/?\Z",
        PlatformDoor.as_view(platform_name="linkedin"),
        name="webhook-linkedin-app",
    ),
    re_path(
        r"^webhooks/events/(?P<scope>[0-9a-f-]{36})/?\Z",
        PlatformDoor.as_view(platform_name="events"),
        name="webhook-events",
    ),
    re_path(r"^webhooks/verify/?\Z", verify_challenge, name="webhook-verify"),
    re_path(r"^oauth/(?P<platform>tiktok|linkedin)/connect/?\Z", views.connect, name="oauth-connect"),
    re_path(r"^oauth/(?P<platform>tiktok|linkedin)/start/?\Z", StartOlder.as_view(), name="older-oauth-start"),
    re_path(r"^oauth/(?P<platform>tiktok|linkedin)/callback/?\Z", views.callback, name="oauth-callback"),
    path("api/v1/", include(router.urls)),
    path("chat/", include("integrations.webchat.urls")),
]
