"""Runs that are thought again: exactly, or with one thing changed at a time."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from agent.models.run import AgentRun


class Replay(models.Model):
    """One asking to think a run again, and what came of it."""

    class Kind(models.TextChoices):
        """What is asked."""

        EXACT = "exact", "The same again"
        WHAT_IF = "what_if", "What if"

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting", "Waiting"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    run = models.ForeignKey(AgentRun, on_delete=models.CASCADE, related_name="replays")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)
    result = models.JSONField(default=dict)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["exact", "what_if"]), name="replay_kind_is_known"),
            models.CheckConstraint(
                condition=Q(state="waiting", ended_at=None) | Q(state__in=["done", "failed"], ended_at__isnull=False),
                name="ended_replay_has_a_time",
            ),
        ]
        indexes = [models.Index(fields=["run", "kind", "-id"], name="replay_by_run")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: run {self.run_id}"
