"""Roles that must sign in with a second factor: until it is set up, nothing else opens."""

from collections.abc import Awaitable, Callable
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from core.models import User
from supportagent import sessions

REFUSED = 4403
_OPEN = ("/accounts/", "/metrics", *sessions.PUBLIC)


def is_missing(user: object) -> bool:
    """Whether this person's role asks for a second factor that they have not set up."""
    if not isinstance(user, User) or user.policy_role is None:
        return False
    return user.policy_role in settings.TWO_FACTOR_ROLES and not is_mfa_enabled(user)


class SecondFactorMiddleware:
    """Sends people who still have to set up their second factor to the page where they do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass on, or lead to the set-up."""
        if settings.TWO_FACTOR_ROLES and not request.path.startswith(_OPEN) and is_missing(request.user):
            messages.warning(request, "Your role signs in with a second factor. Set it up to go on.")
            return redirect("mfa_activate_totp")
        return self.get_response(request)


class SecondFactorSocket:
    """Closes staff sockets of people who still have to set up their second factor."""

    def __init__(self, application: Callable[..., Awaitable[None]]) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Pass on, or close before accepting."""
        if settings.TWO_FACTOR_ROLES and await database_sync_to_async(is_missing)(scope.get("user")):
            await send({"type": "websocket.close", "code": REFUSED})
            return
        await self.application(scope, receive, send)
