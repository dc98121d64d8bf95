"""The database backend: a kept connection to a server that was stopped is found out in time."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import psycopg
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


def wrapper() -> base.DatabaseWrapper:
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
