"""What was asked for in the name of a person's rights: exports and erasures, from the wish to the end."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from conversations.models import Customer


class Export(models.Model):
    """A file that somebody asked for. It is written in the background, seen when it is whole, and gone after a day."""

    class Kind(models.TextChoices):
        """What it holds."""

        PERSON = "person", "Everything about one customer"
        CONVERSATIONS = "conversations", "Messages of a period"

    class State(models.TextChoices):
        """Where it stands."""

        REQUESTED = "requested", "Waits for a second person"
        APPROVED = "approved", "Being written"
        READY = "ready", "Ready"
        EXPIRED = "expired", "Removed"
        DECLINED = "declined", "Declined"
        FAILED = "failed", "Failed"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=14, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.REQUESTED)
    customer = models.ForeignKey(Customer, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    since = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField(default=timezone.now)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    cursor = models.BigIntegerField(default=0)
    size = models.BigIntegerField(default=0, help_text="Bytes written so far.")
    rows = models.PositiveBigIntegerField(default=0)
    version = models.PositiveIntegerField(default=0, help_text="How often it was begun anew.")
    attempts = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ready_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["requested", "approved", "ready", "expired", "declined", "failed"]),
                name="export_state_is_known",
            ),
            models.CheckConstraint(condition=Q(kind__in=["person", "conversations"]), name="export_kind_is_known"),
            models.CheckConstraint(
                condition=~Q(state="ready") | Q(ready_at__isnull=False, expires_at__isnull=False),
                name="ready_export_expires",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="export_to_write", condition=Q(state="approved")),
            models.Index(fields=["expires_at"], name="export_to_remove", condition=Q(state="ready")),
        ]

    def __str__(self) -> str:
        return f"Export {self.pk}: {self.get_kind_display()}"

    @property
    def file_name(self) -> str:
        """What the file is called, in our folder and by the browser."""
        return f"{self.public_id}.{'zip' if self.kind == self.Kind.PERSON else 'csv'}"


class Erasure(models.Model):
    """A customer's wish to be forgotten. What stays of it names nobody: rows' numbers, a keyed hash, and counts."""

    class State(models.TextChoices):
        """Where it stands."""

        REQUESTED = "requested", "Waits for a second person"
        APPROVED = "approved", "Under way"
        FILES = "files", "Removing files"
        DONE = "done", "Done"
        DECLINED = "declined", "Declined"

    UNDER_WAY = (State.APPROVED, State.FILES)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    account_id = models.BigIntegerField()
    subject_hash = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=State.choices, default=State.REQUESTED)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    counts = models.JSONField(default=dict, blank=True)
    files = models.JSONField(default=list, blank=True)
    problem = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["requested", "approved", "files", "done", "declined"]),
                name="erasure_state_is_known",
            ),
            models.UniqueConstraint(
                fields=["customer"], condition=Q(state__in=["requested", "approved", "files"]), name="one_live_erasure"
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="erasure_under_way", condition=Q(state__in=["approved", "files"])),
            models.Index(fields=["account_id", "subject_hash"], name="erasure_by_subject"),
        ]

    def __str__(self) -> str:
        return f"Erasure {self.pk} of customer {self.customer_id}"
