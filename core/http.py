"""The one way out: every request to another server is judged, connected to the judged address, and bounded."""

import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpcore2
import httpx2
from django.conf import settings

from core import crashpoints, egress
from core.exceptions import AnswerTooLong

AGENT = "supportagent/1"
CONNECTED = "connection.connect_tcp.complete"
REQUEST_SENT = "http11.send_request_body.complete"

_deadline: ContextVar[float] = ContextVar("http_deadline", default=float("inf"))
_most_bytes: ContextVar[float] = ContextVar("http_most_bytes", default=float("inf"))
_watcher: ContextVar[Callable[[str], None] | None] = ContextVar("http_watcher", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer, read to its end."""

    status: int
    headers: httpx2.Headers
    body: bytes


def client(*, timeout: float = 10.0, connect: float = 3.0) -> httpx2.Client:
    """A client without redirects whose requests go through the guard. ``timeout`` in seconds, for each phase."""
    return httpx2.Client(
        transport=GuardedTransport(),
        timeout=httpx2.Timeout(timeout, connect=connect),
        follow_redirects=False,
        # Uncompressed, so that no few bytes unfold into more than may be read.
        headers={"User-Agent": AGENT, "Accept-Encoding": "identity"},
    )


def exchange(
    through: httpx2.Client,
    method: str,
    url: str,
    *,
    deadline: float,
    connect: float,
    limit: int,
    headers: Mapping[str, str] | None = None,
    **content: Any,
) -> Answer:
    """One request and its whole answer.

    It ends at ``deadline`` (monotonic seconds) even where the other side trickles, and reads at most ``limit`` bytes.
    ``connect`` is in seconds. Raises EgressRefused, AnswerTooLong, httpx2.HTTPError and httpx2.InvalidURL.
    """
    left = max(0.1, deadline - time.monotonic())
    timeout = httpx2.Timeout(left, connect=min(connect, left))
    # A kept connection that the other side has just closed would make a send ambiguous for nothing.
    closing = {**(headers or {}), "Connection": "close"}
    with (
        bounded(deadline=deadline, limit=limit),
        through.stream(method, url, headers=closing, timeout=timeout, **content) as response,
    ):
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise httpx2.DecodingError("The answer is compressed, which was not asked for.")
        body = b"".join(response.iter_raw())
        return Answer(status=response.status_code, headers=response.headers, body=body)


@contextmanager
def bounded(*, deadline: float, limit: int) -> Iterator[None]:
    """End each exchange that is made inside at ``deadline`` (monotonic seconds), and at ``limit`` bytes of its answer.

    For libraries that make their exchanges themselves, through a ``client`` of ours. What comes later raises
    httpx2.TimeoutException, what comes beyond AnswerTooLong.
    """
    until, most = _deadline.set(deadline), _most_bytes.set(limit)
    try:
        yield
    finally:
        _deadline.reset(until)
        _most_bytes.reset(most)


@contextmanager
def watched(watcher: Callable[[str], None]) -> Iterator[None]:
    """Tell ``watcher`` the steps of the calls that are made inside, by httpcore's names; only where drills may strike."""
    if not crashpoints.are_armed():
        yield
        return
    before = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(before)


@cache
def _usual_authorities() -> ssl.SSLContext:
    """Those of this machine, read once a process: reading them takes more than 50 ms."""
    return httpx2.create_ssl_context()


class GuardedTransport(httpx2.BaseTransport):
    """Connects only where the settings allow, and to the very address that was judged.

    Name and certificate stay those of the address as it was written. With ``settings.EGRESS_PROXY`` the proxy
    resolves and connects; what an operator vouches for in EGRESS_ALLOW is reached without it.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        """``tls`` for another set of trusted authorities than the usual one."""
        tls = tls or _usual_authorities()
        self._direct = httpcore2.ConnectionPool(ssl_context=tls, network_backend=_JudgingBackend())
        proxy: str = settings.EGRESS_PROXY
        self._proxied = (
            httpcore2.HTTPProxy(proxy_url=proxy, ssl_context=tls, network_backend=_Backend()) if proxy else self._direct
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Judge the address, then send."""
        egress.judge_url(request.url)
        vouched = egress.is_vouched_for(request.url.host, egress.port_of(request.url))
        pool = self._direct if vouched else self._proxied
        watcher = _watcher.get()
        if watcher is not None:
            request.extensions["trace"] = lambda event, _: watcher(event)
        order = httpcore2.Request(
            method=request.method,
            url=httpcore2.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _as_httpx2_says_it():
            answer = pool.handle_request(order)
        return httpx2.Response(
            status_code=answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions
        )

    def close(self) -> None:
        """Close what is connected."""
        self._direct.close()
        self._proxied.close()


class _Body(httpx2.SyncByteStream):
    """The bytes of an answer as they come."""

    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        most, read = _most_bytes.get(), 0
        with _as_httpx2_says_it():
            for chunk in self._answer.iter_stream():
                read += len(chunk)
                if read > most:
                    raise AnswerTooLong(self._answer.status, int(most))
                yield chunk

    def close(self) -> None:
        self._answer.close()


class _Backend(httpcore2.NetworkBackend):
    """Connections that end at the deadline."""

    def __init__(self) -> None:
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to the machine that is meant."""
        limit = _within(timeout, httpcore2.ConnectTimeout)
        return _Stream(self._sockets.connect_tcp(host, port, limit, local_address, socket_options))


class _JudgingBackend(_Backend):
    """Connections to addresses that were judged, and to nothing that a second look-up might find."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Resolve, judge, and connect to the first address that answers."""
        try:
            found = egress.addresses(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(f"{host} has no address.") from error
        failure: Exception = httpcore2.ConnectError(f"{host} has no address.")
        for address in found:
            try:
                return super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure


class _Stream(httpcore2.NetworkStream):
    """A connection whose every wait ends at the deadline of the exchange it serves."""

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _within(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _within(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        limit = _within(timeout, httpcore2.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, limit))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _within(timeout: float | None, late: type[Exception]) -> float | None:
    """What is left of ``timeout`` until the deadline, in seconds. Raises ``late`` where nothing is."""
    deadline = _deadline.get()
    if deadline == float("inf"):
        return timeout
    left = deadline - time.monotonic()
    if left <= 0:
        raise late("The time for this exchange is over.")
    return left if timeout is None else min(timeout, left)


@contextmanager
def _as_httpx2_says_it() -> Iterator[None]:
    """Both libraries name their errors alike; callers know httpx2's."""
    try:
        yield
    except (
        httpcore2.TimeoutException,
        httpcore2.NetworkError,
        httpcore2.ProtocolError,
        httpcore2.ProxyError,
        httpcore2.UnsupportedProtocol,
    ) as error:
        named: type[httpx2.TransportError] = getattr(httpx2, type(error).__name__, httpx2.TransportError)
        raise named(str(error)) from error
