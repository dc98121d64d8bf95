"""The platforms in the admin: accounts, and what came in. Secrets can be set and never read."""

import re
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.text import Truncator
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from core import audit
from core.personal import hidden_address
from core.policy import Action, allows
from core.policy_admin import PolicyAdmin
from integrations import notified_health, token_health
from integrations.models import (
    EventAttempt,
    EventDelivery,
    IdentifiedPerson,
    PlatformAccount,
    SendWindow,
    Subscription,
    Visitor,
    WebhookEvent,
)
from integrations.new_accounts import ORIGIN_WANTED, takes_older_events
from integrations.origins import origin_of

_COLOURS = {
    "received": "info",
    "ingested": "success",
    "ignored": "info",
    "quarantined": "warning",
    "conflict": "warning",
    "dead": "danger",
}
_HEALTH_COLOURS = {
    "Works": "success",
    "Works; reconnect soon": "warning",
    "Works; not notified": "warning",
    "Reconnect needed": "danger",
    "Removed": "info",
}

KEY_LETTERS_IN_A_LIST = 40
_LANGUAGE = re.compile(r"[a-z]{2}")


class OriginsField(forms.CharField):
    """Origins, one a line; each is kept as browsers write it."""

    widget = UnfoldAdminTextareaWidget

    def prepare_value(self, value: Any) -> Any:
        """The list as lines."""
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        """The list. Raises ValidationError that names the line."""
        lines = [line.strip() for line in super().clean(value).splitlines() if line.strip()]
        wrong = next((line for line in lines if not origin_of(line)), None)
        if wrong is not None:
            raise ValidationError(f"{wrong}: {ORIGIN_WANTED}")
        return list(dict.fromkeys(origin for line in lines if (origin := origin_of(line))))

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether other lines stand there than before."""
        return "\n".join(initial or []) != "\n".join((data or "").split())


class LanguagesField(forms.CharField):
    """Languages by their two letters, with commas between them."""

    widget = UnfoldAdminTextInputWidget

    def prepare_value(self, value: Any) -> Any:
        """The list as one line."""
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        """The list. Raises ValidationError that names what is no language."""
        codes = super().clean(value).replace(",", " ").lower().split()
        wrong = next((code for code in codes if not _LANGUAGE.fullmatch(code)), None)
        if wrong is not None:
            raise ValidationError(f"{wrong} is no language. Name each by its two letters, like “en, de”.")
        return list(dict.fromkeys(codes))

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether other languages stand there than before."""
        return list(initial or []) != (data or "").replace(",", " ").lower().split()


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]
    """An account's switches."""

    origins = OriginsField(
        required=False,
        help_text="The sites that may show the web chat and call it, one a line, each like https://shop.example.com.",
    )

    languages = LanguagesField(
        required=False,
        help_text="What customers write here, like “en, de”. Words that could be of several languages are taken for the first.",
    )

    def clean_identity_required(self) -> bool:
        """Only where the site has a secret to sign with; else nobody could write."""
        required: bool = self.cleaned_data["identity_required"]
        if required and not self.instance.proofs:
            raise ValidationError(
                f"The site has no secret to sign with yet. Make one with `manage.py account rotate {self.instance.pk}`."
            )
        return required


