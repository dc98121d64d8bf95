"""What editors should look at in the articles: duplicates and contradictions."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from agent.models.knowledge import Passage


class KnowledgeFinding(models.Model):
    """Two published passages that say nearly the same, or name other numbers for the same; or an article to read over,
    because a customer whose words it was drafted from was erased: both passages are its first one then.

    They are named by their public ids, so that what was dismissed stays so in later releases as long as the texts do.
    """

    class Kind(models.TextChoices):
        """What is the matter."""

        DUPLICATE = "duplicate", "Nearly the same text"
        CONTRADICTION = "contradiction", "Other numbers for the same"
        ERASED = "erased", "Drafted from an erased customer's words"

    class State(models.TextChoices):
        """What somebody made of it."""

        OPEN = "open", "Open"
        DISMISSED = "dismissed", "All right as it is"

    kind = models.CharField(max_length=14, choices=Kind.choices)
    left_public_id = models.UUIDField()
    right_public_id = models.UUIDField()
    left = models.ForeignKey(Passage, on_delete=models.CASCADE, related_name="+")
    right = models.ForeignKey(Passage, on_delete=models.CASCADE, related_name="+")
    left_words = models.CharField(max_length=400)
    right_words = models.CharField(max_length=400)
    score = models.FloatField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    is_current = models.BooleanField(default=True, help_text="Whether the published release has both passages.")
    found_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["state", "kind", "-score", "id"]
        verbose_name = "finding in the articles"
        verbose_name_plural = "findings in the articles"
        constraints = [
            models.UniqueConstraint(fields=["kind", "left_public_id", "right_public_id"], name="one_finding_per_pair"),
            models.CheckConstraint(
                condition=Q(kind__in=["duplicate", "contradiction", "erased"]), name="finding_kind_is_known"
            ),
            models.CheckConstraint(condition=Q(state__in=["open", "dismissed"]), name="finding_state_is_known"),
        ]
        indexes = [models.Index(fields=["is_current", "state", "kind", "-score"], name="finding_by_weight")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: passages {self.left_id} and {self.right_id}"
