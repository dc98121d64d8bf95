"""One answer worked out, and what answers may cost."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from agent.models.release import Release


class AgentRun(models.Model):
    """One turn: what was asked, what the agent did, and how it ended. Its trace says why it said what it said."""

    class State(models.TextChoices):
        """How it ended."""

        RUNNING = "running", "Running"
        REPLIED = "replied", "Replied"
        ESCALATED = "escalated", "Handed over"
        SUPPRESSED = "suppressed", "Nothing to say"
        SUPERSEDED = "superseded", "Superseded by a newer message"
        FENCED = "fenced", "Somebody else had it"
        CANCELLED = "cancelled_by_human", "A person took over"
        FAILED = "failed", "Failed"
        DEAD = "dead", "Given up"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    conversation_id = models.BigIntegerField()
    epoch = models.BigIntegerField()
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="runs")
    from_seq = models.BigIntegerField()
    to_seq = models.BigIntegerField()
    attempt = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=20, choices=State.choices, default=State.RUNNING)
    route = models.CharField(max_length=10, blank=True)
    intent = models.CharField(max_length=60, blank=True)
    confidence = models.FloatField(null=True, blank=True)
    sentiment = models.FloatField(null=True, blank=True)
    language = models.CharField(max_length=8, blank=True)
    draft = models.TextField(blank=True)
    envelope = models.JSONField(default=dict)
    trace = models.JSONField(default=dict)
    provider = models.CharField(max_length=40, default="embedded")
    model = models.CharField(max_length=120, blank=True)
    tokens_in = models.PositiveIntegerField(default=0)
    tokens_out = models.PositiveIntegerField(default=0)
    cost_micros = models.PositiveBigIntegerField(default=0, help_text="Millionths of a dollar.")
    duration_ms = models.PositiveIntegerField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["conversation_id", "epoch"], name="one_run_per_epoch"),
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        "running",
                        "replied",
                        "escalated",
                        "suppressed",
                        "superseded",
                        "fenced",
                        "cancelled_by_human",
                        "failed",
                        "dead",
                    ]
                ),
                name="run_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(state="running") | Q(ended_at__isnull=False), name="ended_run_has_a_time"
            ),
        ]
        indexes = [
            models.Index(fields=["conversation_id", "-id"], name="run_by_conversation"),
            models.Index(fields=["started_at"], name="run_running", condition=Q(state="running")),
            models.Index(fields=["-started_at"], name="run_recent"),
        ]

    def __str__(self) -> str:
        return f"Run {self.pk} for conversation {self.conversation_id}"


class SpendLedger(models.Model):
    """What a day's model calls have cost and have reserved, for one scope, in millionths of a dollar.

    ``dearest_call`` is the highest estimate of one call: by more than that nothing is spent beyond the cap.
    """

    scope = models.CharField(max_length=80)
    day = models.DateField()
    reserved = models.BigIntegerField(default=0)
    spent = models.BigIntegerField(default=0)
    cap = models.BigIntegerField()
    dearest_call = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        ordering = ["-day", "scope"]
        indexes = [models.Index(fields=["day", "scope"], name="ledger_by_day")]
        constraints = [
            models.UniqueConstraint(fields=["scope", "day"], name="one_ledger_per_scope_and_day"),
            models.CheckConstraint(condition=Q(reserved__gte=0) & Q(spent__gte=0), name="spend_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.day}"


class SpendReservation(models.Model):
    """What one call under way holds in the day's ledgers of its scopes. Gone with the call; one that outlives it is booked."""

    day = models.DateField()
    scopes = models.JSONField()
    micros = models.BigIntegerField()
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["made_at"]
        indexes = [models.Index(fields=["made_at"], name="reservation_by_age")]
        constraints = [models.CheckConstraint(condition=Q(micros__gte=0), name="reservation_is_not_negative")]

    def __str__(self) -> str:
        return f"{self.micros} held since {self.made_at}"
