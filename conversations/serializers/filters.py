"""What lists of the record may be narrowed by. A filter that does not stand here is refused."""

from typing import Any

from rest_framework import serializers

from conversations.models import Delivery, Escalation, Message
from conversations.models.conversation import STATUSES
from conversations.types import Priority, ReasonCategory


def choice(values: Any) -> serializers.ChoiceField:
    """One of these."""
    return serializers.ChoiceField(choices=values, required=False)


def since(column: str) -> serializers.DateTimeField:
    """From this moment on."""
    return serializers.DateTimeField(required=False, source=f"{column}__gte", help_text="ISO 8601, from then on.")


def before(column: str) -> serializers.DateTimeField:
    """Before this moment."""
    return serializers.DateTimeField(required=False, source=f"{column}__lt", help_text="ISO 8601, before then.")


def of(column: str) -> serializers.UUIDField:
    """The id of another row."""
    return serializers.UUIDField(required=False, source=f"{column}__public_id")


def words(longest: int) -> serializers.CharField:
    """Exactly this text."""
    return serializers.CharField(required=False, max_length=longest, trim_whitespace=False)


class ConversationFilters(serializers.Serializer[Any]):
    """Which conversations."""

    status = serializers.ChoiceField(choices=sorted(set(STATUSES.values())), required=False, source="mode")
    platform = words(20)
    priority = choice(Priority.choices)
    customer = of("customer")
    assignee = of("assignee")
    team = of("team")
    updated_since = since("updated_at")
    last_message_since = since("last_message_at")

    def validate_status(self, status: str) -> str:
        """The mode that it stands for."""
        return next(mode for mode, word in STATUSES.items() if word == status)


class MessageFilters(serializers.Serializer[Any]):
    """Which messages."""

    conversation = of("conversation")
    direction = choice(Message.Direction.choices)
    sender_type = choice(Message.Sender.choices)
    disposition = choice(Message.Disposition.choices)
    intent = words(60)
    after_seq = serializers.IntegerField(
        required=False,
        source="seq__gt",
        min_value=0,
        max_value=2**62,
        help_text="Within a conversation: what came after.",
    )
    created_since = since("created_at")
    created_before = before("created_at")


class CustomerFilters(serializers.Serializer[Any]):
    """Which customers."""

    platform = words(20)
    external_id = words(255)
    created_since = since("created_at")


class EscalationFilters(serializers.Serializer[Any]):
    """Which escalations."""

    state = choice(Escalation.State.choices)
    reason = choice(ReasonCategory.choices)
    priority = choice(Priority.choices)
    conversation = of("conversation")
    claimed_by = of("claimed_by")
    created_since = since("created_at")


class DeliveryFilters(serializers.Serializer[Any]):
    """Which deliveries."""

    state = choice(Delivery.State.choices)
    author = choice(Delivery.Author.choices)
    conversation = of("conversation")
    created_since = since("created_at")
