"""Our accounts on the platforms, what the platforms sent us word for word, and what we may send a minute."""

import secrets
import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from core.fields import EncryptedJSONField
from core.models import Team, User


def new_public_key() -> str:
    """A key that may stand in a web page: 128 random bits in hex."""
    return secrets.token_hex(16)


class PlatformAccountQuerySet(models.QuerySet["PlatformAccount"]):
    """Questions about accounts."""

    def receiving(self) -> Self:
        """Those whose messages are taken in."""
        return self.exclude(state=PlatformAccount.State.REMOVED)

    def received_by(self, platform: str) -> Self:
        """Those whose events come in at this platform's door."""
        elsewhere = Q(platform=PlatformAccount.Platform.LINKEDIN, kind=PlatformAccount.MESSAGES)
        if platform == PlatformAccount.Platform.EVENTS:
            return self.filter(Q(platform=platform) | elsewhere)
        return self.filter(platform=platform).exclude(elsewhere)

    def of_source(self, source: str) -> Self:
        """Those whose event keys are unique within ``source``."""
        door, _, scope = source.partition(":")
        if door in PlatformAccount.APP_WIDE:
            return self.received_by(door).filter(client_key=scope)
        try:
            return self.received_by(door).filter(public_id=uuid.UUID(scope))
        except ValueError:
            return self.none()


class PlatformAccount(models.Model):
    """A business account on one platform, with its keys. What the keys are is never shown again."""

    class Platform(models.TextChoices):
        """Where it lives."""

        TIKTOK = "tiktok", "TikTok"
        LINKEDIN = "linkedin", "LinkedIn"
        WEBCHAT = "webchat", "Web chat"
        EVENTS = "events", "Signed webhook"

    APP_WIDE = (Platform.TIKTOK, Platform.LINKEDIN)
    """Doors at which one app receives for all its accounts."""
    MESSAGES = "messages"
    """LinkedIn's partner interface, which brings no events: they come in as signed events."""

    class State(models.TextChoices):
        """Whether it works."""

        ACTIVE = "active", "Active"
        RECONNECT = "reconnect", "Reconnect needed"
        REMOVED = "removed", "Removed"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    platform = models.CharField(max_length=20, choices=Platform.choices)
    kind = models.CharField(max_length=20, blank=True)
    name = models.CharField(max_length=120)
    external_id = models.CharField(max_length=200)
    client_key = models.CharField(max_length=200, blank=True)
    secrets = EncryptedJSONField(default=dict)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="accounts")
    state = models.CharField(max_length=12, choices=State.choices, default=State.ACTIVE)
    state_reason = models.CharField(max_length=300, blank=True)
    bot_enabled = models.BooleanField(default=True, help_text="Off: people answer everything on this account.")
    api_base = models.URLField(max_length=300, blank=True)
    auth_base = models.URLField(max_length=300, blank=True)
    public_key = models.CharField(max_length=32, unique=True, default=new_public_key, editable=False)
    origins = models.JSONField(default=list, blank=True)
    languages = models.JSONField(default=list, blank=True)
    options = models.JSONField(default=dict, blank=True)
    legacy_payloads = models.BooleanField(default=False)
    resend_when_unsure = models.BooleanField(
        default=False, help_text="Send again when it cannot be known whether a message arrived (it may arrive twice)."
    )
    honours_key = models.BooleanField(
        "takes a repeated key for the same message",
        default=False,
        help_text="The other end knows a repeated webhook-id again, so that in doubt a message may be sent again.",
    )
    token_expires_at = models.DateTimeField(null=True, blank=True)
    refresh_expires_at = models.DateTimeField(null=True, blank=True)
    refresh_tried_at = models.DateTimeField(null=True, blank=True)
    refresh_problem = models.CharField(max_length=300, blank=True)
    refresh_refused = models.BooleanField(default=False)
    next_probe_at = models.DateTimeField(null=True, blank=True)
    read_back_to = models.DateTimeField(
        null=True, blank=True, help_text="Until when the platform's own record was compared with ours."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = PlatformAccountQuerySet.as_manager()

    class Meta:
        ordering = ["platform", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["platform", "client_key", "external_id"], name="one_account_per_platform_id"
            ),
            models.CheckConstraint(
                condition=Q(platform__in=["tiktok", "linkedin", "webchat", "events"]), name="platform_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["active", "reconnect", "removed"]), name="account_state_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_platform_display()}: {self.name}"

    @property
    def door(self) -> str:
        """The platform at whose door this account's events come in."""
        is_elsewhere = self.platform == self.Platform.LINKEDIN and self.kind == self.MESSAGES
        return self.Platform.EVENTS.value if is_elsewhere else self.platform

    @property
    def scope(self) -> str:
        """Who signs what comes in for this account: the app's key, or the account itself."""
        return self.client_key if self.door in self.APP_WIDE else str(self.public_id)

    @property
    def source(self) -> str:
        """The scope in which this account's event keys are unique."""
        return f"{self.door}:{self.scope}"

    @property
    def proof_name(self) -> str:
        """Which of its secrets proves who knocks: where it receives at another door, one that is for this alone."""
        return "secret" if self.door == self.platform else "webhook_secret"

    @property
    def proofs(self) -> tuple[str, ...]:
        """The secrets that prove who knocks for this account. An empty one proves nothing: anybody could sign with it."""
        both = self.secrets.get(self.proof_name, ""), self.secrets.get(f"previous_{self.proof_name}", "")
        return tuple(secret for secret in both if secret)


class AuthorizationRequest(models.Model):
    """A way to a platform's authorise page that somebody began: good for one answer, in the session that began it."""

    state_hash = models.CharField(max_length=64, unique=True)
    session_hash = models.CharField(max_length=64)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    platform = models.CharField(max_length=20)
    client_key = models.CharField(max_length=200)
    # The account to connect, where it is known beforehand: one of ours, or an id on the platform.
    account = models.ForeignKey(PlatformAccount, null=True, on_delete=models.CASCADE, related_name="+")
    external_id = models.CharField(max_length=200, blank=True)
    redirect_uri = models.CharField(max_length=300)
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(platform__in=["tiktok", "linkedin"]), name="platform_has_authorise_page")
        ]

    def __str__(self) -> str:
        return f"Authorisation of {self.platform} by {self.user_id}"


