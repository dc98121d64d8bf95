"""Where a websocket was opened from, known behind it as it is behind a request."""

from collections.abc import Awaitable, Callable
from typing import Any

from core import audit
from supportagent.middleware import address_of
from supportagent.origins import Application, Scope


class SocketCaller:
    """Tells the audit trail, and whatever counts by address, who opened the socket, for as long as it is open."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(
        self, scope: Scope, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        """Pass on, within the address."""
        client = scope.get("client") or ("",)
        forwarded = [value.decode("latin-1") for name, value in scope.get("headers", ()) if name == b"x-forwarded-for"]
        meta = {"REMOTE_ADDR": client[0], "HTTP_X_FORWARDED_FOR": ",".join(forwarded)}
        origin = audit.origin.set(audit.Origin(address=address_of(meta)))
        try:
            await self.application(scope, receive, send)
        finally:
            audit.origin.reset(origin)
