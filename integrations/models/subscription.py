"""Whom we tell what happens, and each event on its way to them."""

import uuid
from typing import Self

from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Now
from django.utils import timezone

from core.fields import EncryptedJSONField


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    """Questions about subscribers."""

    def due(self) -> Self:
        """Those that something may be told now, the longest waiting first.

        Each is looked up by itself: what waits for one that is away may be much, and must not stand before the others.
        """
        waiting = EventDelivery.objects.filter(subscription=OuterRef("pk"), state=EventDelivery.State.WAITING)
        first = waiting.filter(next_attempt_at__lte=Now()).order_by("next_attempt_at").values("next_attempt_at")[:1]
        told = self.filter(state=Subscription.State.ACTIVE).exclude(paused_until__gt=Now())
        return told.annotate(due_at=Subquery(first)).filter(due_at__isnull=False).order_by("due_at")


class Subscription(models.Model):
    """A developer's address that is told what happens, by signed webhook."""

    class State(models.TextChoices):
        """Whether it is told."""

        ACTIVE = "active", "Active"
        DISABLED = "disabled", "Disabled"
        REMOVED = "removed", "Removed"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=120)
    url = models.URLField(max_length=500)
    secrets = EncryptedJSONField(default=dict)
    kinds = models.JSONField(default=list, help_text="The kinds of events it wants.")
    state = models.CharField(max_length=12, choices=State.choices, default=State.ACTIVE)
    state_reason = models.CharField(max_length=300, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    paused_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["active", "disabled", "removed"]), name="subscription_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state="active") | ~Q(state_reason=""), name="silent_subscription_says_why"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class EventDeliveryQuerySet(models.QuerySet["EventDelivery"]):
    """Questions about events on their way to subscribers."""

    def due(self) -> Self:
        """Those that may be tried now."""
        resting = Q(subscription__paused_until__gt=Now())
        waiting = self.filter(state=EventDelivery.State.WAITING, next_attempt_at__lte=Now())
        return waiting.filter(subscription__state=Subscription.State.ACTIVE).exclude(resting)


class EventDelivery(models.Model):
    """One event for one subscriber. It holds ids: the words are read when it is sent, so that none outlive a person."""

    class State(models.TextChoices):
        """Where it stands."""

        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Being sent"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Given up"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="deliveries")
    event_id = models.UUIDField()
    kind = models.CharField(max_length=40)
    conversation_id = models.BigIntegerField()
    message_id = models.BigIntegerField(null=True, blank=True)
    escalation_id = models.BigIntegerField(null=True, blank=True)
    details = models.JSONField(default=dict, blank=True)
    happened_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.WAITING)
    reason = models.CharField(max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    delivered_at = models.DateTimeField(null=True, blank=True)

    objects = EventDeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "event deliveries"
        constraints = [
            models.UniqueConstraint(fields=["subscription", "event_id"], name="one_delivery_per_subscriber"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "sending", "delivered", "failed"]),
                name="event_delivery_state_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(state="sending") | Q(lease_until__isnull=False), name="event_being_sent_has_a_lease"
            ),
            models.CheckConstraint(condition=~Q(state="failed") | ~Q(reason=""), name="given_up_event_says_why"),
        ]
        indexes = [
            models.Index(fields=["subscription", "id"], name="event_delivery_log"),
            models.Index(
                fields=["subscription", "next_attempt_at"], name="event_delivery_due", condition=Q(state="waiting")
            ),
            models.Index(fields=["lease_until"], name="event_delivery_sending", condition=Q(state="sending")),
            models.Index(fields=["subscription"], name="event_delivery_failed", condition=Q(state="failed")),
            models.Index(fields=["created_at"], name="event_delivery_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.subscription_id}"


class EventAttempt(models.Model):
    """One attempt, append only."""

    delivery = models.ForeignKey(EventDelivery, on_delete=models.CASCADE, related_name="attempt_log")
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(default=timezone.now)
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    evidence = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["delivery", "id"]

    def __str__(self) -> str:
        return f"Attempt {self.number} at {self.delivery_id}"
