"""Ringing for workers: with a broker and without, here and from aside, once for a place."""

import threading
import time
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import pytest
from celery import Celery, Task
from django.conf import settings

from core import bells
from core.bells import Breaker, _Ringer
from integrations.tasks import send_next
from supportagent.counters import registry
from tests.waiting import wait_until


@pytest.fixture(autouse=True)
def _closed_breaker() -> Iterator[None]:
    bells.breaker.reset()
    yield
    bells.breaker.reset()


def make_task(broker: str) -> "Task[[int], None]":
    """A task of an application whose broker is ``broker``."""
    app = Celery("test", broker=broker, set_as_current=False)
    app.conf.update(task_always_eager=False, broker_transport_options=settings.BROKER_OPTIONS_OF_RINGERS)

    @app.task(name="test.task", ignore_result=True)
    def task(pk: int) -> None:
        """Never run here."""

    return task


def task_that(apply_async: Any) -> Any:
    """A task whose bell does this."""
    return Mock(**{"name": "a.task", "app.conf.task_always_eager": False, "apply_async": apply_async})


def counted(task: str, result: str) -> float:
    """How many bells this process has counted."""
    return registry.get_sample_value("bells_total", {"task": task, "result": result}) or 0.0


def test_a_bell_reaches_the_broker() -> None:
    before = counted("test.task", "rung")

    assert bells.ring(make_task("memory://localhost/"), 7)

    assert counted("test.task", "rung") == before + 1


def test_a_dead_broker_raises_nothing_and_is_then_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    task = make_task("redis://127.0.0.1:1/0")
    failed, skipped = counted("test.task", "failed"), counted("test.task", "skipped")

    begun = time.monotonic()
    assert not bells.ring(task, 1)
    assert time.monotonic() - begun < 3
    assert bells.breaker.is_open
    assert not bells.ring(task, 2)

    assert counted("test.task", "failed") == failed + 1
    assert counted("test.task", "skipped") == skipped + 1
    assert len(caplog.records) == 1


def test_the_breaker_closes_by_itself() -> None:
    breaker = Breaker(quiet_seconds=0.05)

    breaker.trip()

    assert breaker.is_open
    wait_until(lambda: not breaker.is_open, seconds=2, what="the breaker to close")


def test_an_unexpected_error_is_logged_and_raises_nothing(caplog: pytest.LogCaptureFixture) -> None:
    assert not bells.ring(make_task("nonsense://nowhere"), 1)

    assert "was not rung" in caplog.text
    assert caplog.records[0].exc_info is not None


@pytest.mark.parametrize("after", [0.0, 1.5])
def test_a_bell_is_rung_without_the_brokers_own_retries(after: float) -> None:
    apply_async = Mock()

    bells.ring(task_that(apply_async), 7, after=after)

    apply_async.assert_called_once_with((7,), retry=False, countdown=after)


def test_a_bell_rung_aside_is_rung_once() -> None:
    apply_async = Mock()

    _Ringer(Breaker()).add(task_that(apply_async), 7, "7")

    wait_until(lambda: apply_async.called)
    apply_async.assert_called_once_with((7,), retry=False, countdown=0.0)


def test_bells_for_one_place_become_one() -> None:
    ringer, hold, rung = _Ringer(Breaker()), threading.Event(), []

    def ring(args: tuple[int], **_: object) -> None:
        rung.append(args[0])
        hold.wait(10)

    bell = task_that(ring)
    ringer.add(bell, 1, "first")
    wait_until(lambda: rung == [1])
    for pk in (2, 3, 4):
        ringer.add(bell, pk, "lane")
    hold.set()

    wait_until(lambda: rung == [1, 4])


def test_a_broker_that_fails_aside_is_left_alone_for_a_while(caplog: pytest.LogCaptureFixture) -> None:
    breaker, apply_async = Breaker(), Mock(side_effect=OSError("refused"))
    ringer = _Ringer(breaker)

    ringer.add(task_that(apply_async), 1, "1")
    wait_until(lambda: "the sweeper finds the work" in caplog.text)
    ringer.add(task_that(apply_async), 2, "2")

    assert breaker.is_open
    assert apply_async.call_count == 1
    assert not ringer._waiting


def test_whoever_rings_knows_of_a_failure_aside() -> None:
    task = task_that(Mock(side_effect=OSError("refused")))

    bells.ring_aside(task, 1)
    wait_until(lambda: bells.breaker.is_open, what="the breaker to open")

    assert not bells.ring(task, 2)
    assert task.apply_async.call_count == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("ring", [bells.ring, bells.ring_aside])
def test_where_tasks_run_in_place_so_does_a_bell(ring: Any) -> None:
    task = task_that(Mock())
    task.app.conf.task_always_eager = True

    ring(task, 7)
    ring(send_next, 999_999)

    task.apply_async.assert_called_once_with((7,))
