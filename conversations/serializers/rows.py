"""The rows of the record as `/api/v1/` shows them: UUIDs for ids, and the words active, escalated, closed for status."""

from typing import Any

from rest_framework import serializers

from conversations.models import (
    Attachment,
    Conversation,
    Customer,
    Delivery,
    DeliveryAttempt,
    Escalation,
    Message,
    Note,
)
from conversations.models.conversation import STATUSES
from conversations.serializers import masking
from core.models import User


class PersonShown(serializers.ModelSerializer[User]):
    """A colleague."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField(source="display_name")

    class Meta:
        model = User
        fields = ["id", "name"]


class CustomerShown(serializers.ModelSerializer[Customer]):
    """A customer as one of our accounts knows them.

    ``email`` is whole for a key with `personal:read`; people reveal it in the workspace, where that is noted.
    ``details_from`` says who told name and address: ``site`` signed them, ``visitor`` only typed them, empty is the platform.
    """

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField(source="display_name")
    email = serializers.SerializerMethodField()

    def get_email(self, customer: Customer) -> str:
        """The address, as whoever asks may see it."""
        return masking.address(customer.email, self.context)

    class Meta:
        model = Customer
        fields = [
            "id",
            "platform",
            "external_id",
            "name",
            "username",
            "email",
            "details_from",
            "locale",
            "blocked_at",
            "erased_at",
            "created_at",
        ]
        read_only_fields = fields


class CustomerNamed(serializers.ModelSerializer[Customer]):
    """Who it is, in a row about something else."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField(source="display_name")

    class Meta:
        model = Customer
        fields = ["id", "name"]


class ConversationShown(serializers.ModelSerializer[Conversation]):
    """A conversation. ``waiting_since`` is since when the customer waits for a person or the bot."""

    id = serializers.UUIDField(source="public_id")
    status = serializers.ChoiceField(choices=sorted(set(STATUSES.values())), read_only=True)
    customer = CustomerNamed()
    assignee = PersonShown(allow_null=True)
    team = serializers.UUIDField(source="team.public_id", allow_null=True, default=None)
    intent = serializers.CharField(source="last_intent")
    sentiment = serializers.FloatField(source="last_sentiment", allow_null=True)
    subject = masking.Words()
    window_closes_at = serializers.DateTimeField(allow_null=True, read_only=True)
    window_left = serializers.IntegerField(allow_null=True, read_only=True)

    class Meta:
        model = Conversation
        fields = [
            "id", "status", "mode", "platform", "account_name", "customer", "assignee", "team", "priority", "language", "intent",
            "sentiment", "subject", "last_customer_line", "is_public", "last_seq", "last_in_seq", "waiting_since",
            "window_closes_at", "window_left", "last_message_at", "created_at", "updated_at", "closed_at",
        ]  # fmt: skip
        read_only_fields = fields


class ReadingShown(serializers.Serializer[Attachment]):
    """What a machine read in an attachment: the words of a recording (``audio``), or what a picture (``image``) shows.

    It may be wrong. ``text`` is empty in every state but ``done``, and masked as a customer's words are; ``language`` is as
    the provider tells it.
    """

    state = serializers.ChoiceField(source="reading_state", choices=Attachment.ReadingState.choices)
    text = masking.Words(source="reading_text")
    language = serializers.CharField(source="reading_language")
    provider = serializers.CharField(source="reading_provider")
    model = serializers.CharField(source="reading_model")


class AttachmentShown(serializers.ModelSerializer[Attachment]):
    """Something that came with a message. Its file is opened in the workspace."""

    id = serializers.UUIDField(source="public_id")
    reading = ReadingShown(source="*")

    class Meta:
        model = Attachment
        fields = ["id", "kind", "name", "content_type", "size", "state", "reading"]
        read_only_fields = fields


class DeliveryNamed(serializers.ModelSerializer[Delivery]):
    """Whether a message of ours went out."""

    id = serializers.UUIDField(source="public_id")

    class Meta:
        model = Delivery
        fields = ["id", "state", "reason", "sent_at", "read_at"]
        read_only_fields = fields


