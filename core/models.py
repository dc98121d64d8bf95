"""People, keys, the audit trail, and the rows that keep processes from treading on each other."""

import hashlib
import secrets
import uuid
from datetime import time
from typing import Self
from zoneinfo import available_timezones

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from core.policy import Role


class Team(models.Model):
    """A group of staff that answers for some accounts."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=80, unique=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """A member of staff: one role, any number of teams."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    role = models.CharField(
        max_length=20, choices=[c for c in Role.choices if c[0] != Role.API_CLIENT], default=Role.VIEWER
    )
    teams = models.ManyToManyField(Team, related_name="members", blank=True)
    languages = models.JSONField(
        default=list, blank=True, help_text="Languages this person answers in, as two letters."
    )

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role__in=[r for r in Role.values if r != Role.API_CLIENT]), name="user_role_is_known"
            )
        ]

    @property
    def display_name(self) -> str:
        """The name that colleagues and customers see."""
        return self.get_full_name() or self.username

    @property
    def policy_role(self) -> Role | None:
        """The role the policy judges by; break-glass superusers act as admins, inactive people as nobody."""
        if not self.is_active:
            return None
        return Role.ADMIN if self.is_superuser else Role(self.role)

    @property
    def policy_scopes(self) -> frozenset[str]:
        """People have no scopes."""
        return frozenset()

    @property
    def policy_team_ids(self) -> frozenset[int]:
        """The teams this person belongs to, read once per instance."""
        if not hasattr(self, "_policy_team_ids"):
            self._policy_team_ids = frozenset(self.teams.values_list("pk", flat=True))
        return self._policy_team_ids

    @property
    def policy_user_id(self) -> int | None:
        """The person whom an assignment names."""
        return self.pk


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    """Questions about keys."""

    def usable(self) -> Self:
        """Keys that still open a door."""
        return self.filter(revoked_at=None)


class ApiKey(models.Model):
    """A key for programs. Only the hash of the secret is kept."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=8, unique=True, editable=False)
    secret_hash = models.CharField(max_length=64, editable=False)
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.API_CLIENT)
    scopes = models.JSONField(default=list, blank=True)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="api_keys")
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "API key"
        constraints = [models.CheckConstraint(condition=models.Q(role__in=Role.values), name="api_key_role_is_known")]

    def __str__(self) -> str:
        return f"{self.name} (sak_{self.prefix}_…)"

    @property
    def policy_role(self) -> Role | None:
        """The key's role, none once it is revoked."""
        return None if self.revoked_at else Role(self.role)

    @property
    def policy_scopes(self) -> frozenset[str]:
        """What an api-client key was given."""
        return frozenset(self.scopes)

    @property
    def policy_team_ids(self) -> frozenset[int]:
        """The one team a key may be bound to."""
        return frozenset({self.team_id} if self.team_id else ())

    @property
    def policy_user_id(self) -> int | None:
        """A key is nobody's assignee."""
        return None

    @property
    def display_name(self) -> str:
        """The name in timelines and audit."""
        return self.name

    @property
    def is_authenticated(self) -> bool:
        """What DRF asks of whoever called."""
        return True


def new_secret() -> tuple[str, str, str]:
    """A fresh key: its prefix (8 signs), the whole key as shown once, and the hash that is stored."""
    prefix = secrets.token_hex(4)
    secret = secrets.token_urlsafe(32)
    return prefix, f"sak_{prefix}_{secret}", hash_secret(secret)


def hash_secret(secret: str) -> str:
    """SHA-256 in hex; enough for 256 random bits, which no dictionary holds."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


class AuditEvent(models.Model):
    """Something a person, a key or the product did. Appended, never changed: triggers refuse UPDATE and DELETE."""

    at = models.DateTimeField(default=timezone.now)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150)
    action = models.CharField(max_length=60)
    target_kind = models.CharField(max_length=40)
    target_id = models.CharField(max_length=64)
    address = models.CharField(max_length=45, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["target_kind", "target_id", "-id"], name="audit_by_target"),
            models.Index(fields=["actor_kind", "actor_id", "-id"], name="audit_by_actor"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(actor_kind__in=["user", "key", "system"]), name="audit_actor_is_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.action} {self.target_kind} {self.target_id}"


class AuditSeal(models.Model):
    """One link of the chain over the audit events; written by the sweeper, each second."""

    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, primary_key=True, related_name="seal")
    position = models.BigIntegerField(unique=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.position}: {self.hash[:12]}"


class Lease(models.Model):
    """Whose turn a periodic job is. Judged by the database's clock."""

    name = models.CharField(max_length=60, primary_key=True)
    owner = models.CharField(max_length=80)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} → {self.owner}"


