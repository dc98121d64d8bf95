"""What was said, what came with it, and what staff noted for each other."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from conversations.models.conversation import Conversation, Episode
from core.documents import PDF
from core.following import NAME
from core.pictures import SHOWN
from core.recordings import RECORDINGS


class Message(models.Model):
    """One thing somebody said. Whether it was delivered stands on its Delivery; notes are another table."""

    class Direction(models.TextChoices):
        """Which way it went."""

        INBOUND = "in", "Inbound"
        OUTBOUND = "out", "Outbound"

    class Sender(models.TextChoices):
        """Who said it."""

        CUSTOMER = "customer", "Customer"
        BOT = "bot", "Bot"
        HUMAN = "human", "Human"
        SYSTEM = "system", "System"

    class Disposition(models.TextChoices):
        """The visible end of a customer's message."""

        UNDECIDED = "undecided", "Undecided"
        ANSWERED = "answered", "Answered"
        HANDED_OVER = "handed_over", "Handed over"
        IGNORED = "ignored", "Needs no answer"
        DEAD = "dead", "Given up"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    episode = models.ForeignKey(Episode, null=True, on_delete=models.SET_NULL, related_name="messages")
    account_id = models.BigIntegerField()
    seq = models.BigIntegerField()
    direction = models.CharField(max_length=3, choices=Direction.choices)
    sender_type = models.CharField(max_length=10, choices=Sender.choices)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    author_name = models.CharField(max_length=150, blank=True)
    platform_message_id = models.CharField(max_length=300, null=True, blank=True)  # noqa: DJ001  (NULL keeps it unique)
    kind = models.CharField(max_length=20, default="text")
    text = models.TextField(blank=True)
    reply_to = models.CharField(max_length=300, blank=True)
    sources = models.JSONField(default=list, blank=True)
    details = models.JSONField(default=dict, blank=True)
    disposition = models.CharField(max_length=12, choices=Disposition.choices, blank=True)
    disposition_reason = models.CharField(max_length=120, blank=True)
    disposition_id = models.BigIntegerField(null=True, blank=True)
    run_id = models.BigIntegerField(null=True, blank=True)
    intent = models.CharField(max_length=60, blank=True)
    sentiment_score = models.FloatField(null=True, blank=True)
    language = models.CharField(max_length=8, blank=True)
    response_time_ms = models.PositiveBigIntegerField(null=True, blank=True)
    is_late = models.BooleanField(default=False)
    sent_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["conversation", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "seq"], name="message_seq_is_unique"),
            models.UniqueConstraint(fields=["account_id", "platform_message_id"], name="one_message_per_platform_id"),
            models.CheckConstraint(
                condition=(Q(direction="in") & Q(sender_type="customer") & ~Q(disposition=""))
                | (Q(direction="out") & Q(sender_type__in=["bot", "human", "system"]) & Q(disposition="")),
                name="message_direction_fits_sender",
            ),
            models.CheckConstraint(
                condition=Q(disposition__in=["", "undecided", "answered", "handed_over", "ignored", "dead"]),
                name="message_disposition_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(disposition__in=["answered", "handed_over"]) | Q(disposition_id__isnull=False),
                name="decided_message_names_what_decided_it",
            ),
        ]
        indexes = [
            models.Index(fields=["created_at"], name="message_undecided", condition=Q(disposition="undecided")),
            models.Index(fields=["-created_at", "-id"], name="message_recent"),
            models.Index(fields=["run_id"], name="message_by_run", condition=Q(run_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"Message {self.seq} of conversation {self.conversation_id}"

    @property
    def request_id(self) -> str:
        """By what it is followed in the logs: the id of the request that brought it, or that brought what it answers."""
        return str(self.details.get(NAME, ""))


class Attachment(models.Model):
    """Something that came with a message. What the account's own API hosts serve is fetched and kept."""

    class State(models.TextChoices):
        """Whether we have it."""

        REFERENCED = "referenced", "Only referenced"
        WAITING = "waiting", "To be fetched"
        KEPT = "kept", "Kept"
        FAILED = "failed", "Could not be fetched"

    class ReadingState(models.TextChoices):
        """Whether a machine has written down what is said in it, or described what it shows."""

        NONE = "none", "Nothing to be read"
        OFF = "off", "Not read"
        PENDING = "pending", "To be read"
        DONE = "done", "Read"
        FAILED = "failed", "Could not be read"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attachments")
    kind = models.CharField(max_length=20)
    media_id = models.CharField(max_length=300, blank=True)
    url = models.CharField(max_length=1000, blank=True)
    name = models.CharField(max_length=200, blank=True)
    content_type = models.CharField(max_length=100, blank=True)
    size = models.PositiveIntegerField(null=True, blank=True)
    file = models.FileField(upload_to="attachments/%Y/%m/", blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.REFERENCED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    reading_state = models.CharField(max_length=8, choices=ReadingState.choices, default=ReadingState.NONE)
    reading_text = models.TextField(blank=True)
    reading_language = models.CharField(max_length=20, blank=True)
    reading_attempts = models.PositiveSmallIntegerField(default=0)
    reading_due_at = models.DateTimeField(null=True, blank=True)
    reading_provider = models.CharField(max_length=20, blank=True)
    reading_model = models.CharField(max_length=100, blank=True)
    reading_cost_micros = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["referenced", "waiting", "kept", "failed"]), name="attachment_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(reading_state__in=["none", "off", "pending", "done", "failed"]),
                name="attachment_reading_state_is_known",
            ),
            models.CheckConstraint(
                condition=(Q(reading_state="pending") & Q(reading_due_at__isnull=False))
                | (~Q(reading_state="pending") & Q(reading_due_at__isnull=True)),
                name="attachment_is_read_when_it_is_due",
            ),
            models.CheckConstraint(
                condition=(Q(reading_state="done") & ~Q(reading_provider="") & ~Q(reading_model=""))
                | (~Q(reading_state="done") & Q(reading_text="", reading_language="")),
                name="attachment_reading_names_its_reader",
            ),
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], name="attachment_to_fetch", condition=Q(state="waiting")),
            models.Index(fields=["reading_due_at"], name="attachment_to_read", condition=Q(reading_state="pending")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of message {self.message_id}"

    @property
    def is_shown(self) -> bool:
        """Whether it is a picture of ours that a page may show."""
        return self.state == self.State.KEPT and bool(self.file) and self.content_type in SHOWN

    @property
    def is_document(self) -> bool:
        """Whether it is a document of ours that a page may offer to be saved, and not to be opened in place."""
        return self.state == self.State.KEPT and bool(self.file) and self.content_type == PDF

    @property
    def is_recording(self) -> bool:
        """Whether it is a recording of ours that a page may play."""
        return self.state == self.State.KEPT and bool(self.file) and self.content_type in RECORDINGS


class Note(models.Model):
    """What staff tell each other about a conversation. In its own table, so that it can never leave the house."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    author_name = models.CharField(max_length=150)
    after_seq = models.BigIntegerField(default=0)
    text = models.TextField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["conversation", "id"], name="note_by_conversation")]

    def __str__(self) -> str:
        return f"Note {self.pk} in conversation {self.conversation_id}"


class SeenKey(models.Model):
    """A platform's item that is not a message (a receipt, a referral) and has had its effect."""

    account_id = models.BigIntegerField()
    key = models.CharField(max_length=300)
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account_id", "key"], name="one_effect_per_item")]
        indexes = [models.Index(fields=["seen_at"], name="seen_key_by_age")]

    def __str__(self) -> str:
        return self.key
