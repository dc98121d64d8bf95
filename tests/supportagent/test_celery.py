"""What is around every task."""

import logging
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from celery.app.log import Logging
from celery.concurrency.solo import TaskPool as Alone
from celery.concurrency.thread import TaskPool as Threads
from celery.fixups.django import DjangoWorkerFixup  # type: ignore[attr-defined]  # the stubs leave it out
from celery.signals import worker_shutdown, worker_shutting_down
from django.db import connection
from kombu.message import Message
from kombu.transport import redis
from kombu.utils.imports import symbol_by_name
from pytest_django import Settings
from redis.exceptions import OutOfMemoryError, ReadOnlyError

from agent.tasks import refit
from core import bells
from integrations import services
from integrations.tasks import send_next
from supportagent import warming, watchdog
from supportagent.acknowledging import LateRequest
from supportagent.celery import app, let_connections_age, put_no_bell_back, watch
from supportagent.hands import Hands
from tests.waiting import wait_until

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


@pytest.mark.parametrize(("pool", "threads"), [(Threads, 3), (Alone, 8)])
def test_a_worker_of_threads_reckons_with_those_it_has(
    pool: type[Threads | Alone], threads: int, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WORK_THREADS, settings.EMBEDDED = 8, True
    monkeypatch.setattr(watchdog.Watchdog, "start", lambda _: None)

    watch(sender=SimpleNamespace(pool=pool(limit=3, app=app)))

    assert threads == settings.WORK_THREADS


def test_a_worker_does_itself_what_its_tasks_ask_for_until_it_is_to_end(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WORK_THREADS, settings.EMBEDDED = 8, False
    sent: list[int] = []
    left: list[int] = []
    monkeypatch.setattr(watchdog.Watchdog, "start", lambda _: None)
    monkeypatch.setattr(warming, "load_the_engine_meanwhile", lambda: None)
    monkeypatch.setattr(bells, "_hands", [])
    monkeypatch.setattr(bells._ringer, "add", lambda _task, pk, _place, **_: left.append(pk))
    monkeypatch.setattr(services, "send_next", sent.append)
    monkeypatch.setattr(Hands, "run", lambda *_: None)

    watch(sender=SimpleNamespace(pool=Threads(limit=3, app=app)))
    bells.ring(send_next, 7)
    wait_until(lambda: sent == [7], what="the send")
    bells.ring(refit, 8)
    worker_shutting_down.send(sender=None)
    bells.ring(send_next, 9)
    worker_shutdown.send(sender=None)

    # What is none of theirs, and what comes too late, is for others.
    assert (sent, left) == ([7], [8, 9])


def test_a_worker_says_what_the_settings_let_it_say(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(Logging, "_setup", False)
    monkeypatch.setattr(root, "level", logging.INFO)

    app.log.setup(loglevel=logging.CRITICAL, redirect_stdouts=True)

    assert root.level == logging.INFO


def test_a_worker_whose_broker_went_away_does_not_end_by_what_it_had_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis.Channel, "do_restore", True)
    put_no_bell_back()
    # A channel whose connection was closed under it: whoever asks it for anything else gets an error.
    closed = Mock(spec=["do_restore"], do_restore=redis.Channel.do_restore)
    held = redis.QoS(closed)
    waiting = held._delivered
    assert waiting is not None
    waiting["bell"] = object()

    held.restore_unacked_once()

    assert list(waiting) == ["bell"]


@pytest.mark.parametrize("refusal", [OutOfMemoryError, ReadOnlyError])
def test_a_worker_whose_broker_takes_nothing_looks_again_and_does_not_end(refusal: type[Exception]) -> None:
    with app.connection_for_read("redis://127.0.0.1") as connection:
        assert issubclass(refusal, connection.channel_errors)
    assert app.conf.broker_channel_error_retry


def test_a_worker_whose_broker_went_away_does_not_end_by_what_it_acknowledges_too_late() -> None:
    task = app.tasks["celery.backend_cleanup"]
    channel = Mock(no_ack_consumers=None)
    late = Message(channel=channel, content_encoding="utf-8")
    # As kombu answers once the channel was closed.
    channel.basic_ack.side_effect = AttributeError("'NoneType' object has no attribute 'client'")
    asked_for = symbol_by_name(task.Request)(
        late,
        on_ack=late.ack_log_error,
        body=((), {}, {}),
        app=app,
        task=task,
        connection_errors=(ConnectionError,),
        headers={"id": "1", "task": task.name},
        decoded=True,
    )

    asked_for.acknowledge()

    assert channel.basic_ack.called
    assert isinstance(asked_for, LateRequest)
