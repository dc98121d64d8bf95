"""What the platforms sent us, word for word."""

from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from core.following import HEADER


class WebhookEventQuerySet(models.QuerySet["WebhookEvent"]):
    """Questions about what the platforms sent."""

    def to_ingest(self) -> Self:
        """Those that have not been dealt with."""
        return self.filter(state=WebhookEvent.State.RECEIVED)

    def with_unasked(self) -> Self:
        """With ``is_unasked``: whether it, or what is before it in its lane, waits for its platform to say what it leaves open."""
        unasked = Q(reason__startswith=WebhookEvent.UNASKED)
        lane = WebhookEvent.objects.to_ingest().filter(source=OuterRef("source"), conv_key=OuterRef("conv_key"))
        return self.annotate(
            is_unasked=unasked | (~Q(conv_key="") & Exists(lane.filter(unasked, id__lt=OuterRef("id"))))
        )


class WebhookEvent(models.Model):
    """One POST of a platform, its bytes as they came."""

    class State(models.TextChoices):
        """What became of it."""

        RECEIVED = "received", "Received"
        INGESTED = "ingested", "Taken in"
        IGNORED = "ignored", "Ignored"
        QUARANTINED = "quarantined", "Quarantined"
        CONFLICT = "conflict", "Conflict"
        DEAD = "dead", "Given up"

    UNASKED = "platform: "
    """How the reason of one begins that waits for its platform to say what it leaves open."""

    source = models.CharField(max_length=260)
    event_key = models.CharField(max_length=300)
    platform = models.CharField(max_length=20)
    account_id_hint = models.BigIntegerField(null=True, blank=True)
    body = models.BinaryField()
    body_sha256 = models.CharField(max_length=64)
    headers = models.JSONField(default=dict)
    conv_key = models.CharField(max_length=300, blank=True)
    is_late = models.BooleanField(default=False)
    received_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=12, choices=State.choices, default=State.RECEIVED)
    reason = models.CharField(max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    ingested_at = models.DateTimeField(null=True, blank=True)
    message_id = models.BigIntegerField(null=True, blank=True)

    objects = WebhookEventQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["source", "event_key"], name="one_row_per_event"),
            models.CheckConstraint(
                condition=Q(state__in=["received", "ingested", "ignored", "quarantined", "conflict", "dead"]),
                name="webhook_event_state_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["ignored", "quarantined", "conflict", "dead"]) | ~Q(reason=""),
                name="set_aside_event_says_why",
            ),
        ]
        indexes = [
            models.Index(fields=["source", "conv_key", "id"], name="event_to_ingest", condition=Q(state="received")),
            models.Index(fields=["next_attempt_at"], name="event_due", condition=Q(state="received")),
            models.Index(
                fields=["state", "-id"],
                name="event_set_aside",
                condition=Q(state__in=["quarantined", "conflict", "dead"]),
            ),
            # Holds all that the ingestion balance asks for, so that it reads no bodies.
            models.Index(fields=["-received_at", "source", "account_id_hint", "state"], name="event_balance"),
        ]

    def __str__(self) -> str:
        return f"{self.platform} event {self.pk}"

    @property
    def request_id(self) -> str:
        """By what its way is followed in the logs: the id of the request that brought it, or a name where none did."""
        return str(self.headers.get(HEADER) or f"event-{self.pk}")
