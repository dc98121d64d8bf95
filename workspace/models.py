"""What belongs to a member of staff: unsent words."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from conversations.models import Conversation


class Draft(models.Model):
    """What somebody has typed and not sent, so that no text is lost with a browser."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="drafts")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="drafts")
    mode = models.CharField(max_length=5, choices=[("reply", "Reply"), ("note", "Note")], default="reply")
    text = models.TextField(blank=True)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "conversation", "mode"], name="one_draft_per_person_and_mode"),
            models.CheckConstraint(condition=models.Q(mode__in=["reply", "note"]), name="draft_mode_is_known"),
        ]

    def __str__(self) -> str:
        return f"Draft of user {self.user_id} in conversation {self.conversation_id}"
