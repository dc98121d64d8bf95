"""Visitors of the web chat. There is no platform between: what was acked is what these pages were told."""

import queue
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2

from drill import wire

AGAIN_SECONDS = 0.3
# A visitor may write 20 messages a minute; who has written so many is followed by another.
MOST_OF_ONE = 15
GONE = (401, 404)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acked:
    """A message that the product said it keeps: ``thread`` is the visitor, ``id`` the page's own."""

    thread: str
    id: str
    text: str
    at: float


@dataclass(slots=True)
class Visitor:
    """One open page."""

    token: str
    thread: str
    written: int = 0


@dataclass(slots=True)
class Visitors:
    """Everybody who writes at ``chat``. Each message is tried until it is taken, as the page does with one that failed."""

    chat: str = ""
    acked: list[Acked] = field(default_factory=list)
    pages: list[Visitor] = field(default_factory=list)
    _here: dict[str, Visitor] = field(default_factory=dict)
    _lines: "queue.Queue[tuple[str, str]]" = field(default_factory=queue.Queue)
    _left: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @property
    def waiting(self) -> int:
        """How many messages were not taken yet."""
        return self._lines.unfinished_tasks

    def say(self, who: str, text: str) -> None:
        """Somebody writes; returns at once."""
        self._lines.put((who, text))
        if self._thread is None:
            self._thread = threading.Thread(target=self._write, name="visitors", daemon=True)
            self._thread.start()

    def leave(self) -> None:
        """Close every page: nobody has written, nothing waits."""
        self._left.set()
        if self._thread is not None:
            self._lines.put(("", ""))
            self._thread.join()
        self._thread, self._lines, self._left = None, queue.Queue(), threading.Event()
        self._here.clear()
        self.acked.clear()
        self.pages.clear()

    def shown(self, page: Visitor) -> list[dict[str, Any]]:
        """Everything that a page shows of its conversation, as it stands there."""
        found: list[dict[str, Any]] = []
        with wire.Client(timeout=30) as client:
            while True:
                after = found[-1]["seq"] if found else 0
                answer = client.get(f"{self.chat}/messages?after={after}", headers=_bearer(page))
                answer.raise_for_status()
                if not (more := answer.json()["messages"]):
                    return found
                found += more

    def _write(self) -> None:
        with wire.Client(timeout=30) as client:
            while not self._left.is_set():
                who, text = self._lines.get()
                known = str(uuid.uuid4())
                while who and not self._left.is_set() and not self._is_taken(client, who, text, known):
                    self._left.wait(AGAIN_SECONDS)
                self._lines.task_done()

    def _is_taken(self, client: httpx2.Client, who: str, text: str, known: str) -> bool:
        with suppress(httpx2.TransportError):
            page = self._here.get(who)
            if page is None or page.written >= MOST_OF_ONE:
                page = self._begin(client, who)
            if page is None:
                return False
            order = {"client_msg_id": known, "text": text}
            answer = client.post(f"{self.chat}/messages", json=order, headers=_bearer(page))
            if answer.status_code in GONE:
                # Nothing vouches for this page any more: it begins anew.
                self._here.pop(who)
            if answer.status_code in {200, 201}:
                page.written += 1
                self.acked.append(Acked(thread=page.thread, id=known, text=text, at=time.time()))
                return True
        return False

    def _begin(self, client: httpx2.Client, who: str) -> Visitor | None:
        answer = client.post(f"{self.chat}/session", json={})
        if answer.status_code != 201:
            return None
        begun = answer.json()
        page = Visitor(token=begun["token"], thread=begun["visitor_id"])
        self._here[who] = page
        self.pages.append(page)
        return page


def _bearer(page: Visitor) -> dict[str, str]:
    return {"Authorization": f"Bearer {page.token}"}
