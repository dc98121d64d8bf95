"""Signing in: staff are made by an admin, nobody signs up, and no mail is sent. Which of the library's pages are open."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, re_path
from django.utils.translation import gettext_lazy as _

from supportagent.middleware import address_of

WRONG_CODE = _("This code does not fit. Take the one that the app shows now.")


class StaffAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Closes the sign-up, and says in our words what went wrong."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": _("This account is switched off. Ask an admin if it should not be."),
        "enter_current_password": _("This is not your present password."),
        "incorrect_code": WRONG_CODE,
        "incorrect_password": _("This is not your password."),
        "too_many_login_attempts": _("Too many wrong tries. Wait some minutes, then try again."),
        "username_password_mismatch": _("Username and password do not fit together."),
    }

    def get_client_ip(self, request: HttpRequest) -> str:
        """Where the caller is, as the audit trail knows it: behind a proxy the library would take the proxy for everybody."""
        return address_of(request.META)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Wrong tries count for a name at an address, so that nobody locks somebody else out from elsewhere."""
        return f"{super()._get_login_attempts_cache_key(request, **credentials)}:{address_of(request.META)}"

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False


class StaffFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """The same for the second factor."""

    error_messages = DefaultMFAAdapter.error_messages | {"incorrect_code": WRONG_CODE}


def closed(_request: HttpRequest) -> HttpResponse:
    """A page of the library that this product does not have."""
    raise Http404


def closed_pages() -> list[URLPattern]:
    """What stands before the library's own addresses: sign-up, e-mail addresses, passwords and codes by mail."""
    return [re_path(r"^(?:signup|email|confirm-email|password/set|password/reset|login/code)/", closed)]
