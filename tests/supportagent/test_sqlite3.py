"""The embedded default's database: writers queue up, and connections are used again. On a file of its own everywhere."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError
from django.db.utils import ConnectionHandler
from pytest_django import DjangoDbBlocker

from supportagent.databases import SQLITE_ENGINE, SQLITE_OPTIONS
from supportagent.sqlite3 import base
from tests import environment
from tests.waiting import wait_until


@pytest.fixture
def handler(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[ConnectionHandler]:
    """Each thread's way to a database with one number in it, as the settings have it but for the patience."""
    file = str(tmp_path / "numbers.sqlite3")
    options = {**SQLITE_OPTIONS, "timeout": 10}
    handler = ConnectionHandler({"default": {"ENGINE": SQLITE_ENGINE, "NAME": file, "OPTIONS": options}})
    with django_db_blocker.unblock():
        run(handler, "CREATE TABLE numbers (value INTEGER)")
        run(handler, "INSERT INTO numbers VALUES (0)")
        handler["default"].close()
        yield handler
        handler["default"].close()
        base._shelves.pop(file).clear()


def run(handler: ConnectionHandler, query: str, *parameters: int) -> Any:
    """One statement in this thread; its first value, if it has any."""
    with handler["default"].cursor() as cursor:
        row = cursor.execute(query, parameters).fetchone()
        return row[0] if row else None


@contextmanager
def transaction(handler: ConnectionHandler) -> Iterator[None]:
    """A transaction of this thread, as Django begins and ends one."""
    connection = handler["default"]
    connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    try:
        yield
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    finally:
        connection.set_autocommit(True)


def in_a_thread(handler: ConnectionHandler, work: Callable[[], Any]) -> Any:
    """What ``work`` answers in a thread of its own, which closes its connection as every task does."""

    def closing() -> Any:
        try:
            return work()
        finally:
            handler["default"].close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(closing).result(30)


def raw(handler: ConnectionHandler) -> Any:
    """The connection beneath Django's."""
    handler["default"].ensure_connection()
    return handler["default"].connection


def add_one(handler: ConnectionHandler) -> None:
    """Read, then write what was read and one more."""
    with transaction(handler):
        value = run(handler, "SELECT value FROM numbers")
        run(handler, "UPDATE numbers SET value = %s", value + 1)


def test_the_settings_choose_it_for_sqlite() -> None:
    engine = settings.DATABASES["default"]["ENGINE"]

    assert engine == ("supportagent.postgresql" if environment.ON_SERVICES else SQLITE_ENGINE)


def test_many_writers_lose_nothing(handler: ConnectionHandler) -> None:
    def twenty() -> None:
        for _ in range(20):
            add_one(handler)
            run(handler, "UPDATE numbers SET value = value + 1")
        handler["default"].close()

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(twenty) for _ in range(8)]:
            done.result(60)

    assert run(handler, "SELECT value FROM numbers") == 320


@pytest.mark.parametrize("query", ["UPDATE numbers SET value = 7", "  insert into numbers values (7)"])
def test_a_single_write_waits_for_the_transaction_before_it(handler: ConnectionHandler, query: str) -> None:
    begun = threading.Event()

    def write() -> Any:
        begun.set()
        run(handler, query)
        return run(handler, "SELECT max(value) FROM numbers")

    with ThreadPoolExecutor(1) as pool:
        with transaction(handler):
            run(handler, "UPDATE numbers SET value = 3")
            other = pool.submit(in_a_thread, handler, write)
            begun.wait(10)
            assert in_a_thread(handler, lambda: run(handler, "SELECT value FROM numbers")) == 0
            assert not other.done()
        assert other.result(30) == 7


def test_waiting_for_too_long_is_sqlites_own_error(handler: ConnectionHandler) -> None:
    handler["default"].settings_dict["OPTIONS"]["timeout"] = 0.05

    with transaction(handler):
        with pytest.raises(OperationalError, match="locked"):
            in_a_thread(handler, lambda: add_one(handler))
        with pytest.raises(OperationalError, match="locked"):
            in_a_thread(handler, lambda: run(handler, "DELETE FROM numbers"))

    in_a_thread(handler, lambda: add_one(handler))
    assert run(handler, "SELECT value FROM numbers") == 1


def test_writers_come_in_the_order_in_which_they_asked() -> None:
    turn = base.Turn()
    order: list[int] = []

    def waits(many: int) -> bool:
        return len(turn._waiting) == many

    def write(number: int) -> None:
        with turn.held(10):
            order.append(number)

    with ThreadPoolExecutor(6) as pool, turn.held(10):
        for number in range(6):
            pool.submit(write, number)
            wait_until(partial(waits, number + 1), what="the writer to wait")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            turn.take(0.01)

    assert order == [0, 1, 2, 3, 4, 5]
    with turn.held(0.01):
        assert turn._is_taken


def test_a_transaction_that_fails_lets_the_next_begin(handler: ConnectionHandler) -> None:
    def fail() -> None:
        with transaction(handler):
            run(handler, "UPDATE numbers SET value = 5")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    in_a_thread(handler, lambda: add_one(handler))

    assert run(handler, "SELECT value FROM numbers") == 1


def test_another_process_is_waited_for(handler: ConnectionHandler) -> None:
    other = sqlite3.connect(handler["default"].settings_dict["NAME"], isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute("UPDATE numbers SET value = 9")

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(in_a_thread, handler, lambda: add_one(handler))
        turn = base._turns[handler["default"].settings_dict["NAME"]]
        wait_until(lambda: turn._is_taken, what="the turn to be taken")
        other.execute("COMMIT")
        waiting.result(30)
    other.close()

    assert run(handler, "SELECT value FROM numbers") == 10


def test_what_one_thread_closes_another_uses(handler: ConnectionHandler) -> None:
    first = raw(handler)
    handler["default"].close()

    second = in_a_thread(handler, lambda: raw(handler))

    assert second is first
    assert run(handler, "PRAGMA journal_mode") == "wal"
    assert run(handler, "PRAGMA synchronous") == 2
    assert run(handler, "PRAGMA foreign_keys") == 1


def test_two_threads_never_share_one(handler: ConnectionHandler) -> None:
    mine = raw(handler)

    assert in_a_thread(handler, lambda: raw(handler)) is not mine


def test_what_is_closed_in_a_transaction_is_undone_and_not_used_again(handler: ConnectionHandler) -> None:
    connection = handler["default"]
    connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    run(handler, "UPDATE numbers SET value = 5")
    dropped = raw(handler)

    connection.close()
    connection.connect()

    assert raw(handler) is not dropped
    assert run(handler, "SELECT value FROM numbers") == 0
    add_one(handler)


def test_nothing_is_used_again_after_an_error(handler: ConnectionHandler) -> None:
    in_a_thread(handler, lambda: raw(handler))
    first = raw(handler)
    second = in_a_thread(handler, lambda: raw(handler))

    with pytest.raises(OperationalError):
        run(handler, "SELECT value FROM nowhere")
    handler["default"].close()

    assert raw(handler) not in (first, second)


def test_no_more_are_kept_than_are_needed(handler: ConnectionHandler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "MOST_KEPT", 1)
    raw(handler)
    in_a_thread(handler, lambda: raw(handler))

    handler["default"].close()

    assert len(base._shelves[handler["default"].settings_dict["NAME"]]._kept) == 1
