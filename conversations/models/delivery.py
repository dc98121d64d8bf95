"""What has to reach a platform, and each attempt at it."""

import uuid
from typing import Any, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from conversations.models.conversation import Conversation
from conversations.models.message import Message
from conversations.models.restoration import Restoration
from conversations.types import SendOutcome


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Questions about deliveries."""

    def waiting(self) -> Self:
        """Those that are still to be sent."""
        return self.filter(state__among=Delivery.WAITING)

    def due(self) -> Self:
        """Those that may be tried now, as far as time and a restore go."""
        held = Restoration.objects.unfinished().filter(account_id=OuterRef("account_id"))
        return self.waiting().filter(~Exists(held), next_attempt_at__lte=Now())

    def head_of_line(self) -> Self:
        """Those that no earlier delivery of their conversation holds up.

        An earlier one that is on its way holds up all; one that ended badly holds up later words of the bot only,
        until a person has handed the conversation back.
        """
        earlier = Delivery.objects.filter(conversation=OuterRef("conversation"), out_seq__lt=OuterRef("out_seq"))
        moving = earlier.filter(state__in=Delivery.MOVING)
        stuck = earlier.filter(
            state__in=Delivery.STUCK,
            author=Delivery.Author.BOT,
            out_seq__gt=OuterRef("conversation__unblocked_out_seq"),
        )
        return self.filter(~Exists(moving)).filter(~Q(author=Delivery.Author.BOT) | ~Exists(stuck))


class Delivery(models.Model):
    """One message on its way out. The fence guards who may write the result of an attempt."""

    class State(models.TextChoices):
        """Where it stands."""

        PENDING = "pending", "Waiting to be sent"
        SENDING = "sending", "Being sent"
        RETRY_WAIT = "retry_wait", "Waiting to be tried again"
        UNKNOWN = "unknown", "Not known whether it arrived"
        NEEDS_REVIEW = "needs_review", "Needs a decision"
        SENT = "sent", "Sent"
        DEAD = "dead", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    class Author(models.TextChoices):
        """On whose behalf."""

        BOT = "bot", "Bot"
        HUMAN = "human", "Human"
        SYSTEM = "system", "System"

    WAITING = (State.PENDING, State.RETRY_WAIT)
    MOVING = (State.PENDING, State.SENDING, State.RETRY_WAIT, State.UNKNOWN)
    STUCK = (State.NEEDS_REVIEW, State.DEAD)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="deliveries")
    message = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="delivery")
    account_id = models.BigIntegerField()
    out_seq = models.BigIntegerField()
    idem_key = models.CharField(max_length=80, unique=True)
    author = models.CharField(max_length=10, choices=Author.choices)
    state = models.CharField(max_length=12, choices=State.choices, default=State.PENDING)
    reason = models.CharField(max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.BigIntegerField(default=0)
    looks = models.PositiveSmallIntegerField(default=0)
    unknown_since = models.DateTimeField(null=True, blank=True)
    echo_message_id = models.CharField(max_length=300, blank=True)
    platform_message_id = models.CharField(max_length=300, blank=True)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    sent_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["conversation", "out_seq"], name="delivery_out_seq_is_unique"),
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        "pending",
                        "sending",
                        "retry_wait",
                        "unknown",
                        "needs_review",
                        "sent",
                        "dead",
                        "cancelled",
                    ]
                ),
                name="delivery_state_is_known",
            ),
            models.CheckConstraint(condition=Q(author__in=["bot", "human", "system"]), name="delivery_author_is_known"),
            models.CheckConstraint(
                condition=Q(state="sending", lease_until__isnull=False) | ~Q(state="sending"),
                name="sending_has_a_lease",
            ),
            models.CheckConstraint(
                condition=Q(state="unknown", unknown_since__isnull=False) | ~Q(state="unknown"),
                name="unknown_has_a_start",
            ),
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False) | ~Q(state="sent"), name="sent_has_a_time"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["dead", "needs_review"]) | ~Q(reason=""), name="stuck_delivery_says_why"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], name="delivery_due", condition=Q(state__in=["pending", "retry_wait"])
            ),
            models.Index(fields=["lease_until"], name="delivery_sending", condition=Q(state="sending")),
            models.Index(fields=["unknown_since"], name="delivery_unknown", condition=Q(state="unknown")),
            models.Index(
                fields=["-created_at", "-id"], name="delivery_stuck", condition=Q(state__in=["needs_review", "dead"])
            ),
            models.Index(
                fields=["conversation", "out_seq"],
                name="delivery_not_ended",
                condition=~Q(state__in=["sent", "cancelled"]),
            ),
        ]

    def __str__(self) -> str:
        return f"Delivery {self.out_seq} of conversation {self.conversation_id}"


ENDS: dict[str, Any] = {
    SendOutcome.OK: _("taken"),
    SendOutcome.REFUSED: _("refused"),
    SendOutcome.RETRY: _("to be tried again"),
    SendOutcome.AMBIGUOUS: _("in doubt"),
    SendOutcome.REAUTH: _("key not accepted"),
}


class DeliveryAttempt(models.Model):
    """One attempt, append only."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempt_log")
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(default=timezone.now)
    outcome = models.CharField(max_length=16)
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    evidence = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["delivery", "number", "id"]
        indexes = [models.Index(fields=["started_at"], name="attempt_recent")]

    def __str__(self) -> str:
        return f"Attempt {self.number} at delivery {self.delivery_id}"

    @property
    def end(self) -> str:
        """How it ended, in words."""
        return str(ENDS.get(self.outcome, self.outcome))