class SendWindow(models.Model):
    """When an account's last calls were made: what keeps all workers together under the platform's limit a minute."""

    account = models.OneToOneField(
        PlatformAccount, on_delete=models.CASCADE, primary_key=True, related_name="send_window"
    )
    stamps = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"Calls of account {self.account_id}"


class Visitor(models.Model):
    """Somebody in the web chat. Only the hash of the token is kept."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    account = models.ForeignKey(PlatformAccount, on_delete=models.CASCADE, related_name="visitors")
    token_hash = models.CharField(max_length=64, unique=True)
    locale = models.CharField(max_length=20, blank=True)
    address_hash = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["account", "address_hash", "created_at"], name="visitor_by_address")]

    def __str__(self) -> str:
        return f"Visitor {self.public_id}"


class WebhookEventQuerySet(models.QuerySet["WebhookEvent"]):
    """Questions about what the platforms sent."""

    def to_ingest(self) -> Self:
        """Those that have not been dealt with."""
        return self.filter(state=WebhookEvent.State.RECEIVED)


class WebhookEvent(models.Model):
    """One POST of a platform, its bytes as they came."""

    class State(models.TextChoices):
        """What became of it."""

        RECEIVED = "received", "Received"
        INGESTED = "ingested", "Taken in"
        IGNORED = "ignored", "Ignored"
        QUARANTINED = "quarantined", "Quarantined"
        CONFLICT = "conflict", "Conflict"
        DEAD = "dead", "Given up"

    source = models.CharField(max_length=260)
    event_key = models.CharField(max_length=300)
    platform = models.CharField(max_length=20)
    account_id_hint = models.BigIntegerField(null=True, blank=True)
    body = models.BinaryField()
    body_sha256 = models.CharField(max_length=64)
    headers = models.JSONField(default=dict)
    conv_key = models.CharField(max_length=300, blank=True)
    is_late = models.BooleanField(default=False)
    received_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=12, choices=State.choices, default=State.RECEIVED)
    reason = models.CharField(max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    ingested_at = models.DateTimeField(null=True, blank=True)
    message_id = models.BigIntegerField(null=True, blank=True)

    objects = WebhookEventQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["source", "event_key"], name="one_row_per_event"),
            models.CheckConstraint(
                condition=Q(state__in=["received", "ingested", "ignored", "quarantined", "conflict", "dead"]),
                name="webhook_event_state_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["ignored", "quarantined", "conflict", "dead"]) | ~Q(reason=""),
                name="set_aside_event_says_why",
            ),
        ]
        indexes = [
            models.Index(fields=["source", "conv_key", "id"], name="event_to_ingest", condition=Q(state="received")),
            models.Index(fields=["next_attempt_at"], name="event_due", condition=Q(state="received")),
            models.Index(
                fields=["state", "-id"],
                name="event_set_aside",
                condition=Q(state__in=["quarantined", "conflict", "dead"]),
            ),
            # Holds all that the ingestion balance asks for, so that it reads no bodies.
            models.Index(fields=["-received_at", "source", "account_id_hint", "state"], name="event_balance"),
        ]

    def __str__(self) -> str:
        return f"{self.platform} event {self.pk}"


class Subscription(models.Model):
    """A developer's address that is told what happens, by signed webhook."""

    class State(models.TextChoices):
        """Whether it is told."""

        ACTIVE = "active", "Active"
        DISABLED = "disabled", "Disabled"
        REMOVED = "removed", "Removed"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=120)
    url = models.URLField(max_length=500)
    secrets = EncryptedJSONField(default=dict)
    kinds = models.JSONField(default=list, help_text="The kinds of events it wants.")
    state = models.CharField(max_length=12, choices=State.choices, default=State.ACTIVE)
    state_reason = models.CharField(max_length=300, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    paused_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["active", "disabled", "removed"]), name="subscription_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state="active") | ~Q(state_reason=""), name="silent_subscription_says_why"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class EventDeliveryQuerySet(models.QuerySet["EventDelivery"]):
    """Questions about events on their way to subscribers."""

    def due(self) -> Self:
        """Those that may be tried now."""
        resting = Q(subscription__paused_until__gt=Now())
        waiting = self.filter(state=EventDelivery.State.WAITING, next_attempt_at__lte=Now())
        return waiting.filter(subscription__state=Subscription.State.ACTIVE).exclude(resting)


