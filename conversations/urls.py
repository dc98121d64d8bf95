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
    # The older project's clients.
    re_path(r"^conversations/?\Z", older.OlderConversations.as_view(), name="older-conversations"),
    re_path(
        r"^conversations/(?P<number>[0-9]{1,18})/?\Z", older.OneOlderConversation.as_view(), name="older-conversation"
    ),
    re_path(r"^messages/conversations(?:/[0-9]{1,18})?/?\Z", older.NeverThere.as_view(), name="older-never"),
    re_path(r"^messages/send/?\Z", older.SendOlder.as_view(), name="older-send"),
    re_path(r"^admin/escalate/(?P<number>[0-9]{1,18})/?\Z", older.EscalateOlder.as_view(), name="older-escalate"),
    re_path(r"^admin/override/(?P<number>[0-9]{1,18})/?\Z", older.OverrideOlder.as_view(), name="older-override"),
]
