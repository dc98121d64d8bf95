"""The addresses of the record. A POST is never redirected, so each answers with and without the slash at its end."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from conversations.api import older
from conversations.api.conversations import Conversations
from conversations.api.rows import Customers, Deliveries, Escalations, Messages
from core.routing import DoorRouter

router = DoorRouter()
router.register("conversations", Conversations, basename="api-conversations")
router.register("messages", Messages, basename="api-messages")
router.register("customers", Customers, basename="api-customers")
router.register("escalations", Escalations, basename="api-escalations")
router.register("deliveries", Deliveries, basename="api-deliveries")

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include(router.urls)),
    # The older project's clients, as far as they change something: what they read is known to the agent.
    re_path(r"^messages/conversations(?:/[^/]+)?/?\Z", older.NeverThere.as_view(), name="older-never"),
    re_path(r"^messages/send/?\Z", older.SendOlder.as_view(), name="older-send"),
    re_path(r"^admin/escalate/(?P<number>[^/]+)/?\Z", older.EscalateOlder.as_view(), name="older-escalate"),
    re_path(r"^admin/override/(?P<number>[^/]+)/?\Z", older.OverrideOlder.as_view(), name="older-override"),
]
