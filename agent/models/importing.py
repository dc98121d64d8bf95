"""Files that become articles: what was given, and what came of each."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from agent.models.knowledge import Article


class ImportJob(models.Model):
    """Some files that somebody wants as articles. They are read one after another, in the background."""

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting", "Waits"
        RUNNING = "running", "Being read"
        DONE = "done", "Done"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    language = models.CharField(max_length=8)
    audience = models.CharField(max_length=10, choices=Article.Audience.choices, default=Article.Audience.PUBLIC)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "import of articles"
        verbose_name_plural = "imports of articles"
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["waiting", "running", "done"]), name="import_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(ended_at__isnull=False), name="ended_import_has_a_time"
            ),
        ]
        indexes = [models.Index(fields=["id"], name="import_to_do", condition=~Q(state="done"))]

    def __str__(self) -> str:
        return f"Import {self.pk}"


class ImportFile(models.Model):
    """One file of an import. Its content is kept until it was read."""

    class State(models.TextChoices):
        """What came of it."""

        WAITING = "waiting", "Waits"
        DONE = "done", "Imported"
        UNCHANGED = "unchanged", "Unchanged"
        FAILED = "failed", "Not imported"

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="files")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=300)
    size = models.PositiveIntegerField(default=0)
    content = models.BinaryField(default=b"", editable=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    articles_new = models.PositiveIntegerField(default=0)
    articles_changed = models.PositiveIntegerField(default=0)
    articles_unchanged = models.PositiveIntegerField(default=0)
    told = models.CharField(max_length=500, blank=True, help_text="What came of it, or why nothing did.")

    class Meta:
        ordering = ["job", "position"]
        constraints = [
            models.UniqueConstraint(fields=["job", "position"], name="one_file_per_position"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "done", "unchanged", "failed"]), name="import_file_state_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name
