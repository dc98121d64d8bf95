"""The rows between us and the platforms: accounts, what came in, visitors of the web chat, and who is told of it."""

from integrations.models.account import (
    AuthorizationRequest,
    PlatformAccount,
    PlatformAccountQuerySet,
    SendWindow,
    new_public_key,
)
from integrations.models.event import WebhookEvent, WebhookEventQuerySet
from integrations.models.subscription import EventAttempt, EventDelivery, EventDeliveryQuerySet, Subscription
from integrations.models.visitor import IdentifiedPerson, Visitor, VisitorQuerySet

__all__ = [
    "AuthorizationRequest",
    "EventAttempt",
    "EventDelivery",
    "EventDeliveryQuerySet",
    "IdentifiedPerson",
    "PlatformAccount",
    "PlatformAccountQuerySet",
    "SendWindow",
    "Subscription",
    "Visitor",
    "VisitorQuerySet",
    "WebhookEvent",
    "WebhookEventQuerySet",
    "new_public_key",
]
