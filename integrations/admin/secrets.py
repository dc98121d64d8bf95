"""The buttons that give an account another secret to prove things with, and end the one before."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.decorators import action

from core.policy import Action, allows
from core.policy_admin import PolicyAdmin
from integrations import accounts
from integrations.exceptions import AccountProblem
from integrations.models import PlatformAccount

NEW_SECRET, END_OLDER = "New secret", "End the older secret"
NEW = (
    "The new secret is shown once. The one before stays valid until you end it, so nothing is refused while the other "
    "side learns the new one."
)
END = "What is still signed with the older secret is refused from then on; other processes learn of it within a minute."


class SecretButtons(PolicyAdmin):
    """For accounts whose secrets are made here: signed webhooks, and web chats whose site says who its visitors are."""

    @action(description=NEW_SECRET, url_path="new-secret", icon="key", permissions=["rotating"])  # type: ignore[untyped-decorator]
    def new_secret(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then make another and show it."""

        def made(account: PlatformAccount) -> HttpResponse:
            user: Any = request.user
            changed = accounts.rotate_secret(account, user)
            self.show_once(request, f"The secret of {account.name}", changed.secrets[changed.proof_name])
            return self.shown_once(request) or HttpResponseRedirect(_page(account))

        account = get_object_or_404(PlatformAccount, pk=object_id)
        if _has_older(account):
            self.message_user(request, "Two secrets are valid already. End the older one first.", messages.ERROR)
            return HttpResponseRedirect(_page(account))
        return self._asked(request, account, NEW_SECRET, NEW, made)

    @action(description=END_OLDER, url_path="end-older-secret", icon="key_off", permissions=["ending"])  # type: ignore[untyped-decorator]
    def end_older_secret(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then let it prove nothing any more."""

        def ended(account: PlatformAccount) -> HttpResponse:
            user: Any = request.user
            accounts.drop_old_secret(account, user)
            self.message_user(request, "The older secret proves nothing any more.", messages.SUCCESS)
            return HttpResponseRedirect(_page(account))

        return self._asked(request, get_object_or_404(PlatformAccount, pk=object_id), END_OLDER, END, ended)

    def has_rotating_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Whether the button is shown: for accounts whose secrets are made here."""
        return self._rotated(request, object_id) is not None

    def has_ending_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Whether the button is shown: while two are valid."""
        account = self._rotated(request, object_id)
        return account is not None and _has_older(account)

    def _rotated(self, request: HttpRequest, object_id: str) -> PlatformAccount | None:
        user: Any = request.user
        if not allows(user, Action.ROTATE_KEYS) or not str(object_id).isdigit():
            return None
        account = PlatformAccount.objects.filter(pk=object_id).exclude(state=PlatformAccount.State.REMOVED).first()
        return account if account is not None and accounts.makes_secrets(account) else None

    def _asked(
        self,
        request: HttpRequest,
        account: PlatformAccount,
        verb: str,
        explanation: str,
        deed: Callable[[PlatformAccount], HttpResponse],
    ) -> HttpResponse:
        if request.method == "POST":
            try:
                return deed(account)
            except AccountProblem as problem:
                self.message_user(request, str(problem), messages.ERROR)
                return HttpResponseRedirect(_page(account))
        heading = f"{verb}: {account.name}"
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": heading,
            "heading": heading,
            "explanation": explanation,
            "verb": verb,
            "back_url": _page(account),
        }
        return TemplateResponse(request, "admin/integrations/ask.html", context)


def _has_older(account: PlatformAccount) -> bool:
    return bool(account.secrets.get(f"previous_{account.proof_name}"))


def _page(account: PlatformAccount) -> str:
    return reverse("admin:integrations_platformaccount_change", args=[account.pk])
