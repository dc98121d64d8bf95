"""The database backend: a kept connection to a server that was stopped is found out in time."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import psycopg
import pytest
from django.db import connections

from supportagent.databases import POSTGRES_ENGINE
from supportagent.postgresql import base


class Stopped:
    """A connection, as the driver has it, to a server that took it and now says nothing."""

    def __init__(self) -> None:
        self._line, self._server = socket.socketpair()
        self._line.settimeout(20)

    def fileno(self) -> int:
        return self._line.fileno()

    @contextmanager
    def cursor(self) -> Iterator["Stopped"]:
        yield self

    def execute(self, _sql: str) -> None:
        if not self._line.recv(1):
            raise psycopg.OperationalError("the connection was closed")

    def answer(self) -> None:
        self._server.send(b"1")

    def close(self) -> None:
        self._line.close()
        self._server.close()


def wrapper() -> Any:
    """Django's side of a connection to PostgreSQL, made by nobody yet."""
    return base.DatabaseWrapper({**connections.settings["default"], "ENGINE": POSTGRES_ENGINE, "OPTIONS": {}})


def test_a_kept_connection_to_a_stopped_server_is_not_used_again() -> None:
    database = wrapper()
    stopped = database.connection = Stopped()
    with patch.object(base, "LIFE_SIGN_SECONDS", 0.05):
        assert not database.is_usable()
    stopped.close()


def test_one_that_gives_a_sign_of_life_is() -> None:
    database = wrapper()
    stopped = database.connection = Stopped()
    stopped.answer()
    assert database.is_usable()
    stopped.close()


def used_a_moment_ago(line: Stopped) -> Any:
    """Django's side of a kept connection on which a task has just ended well."""
    database = wrapper()
    database.connection = line
    database.close_at, database.health_check_enabled, database.health_check_done = None, True, True
    with patch.object(database, "get_autocommit", return_value=True):
        database.close_if_unusable_or_obsolete()
    return database


@pytest.mark.parametrize(("fresh", "is_asked"), [(60.0, False), (0.0, True)])
def test_a_connection_on_which_something_was_just_answered_is_not_asked_again(fresh: float, is_asked: bool) -> None:
    line = Stopped()
    database = used_a_moment_ago(line)

    with patch.object(base, "FRESH_SECONDS", fresh), patch.object(database, "is_usable", return_value=True) as asked:
        database.close_if_health_check_failed()

    assert (asked.called, database.health_check_done) == (is_asked, True)
    line.close()


def test_a_connection_on_which_something_failed_is_asked_again() -> None:
    line = Stopped()
    database = wrapper()
    database.connection = line
    database.close_at, database.health_check_enabled, database.health_check_done = None, True, True
    database.errors_occurred = True

    with patch.object(database, "get_autocommit", return_value=True), patch.object(database, "is_usable") as asked:
        asked.return_value = False
        database.close_if_unusable_or_obsolete()

    assert asked.called
    assert database.connection is None
