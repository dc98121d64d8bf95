"""The rows of the record."""

from conversations.models.conversation import Conversation, Customer, Episode
from conversations.models.delivery import Delivery, DeliveryAttempt
from conversations.models.escalation import Escalation
from conversations.models.fact import Fact
from conversations.models.message import Attachment, Message, Note, SeenKey
from conversations.models.promise import Promise
from conversations.models.restoration import Restoration

__all__ = [
    "Attachment",
    "Conversation",
    "Customer",
    "Delivery",
    "DeliveryAttempt",
    "Episode",
    "Escalation",
    "Fact",
    "Message",
    "Note",
    "Promise",
    "Restoration",
    "SeenKey",
]
