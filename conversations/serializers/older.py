"""The record in the words of the older project's clients: integers for ids, user and agent for customer and bot."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from conversations.models import Conversation, Message
from conversations.models.conversation import STATUSES
from conversations.serializers import masking
from conversations.types import Priority

SENDERS = {"customer": "user", "bot": "agent", "system": "agent", "human": "human"}
MODES = {word: mode for mode, word in STATUSES.items()}
# Who may be in danger comes before what is high, a word that the older clients do not know.
PRIORITIES = {"high": (Priority.FIRST, Priority.HIGH), "normal": (Priority.NORMAL,), "low": (Priority.LOW,)}
LARGEST_OFFSET = 10_000
LARGEST_ID = 10**18 - 1


class OlderMessage(serializers.ModelSerializer[Message]):
    """A message. ``routes`` in the context says which of the older project's four intents each intent of ours belongs to."""

    conversation_id = serializers.IntegerField()
    content = serializers.SerializerMethodField()
    sender_type = serializers.SerializerMethodField()
    intent = serializers.SerializerMethodField()

    class Meta:
        model = Message
        fields = [
            "id", "conversation_id", "content", "sender_type", "intent", "sentiment_score", "response_time_ms", "created_at",
        ]  # fmt: skip

    def get_content(self, message: Message) -> str:
        """What it says, as whoever asks may read it."""
        return masking.said(message, self.context)

    def get_sender_type(self, message: Message) -> str:
        """User, agent or human."""
        return SENDERS[message.sender_type]

    def get_intent(self, message: Message) -> str | None:
        """Support, sales, general or urgent, null for none."""
        routes: Mapping[str, str] = self.context["routes"]
        return routes[message.intent] if message.intent else None


class OlderConversation(serializers.ModelSerializer[Conversation]):
    """A conversation with its messages."""

    user_id = serializers.IntegerField(source="customer_id")
    platform_conversation_id = serializers.CharField(source="thread_key")
    status = serializers.CharField()
    escalated = serializers.SerializerMethodField()
    escalation_reason = serializers.SerializerMethodField()
    messages = serializers.SerializerMethodField()

    class Meta:
        model = Conversation
        fields = [
            "id", "user_id", "platform", "platform_conversation_id", "status", "escalated", "escalation_reason", "created_at",
            "updated_at", "closed_at", "messages",
        ]  # fmt: skip

    def get_messages(self, conversation: Conversation) -> Any:
        """Those that were read with it, oldest first."""
        newest: list[Message] = conversation.newest_messages  # type: ignore[attr-defined]  # prefetched under this name
        return OlderMessage(newest[::-1], many=True, context=self.context).data

    def get_escalated(self, conversation: Conversation) -> bool:
        """Whether people have it or have had it, as ``escalated()`` counts; what is closed keeps it, and its reason."""
        return bool(conversation.escalations.all())

    def get_escalation_reason(self, conversation: Conversation) -> str | None:
        """Why, of the newest escalation."""
        newest = next(iter(conversation.escalations.all()), None)
        if newest is None:
            return None
        return masking.words(newest.detail, self.context) or str(newest.get_reason_display())


class OlderFilters(serializers.Serializer[Any]):
    """Which conversations. Platforms and states that are not known fit none."""

    platform = serializers.CharField(required=False, max_length=40, default="")
    status = serializers.CharField(required=False, max_length=40, default="")
    escalated = serializers.BooleanField(required=False, allow_null=True, default=None)
    priority = serializers.ChoiceField(choices=list(PRIORITIES), required=False, default="")
    assigned_to = serializers.IntegerField(required=False, default=None, min_value=0, max_value=LARGEST_ID)
    limit = serializers.IntegerField(required=False, default=50, min_value=0, max_value=100)
    offset = serializers.IntegerField(required=False, default=0, min_value=0, max_value=LARGEST_OFFSET)


class OlderReply(serializers.Serializer[Any]):
    """What to send, and where."""

    conversation_id = serializers.IntegerField()
    platform = serializers.CharField(max_length=40)
    message = serializers.CharField(max_length=65_536, trim_whitespace=False, allow_blank=True)


class OlderEscalation(serializers.Serializer[Any]):
    """Why a person is needed: in any words, or in none; the queue shows the first 300 signs."""

    reason = serializers.CharField(max_length=65_536, trim_whitespace=False, allow_blank=True)


class OlderOverride(serializers.Serializer[Any]):
    """What should have been said."""

    new_content = serializers.CharField(max_length=65_536, trim_whitespace=False)
    reason = serializers.CharField(max_length=300, required=False, allow_null=True, default=None)
