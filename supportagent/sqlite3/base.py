"""The database backend; Django finds it by this module's name.

SQLite has one writer at a time, and whoever finds another at work sleeps and looks again, for up to a tenth of a second
each time. Here the writers of one process wait for one another instead, so that the next begins the moment the last
has ended. Other processes are still waited for in SQLite's own way.

Opening a connection costs milliseconds, for its settings and for reading the schema, and every request and task would
pay them. So what Django closes is kept for whoever opens next, in whichever thread.
"""

import os
import sqlite3
import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.sqlite3 import base

MOST_KEPT = 16
WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")


class Turn:
    """Whose turn it is to write to one file: first come, first served.

    A plain lock goes to whoever is awake, and under load that leaves some waiting for seconds behind those who came
    after them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_taken = False
        self._waiting: deque[threading.Lock] = deque()

    def take(self, seconds: float) -> None:
        """Wait for it. Raises what SQLite itself raises after waiting for too long."""
        with self._lock:
            if not self._is_taken:
                self._is_taken = True
                return
            called = threading.Lock()
            called.acquire()
            self._waiting.append(called)
        if called.acquire(timeout=seconds):
            return
        with self._lock:
            if called not in self._waiting:
                # Called at the very last moment.
                return
            self._waiting.remove(called)
        raise sqlite3.OperationalError("database is locked")

    def give_back(self) -> None:
        """Let the one write that has waited longest."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False

    @contextmanager
    def held(self, seconds: float) -> Iterator[None]:
        """Hold it during a block."""
        self.take(seconds)
        try:
            yield
        finally:
            self.give_back()


class Shelf:
    """Open connections to one file that nobody uses at the moment."""

    def __init__(self) -> None:
        self._kept: list[sqlite3.Connection] = []
        self._lock = threading.Lock()

    def take(self) -> sqlite3.Connection | None:
        """The one that was used last; None where there is none."""
        with self._lock:
            return self._kept.pop() if self._kept else None

    def put(self, connection: sqlite3.Connection) -> bool:
        """Keep it; False if there are enough."""
        with self._lock:
            if len(self._kept) >= MOST_KEPT:
                return False
            self._kept.append(connection)
        return True

    def clear(self) -> None:
        """Close all."""
        with self._lock:
            while self._kept:
                self._kept.pop().close()


_turns: defaultdict[str, Turn] = defaultdict(Turn)
_shelves: defaultdict[str, Shelf] = defaultdict(Shelf)
_of_parents: list[object] = []


def _begin_anew() -> None:
    """In a forked child. What the parent has open stays open there: closing it would undo the parent's locks."""
    _of_parents.append((dict(_turns), dict(_shelves)))
    _turns.clear()
    _shelves.clear()


os.register_at_fork(after_in_child=_begin_anew)


class Cursor(base.SQLiteCursorWrapper):
    """A cursor that waits for its turn where one statement is a transaction of its own."""

    def __init__(self, connection: sqlite3.Connection, turn: Turn, seconds: float) -> None:
        super().__init__(connection)
        self._turn = turn
        self._seconds = seconds

    def execute(self, query: str, params: Any = None) -> Any:
        """Run a statement."""
        if not self._is_alone(query):
            return super().execute(query, params)
        with self._turn.held(self._seconds):
            return super().execute(query, params)

    def executemany(self, query: str, param_list: Any) -> Any:
        """Run a statement with each of the parameters."""
        if not self._is_alone(query):
            return super().executemany(query, param_list)
        with self._turn.held(self._seconds):
            return super().executemany(query, param_list)

    def _is_alone(self, query: str) -> bool:
        return not self.connection.in_transaction and query.lstrip()[:7].upper().startswith(WRITES)


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, with turns and a shelf."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._turn: Turn | None = None

    def get_new_connection(self, conn_params: dict[str, Any]) -> sqlite3.Connection:
        """One from the shelf, else a new one."""
        kept = _shelves[self._file].take()
        return kept if kept is not None else super().get_new_connection(conn_params)

    def create_cursor(self, name: str | None = None) -> Cursor:
        """A cursor of ours."""
        turn, seconds = _turns[self._file], self._seconds
        cursor: Cursor = self.connection.cursor(factory=lambda connection: Cursor(connection, turn, seconds))
        return cursor

    def _start_transaction_under_autocommit(self) -> None:
        turn = _turns[self._file]
        with self.wrap_database_errors:
            turn.take(self._seconds)
        self._turn = turn
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]  # the same
        except BaseException:
            self._give_back()
            raise

    def _commit(self) -> None:
        super()._commit()  # type: ignore[misc]  # the stubs leave it out
        self._give_back()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]  # the stubs leave it out
        finally:
            self._give_back()

    def _close(self) -> None:
        connection: sqlite3.Connection | None = self.connection
        try:
            if connection is None or connection.in_transaction or not self._keep(connection):
                super()._close()  # type: ignore[misc]  # the stubs leave it out
        finally:
            self._give_back()

    def _keep(self, connection: sqlite3.Connection) -> bool:
        shelf = _shelves[self._file]
        if self.errors_occurred:
            # The others may be as bad: the file may have been moved away, or be on a full disk.
            shelf.clear()
            return False
        return shelf.put(connection)

    def _give_back(self) -> None:
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.give_back()

    @property
    def _file(self) -> str:
        return str(self.settings_dict["NAME"])

    @property
    def _seconds(self) -> float:
        return float(self.settings_dict["OPTIONS"].get("timeout", 5.0))
