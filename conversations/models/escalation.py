"""Why a person is needed, and how that ended."""

import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Case, F, IntegerField, Q, Value, When
from django.db.models.functions import Now
from django.utils import timezone

from conversations.models.conversation import Conversation, Episode
from conversations.types import Priority, ReasonCategory
from core.policy import Action, Principal, allows


class EscalationQuerySet(models.QuerySet["Escalation"]):
    """Questions about escalations."""

    def live(self) -> Self:
        """Those that still need somebody."""
        return self.exclude(state=Escalation.State.CLOSED)

    def unclaimed(self) -> Self:
        """Those nobody has taken, and that are not snoozed."""
        return self.filter(Q(snoozed_until=None) | Q(snoozed_until__lte=Now()), state=Escalation.State.OPEN)

    def visible_to(self, who: Principal) -> Self:
        """Those whose conversation ``who`` may read."""
        if allows(who, Action.VIEW_ALL_CONVERSATIONS):
            return self
        if not allows(who, Action.VIEW_TEAM_CONVERSATIONS):
            return self.none()
        mine = Q(conversation__team_id__in=who.policy_team_ids)
        if who.policy_user_id:
            mine |= Q(conversation__assignee_id=who.policy_user_id)
        return self.filter(mine)

    def in_queue_order(self) -> Self:
        """People in danger first, then what is late, due soonest, urgent, longest wait, oldest."""
        return self.annotate(
            comes_first=Case(When(priority=Priority.FIRST, then=Value(True)), default=Value(False)),
            is_breached=Case(When(due_at__lte=Now(), then=Value(True)), default=Value(False)),
            urgency=Case(
                When(priority=Priority.HIGH, then=Value(0)),
                When(priority=Priority.NORMAL, then=Value(1)),
                default=Value(2),
                output_field=IntegerField(),
            ),
        ).order_by(
            F("comes_first").desc(),
            F("is_breached").desc(),
            F("due_at").asc(nulls_last=True),
            "urgency",
            F("conversation__waiting_since").asc(nulls_last=True),
            "id",
        )


class Escalation(models.Model):
    """A conversation's need for a person: open, claimed, closed. At most one of a conversation is not closed."""

    class State(models.TextChoices):
        """Where it stands."""

        OPEN = "open", "Open"
        CLAIMED = "claimed", "Claimed"
        CLOSED = "closed", "Closed"

    class Outcome(models.TextChoices):
        """How it was closed."""

        ANSWERED = "answered", "Answered"
        HANDED_BACK = "handed_back", "Handed back to the bot"
        RESOLVED = "resolved", "Resolved"
        EXPIRED = "expired", "Expired"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="escalations")
    episode = models.ForeignKey(Episode, null=True, on_delete=models.SET_NULL, related_name="escalations")
    reason = models.CharField(max_length=24, choices=ReasonCategory.choices)
    detail = models.CharField(max_length=300, blank=True)
    priority = models.CharField(max_length=10, choices=Priority.choices, default=Priority.NORMAL)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    outcome = models.CharField(max_length=12, choices=Outcome.choices, blank=True)
    run_id = models.BigIntegerField(null=True, blank=True)
    suggestion = models.TextField(blank=True)
    suggestion_for_seq = models.BigIntegerField(default=0)
    card = models.JSONField(default=dict, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="claimed_escalations"
    )
    claimed_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = EscalationQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["conversation"], condition=~Q(state="closed"), name="one_live_escalation"),
            models.CheckConstraint(
                condition=Q(state__in=["open", "claimed", "closed"]), name="escalation_state_is_known"
            ),
            models.CheckConstraint(condition=Q(reason__in=ReasonCategory.values), name="escalation_reason_is_known"),
            models.CheckConstraint(condition=Q(priority__in=Priority.values), name="escalation_priority_is_known"),
            models.CheckConstraint(
                condition=Q(state="closed", closed_at__isnull=False) & ~Q(outcome="")
                | ~Q(state="closed") & Q(closed_at=None, outcome=""),
                name="closed_escalation_has_an_outcome",
            ),
            models.CheckConstraint(
                condition=~Q(state="open") | Q(claimed_at=None), name="open_escalation_is_unclaimed"
            ),
        ]
        indexes = [
            models.Index(fields=["created_at"], name="escalation_live", condition=~Q(state="closed")),
            models.Index(fields=["-created_at", "-id"], name="escalation_recent"),
            models.Index(fields=["due_at"], name="escalation_due", condition=~Q(state="closed")),
        ]

    def __str__(self) -> str:
        return f"Escalation {self.pk}: {self.get_reason_display()}"
