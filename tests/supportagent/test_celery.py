"""What is around every task."""

from types import SimpleNamespace

import pytest
from celery.fixups.django import DjangoWorkerFixup  # type: ignore[attr-defined]  # the stubs leave it out
from django.db import connection

from supportagent.celery import app, let_connections_age

TASK = SimpleNamespace(request=SimpleNamespace(is_eager=False))


def between_two_tasks() -> None:
    """What happens to this thread's connection there."""
    fixup = DjangoWorkerFixup(app)
    for _ in ("after the one", "before the next"):
        fixup.close_database()
        let_connections_age(sender=TASK)


@pytest.mark.django_db(transaction=True)
def test_a_task_uses_the_connection_of_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 60)
    connection.close()
    connection.connect()
    used = connection.connection

    between_two_tasks()

    assert connection.connection is used


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_is_too_old_is_closed_between_two_tasks() -> None:
    connection.ensure_connection()
    connection.close_at = 0.0

    between_two_tasks()

    assert connection.connection is None
