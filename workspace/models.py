"""What belongs to a member of staff: unsent words, what was sent once, what became of suggestions; and drills."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from conversations.models import Conversation, Escalation


class Draft(models.Model):
    """What somebody has typed and not sent, so that no text is lost with a browser."""

    class Mode(models.TextChoices):
        """For whom the words are."""

        REPLY = "reply", "Reply"
        NOTE = "note", "Note"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="drafts")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="drafts")
    mode = models.CharField(max_length=5, choices=Mode.choices, default=Mode.REPLY)
    text = models.TextField(blank=True)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "conversation", "mode"], name="one_draft_per_person_and_mode"),
            models.CheckConstraint(condition=models.Q(mode__in=["reply", "note"]), name="draft_mode_is_known"),
        ]

    def __str__(self) -> str:
        return f"Draft of user {self.user_id} in conversation {self.conversation_id}"


class Submission(models.Model):
    """A composer that was sent. Its token is unique, so that pressing twice, or a browser's retry, sends once."""

    token = models.UUIDField(unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["user", "created_at"], name="submission_by_age")]

    def __str__(self) -> str:
        return str(self.token)


class SuggestionOutcome(models.Model):
    """What staff did with a suggested reply. One outcome for each suggestion: the first counts."""

    class Outcome(models.TextChoices):
        """What became of it."""

        AS_IS = "as_is", "Sent as it was"
        EDITED = "edited", "Sent after editing"
        DISMISSED = "dismissed", "Dismissed"

    escalation = models.ForeignKey(Escalation, on_delete=models.CASCADE, related_name="suggestion_outcomes")
    for_seq = models.BigIntegerField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["escalation", "for_seq"], name="one_outcome_per_suggestion"),
            models.CheckConstraint(
                condition=models.Q(outcome__in=["as_is", "edited", "dismissed"]), name="suggestion_outcome_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"Suggestion of escalation {self.escalation_id}: {self.get_outcome_display()}"


class DrillRun(models.Model):
    """A drill that somebody started from the page, and what came of it. ``seen_at`` is when it last gave a sign of life."""

    class State(models.TextChoices):
        """How it went."""

        RUNNING = "running", "Running"
        HELD = "held", "Held"
        BROKEN = "broken", "Broken"
        STOPPED = "stopped", "Took too long"
        FAILED = "failed", "Could not be carried out"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="drill_runs"
    )
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    numbers = models.JSONField(default=dict)
    report = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=models.Q(state="running"), name="one_drill_at_a_time"),
            models.CheckConstraint(
                condition=models.Q(state__in=["running", "held", "broken", "stopped", "failed"]),
                name="drill_state_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(state="running") | models.Q(ended_at__isnull=False), name="ended_drill_has_a_time"
            ),
        ]

    @property
    def figures(self) -> dict[str, float]:
        """What was counted, the promises first."""
        first = [name for name in ("kills", "acked", "lost", "doubled", "out of order") if name in self.numbers]
        return {name: self.numbers[name] for name in [*first, *sorted(self.numbers.keys() - set(first))]}

    def __str__(self) -> str:
        return f"Drill of {self.started_at:%Y-%m-%d %H:%M}"
