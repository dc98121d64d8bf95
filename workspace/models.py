"""What belongs to a member of staff: unsent words, what was sent once, and what became of suggested replies."""

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
