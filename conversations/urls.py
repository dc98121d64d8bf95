"""The addresses of the record. A POST is never redirected, so each answers with and without the slash at its end."""

from django.urls import URLPattern, URLResolver, include, path

from conversations.api.conversations import Conversations
from conversations.api.rows import Customers, Deliveries, Escalations, Messages
from core.routing import DoorRouter

router = DoorRouter()
router.register("conversations", Conversations, basename="api-conversations")
router.register("messages", Messages, basename="api-messages")
router.register("customers", Customers, basename="api-customers")
router.register("escalations", Escalations, basename="api-escalations")
router.register("deliveries", Deliveries, basename="api-deliveries")

urlpatterns: list[URLPattern | URLResolver] = [path("api/v1/", include(router.urls))]
