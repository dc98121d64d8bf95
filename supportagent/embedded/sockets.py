"""Daphne's websockets with what they lack: a limit to the frames of a connection, before anything is kept of them, and
to what waits for a page that does not read.

A consumer sees whole messages only, and after they have queued for it. Pings, which are answered without it, and the
pieces of a message that never ends are counted here. Nor does it learn whether what it sends is ever read.
"""

import logging
from typing import Any

from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol

from core.sockets import TOO_MANY_FRAMES, frame_budget

logger = logging.getLogger(__name__)

NORMAL = 1000
# More than a page could want at once. Who reads comes back and asks for what is missing.
MOST_UNREAD_BYTES = 4_000_000


class BoundedSocket(WebSocketProtocol):  # type: ignore[misc]
    """A websocket that is closed with 1008 when more frames come than a page would send, and cut off when none are read."""

    maxMessagePayloadSize: int  # noqa: N815  (the library's name)

    is_flooded = False
    is_cut_off = False

    def onConnect(self, request: Any) -> Any:  # noqa: N802  (Autobahn's name)
        """Begin to count."""
        self.budget = frame_budget()
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

    def serverSend(self, content: Any, binary: bool = False) -> None:  # noqa: N802, FBT001, FBT002  (Daphne's signature)
        """Send a frame, unless too much lies here unread already: then all of that is let go, with the connection."""
        if self.is_cut_off:
            return
        # The limit is for what pages send; Autobahn would raise at a longer message of ours, and end the socket.
        for_pages, self.maxMessagePayloadSize = self.maxMessagePayloadSize, 0
        try:
            super().serverSend(content, binary)
        finally:
            self.maxMessagePayloadSize = for_pages
        if _unread(self.transport) > MOST_UNREAD_BYTES:
            self.is_cut_off = True
            logger.warning("A page does not read what it is sent; its socket is cut off.")
            self.transport.abortConnection()

    def serverClose(self, code: int | None = None) -> None:  # noqa: N802
        """Close with any code that a server may use: Autobahn's own way raises at 1003 and 1008."""
        self.sendCloseFrame(code=NORMAL if code is None else code)


def _unread(transport: Any) -> int:
    """The bytes that wait here because the other end takes none; those in the system's hands are not ours."""
    waiting: int = len(transport.dataBuffer) - transport.offset + transport._tempDataLen  # noqa: SLF001  (Twisted tells it by nothing public)
    return waiting


class BoundedSocketFactory(WebSocketFactory):  # type: ignore[misc]
    """Makes bounded websockets."""

    protocol = BoundedSocket