@admin.register(PlatformAccount)
class PlatformAccountAdmin(PolicyAdmin):
    """Accounts: connected by their platform's authorise page or added with ``manage.py account``; watched and switched."""

    form = AccountForm
    view_action = change_action = Action.MANAGE_ACCOUNTS
    list_display = ["name", "platform", "connection", "way_back", "refresh_expires_at", "bot_enabled", "team"]
    list_filter = ["platform", "state"]
    list_select_related = ["team"]
    search_fields = ["name", "external_id", "client_key"]
    autocomplete_fields = ["team"]
    switches = [
        "name",
        "platform",
        "kind",
        "external_id",
        "connection",
        "tokens",
        "client_key",
        "public_key",
        "team",
        "bot_enabled",
        "resend_when_unsure",
        "honours_key",
        "languages",
    ]
    chat_switches = ["origins", "ask_name", "ask_email", "identity_required", "takes_files"]
    readonly_fields = [
        "platform",
        "kind",
        "external_id",
        "client_key",
        "public_key",
        "connection",
        "tokens",
    ]
    actions_list = ["connect_tiktok", "connect_linkedin"]
    actions_detail = ["reconnect"]

    @display(description="Connection", label=_HEALTH_COLOURS, ordering="state")  # type: ignore[untyped-decorator]
    def connection(self, account: PlatformAccount) -> str:
        """Whether it works, coloured."""
        return token_health.health(account).label

    @admin.display(description="To do")
    def way_back(self, account: PlatformAccount) -> str:
        """Where somebody is needed: the way to set it right. Why, the account's page says."""
        health = token_health.health(account)
        if health.kind == "untold":
            page = reverse("admin:integrations_platformaccount_change", args=[account.pk])
            return format_html('<a class="underline" href="{}">See what is missing</a>', page)
        if not health.needs_person:
            return ""
        if not token_health.can_be_reconnected(account):
            return "Give it new tokens"
        return format_html('<a class="underline" href="{}">Reconnect</a>', _reconnect_url(account))

    @admin.display(description="Tokens")
    def tokens(self, account: PlatformAccount) -> str:
        """When they run out, how the last renewal went, and whether the platform tells us what happens."""
        return format_html_join("", "<p>{}</p>", ((line,) for line in token_health.health(account).lines))

    @action(description="Connect TikTok account", url_path="connect-tiktok", icon="link", permissions=["connecting"])  # type: ignore[untyped-decorator]
    def connect_tiktok(self, request: HttpRequest) -> HttpResponse:
        """To the page that begins it."""
        return HttpResponseRedirect(reverse("oauth-connect", args=["tiktok"]))

    @action(description="Connect LinkedIn Page", url_path="connect-linkedin", icon="link", permissions=["connecting"])  # type: ignore[untyped-decorator]
    def connect_linkedin(self, request: HttpRequest) -> HttpResponse:
        """To the page that begins it."""
        return HttpResponseRedirect(reverse("oauth-connect", args=["linkedin"]))

    @action(description="Reconnect", url_path="reconnect", icon="sync", permissions=["reconnecting"])  # type: ignore[untyped-decorator]
    def reconnect(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the page that begins it, for this account."""
        return HttpResponseRedirect(_reconnect_url(PlatformAccount.objects.get(pk=object_id)))

    def has_connecting_permission(self, request: HttpRequest) -> bool:
        """Whether the buttons that connect an account are shown."""
        user: Any = request.user
        return allows(user, Action.MANAGE_ACCOUNTS)

    def has_reconnecting_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Whether the button is shown: for accounts whose platform has an authorise page."""
        account = PlatformAccount.objects.filter(pk=object_id).first()
        return (
            account is not None and self.has_connecting_permission(request) and token_health.can_be_reconnected(account)
        )

    def get_fieldsets(self, request: HttpRequest, obj: PlatformAccount | None = None) -> Any:
        """What every account has, and what only some have."""
        is_chat = obj is not None and obj.platform == PlatformAccount.Platform.WEBCHAT
        chat = [("Web chat", {"fields": self.chat_switches})] if is_chat else []
        older = ["legacy_payloads"] if obj is not None and takes_older_events(obj.platform, obj.kind) else []
        asked = ["application_id"] if obj is not None and notified_health.is_wanted(obj) else []
        return [(None, {"fields": [*self.switches, *asked, *older]}), *chat]

    def save_model(self, request: HttpRequest, obj: PlatformAccount, form: Any, change: bool) -> None:
        """Keep the switches and say so in the audit trail."""
        user: Any = request.user
        if "application_id" in form.changed_data:
            obj.notified_look_at = None
        super().save_model(request, obj, form, change)
        audit.record(user, "account.changed", obj, after={"fields": list(form.changed_data)})


def _reconnect_url(account: PlatformAccount) -> str:
    return f"{reverse('oauth-connect', args=[account.platform])}?{urlencode({'account': account.public_id})}"


@admin.register(WebhookEvent)
class WebhookEventAdmin(PolicyAdmin):
    """What the platforms sent, word for word, and what became of it. What is set aside is decided about in operations."""

    view_action = Action.VIEW_ALL_CONVERSATIONS
    list_display = [
        "received_at",
        "platform",
        "shown_state",
        "reason",
        "attempts",
        "short_key",
        "is_late",
        "open_in_operations",
    ]
    list_filter = ["state", "platform", "is_late"]
    search_fields = ["event_key", "conv_key"]
    date_hierarchy = "received_at"
    exclude = ["body"]
    readonly_fields = ["bytes_as_text", "id_in_the_logs"]

    @display(description="State", label=_COLOURS, ordering="state")  # type: ignore[untyped-decorator]  # unfold has no types
    def shown_state(self, event: WebhookEvent) -> str:
        """The state, coloured."""
        return event.state

    @admin.display(description="Event key", ordering="event_key")
    def short_key(self, event: WebhookEvent) -> str:
        """How it begins; the whole is on the event's page."""
        return Truncator(event.event_key).chars(KEY_LETTERS_IN_A_LIST)

    @admin.display(description="Body")
    def bytes_as_text(self, event: WebhookEvent) -> str:
        """The bytes, with what is not UTF-8 made visible."""
        return bytes(event.body).decode("utf-8", "backslashreplace")

    @admin.display(description="Id in the logs")
    def id_in_the_logs(self, event: WebhookEvent) -> str:
        """By what its way is followed there."""
        return event.request_id

    @admin.display(description="Operations")
    def open_in_operations(self, event: WebhookEvent) -> str:
        """The way to the page where it is decided about."""
        return format_html('<a href="{}">Open</a>', reverse("operations-event", args=[event.pk]))


@admin.register(Visitor)
class VisitorAdmin(PolicyAdmin):
    """Browsers in the web chat."""

    view_action = Action.VIEW_ALL_CONVERSATIONS
    list_display = ["public_id", "account", "person", "locale", "created_at", "last_seen_at"]
    list_select_related = ["account", "person"]
    fields = ["public_id", "account", "person", "name", "address", "locale", "created_at", "last_seen_at", "expires_at"]
    readonly_fields = ["address"]

    @admin.display(description="E-mail")
    def address(self, visitor: Visitor) -> str:
        """Hidden, as everywhere at first sight."""
        return hidden_address(visitor.email) or "-"


@admin.register(IdentifiedPerson)
class IdentifiedPersonAdmin(PolicyAdmin):
    """People whom a web chat's site vouches for."""

    view_action = Action.VIEW_ALL_CONVERSATIONS
    list_display = ["public_id", "account", "name", "created_at", "proven_at"]
    list_select_related = ["account"]
    fields = ["public_id", "account", "name", "address", "created_at", "proven_at"]
    readonly_fields = ["address"]

    @admin.display(description="E-mail")
    def address(self, person: IdentifiedPerson) -> str:
        """Hidden, as everywhere at first sight."""
        return hidden_address(person.email) or "-"


@admin.register(SendWindow)
class SendWindowAdmin(PolicyAdmin):
    """Calls of the last minute."""

    view_action = Action.VIEW_OPERATIONS
    list_display = ["account"]
    list_select_related = ["account"]


@admin.register(Subscription)
class SubscriptionAdmin(PolicyAdmin):
    """Who is told what happens. Made with ``manage.py subscription``, looked after in operations."""

    view_action = Action.MANAGE_ACCOUNTS
    list_display = ["name", "url", "state", "state_reason", "failing_since"]
    list_filter = ["state"]
    search_fields = ["name", "url"]
    fields = [
        "public_id",
        "name",
        "url",
        "kinds",
        "state",
        "state_reason",
        "failing_since",
        "paused_until",
        "created_at",
    ]


@admin.register(EventDelivery)
class EventDeliveryAdmin(PolicyAdmin):
    """Events on their way to subscribers."""

    view_action = Action.VIEW_OPERATIONS
    list_display = ["happened_at", "kind", "subscription", "state", "attempts", "reason"]
    list_filter = ["state", "kind"]
    list_select_related = ["subscription"]


@admin.register(EventAttempt)
class EventAttemptAdmin(PolicyAdmin):
    """Each attempt at one."""

    view_action = Action.VIEW_OPERATIONS
    list_display = ["started_at", "delivery", "number", "http_status", "evidence"]
    list_select_related = ["delivery__subscription"]