class MessageShown(serializers.ModelSerializer[Message]):
    """A message. ``seq`` counts within its conversation; ``delivery`` is null for a customer's.

    In a customer's ``text`` a kind in brackets, such as `[card]` or `[e-mail]`, stands in the place of numbers and addresses;
    it is whole for a key with `personal:read`, and people reveal it, which is noted.
    """

    id = serializers.UUIDField(source="public_id")
    conversation = serializers.UUIDField(source="conversation.public_id")
    author = serializers.CharField(source="author_name")
    delivery = DeliveryNamed(allow_null=True, default=None)
    attachments = AttachmentShown(many=True)
    sources = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))
    text = serializers.SerializerMethodField()

    class Meta:
        model = Message
        fields = [
            "id", "conversation", "seq", "direction", "sender_type", "author", "kind", "text", "attachments", "sources",
            "disposition", "disposition_reason", "intent", "sentiment_score", "language", "response_time_ms", "delivery",
            "sent_at", "created_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_text(self, message: Message) -> str:
        """What it says, as whoever asks may read it."""
        return masking.said(message, self.context)


class ReadingRevealed(serializers.Serializer[Any]):
    """What a machine read in one attachment, whole."""

    attachment = serializers.UUIDField()
    text = serializers.CharField()


class MessageRevealed(serializers.Serializer[Any]):
    """A customer's words, and what a machine read in what came with them, whole."""

    id = serializers.UUIDField()
    text = serializers.CharField()
    readings = ReadingRevealed(many=True)


class EscalationShown(serializers.ModelSerializer[Escalation]):
    """Why a person is needed, and how that ended. ``detail`` and ``suggestion`` are masked as a customer's words are."""

    id = serializers.UUIDField(source="public_id")
    conversation = serializers.UUIDField(source="conversation.public_id")
    detail = masking.Words()
    suggestion = masking.Words()
    claimed_by = PersonShown(allow_null=True)

    class Meta:
        model = Escalation
        fields = [
            "id", "conversation", "state", "outcome", "reason", "detail", "priority", "suggestion", "claimed_by", "due_at",
            "snoozed_until", "created_at", "claimed_at", "closed_at",
        ]  # fmt: skip
        read_only_fields = fields


class AttemptShown(serializers.ModelSerializer[DeliveryAttempt]):
    """One attempt to send."""

    class Meta:
        model = DeliveryAttempt
        fields = ["number", "started_at", "ended_at", "outcome", "http_status", "evidence"]
        read_only_fields = fields


class DeliveryShown(serializers.ModelSerializer[Delivery]):
    """A message on its way out. ``fence`` counts its attempts: send it back as ``seen_fence`` when you decide."""

    id = serializers.UUIDField(source="public_id")
    conversation = serializers.UUIDField(source="conversation.public_id")
    message = serializers.UUIDField(source="message.public_id")
    attempt_log = AttemptShown(many=True)

    class Meta:
        model = Delivery
        fields = [
            "id", "conversation", "message", "author", "state", "reason", "attempts", "fence", "next_attempt_at", "expires_at",
            "platform_message_id", "attempt_log", "created_at", "sent_at", "read_at",
        ]  # fmt: skip
        read_only_fields = fields


class NoteShown(serializers.ModelSerializer[Note]):
    """What staff tell each other; never sent to a customer."""

    id = serializers.UUIDField(source="public_id")
    conversation = serializers.UUIDField(source="conversation.public_id")
    author = serializers.CharField(source="author_name")

    class Meta:
        model = Note
        fields = ["id", "conversation", "author", "after_seq", "text", "created_at"]
        read_only_fields = fields


class ConversationState(serializers.ModelSerializer[Conversation]):
    """What a deed left: who answers now. No words of the customer, so that it may be kept and sent to who may not read."""

    id = serializers.UUIDField(source="public_id")
    status = serializers.ChoiceField(choices=sorted(set(STATUSES.values())), read_only=True)
    assignee = serializers.UUIDField(source="assignee.public_id", allow_null=True, default=None)

    class Meta:
        model = Conversation
        fields = ["id", "status", "mode", "assignee"]
        read_only_fields = fields


class TakenOver(ConversationState):
    """The same, and the deliveries of the bot whose sending had begun: they may still arrive."""

    in_flight = serializers.ListField(child=serializers.UUIDField(), read_only=True)

    class Meta(ConversationState.Meta):
        fields = [*ConversationState.Meta.fields, "in_flight"]


class MessageSent(serializers.ModelSerializer[Message]):
    """A reply that was written, and how its sending stands."""

    id = serializers.UUIDField(source="public_id")
    conversation = serializers.UUIDField(source="conversation.public_id")
    delivery = serializers.UUIDField(source="delivery.public_id")
    state = serializers.ChoiceField(choices=Delivery.State.choices, source="delivery.state")

    class Meta:
        model = Message
        fields = ["id", "conversation", "seq", "delivery", "state", "created_at"]
        read_only_fields = fields


class NoteLeft(serializers.ModelSerializer[Note]):
    """A note that was written."""

    id = serializers.UUIDField(source="public_id")
    conversation = serializers.UUIDField(source="conversation.public_id")

    class Meta:
        model = Note
        fields = ["id", "conversation", "created_at"]
        read_only_fields = fields


class EscalationState(serializers.ModelSerializer[Escalation]):
    """How an escalation stands."""

    id = serializers.UUIDField(source="public_id")
    conversation = serializers.UUIDField(source="conversation.public_id")
    claimed_by = serializers.UUIDField(source="claimed_by.public_id", allow_null=True, default=None)

    class Meta:
        model = Escalation
        fields = ["id", "conversation", "state", "reason", "priority", "claimed_by", "due_at", "created_at"]
        read_only_fields = fields


class DeliveryState(serializers.ModelSerializer[Delivery]):
    """How a delivery stands."""

    id = serializers.UUIDField(source="public_id")
    conversation = serializers.UUIDField(source="conversation.public_id")

    class Meta:
        model = Delivery
        fields = ["id", "conversation", "state", "attempts", "fence"]
        read_only_fields = fields


def json_of(serializer: type[serializers.BaseSerializer[Any]], row: Any) -> dict[str, Any]:
    """A row in the words of a serializer."""
    return dict(serializer(row).data)
