"""Who writes in the web chat: browsers, and the people whom a site vouches for."""

import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from integrations.models.account import PlatformAccount


class IdentifiedPerson(models.Model):
    """Somebody whom a web chat's site vouches for. ``subject`` is the site's own id of them, ``public_id`` their thread."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    account = models.ForeignKey(PlatformAccount, on_delete=models.CASCADE, related_name="identified_people")
    subject = models.CharField(max_length=255)
    name = models.CharField(max_length=200, blank=True)
    email = models.CharField(max_length=254, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    proven_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "identified people"
        constraints = [models.UniqueConstraint(fields=["account", "subject"], name="one_person_per_subject")]
        indexes = [models.Index(fields=["proven_at"], name="identified_person_by_age")]

    def __str__(self) -> str:
        return f"Identified person {self.public_id}"


class VisitorQuerySet(models.QuerySet["Visitor"]):
    """Questions about visitors."""

    def proven(self) -> Self:
        """Those whom their tokens prove now."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()))

    def of_thread(self, account: PlatformAccount, thread_key: str) -> Self:
        """The browsers that write in a thread: one of somebody unknown, several of an identified person."""
        return self.filter(Q(public_id=thread_key, person=None) | Q(person__public_id=thread_key), account=account)


class Visitor(models.Model):
    """A browser in the web chat. Only the hash of its token is kept.

    ``name`` and ``email`` are what somebody unknown said of themselves; an identified person's stand with the person.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    account = models.ForeignKey(PlatformAccount, on_delete=models.CASCADE, related_name="visitors")
    person = models.ForeignKey(
        IdentifiedPerson, null=True, blank=True, on_delete=models.CASCADE, related_name="visitors"
    )
    token_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    name = models.CharField(max_length=200, blank=True)
    email = models.CharField(max_length=254, blank=True)
    locale = models.CharField(max_length=20, blank=True)
    address_hash = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_seen_at = models.DateTimeField(default=timezone.now)

    objects = VisitorQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(person=None) | Q(expires_at__isnull=False, name="", email=""),
                name="identified_visitor_ends_and_says_nothing",
            )
        ]
        indexes = [models.Index(fields=["account", "address_hash", "created_at"], name="visitor_by_address")]

    def __str__(self) -> str:
        return f"Visitor {self.public_id}"

    @property
    def thread_key(self) -> str:
        """The one thread this browser writes in: its own, or its identified person's."""
        return str(self.person.public_id if self.person is not None else self.public_id)
