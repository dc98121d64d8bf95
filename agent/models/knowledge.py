"""What the agent may quote. An article's versions are immutable; a release names the versions it publishes."""

import uuid
from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.policy import Subject


class Article(models.Model):
    """Something the business knows, in one language."""

    class Audience(models.TextChoices):
        """Who may read it."""

        PUBLIC = "public", "Customers"
        INTERNAL = "internal", "Staff only"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(max_length=120)
    language = models.CharField(max_length=8)
    audience = models.CharField(max_length=10, choices=Audience.choices, default=Audience.PUBLIC)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    valid_until = models.DateField(null=True, blank=True)
    source = models.CharField(
        max_length=500, blank=True, editable=False, help_text="The file it was imported from, and which part of it."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["slug", "language"]
        constraints = [
            models.UniqueConstraint(fields=["slug", "language"], name="one_article_per_slug_and_language"),
            models.CheckConstraint(condition=Q(audience__in=["public", "internal"]), name="article_audience_is_known"),
            models.UniqueConstraint(
                fields=["source", "language"], condition=~Q(source=""), name="one_article_per_source_and_language"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.slug} ({self.language})"

    def is_over(self, on: date) -> bool:
        """Whether its last day lies before ``on``, so that nobody is answered from it."""
        return self.valid_until is not None and self.valid_until < on

    @property
    def policy_subject(self) -> Subject:
        """What the policy is asked about: it is the own of whoever looks after it."""
        return Subject(assignee_id=self.owner_id)

    @property
    def newest_version(self) -> "ArticleVersion | None":
        """What was saved last."""
        return self.versions.order_by("-number").first()

    @property
    def was_published(self) -> bool:
        """Whether customers were ever answered from it, or could have been."""
        return self.versions.filter(releases__published_at__isnull=False).exists()


class ArticleVersion(models.Model):
    """What an article said from one edit to the next."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    body = models.TextField()
    questions = models.JSONField(default=list, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["article", "-number"]
        constraints = [models.UniqueConstraint(fields=["article", "number"], name="article_version_is_unique")]

    def __str__(self) -> str:
        return f"{self.title} v{self.number}"


class Passage(models.Model):
    """At most 200 words of an article's version, the unit that is found and quoted.

    Text that a later version says unchanged has the same ``public_id`` in it.
    """

    public_id = models.UUIDField(default=uuid.uuid4, db_index=True, editable=False)
    version = models.ForeignKey(ArticleVersion, on_delete=models.CASCADE, related_name="passages")
    position = models.PositiveIntegerField()
    heading = models.CharField(max_length=200, blank=True)
    text = models.TextField()
    questions = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["version", "position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "position"], name="passage_position_is_unique"),
            models.UniqueConstraint(fields=["version", "public_id"], name="passage_stands_once_in_a_version"),
        ]

    def __str__(self) -> str:
        return f"Passage {self.position} of version {self.version_id}"
