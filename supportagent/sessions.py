"""How long one stays signed in: until nothing was done for a while, and a working day at most.

What an open page fetches by itself carries the header ``X-Automatic`` and is nobody's doing, so a page that was left
open ends as if it were closed. A dashboard on a wall leaves the header out: there is nobody to press anything.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

# What asks for nobody's sign-in, and must answer although the sessions cannot be read.
PUBLIC = ("/static/", "/health/", "/webhooks/", "/chat/", "/csp")
BEGUN, ACTIVE = "begun_at", "active_at"
NOTE_SECONDS = 60


def begin(request: HttpRequest, **_: Any) -> None:
    """Remember when somebody signed in; hears Django's ``user_logged_in``."""
    request.session[BEGUN] = request.session[ACTIVE] = int(time.time())


def why_over(session: Mapping[str, Any]) -> str:
    """Why a session is over, for the person; empty while it is not. One without times, of an earlier version, begins now."""
    now = time.time()
    if now - session.get(BEGUN, now) >= settings.SESSION_COOKIE_AGE:
        return _("You were signed out, as after every %(hours)d hours.") % {
            "hours": settings.SESSION_COOKIE_AGE // 3600
        }
    if now - session.get(ACTIVE, now) >= settings.SESSION_IDLE_SECONDS:
        minutes = settings.SESSION_IDLE_SECONDS // 60
        said = ngettext(
            "You were signed out because nothing was done for a minute.",
            "You were signed out because nothing was done for %(minutes)d minutes.",
            minutes,
        )
        return said % {"minutes": minutes}
    return ""


class SessionLimitsMiddleware:
    """Ends sessions whose time is over, and notes now and then that a person does something."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass on, signed out where it has to be."""
        if settings.SESSION_COOKIE_NAME in request.COOKIES and not request.path.startswith(PUBLIC):
            self._judge(request)
        return self.get_response(request)

    def _judge(self, request: HttpRequest) -> None:
        if not request.user.is_authenticated:
            return
        session = request.session
        if why := why_over(session):
            logout(request)
            messages.info(request, why)
        elif BEGUN not in session:
            begin(request)
        elif "X-Automatic" not in request.headers and time.time() - session[ACTIVE] >= _note_seconds():
            session[ACTIVE] = int(time.time())


def _note_seconds() -> float:
    # Not at every request, which would write a row each; but often enough where the time is short.
    return min(NOTE_SECONDS, settings.SESSION_IDLE_SECONDS / 4)