class EventDelivery(models.Model):
    """One event for one subscriber. It holds ids: the words are read when it is sent, so that none outlive a person."""

    class State(models.TextChoices):
        """Where it stands."""

        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Being sent"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Given up"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="deliveries")
    event_id = models.UUIDField()
    kind = models.CharField(max_length=40)
    conversation_id = models.BigIntegerField()
    message_id = models.BigIntegerField(null=True, blank=True)
    escalation_id = models.BigIntegerField(null=True, blank=True)
    details = models.JSONField(default=dict, blank=True)
    happened_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.WAITING)
    reason = models.CharField(max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    delivered_at = models.DateTimeField(null=True, blank=True)

    objects = EventDeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "event deliveries"
        constraints = [
            models.UniqueConstraint(fields=["subscription", "event_id"], name="one_delivery_per_subscriber"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "sending", "delivered", "failed"]),
                name="event_delivery_state_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(state="sending") | Q(lease_until__isnull=False), name="event_being_sent_has_a_lease"
            ),
            models.CheckConstraint(condition=~Q(state="failed") | ~Q(reason=""), name="given_up_event_says_why"),
        ]
        indexes = [
            models.Index(fields=["subscription", "id"], name="event_delivery_log"),
            models.Index(fields=["next_attempt_at"], name="event_delivery_due", condition=Q(state="waiting")),
            models.Index(fields=["lease_until"], name="event_delivery_sending", condition=Q(state="sending")),
            models.Index(fields=["subscription"], name="event_delivery_failed", condition=Q(state="failed")),
            models.Index(fields=["created_at"], name="event_delivery_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.subscription_id}"


class EventAttempt(models.Model):
    """One attempt, append only."""

    delivery = models.ForeignKey(EventDelivery, on_delete=models.CASCADE, related_name="attempt_log")
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(default=timezone.now)
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    evidence = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["delivery", "id"]

    def __str__(self) -> str:
        return f"Attempt {self.number} at {self.delivery_id}"
