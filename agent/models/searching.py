"""What staff look for in the articles; a worker answers, and the question is forgotten after some minutes."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone


class KnowledgeSearch(models.Model):
    """A question of a member of staff to the articles. ``found`` is a list of ``agent.knowledge.found.FoundForStaff`` once it is answered."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    text = models.CharField(max_length=300)
    found = models.JSONField(default=list)
    is_answered = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "knowledge searches"

    def __str__(self) -> str:
        return f"Search {self.pk}"
