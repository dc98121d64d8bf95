"""Open pages of people at work: each holds a socket as the page does, and remembers when it heard of which change."""

import json
import re
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from uuid import UUID

import httpx2
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from drill.rig import Rig
from drill.staff import Colleague

# As the pages have it: a socket that ended is opened again after a moment, at last each half minute, and without one
# everything is fetched every four seconds.
RECONNECT_SECONDS, RECONNECT_AT_MOST = 0.8, 30.0
POLL_SECONDS = 4.0
SAMPLE_SECONDS = 0.5
EVERYTHING = "workspace/queue/?view=all&limit=500"
ROWS = re.compile(r'data-id="([0-9a-f-]{36})" data-version="(\d+)"')
VERSIONS = "SELECT public_id, version FROM conversations_conversation WHERE version > 0"


@dataclass(slots=True, kw_only=True)
class Screen:
    """One page that listens: the workspace hears which conversation changed, the dashboard only that one did."""

    colleague: Colleague
    path: str
    heard: dict[str, list[tuple[float, int]]] = field(default_factory=dict)
    told: list[float] = field(default_factory=list)
    frames: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def open(self) -> None:
        """Begin to listen."""
        self._thread = threading.Thread(target=self._listen, name=f"screen {self.path}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def lag(self, conversation: str, version: int, since: float) -> float | None:
        """How many seconds after ``since`` this change, or a later one, was heard of; None if never."""
        if self.told:
            moments = [at for at in self.told if at >= since - SAMPLE_SECONDS]
        else:
            moments = [at for at, known in self.heard.get(conversation, ()) if known >= version]
        return max(0.0, min(moments) - since) if moments else None

    def _listen(self) -> None:
        address = self.colleague.rig.pages_url.replace("http", "ws", 1) + self.path
        headers = self.colleague.socket_headers()
        failures = 0
        while not self._stop.is_set():
            with (
                suppress(OSError, WebSocketException),
                connect(address, origin=None, additional_headers=headers, open_timeout=10) as page,
            ):
                failures = 0
                self._fetch_all()
                while not self._stop.is_set():
                    with suppress(TimeoutError):
                        self._take(json.loads(page.recv(timeout=0.5)))
            failures += 1
            again_at = time.monotonic() + min(RECONNECT_AT_MOST, RECONNECT_SECONDS * 2 ** (failures - 1))
            while time.monotonic() < again_at and not self._stop.wait(min(POLL_SECONDS, again_at - time.monotonic())):
                self._fetch_all()

    def _take(self, frame: dict[str, object]) -> None:
        self.frames += 1
        if frame.get("type") != "changed":
            return
        changed = frame.get("conversations")
        if not isinstance(changed, list):
            self.told.append(time.monotonic())
            return
        for each in changed:
            self.heard.setdefault(each["id"], []).append((time.monotonic(), each["version"]))

    def _fetch_all(self) -> None:
        """What a page does when its socket opens, and every few seconds without one: it shows what the product has now."""
        with suppress(httpx2.TransportError):
            if "dashboard" in self.path:
                if self.colleague.look("dashboard/tiles/").status_code == HTTPStatus.OK:
                    self.told.append(time.monotonic())
                return
            page = self.colleague.look(EVERYTHING).text
            for public_id, version in ROWS.findall(page):
                self.heard.setdefault(public_id, []).append((time.monotonic(), int(version)))


class Deaf:
    """A page whose machine fell asleep: its socket is open, and nothing is read from it."""

    def __init__(self, colleague: Colleague, path: str) -> None:
        url = httpx2.URL(colleague.rig.pages_url)
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        self._socket.settimeout(10)
        self._socket.connect((url.host, url.port))
        headers = {
            **colleague.socket_headers(),
            "Host": f"{url.host}:{url.port}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "ZHJpbGwgZHJpbGwgZHJpbA==",
        }
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())

    def close(self) -> None:
        """End it without a word."""
        self._socket.close()


@dataclass(slots=True, kw_only=True)
class Record:
    """What changed when, by the database itself, sampled while screens are open."""

    rig: Rig
    seen: dict[tuple[str, int], float] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; what is there already does not count."""
        self.seen.update(dict.fromkeys(self._versions(), 0.0))
        self._thread = threading.Thread(target=self._sample, name="record", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def changes(self, *, before: float) -> list[tuple[str, int, float]]:
        """Each change that was seen early enough to be judged: the conversation, its version, and when."""
        return [(public_id, version, at) for (public_id, version), at in self.seen.items() if 0.0 < at < before]

    def _sample(self) -> None:
        while not self._stop.wait(SAMPLE_SECONDS):
            now = time.monotonic()
            for key in self._versions():
                self.seen.setdefault(key, now)

    def _versions(self) -> list[tuple[str, int]]:
        return [(str(UUID(str(public_id))), version) for public_id, version in self.rig.query(VERSIONS)]
