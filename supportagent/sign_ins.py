"""Who signs in and out, and who tries to, in the audit trail.

A sign-in is heard from allauth, which says so only once every step was passed, and not from Django, whose signal is sent
wherever a session is begun by code. A try that failed is written once it was judged: what the rate limits refuse is not
judged, so a flood of tries writes 50 rows in a quarter of an hour for each address, and no more.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from allauth.account.signals import user_logged_in
from allauth.mfa.signals import authentication_failed
from django.contrib.auth.signals import user_logged_out, user_login_failed
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from core import audit
from core.keyed import keyed_hash
from core.models import AuditEvent, User
from supportagent import sessions

SIGNED_IN, SIGNED_OUT, FAILED = "person.signed_in", "person.signed_out", "person.sign_in_failed"
BREAK_GLASS = "breakglass.used"
RECENT = timedelta(hours=24)


def connect() -> None:
    """Hear of sign-ins, sign-outs and failed tries."""
    user_logged_in.connect(_signed_in, dispatch_uid="supportagent.sign_ins")
    user_logged_out.connect(_signed_out, dispatch_uid="supportagent.sign_ins")
    user_login_failed.connect(_password_failed, dispatch_uid="supportagent.sign_ins")
    authentication_failed.connect(_code_failed, dispatch_uid="supportagent.sign_ins")


def break_glass_recently() -> int:
    """How often superusers signed in within the last 24 hours."""
    # These are the only events about an event, so the index by target leads straight to them.
    about_events = AuditEvent.objects.filter(target_kind=AuditEvent._meta.label_lower, action=BREAK_GLASS)
    return about_events.filter(at__gte=timezone.now() - RECENT).count()


@transaction.atomic
def _signed_in(user: User, **_: Any) -> None:
    event = audit.record(user, SIGNED_IN, user)
    if user.is_superuser:
        audit.record(user, BREAK_GLASS, event)


def _signed_out(request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is None:
        return
    why = sessions.why_over(request.session)
    # Whose time is over did not do it themselves.
    audit.record(None if why else user, SIGNED_OUT, user, reason=why)


def _password_failed(credentials: Mapping[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    """A wrong password, at the sign-in or where somebody who is in must say again that it is them."""
    name = str(credentials.get("username", ""))
    # What was typed as a name may be a password, so of it only a hash is kept; whether it is somebody's is told by the target.
    tried = User.objects.filter(username__iexact=name).first() or User()
    audit.record(_who(request), FAILED, tried, after={"step": "password", "name": keyed_hash("sign-in", name.lower())})


def _code_failed(user: User, request: HttpRequest | None = None, **_: Any) -> None:
    audit.record(_who(request), FAILED, user, after={"step": "second factor"})


def _who(request: HttpRequest | None) -> User | None:
    """Who is signed in while they say again that it is them; nobody at the sign-in."""
    user = getattr(request, "user", None)
    return user if user is not None and user.is_authenticated else None
