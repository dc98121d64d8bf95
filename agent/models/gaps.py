"""What customers asked and no article answers, and what articles are quoted for; both read from the runs, some at a time."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from agent.models.knowledge import Article
from agent.models.run import AgentRun


class Bookmark(models.Model):
    """How far a job has read the rows of a table that only grows."""

    name = models.CharField(max_length=40, primary_key=True)
    position = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name} at {self.position}"


class Gap(models.Model):
    """Questions alike that were not answered. ``vector`` is their middle, 16-bit floats; their words stay with the runs."""

    class State(models.TextChoices):
        """What somebody made of it."""

        OPEN = "open", "Open"
        DRAFTED = "drafted", "An article was drafted"
        DISMISSED = "dismissed", "Not for an article"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    vector = models.BinaryField()
    count = models.PositiveIntegerField(default=0)
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    article = models.ForeignKey(Article, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-count", "-last_at"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["open", "drafted", "dismissed"]), name="gap_state_is_known")
        ]
        indexes = [
            models.Index(fields=["state", "-count", "-last_at"], name="gap_by_weight"),
            models.Index(fields=["-last_at"], name="gap_recent"),
        ]

    def __str__(self) -> str:
        return f"Gap {self.pk}: asked {self.count} times"


class GapQuestion(models.Model):
    """One of the questions: the run that could not answer it."""

    run = models.OneToOneField(AgentRun, on_delete=models.CASCADE, related_name="gap_question")
    gap = models.ForeignKey(Gap, on_delete=models.CASCADE, related_name="questions")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at"]
        indexes = [models.Index(fields=["gap", "-at", "-id"], name="gap_question_recent")]

    def __str__(self) -> str:
        return f"Run {self.run_id} in gap {self.gap_id}"


class ArticleOrigin(models.Model):
    """A conversation whose words an article was drafted from: a person's answer, or a customer's question."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="origins")
    conversation = models.ForeignKey("conversations.Conversation", on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["article", "conversation"], name="one_origin_per_conversation")]

    def __str__(self) -> str:
        return f"Article {self.article_id} from conversation {self.conversation_id}"


class PassageUse(models.Model):
    """How often a passage was quoted to customers, over all versions and releases that had it."""

    passage = models.UUIDField(primary_key=True)
    count = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.passage}: quoted {self.count} times"
