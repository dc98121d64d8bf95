"""How long a database that answers nothing is waited for.

A server that was stopped, or whose machine is gone, keeps its connections open and says nothing, and no time limit of its
own ends that. Whoever has somebody waiting says here how long; then the connection is cut, which the driver tells as an
error like any other. One thread of each process looks at those who wait.
"""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.connection import ConnectionProxy

LOOK_SECONDS = 0.25


class _Watch:
    """Those who wait, each with the moment from which on their connection is cut."""

    def __init__(self) -> None:
        self._waiting: dict[object, tuple[float, BaseDatabaseWrapper]] = {}
        self._changed = threading.Condition()
        self._runs = False

    def begin(self, wrapper: BaseDatabaseWrapper, seconds: float) -> object:
        """From now on; what to end it with."""
        key = object()
        with self._changed:
            self._waiting[key] = (time.monotonic() + seconds, wrapper)
            if not self._runs:
                self._runs = True
                threading.Thread(target=self._look, name="patience", daemon=True).start()
            elif len(self._waiting) == 1:
                self._changed.notify()
        return key

    def end(self, key: object) -> None:
        """Nobody waits there any more. What is being cut just now is cut before this returns."""
        with self._changed:
            del self._waiting[key]

    def _look(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting))
                now = time.monotonic()
                for until, wrapper in self._waiting.values():
                    if until <= now:
                        _cut(wrapper.connection)
            time.sleep(LOOK_SECONDS)


def _cut(connection: Any) -> None:
    """End a connection from outside: whoever waits at it reads its end."""
    # Closed meanwhile, or not there yet.
    with suppress(Exception), socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


_watch = _Watch()


def _forget() -> None:
    """A fork has none of the threads."""
    global _watch  # noqa: PLW0603  (one process has one watch)
    _watch = _Watch()


os.register_at_fork(after_in_child=_forget)


@contextmanager
def within(database: "BaseDatabaseWrapper | ConnectionProxy[Any]", seconds: float) -> Iterator[None]:
    """Let what the block asks the database be answered in ``seconds``, or fail as by a connection that broke.

    SQLite is a file, and nobody's answer is waited for.
    """
    if database.vendor != "postgresql":
        yield
        return
    # ``django.db.connection`` is another one in each thread, and it is this thread's that is cut.
    wrapper = connections[database.alias] if isinstance(database, ConnectionProxy) else database
    watch = _watch
    key = watch.begin(wrapper, seconds)
    try:
        yield
    finally:
        watch.end(key)
