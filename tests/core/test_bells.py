"""Ringing for workers: with a broker and without, once for a place, and nobody waits for it."""

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from unittest.mock import ANY, Mock

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
    return Mock(name="a.task", apply_async=apply_async)


def counted(task: str, result: str) -> float:
    """How many bells this process has counted."""
    return registry.get_sample_value("bells_total", {"task": task, "result": result}) or 0.0


def test_a_bell_reaches_the_broker() -> None:
    before = counted("test.task", "rung")

    bells.ring(make_task("memory://localhost/"), 7)

    wait_until(lambda: counted("test.task", "rung") == before + 1, what="the bell to be rung")


def test_a_dead_broker_raises_nothing_and_is_then_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    task = make_task("redis://127.0.0.1:1/0")
    failed, skipped = counted("test.task", "failed"), counted("test.task", "skipped")

    bells.ring(task, 1)
    wait_until(lambda: bells.breaker.is_open, what="the breaker to open")
    bells.ring(task, 2)

    wait_until(lambda: counted("test.task", "failed") == failed + 1, what="the failure to be counted")
    assert counted("test.task", "skipped") == skipped + 1
    assert len(caplog.records) == 1


def test_the_breaker_closes_by_itself() -> None:
    breaker = Breaker(quiet_seconds=0.05)

    breaker.trip()

    assert breaker.is_open
    wait_until(lambda: not breaker.is_open, seconds=2, what="the breaker to close")


def test_an_unexpected_error_is_logged_and_raises_nothing(caplog: pytest.LogCaptureFixture) -> None:
    bells.ring(make_task("nonsense://nowhere"), 1)

    wait_until(lambda: "was not rung" in caplog.text, what="the error to be logged")
    assert caplog.records[0].exc_info is not None


def test_a_bell_is_rung_once_when_it_is_time_and_without_the_brokers_own_retries() -> None:
    apply_async = Mock()

    _Ringer(Breaker()).add(task_that(apply_async), 7, "7", after=60.0)

    wait_until(lambda: apply_async.called)
    apply_async.assert_called_once_with((7,), retry=False, countdown=ANY)
    assert 0 < apply_async.call_args.kwargs["countdown"] <= 60


def test_whoever_listens_hears_a_bell_that_no_broker_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[float] = []
    monkeypatch.setattr(bells, "_listeners", [])
    bells.listen(heard.append)
    bells.breaker.trip()

    bells.ring(make_task("redis://127.0.0.1:1/0"), 7, after=1.5)

    assert heard == [1.5]


def test_what_is_due_already_is_rung_for_now() -> None:
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


def test_a_crowd_of_bells_is_left_to_the_sweeper(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[str] = []
    monkeypatch.setattr(bells, "MOST_A_SECOND", 3)
    monkeypatch.setattr(bells, "time", SimpleNamespace(monotonic=lambda: 1_000.5))
    monkeypatch.setattr(bells, "_count", lambda _, result: ended.append(result))
    apply_async = Mock()
    ringer = _Ringer(Breaker())

    for pk in range(10):
        ringer.add(task_that(apply_async), pk, str(pk))

    wait_until(lambda: len(ended) == 10)
    assert ended == ["rung"] * 3 + ["skipped"] * 7
    assert apply_async.call_count == 3


def test_a_broker_that_fails_is_left_alone_for_a_while(caplog: pytest.LogCaptureFixture) -> None:
    breaker, apply_async = Breaker(), Mock(side_effect=OSError("refused"))
    ringer = _Ringer(breaker)

    ringer.add(task_that(apply_async), 1, "1")
    wait_until(lambda: "the sweeper finds the work" in caplog.text)
    ringer.add(task_that(apply_async), 2, "2")

    assert breaker.is_open
    assert apply_async.call_count == 1
    assert not ringer._waiting


@pytest.mark.django_db
@pytest.mark.usefixtures("eager")
def test_where_tasks_run_in_place_so_does_a_bell() -> None:
    task = task_that(Mock())

    bells.ring(task, 7)
    bells.ring(send_next, 999_999)

    task.apply_async.assert_called_once_with((7,))


def test_a_bell_that_is_answered_here_reaches_no_broker_and_no_listener(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[float] = []
    offered: list[tuple[int, float]] = []
    monkeypatch.setattr(bells, "_listeners", [heard.append])
    monkeypatch.setattr(bells, "_hands", [])

    def hand(_: object, pk: int, after: float) -> bool:
        offered.append((pk, after))
        return pk == 7

    bells.answer(hand)
    apply_async = Mock()
    bells.ring(task_that(apply_async), 7, after=0.5)
    bells.ring(task_that(apply_async), 8, after=60.0)

    wait_until(lambda: apply_async.called)
    assert offered == [(7, 0.5), (8, 60.0)]
    assert heard == [60.0]
    apply_async.assert_called_once_with((8,), retry=False, countdown=ANY)
