"""Open pages by the hundred, all heard by one thread: sockets as browsers have them, and nothing that costs more than reading.

What was heard is kept as it came, with the moment. What it says is for afterwards: with five thousand frames a second a library
for sockets would take from the product what is to be measured.
"""

import selectors
import socket
import threading
import time
from base64 import b64encode
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

import httpx2

from drill.rig import DrillFailed

TEXT, PING, PONG = 0x1, 0x9, 0xA
WHOLE, MASKED = 0x80, 0x80
# What follows the first two bytes of a frame where these do not hold its length.
LONGER = {126: 2, 127: 8}
LONGEST_SHORT, MOST_IN_TWO_BYTES = 125, 0xFFFF
OPEN_SECONDS, LISTEN_SECONDS = 20.0, 0.05
# One that reads nothing has room for little, and its packets are of a network's size: else the system's own store for a
# connection to the same machine would hold hours of what is not read.
SLOW_ROOM, SLOW_PACKET = 2048, 1460


@dataclass(slots=True)
class Page:
    """One open socket by its number; ``rest`` is the beginning of a frame of which more is to come."""

    number: int
    wire: socket.socket
    rest: bytes = b""


@dataclass(frozen=True, slots=True)
class Told:
    """What a page was sent, and when by time.monotonic."""

    page: int
    at: float
    text: bytes


@dataclass(slots=True)
class Crowd:
    """Pages at one server. Use as a context. ``told`` grows as they hear; ``gone`` is how many the server closed."""

    url: str
    told: list[Told] = field(default_factory=list)
    gone: int = 0
    _pages: list[Page] = field(default_factory=list)
    _new: deque[Page] = field(default_factory=deque)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._thread = threading.Thread(target=self._listen, name="crowd", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close every page without a word."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        for page in self._pages:
            page.wire.close()

    @property
    def count(self) -> int:
        """How many were opened to be listened to."""
        return len(self._pages)

    def open(self, path: str, headers: Mapping[str, str], *, first: bytes = b"") -> int:
        """Open one more and listen to it; ``first`` is what it says at once. Answers its number. Raises DrillFailed."""
        wire, rest = connected(self.url, path, headers)
        if first:
            wire.sendall(frame(TEXT, first))
        page = Page(len(self._pages), wire, rest)
        self._pages.append(page)
        self._new.append(page)
        return page.number

    def _listen(self) -> None:
        with selectors.DefaultSelector() as selector:
            while not self._over.is_set():
                while self._new:
                    page = self._new.popleft()
                    selector.register(page.wire, selectors.EVENT_READ, page)
                for key, _ in selector.select(LISTEN_SECONDS):
                    if not self._hear(key.data):
                        selector.unregister(key.fileobj)
                        self.gone += 1

    def _hear(self, page: Page) -> bool:
        """Take what has come; False where the page is closed."""
        more = b""
        with suppress(OSError):
            more = page.wire.recv(65_536)
        if not more:
            return False
        at = time.monotonic()
        found, page.rest = frames(page.rest + more)
        for kind, content in found:
            if kind == TEXT:
                self.told.append(Told(page.number, at, content))
            elif kind == PING:
                with suppress(OSError):
                    page.wire.sendall(frame(PONG, content))
        return True


def connected(url: str, path: str, headers: Mapping[str, str], *, slow: bool = False) -> tuple[socket.socket, bytes]:
    """A socket that the server has opened, and what it sent with its answer. Raises DrillFailed."""
    address = httpx2.URL(url)
    wire = socket.socket()
    try:
        if slow:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_ROOM)
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SLOW_PACKET)
        wire.settimeout(OPEN_SECONDS)
        wire.connect((address.host, address.port or 80))
        asked = {
            "Host": f"{address.host}:{address.port}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": b64encode(b"bench bench benc").decode(),
            **headers,
        }
        wire.sendall(
            "\r\n".join(
                [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in asked.items()), "", ""]
            ).encode()
        )
        answer = b""
        while b"\r\n\r\n" not in answer:
            more = wire.recv(4096)
            if not more:
                break
            answer += more
    except OSError as problem:
        wire.close()
        raise DrillFailed(f"A page could not be opened at {path}: {problem}") from problem
    head, _, rest = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 101"):
        wire.close()
        raise DrillFailed(f"A page was refused at {path}: {head[:200]!r}")
    return wire, rest


def frames(heard: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Each whole frame of a server, as its kind and its content, and what is left of one that has not come whole."""
    found = []
    start = 0
    while len(heard) - start >= 2:
        length, begins = heard[start + 1] & ~MASKED, start + 2
        if length in LONGER:
            length, begins = int.from_bytes(heard[begins : begins + LONGER[length]]), begins + LONGER[length]
        if len(heard) < begins + length:
            break
        found.append((heard[start] & ~WHOLE, heard[begins : begins + length]))
        start = begins + length
    return found, heard[start:]


def frame(kind: int, content: bytes) -> bytes:
    """A frame of a page. A page has to mask what it says; by zeros, which leaves it as it is."""
    length = len(content)
    if length <= LONGEST_SHORT:
        size = bytes([MASKED | length])
    elif length <= MOST_IN_TWO_BYTES:
        size = bytes([MASKED | 126]) + length.to_bytes(2)
    else:
        raise ValueError("No page of a bench says so much at once.")
    return bytes([WHOLE | kind]) + size + bytes(4) + content
