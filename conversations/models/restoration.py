"""The time between a back-up and its restoring, of which the record holds nothing and the platforms may hold something."""

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class RestorationQuerySet(models.QuerySet["Restoration"]):
    """Questions about restorations."""

    def unfinished(self) -> Self:
        """Those whose account has not been compared with its platform yet."""
        return self.filter(ended_at=None)


class Restoration(models.Model):
    """An account whose record was put back to ``since``. Until ``ended_at`` nothing is said through it."""

    account_id = models.BigIntegerField()
    since = models.DateTimeField()
    begun_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = RestorationQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["account_id"], condition=Q(ended_at=None), name="one_restoration_at_a_time"
            ),
            models.CheckConstraint(condition=Q(since__lte=F("begun_at")), name="restored_to_the_past"),
        ]
        indexes = [models.Index(fields=["account_id", "begun_at"], name="restoration_by_account")]

    def __str__(self) -> str:
        return f"Account {self.account_id} restored to {self.since:%Y-%m-%d %H:%M}"