class WorkerHeartbeat(models.Model):
    """The last sign of life of a process."""

    process = models.CharField(max_length=80, primary_key=True)
    kind = models.CharField(max_length=20)
    at = models.DateTimeField()
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ["kind", "process"]

    def __str__(self) -> str:
        return f"{self.kind} {self.process}"


class CallWindow(models.Model):
    """How many calls somebody made in the minute that began with the first of them: REST calls, or tries from an address."""

    caller = models.CharField(max_length=30, primary_key=True)
    began_at = models.DateTimeField()
    calls = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.calls} calls of {self.caller}"


class IdempotentCall(models.Model):
    """A REST call that names itself by an ``Idempotency-Key``, and its answer once it is done.

    What deeds answer holds ids and states, never what a customer or colleague wrote.
    """

    caller = models.CharField(max_length=30)
    key = models.CharField(max_length=255)
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=300)
    body_sha256 = models.CharField(max_length=64)
    token = models.UUIDField(default=uuid.uuid4)
    lease_until = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["caller", "key", "method", "path"], name="one_call_per_idempotency_key"),
            models.CheckConstraint(
                condition=models.Q(status=None, answer="") | models.Q(status__gte=200, status__lt=400),
                name="only_what_was_done_is_kept",
            ),
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotent_call_by_age")]

    def __str__(self) -> str:
        return f"{self.method} {self.path} of {self.caller}"


def check_time_zone(name: str) -> None:
    """Raise ValidationError unless it is the name of a time zone, as in Europe/Berlin."""
    if name not in available_timezones():
        raise ValidationError(f"There is no time zone “{name}”. Write it as in Europe/Berlin or America/New_York.")


class OpeningCalendar(models.Model):
    """When the business is open, in its own time zone. There is one calendar at most; without spans it says nothing."""

    number = models.PositiveSmallIntegerField(default=1, unique=True, editable=False)
    time_zone = models.CharField(
        max_length=60, default="UTC", validators=[check_time_zone], help_text="As in Europe/Berlin."
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "opening hours"
        verbose_name_plural = "opening hours"
        constraints = [models.CheckConstraint(condition=models.Q(number=1), name="one_opening_calendar")]

    def __str__(self) -> str:
        return f"Opening hours in {self.time_zone}"


class OpeningSpan(models.Model):
    """From when to when the business is open on a day of the week; a day has any number of them."""

    class Weekday(models.IntegerChoices):
        """Monday is 0, as in Python."""

        MONDAY = 0, "Monday"
        TUESDAY = 1, "Tuesday"
        WEDNESDAY = 2, "Wednesday"
        THURSDAY = 3, "Thursday"
        FRIDAY = 4, "Friday"
        SATURDAY = 5, "Saturday"
        SUNDAY = 6, "Sunday"

    calendar = models.ForeignKey(OpeningCalendar, on_delete=models.CASCADE, related_name="spans")
    weekday = models.PositiveSmallIntegerField(choices=Weekday.choices)
    opens = models.TimeField()
    closes = models.TimeField(help_text="0:00 is the end of the day.")

    class Meta:
        ordering = ["weekday", "opens"]
        constraints = [
            models.CheckConstraint(condition=models.Q(weekday__lte=6), name="opening_weekday_is_known"),
            models.CheckConstraint(
                condition=models.Q(closes__gt=models.F("opens")) | models.Q(closes=time(0)),
                name="opening_span_ends_after_it_begins",
                violation_error_message="It must close after it opens. A night that goes on past midnight is two spans, "
                "the first of which closes at 0:00.",
            ),
            models.UniqueConstraint(fields=["calendar", "weekday", "opens"], name="one_opening_at_a_time"),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M} to {self.closes:%H:%M}"


class SpecialDay(models.Model):
    """A date on which the week's spans do not hold: a holiday, or a day with other hours (a row for each span)."""

    calendar = models.ForeignKey(OpeningCalendar, on_delete=models.CASCADE, related_name="special_days")
    day = models.DateField()
    name = models.CharField(max_length=80, blank=True, help_text="As in New Year's Day. Staff read it.")
    opens = models.TimeField(null=True, blank=True, help_text="Empty: closed all day.")
    closes = models.TimeField(null=True, blank=True, help_text="0:00 is the end of the day.")

    class Meta:
        ordering = ["day", "opens"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(opens=None, closes=None)
                | models.Q(opens__isnull=False, closes__isnull=False)
                & (models.Q(closes__gt=models.F("opens")) | models.Q(closes=time(0))),
                name="special_day_ends_after_it_begins",
                violation_error_message="Give both times, the later one second, or none for a day that is closed.",
            ),
            models.UniqueConstraint(fields=["calendar", "day", "opens"], name="one_special_opening_at_a_time"),
        ]

    def __str__(self) -> str:
        return f"{self.day:%d %B %Y} {self.name}".strip()
