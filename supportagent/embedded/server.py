"""Daphne with what it lacks: a limit to a request's size and to the time it may take to arrive.

Daphne calls the application only once the whole request is there, so a view cannot refuse a body that is too large or
never ends. Here the request itself does, while it arrives. In production nginx does it in front.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.server import Server
from django.conf import settings
from twisted.internet import endpoints as twisted_endpoints
from twisted.internet import reactor as twisted_reactor
from twisted.internet.defer import Deferred
from twisted.logger import globalLogBeginner

from supportagent.embedded.sockets import BoundedSocketFactory

logger = logging.getLogger(__name__)
reactor: Any = twisted_reactor
endpoints: Any = twisted_endpoints
log_beginner: Any = globalLogBeginner

SOCKET_MESSAGE_BYTES = 64 * 1024
TOO_LARGE = b"413 Content Too Large", b'{"detail":"The request is too large."}'
TOO_SLOW = b"408 Request Timeout", b'{"detail":"The request took too long to arrive."}'
WEBHOOKS = b"/webhooks/"
# How long a caller who was refused may go on sending, unread: closed at once, it would not get to read why.
LINGER_SECONDS = 2.0
# How long the end waits for what is still being answered: what is in a thread, such as a query, cannot be cancelled.
CANCEL_SECONDS = 2.0


class BoundedRequest(WebRequest):  # type: ignore[misc]
    """A request that must be small enough and must arrive in time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._received = 0
        self._most = settings.REQUEST_MAX_BYTES
        self._is_refused = False
        self._deadline: Any = reactor.callLater(settings.REQUEST_READ_SECONDS, self._refuse, TOO_SLOW)

    def gotLength(self, length: int | None) -> None:  # noqa: N802  (Twisted's name)
        """Refuse what announces to be too large. Webhooks are small, and their senders fast."""
        if self.channel is not None and bytes(self.channel._path).startswith(WEBHOOKS):  # noqa: SLF001  (not public yet)
            self._most = settings.WEBHOOK_MAX_BYTES
            self._deadline.delay(min(0.0, settings.WEBHOOK_READ_SECONDS - settings.REQUEST_READ_SECONDS))
        is_too_large = length is not None and length > self._most
        # The length makes a file for the body; a refused one needs none.
        super().gotLength(0 if is_too_large else length)
        if is_too_large:
            self._refuse(TOO_LARGE)

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802
        """Refuse what turns out to be too large."""
        self._received += len(data)
        if self._received > self._most:
            self._refuse(TOO_LARGE)
        if not self._is_refused:
            super().handleContentChunk(data)

    def process(self) -> Any:
        """All of it is here: let the application answer."""
        self._forget_deadline()
        if not self._is_refused:
            return super().process()
        self._close()
        return None

    def connectionLost(self, reason: Any) -> None:  # noqa: N802
        """The caller has gone."""
        self._forget_deadline()
        super().connectionLost(reason)

    def _refuse(self, reason: tuple[bytes, bytes]) -> None:
        if self._is_refused or self.channel is None:
            return
        self._is_refused = True
        self._forget_deadline()
        status, words = reason
        head = b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self.channel.transport.write(head % (status, len(words)) + words)
        if reason is TOO_SLOW:
            self._close()
        else:
            self._deadline = reactor.callLater(LINGER_SECONDS, self._close)

    def _close(self) -> None:
        if self.channel is not None:
            self.channel.loseConnection()

    def _forget_deadline(self) -> None:
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        self._deadline = None


class BoundedFactory(HTTPFactory):  # type: ignore[misc]
    """Makes bounded requests."""

    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802
        """A connection whose requests are bounded."""
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = BoundedRequest
        return protocol


class EmbeddedServer(Server):  # type: ignore[misc]
    """Serves until SIGTERM or Ctrl-C; ``when_listening`` is called once, ``could_not_listen`` tells if it never was.

    ``when_ending`` is called before anything is ended.
    """

    def __init__(
        self,
        application: Any,
        *,
        host: str,
        port: int,
        when_listening: Callable[[], None],
        when_ending: Callable[[], None] = lambda: None,
    ) -> None:
        endpoint = f"tcp:port={port}:interface={host.replace(':', chr(92) + ':')}"
        super().__init__(
            application,
            endpoints=[endpoint],
            websocket_max_message_size=SOCKET_MESSAGE_BYTES,
            websocket_max_frame_size=SOCKET_MESSAGE_BYTES,
            application_close_timeout=2,
            server_name="",
        )
        self.could_not_listen = ""
        self._when_listening = when_listening
        self._when_ending = when_ending

    def run(self) -> None:
        """Listen and serve in this thread, which must be the main one, until told to end."""
        self.connections: dict[Any, Any] = {}
        self.http_factory = BoundedFactory(self)
        self.ws_factory = BoundedSocketFactory(self, server=self.server_name)
        self.ws_factory.setProtocolOptions(
            autoPingTimeout=self.ping_timeout,
            allowNullOrigin=True,
            openHandshakeTimeout=self.websocket_handshake_timeout,
            maxMessagePayloadSize=self.websocket_max_message_size,
            maxFramePayloadSize=self.websocket_max_frame_size,
        )
        # What Twisted logs for itself is of no use to anybody here.
        log_beginner.beginLoggingTo([lambda _: None], redirectStandardIO=False, discardBuffer=True)
        reactor.callLater(1, self.application_checker)
        reactor.callLater(2, self.timeout_checker)
        for endpoint in self.endpoints:
            listener = endpoints.serverFromString(reactor, endpoint).listen(self.http_factory)
            listener.addCallbacks(self.listen_success, self.listen_error)
            self.listeners.append(listener)
        asyncio.set_event_loop(reactor._asyncioEventloop)  # noqa: SLF001  (as daphne itself does)
        reactor.addSystemEventTrigger("before", "shutdown", self._when_ending)
        reactor.addSystemEventTrigger("before", "shutdown", self.kill_all_applications)
        if not self.abort_start:
            reactor.run(installSignalHandlers=True)

    def kill_all_applications(self) -> Any:
        """Cancel what is being answered; fires once all of it has ended, or CANCEL_SECONDS later."""
        enough: Any = Deferred()

        def tell(_: object = None) -> None:
            if not enough.called:
                enough.callback(None)

        # A deferred of a future cannot time out: cancelled, it waits for what it is of.
        super().kill_all_applications().addCallback(tell)
        reactor.callLater(CANCEL_SECONDS, tell)
        return enough

    def end(self) -> None:
        """End, asked from any thread."""
        reactor.callFromThread(self.stop)

    def listen_success(self, port: Any) -> None:
        """Tell whoever waits for it, as soon as the loop turns."""
        super().listen_success(port)
        reactor.callWhenRunning(self._when_listening)

    def listen_error(self, failure: Any) -> None:
        """End, and keep the reason."""
        self.could_not_listen = failure.getErrorMessage()
        self.stop()
