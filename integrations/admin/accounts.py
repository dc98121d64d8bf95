"""Accounts in the admin. Secrets can be set and never read, but for those that we make: these are shown once."""

import re
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from core import audit
from core.policy import Action, allows
from integrations import keys, notified_health, token_health
from integrations.admin.secrets import SecretButtons
from integrations.models import PlatformAccount
from integrations.new_accounts import ORIGIN_WANTED, takes_older_events
from integrations.origins import origin_of

_HEALTH_COLOURS = {
    "Works": "success",
    "Works; reconnect soon": "warning",
    "Works; not notified": "warning",
    "Reconnect needed": "danger",
    "Removed": "info",
}

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
            raise ValidationError("The site has no secret to sign with yet. Press “New secret” first.")
        return required


@admin.register(PlatformAccount)
class PlatformAccountAdmin(SecretButtons):
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
    actions_detail = ["reconnect", "new_secret", "end_older_secret"]

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
        # What proves events may be another thing now.
        transaction.on_commit(keys.forget)


def _reconnect_url(account: PlatformAccount) -> str:
    return f"{reverse('oauth-connect', args=[account.platform])}?{urlencode({'account': account.public_id})}"
