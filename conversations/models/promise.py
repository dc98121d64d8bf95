"""What customers were promised, by when, and what became of it."""

import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from conversations.models.conversation import Conversation
from conversations.models.message import Message


class PromiseQuerySet(models.QuerySet["Promise"]):
    """Questions about promises."""

    def open(self) -> Self:
        """Those that are neither kept nor withdrawn."""
        return self.filter(state=Promise.State.OPEN)

    def late(self) -> Self:
        """Open ones whose time is over."""
        return self.open().filter(due_at__lte=Now())

    def overdue(self) -> Self:
        """Late ones of which nobody has been told, the latest due last."""
        return self.late().filter(raised_at=None).order_by("due_at", "id")


class Promise(models.Model):
    """A commitment to a customer. ``message`` is where it was said; without one it was given elsewhere, by telephone say.

    ``is_answer`` marks the bot's word that people will answer: whoever answers keeps it.
    """

    class State(models.TextChoices):
        """Where it stands."""

        OPEN = "open", "Open"
        KEPT = "kept", "Kept"
        WITHDRAWN = "withdrawn", "Withdrawn"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="promises")
    message = models.ForeignKey(Message, null=True, blank=True, on_delete=models.CASCADE, related_name="promises")
    text = models.CharField(max_length=300)
    made_by = models.CharField(max_length=150)
    is_answer = models.BooleanField(default=False)
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    raised_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = PromiseQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["open", "kept", "withdrawn"]), name="promise_state_is_known"),
            models.CheckConstraint(
                condition=Q(state="open", ended_at=None) | ~Q(state="open") & Q(ended_at__isnull=False),
                name="promise_ends_at_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="promise_due", condition=Q(state="open", raised_at=None)),
            models.Index(fields=["conversation", "due_at"], name="promise_by_conversation"),
        ]

    def __str__(self) -> str:
        return f"Promise {self.pk} in conversation {self.conversation_id}"

    @property
    def is_overdue(self) -> bool:
        """Whether it is open though its time is over."""
        return self.state == self.State.OPEN and self.due_at <= timezone.now()
