"""The way to a platform's authorise page and back. For admins, in the browser they are signed in with."""

import uuid
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from csp.constants import SELF
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from core.models import User
from core.policy import Action, allows
from integrations import authorizing
from integrations.authorizing import STATE_MINUTES, Wanted
from integrations.exceptions import AccountProblem, AuthorizationProblem, SeveralAccounts
from integrations.models import PlatformAccount
from integrations.platforms import AUTHORIZING

LIST = "admin:integrations_platformaccount_changelist"
CHANGE = "admin:integrations_platformaccount_change"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def connect(request: HttpRequest, platform: str) -> HttpResponse:
    """GET says what will happen, POST sends the browser to the platform's page."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    user = _admin(request)
    if authorizing.is_elsewhere(request.get_host()):
        return _other_address(request)
    wanted = _wanted(platform, request.POST if request.method == "POST" else request.GET)
    try:
        app = authorizing.app_of(wanted)
        return _asked(request, wanted, app) if request.method != "POST" else _sent(request, wanted, app, user)
    except AuthorizationProblem as problem:
        return _problem(request, problem, platform)


@never_cache
@require_safe
def callback(request: HttpRequest, platform: str) -> HttpResponse:
    """What the platform's page sends the browser back with."""
    if not request.user.is_authenticated:
        return _page(
            request,
            title=_("You are signed out"),
            text=_("Nothing was changed. Sign in and begin again: an answer counts only in the session that asked."),
            url=reverse(LIST),
            action=_("Sign in"),
            status=403,
        )
    user = _admin(request)
    try:
        account, is_new = authorizing.finish(platform, request.GET.dict(), user, session_key=_session_key(request))
    except AuthorizationProblem as problem:
        return _problem(request, problem, platform)
    told = _("%(name)s is connected.") if is_new else _("%(name)s is connected again; what waited goes out.")
    messages.success(request, told % {"name": account.name})
    return HttpResponseRedirect(reverse(CHANGE, args=[account.pk]))


def _admin(request: HttpRequest) -> User:
    user = cast(User, request.user)
    if not allows(user, Action.MANAGE_ACCOUNTS):
        raise PermissionDenied
    return user


def _session_key(request: HttpRequest) -> str:
    return request.session.session_key or ""


def _wanted(platform: str, given: Any) -> Wanted:
    """What was asked for; Http404 for an account that there is not."""
    account = None
    if given.get("account"):
        try:
            public_id = uuid.UUID(given["account"])
        except ValueError:
            public_id = uuid.UUID(int=0)
        account = get_object_or_404(PlatformAccount, platform=platform, public_id=public_id)
    return Wanted(
        platform=platform,
        client_key=given.get("app", ""),
        account=account,
        external_id=given.get("external_id", "")[:200],
    )


def _other_address(request: HttpRequest) -> HttpResponse:
    return _page(
        request,
        title=_("Open this at the product's own address"),
        text=_("The platform sends you back to %(address)s (PUBLIC_URL), so begin there.")
        % {"address": settings.PUBLIC_URL},
        url=settings.PUBLIC_URL.rstrip("/") + request.get_full_path(),
        action=_("Go there"),
        status=409,
    )


def _asked(request: HttpRequest, wanted: Wanted, app: PlatformAccount, *, error: str = "") -> HttpResponse:
    """What will happen, with a button."""
    platform = AUTHORIZING[wanted.platform]
    context = {
        "wanted": wanted,
        "noun": platform.account_noun,
        "label": PlatformAccount.Platform(wanted.platform).label,
        "app": app,
        "apps": list(authorizing.apps(wanted.platform)) if wanted.account is None else [],
        "names_account": wanted.platform == PlatformAccount.Platform.LINKEDIN and wanted.account is None,
        "redirect_uri": authorizing.redirect_uri(wanted.platform),
        "minutes": STATE_MINUTES,
        "error": error,
        "back": reverse(LIST),
    }
    response = render(request, "oauth/connect.html", context, status=400 if error else 200)
    # Browsers hold a form's redirect to form-action too. Each app may have a page of its own.
    known = [app, *(authorizing.apps(wanted.platform).values() if wanted.account is None else ())]
    targets = {urlsplit(platform.session(each).auth_base) for each in known}
    origins = sorted(f"{target.scheme}://{target.netloc}" for target in targets)
    response._csp_update = {"form-action": [SELF, *origins]}  # type: ignore[attr-defined]  # as django-csp reads it
    return response


def _sent(request: HttpRequest, wanted: Wanted, app: PlatformAccount, user: User) -> HttpResponse:
    """On the way to the platform, or back to the form with what is wrong in it."""
    try:
        return HttpResponseRedirect(authorizing.begin(wanted, user, session_key=_session_key(request)))
    except AccountProblem as problem:
        return _asked(request, wanted, app, error=str(problem))


def _problem(request: HttpRequest, problem: AuthorizationProblem, platform: str) -> HttpResponse:
    begin, choices = reverse("oauth-connect", args=[platform]), []
    if isinstance(problem, SeveralAccounts):
        for external_id, name in problem.choices:
            query = urlencode({"app": problem.client_key, "external_id": external_id})
            choices.append((f"{begin}?{query}", name))
    return _page(
        request,
        title=problem.title,
        text=str(problem),
        url=reverse(LIST),
        action=_("To the accounts"),
        status=problem.status,
        choices=choices,
    )


def _page(request: HttpRequest, *, status: int, **context: Any) -> HttpResponse:
    return render(request, "oauth/problem.html", context, status=status)
