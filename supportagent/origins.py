"""Who may open a websocket: pages that came from here."""

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

logger = logging.getLogger(__name__)

Scope = dict[str, Any]
Application = Callable[[Scope, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]


class SameOrigin:
    """Refuses the handshake unless the page's origin is the host it calls, or is in CSRF_TRUSTED_ORIGINS.

    A browser sends the session cookie with any page's websocket, so the origin is the only proof of the page. Where
    no cookie counts (paths that start with one of ``judged_within``) whoever answers there judges the origin, which
    programs do not send at all.
    """

    def __init__(self, application: Application, *, judged_within: tuple[str, ...] = ()) -> None:
        self.application = application
        self.judged_within = judged_within

    async def __call__(
        self, scope: Scope, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        """Judge, then pass on or close before accepting (which a browser sees as 403)."""
        headers = list(scope.get("headers", ()))
        origin, host = _only(headers, b"origin"), _only(headers, b"host")
        if self._allows(str(scope.get("path", "")), origin, host):
            await self.application(scope, receive, send)
        else:
            logger.warning("A websocket from another origin was refused.")
            await send({"type": "websocket.close", "code": 4403})

    def _allows(self, path: str, origin: str | None, host: str | None) -> bool:
        domain, _ = split_domain_port(host or "")
        if not domain or not validate_host(domain, settings.ALLOWED_HOSTS):
            return False
        if path.startswith(self.judged_within):
            return True
        if origin is None:
            return False
        parts = urlsplit(origin)
        return parts.scheme in ("http", "https") and (parts.netloc.lower() == str(host).lower() or _is_trusted(origin))


class NotFound:
    """Closes sockets to addresses that nobody answers, instead of leaving an error in the log."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(
        self, scope: Scope, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        """Pass on; what Channels reports as a missing route becomes a refusal."""
        try:
            await self.application(scope, receive, send)
        except ValueError as error:
            if not str(error).startswith("No route found"):
                raise
            await send({"type": "websocket.close", "code": 4404})


def _only(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str | None:
    found = [value for key, value in headers if key == name]
    return found[0].decode("latin-1") if len(found) == 1 else None


def _is_trusted(origin: str) -> bool:
    return origin in settings.CSRF_TRUSTED_ORIGINS
