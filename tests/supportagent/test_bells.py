"""Ringing for workers, with a broker and without."""

import time

import pytest
from celery import Celery, Task
from django.conf import settings

from supportagent import bells
from supportagent.counters import registry
from tests.waiting import wait_until


@pytest.fixture(autouse=True)
def _closed_breaker() -> None:
    bells.breaker.reset()


def make_task(broker: str) -> "Task[[int], None]":
    """A task of an application whose broker is ``broker``."""
    app = Celery("test", broker=broker, set_as_current=False)
    app.conf.update(task_always_eager=False, broker_transport_options=settings.BROKER_OPTIONS_OF_RINGERS)

    @app.task(name="test.task", ignore_result=True)
    def task(pk: int) -> None:
        """Never run here."""

    return task


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
    breaker = bells.Breaker(quiet_seconds=0.05)

    breaker.trip()

    assert breaker.is_open
    wait_until(lambda: not breaker.is_open, seconds=2, what="the breaker to close")


def test_an_unexpected_error_is_logged_and_raises_nothing(caplog: pytest.LogCaptureFixture) -> None:
    assert not bells.ring(make_task("nonsense://nowhere"), 1)

    assert "was not rung" in caplog.text
    assert caplog.records[0].exc_info is not None
