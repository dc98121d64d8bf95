"""One SQLite file (WAL) that holds everything a restart must keep, and the bell that says it changed."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SCHEMA_PATH = Path(__file__).with_name("schema.sql")

Value = str | bytes | int | float | None


class Transaction:
    """One open transaction: queries, and what to do once it is committed."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.callbacks: list[Callable[[], None]] = []

    def execute(self, sql: str, parameters: Sequence[Value] = ()) -> sqlite3.Cursor:
        """Run one statement."""
        return self._connection.execute(sql, parameters)

    def one(self, sql: str, parameters: Sequence[Value] = ()) -> sqlite3.Row | None:
        """The first row, or None."""
        row: sqlite3.Row | None = self._connection.execute(sql, parameters).fetchone()
        return row

    def all(self, sql: str, parameters: Sequence[Value] = ()) -> list[sqlite3.Row]:
        """Every row."""
        return self._connection.execute(sql, parameters).fetchall()

    def number(self, sql: str, parameters: Sequence[Value] = ()) -> int:
        """The first column of the first row as a number; 0 when there is none."""
        row = self.one(sql, parameters)
        return int(row[0] or 0) if row else 0

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call this once the transaction is committed; never when it is rolled back."""
        self.callbacks.append(callback)


class Bell:
    """Counts changes and lets others wait for the next one."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._version = 0

    @property
    def version(self) -> int:
        """How often it rang."""
        return self._version

    def ring(self) -> None:
        """Wake everyone who waits."""
        with self._condition:
            self._version += 1
            self._condition.notify_all()

    def wait(self, *, since: int, seconds: float) -> int:
        """Wait until the version is past ``since`` or the time is over; answers the version now."""
        deadline = time.monotonic() + seconds
        with self._condition:
            while self._version <= since:
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._condition.wait(left)
            return self._version


class Store:
    """The database. One connection behind one lock: transactions are short and never hold the network."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.bell = Bell()
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
        self._connection.row_factory = sqlite3.Row
        # A killed process loses nothing with NORMAL; only a power cut may cost the last moments.
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute("PRAGMA foreign_keys=ON")
        self._connection.executescript(SCHEMA_PATH.read_text(encoding="utf-8"))

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """All or nothing; after the commit the callbacks run and the bell rings."""
        with self._lock:
            transaction = Transaction(self._connection)
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield transaction
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        for callback in transaction.callbacks:
            callback()
        self.bell.ring()

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """A consistent look; rings no bell."""
        with self._lock:
            self._connection.execute("BEGIN")
            try:
                yield Transaction(self._connection)
            finally:
                self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the file; nothing may be called afterwards."""
        with self._lock:
            self._connection.close()
