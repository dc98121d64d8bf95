"""Daphne's websockets with what they lack: a limit to the frames of a connection, before anything is kept of them.

A consumer sees whole messages only, and after they have queued for it. Pings, which are answered without it, and the
pieces of a message that never ends are counted here.
"""

from typing import Any

from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol

from core.sockets import TOO_MANY_FRAMES, FrameBudget

NORMAL = 1000


class BoundedSocket(WebSocketProtocol):  # type: ignore[misc]
    """A websocket that is closed with 1008 when more frames come than a page would send."""

    is_flooded = False

    def onConnect(self, request: Any) -> Any:  # noqa: N802  (Autobahn's name)
        """Begin to count."""
        self.budget = FrameBudget()
        return super().onConnect(request)

    def onFrameBegin(self) -> None:  # noqa: N802
        """Count a frame of any kind, a piece of a message too."""
        if not self.is_flooded and not self.budget.spend():
            self.is_flooded = True
            self.serverClose(TOO_MANY_FRAMES)
        super().onFrameBegin()

    def onMessageFrameEnd(self) -> None:  # noqa: N802
        """Keep no piece of what nobody will read."""
        if self.is_flooded:
            self.frame_data: list[bytes] = []
        super().onMessageFrameEnd()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803, FBT001
        """Queue a message for the consumer."""
        if not self.is_flooded:
            super().onMessage(payload, isBinary)

    def serverClose(self, code: int | None = None) -> None:  # noqa: N802
        """Close with any code that a server may use: Autobahn's own way raises at 1003 and 1008."""
        self.sendCloseFrame(code=NORMAL if code is None else code)


class BoundedSocketFactory(WebSocketFactory):  # type: ignore[misc]
    """Makes bounded websockets."""

    protocol = BoundedSocket
