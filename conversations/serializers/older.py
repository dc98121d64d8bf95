"""The record in the words of the older project's clients: integers for ids, user and agent for customer and bot."""

from typing import Any

from rest_framework import serializers

from conversations.models import Conversation, Message
from conversations.models.conversation import STATUSES
from conversations.types import Priority

SENDERS = {"customer": "user", "bot": "agent", "system": "agent", "human": "human"}
MODES = {word: mode for mode, word in STATUSES.items()}
LARGEST_OFFSET = 10_000


class OlderMessage(serializers.ModelSerializer[Message]):
    """A message."""

    conversation_id = serializers.IntegerField()
    content = serializers.CharField(source="text")
    sender_type = serializers.SerializerMethodField()
    intent = serializers.SerializerMethodField()

    class Meta:
        model = Message
        fields = [
            "id", "conversation_id", "content", "sender_type", "intent", "sentiment_score", "response_time_ms", "created_at",
        ]  # fmt: skip

    def get_sender_type(self, message: Message) -> str:
        """User, agent or human."""
        return SENDERS[message.sender_type]

    def get_intent(self, message: Message) -> str | None:
        """The intent, null for none."""
        return message.intent or None


class OlderConversation(serializers.ModelSerializer[Conversation]):
    """A conversation with its messages."""

    user_id = serializers.IntegerField(source="customer_id")
    platform_conversation_id = serializers.CharField(source="thread_key")
    status = serializers.CharField()
    escalated = serializers.SerializerMethodField()
    escalation_reason = serializers.SerializerMethodField()
    messages = OlderMessage(many=True)

    class Meta:
        model = Conversation
        fields = [
            "id", "user_id", "platform", "platform_conversation_id", "status", "escalated", "escalation_reason", "created_at",
            "updated_at", "closed_at", "messages",
        ]  # fmt: skip

    def get_escalated(self, conversation: Conversation) -> bool:
        """Whether people have it."""
        return conversation.mode == Conversation.Mode.HUMAN

    def get_escalation_reason(self, conversation: Conversation) -> str | None:
        """Why, of the newest escalation."""
        newest = next(iter(conversation.escalations.all()), None)
        return (newest.detail or str(newest.get_reason_display())) if newest is not None else None


class OlderFilters(serializers.Serializer[Any]):
    """Which conversations. Platforms and states that are not known fit none."""

    platform = serializers.CharField(required=False, max_length=40, default="")
    status = serializers.CharField(required=False, max_length=40, default="")
    escalated = serializers.BooleanField(required=False, allow_null=True, default=None)
    priority = serializers.ChoiceField(choices=Priority.values, required=False, default="")
    assigned_to = serializers.CharField(required=False, max_length=150, default="")
    limit = serializers.IntegerField(required=False, default=50, min_value=0, max_value=100)
    offset = serializers.IntegerField(required=False, default=0, min_value=0, max_value=LARGEST_OFFSET)


class OlderReply(serializers.Serializer[Any]):
    """What to send, and where."""

    conversation_id = serializers.IntegerField()
    platform = serializers.CharField(max_length=40)
    message = serializers.CharField(max_length=65_536, trim_whitespace=False, allow_blank=True)


class OlderEscalation(serializers.Serializer[Any]):
    """Why a person is needed."""

    reason = serializers.CharField(max_length=300)


class OlderOverride(serializers.Serializer[Any]):
    """What should have been said."""

    new_content = serializers.CharField(max_length=65_536, trim_whitespace=False)
    reason = serializers.CharField(max_length=300, required=False, allow_null=True, default=None)
