"""A database that answers nothing is waited for so long and no longer."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from django.utils.connection import ConnectionProxy

from core.patience import within


@contextmanager
def silent(vendor: str = "postgresql") -> Iterator[Any]:
    """A connection to a server that says nothing, as Django holds it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        # What waits for ever without being cut fails the test instead.
        ours.settimeout(20)
        yield SimpleNamespace(vendor=vendor, connection=ours)


def test_whoever_waits_too_long_is_cut_off() -> None:
    with silent() as wrapper, within(wrapper, 0.05):
        assert wrapper.connection.recv(1) == b""


def test_a_connection_that_is_made_after_the_time_is_cut_as_well() -> None:
    with silent() as first, silent() as second, within(first, 0.05):
        first.connection.recv(1)
        first.connection = second.connection

        assert second.connection.recv(1) == b""


def test_who_was_answered_in_time_is_let_be() -> None:
    with silent() as early, silent() as late:
        with within(early, 0.05):
            pass
        with within(late, 0.3):
            late.connection.recv(1)

        early.connection.settimeout(0)
        with pytest.raises(BlockingIOError):
            early.connection.recv(1)


def test_it_is_the_waiting_threads_connection_that_is_cut() -> None:
    here = threading.current_thread()

    class OfThreads(dict[str, Any]):
        def __getitem__(self, alias: str) -> Any:
            return mine if threading.current_thread() is here else SimpleNamespace(vendor="postgresql", connection=None)

    every: Any = OfThreads()
    with silent() as mine, patch("core.patience.connections", every):
        mine.alias = "default"
        with within(ConnectionProxy(every, "default"), 0.05):
            assert mine.connection.recv(1) == b""


def test_a_connection_that_is_gone_already_is_nobodys_trouble() -> None:
    gone: Any = SimpleNamespace(vendor="postgresql", connection=None)
    with silent() as wrapper, within(gone, 0.0), within(wrapper, 0.1):
        assert wrapper.connection.recv(1) == b""


@pytest.mark.django_db
def test_what_the_database_answers_in_time_is_answered() -> None:
    with within(connection, 20.0), connection.cursor() as cursor:
        cursor.execute("SELECT 7")
        assert cursor.fetchone() == (7,)
