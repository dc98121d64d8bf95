"""Our accounts on the platforms, and what we may send a minute."""

import secrets
import uuid
from typing import Self

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.exceptions import SecretUnreadable
from core.fields import EncryptedJSONField, as_stored
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

    def by_readable(self) -> "tuple[list[PlatformAccount], list[PlatformAccount]]":
        """Those whose secrets can be read, and those that no configured key opens, whose secrets are not loaded; two queries."""
        found: tuple[list[PlatformAccount], list[PlatformAccount]] = ([], [])
        accounts = list(self.defer("secrets"))
        stored = dict(self.values_list("pk", as_stored("secrets")))
        for account in accounts:
            try:
                account.secrets = EncryptedJSONField().to_python(stored.get(account.pk))
            except SecretUnreadable:
                found[1].append(account)
            else:
                found[0].append(account)
        return found

    def of_source(self, source: str) -> Self:
        """Those whose event keys are unique within ``source``."""
        door, _, scope = source.partition(":")
        if door in PlatformAccount.APP_WIDE:
            return self.received_by(door).filter(client_key=scope)
        try:
            public_id = uuid.UUID(scope)
        except ValueError:
            return self.none()
        if door.startswith(PlatformAccount.OLDER):
            platform = door.removeprefix(PlatformAccount.OLDER)
            return self.filter(platform=platform, legacy_payloads=True, public_id=public_id)
        return self.received_by(door).filter(public_id=public_id)


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

    OLDER = "older-"
    """Before the platform's name, the source of events in the older project's flat shape."""

    class State(models.TextChoices):
        """Whether it works."""

        ACTIVE = "active", "Active"
        RECONNECT = "reconnect", "Reconnect needed"
        REMOVED = "removed", "Removed"

    class Asked(models.TextChoices):
        """Whether the web chat asks for something before the first message."""

        OFF = "off", "Not asked"
        OPTIONAL = "optional", "Asked, may be left empty"
        REQUIRED = "required", "Asked, must be given"

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
    origins = models.JSONField(
        default=list, blank=True, help_text="The sites that may show the web chat, each as https://shop.example.com."
    )
    languages = models.JSONField(default=list, blank=True)
    options = models.JSONField(default=dict, blank=True)
    ask_name = models.CharField(
        "ask visitors for their name",
        max_length=8,
        choices=Asked.choices,
        default=Asked.OFF,
        help_text="Before the first message, unless the site says who the visitor is.",
    )
    ask_email = models.CharField(
        "ask visitors for their e-mail address",
        max_length=8,
        choices=Asked.choices,
        default=Asked.OFF,
        help_text="Before the first message, unless the site says who the visitor is.",
    )
    identity_required = models.BooleanField(
        "only identified visitors may write",
        default=False,
        help_text="The site signs who its visitors are; whoever it does not know reads and does not write.",
    )
    takes_files = models.BooleanField(
        "visitors may send files", default=True, help_text="Pictures and PDFs in the web chat."
    )
    legacy_payloads = models.BooleanField(
        "takes the older project's events",
        default=False,
        help_text="Flat events with X-Signature, as the older open project's senders post them.",
    )
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
    application_id = models.CharField(
        "application number",
        max_length=20,
        blank=True,
        validators=[RegexValidator(r"^[0-9]+\Z", "It is a number.")],
        help_text="The app's number in LinkedIn's developer portal, from the address of its page; it is not the client id.",
    )
    notified_until = models.DateTimeField(null=True, blank=True)
    notified_problem = models.CharField(max_length=300, blank=True)
    notified_look_at = models.DateTimeField(
        null=True, blank=True, help_text="When it is looked whether the platform tells us what happens; empty: at once."
    )
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
            models.CheckConstraint(
                condition=Q(ask_name__in=["off", "optional", "required"])
                & Q(ask_email__in=["off", "optional", "required"]),
                name="what_is_asked_is_known",
            ),
            models.CheckConstraint(
                condition=Q(legacy_payloads=False) | Q(platform="tiktok") | Q(platform="linkedin", kind="messages"),
                name="older_events_are_of_private_threads",
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
    def sources(self) -> tuple[str, ...]:
        """Every source that this account's events may be of, also of a time when its switches stood otherwise."""
        older = (f"{self.OLDER}{self.platform}:{self.public_id}",) if self.platform in self.APP_WIDE else ()
        return (self.source, *older)

    @property
    def older_proof(self) -> str:
        """The secret that the older project's senders sign with: their own, or the app's. Empty where none count."""
        both = self.secrets.get("legacy_secret", ""), self.secrets.get("secret", "")
        return next((secret for secret in both if secret and self.legacy_payloads), "")

    @property
    def proof_name(self) -> str:
        """Which of its secrets proves who knocks: where it receives at another door, one that is for this alone."""
        return "secret" if self.door == self.platform else "webhook_secret"

    @property
    def proofs(self) -> tuple[str, ...]:
        """The secrets that prove who knocks for this account, the one in use first. An empty one proves nothing."""
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
    """When an account's last calls were made: what keeps all workers together under the platform's limit a minute.

    ``calls`` holds pairs of a moment (seconds since 1970) and how many calls were made in the quarter of a second before it.
    """

    account = models.OneToOneField(
        PlatformAccount, on_delete=models.CASCADE, primary_key=True, related_name="send_window"
    )
    calls = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"Calls of account {self.account_id}"
