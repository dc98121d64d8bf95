"""The sweeper's way through its steps."""

import threading

import pytest
from django.db import OperationalError, connection
from pytest_django import Settings

from supportagent.sweeper import Step, Sweeper
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db


def counting(found: int = 1) -> tuple[list[int], Step]:
    """A step that notes its runs."""
    runs: list[int] = []

    def run() -> int:
        runs.append(1)
        return found

    return runs, Step(name="counting", run=run)


def failing(error: Exception) -> Step:
    """A step that always fails."""

    def run() -> int:
        raise error

    return Step(name="failing", run=run)


def test_a_failing_step_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    runs, after = counting()
    sweeper = Sweeper([failing(RuntimeError("broken")), after])

    assert sweeper.sweep_once() == {"counting": 1}
    assert sweeper.sweep_once() == {"counting": 1}

    assert len(runs) == 2
    assert "'failing' failed" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_locked_row_stops_no_other_step() -> None:
    runs, after = counting()
    sweeper = Sweeper([failing(OperationalError("canceling statement due to lock timeout")), after])

    assert sweeper.sweep_once() == {"counting": 1}
    assert len(runs) == 1


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_costs_one_line_and_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    runs, after = counting()
    trouble: list[Exception] = [OperationalError("connection refused\nIs the server running?")]

    def run() -> int:
        if trouble:
            raise trouble[0]
        return 1

    sweeper = Sweeper([Step(name="first", run=run), after])
    with monkeypatch.context() as patch:
        patch.setattr(connection, "ensure_connection", _refuse)
        sweeper.sweep_once()
        sweeper.sweep_once()
        sweeper.sweep_once()
    assert runs == []
    assert [record.getMessage() for record in caplog.records] == [
        "The database does not answer (connection refused); trying again each second."
    ]

    trouble.clear()
    assert sweeper.sweep_once() == {"first": 1, "counting": 1}
    assert caplog.records[-1].getMessage() == "The database answers again."


def _refuse() -> None:
    raise OperationalError("connection refused")


def test_a_step_with_an_interval_runs_when_it_is_time() -> None:
    runs, step = counting()
    sweeper = Sweeper([Step(name="seldom", run=step.run, every=3600)])

    for _ in range(3):
        sweeper.sweep_once()

    assert len(runs) == 1


def test_due_work_that_nobody_does_is_a_stall() -> None:
    finished = [0]
    due = [3]
    sweeper = Sweeper([Step(name="turns", run=lambda: due[0], is_work=True)], finished=lambda: finished[0])

    sweeper.sweep_once()
    wait_until(lambda: sweeper.stalled_seconds > 0.5, seconds=2, what="a stall")
    finished[0] += 1
    sweeper.sweep_once()
    assert sweeper.stalled_seconds < 0.5

    sweeper.sweep_once()
    due[0] = 0
    sweeper.sweep_once()
    assert sweeper.stalled_seconds < 0.5


def test_steps_that_end_are_no_stall_however_many_there_are() -> None:
    told: list[float] = []

    def look() -> int:
        told.append(sweeper.stalled_seconds)
        return 0

    pause = Step(name="pause", run=lambda: int(threading.Event().wait(0.2)))
    sweeper = Sweeper([pause, Step(name="look", run=look)])

    sweeper.sweep_once()

    assert told[0] < 0.2


@pytest.mark.django_db(transaction=True)
def test_each_bell_brings_a_pass_of_its_own_before_its_time(settings: Settings) -> None:
    settings.SWEEP_INTERVAL_SECONDS = 3600.0
    runs, step = counting()
    stop = threading.Event()
    sweeper = Sweeper([step])
    thread = threading.Thread(target=sweeper.run, args=(stop,))
    thread.start()
    wait_until(lambda: len(runs) == 1, what="the first pass")

    sweeper.hear(0.5)
    sweeper.hear(0.0)

    wait_until(lambda: len(runs) == 2, what="the pass at once")
    wait_until(lambda: len(runs) == 3, what="the pass that was wanted later")
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    assert len(runs) == 3


@pytest.mark.django_db(transaction=True)
def test_it_sweeps_until_it_is_told_to_stop() -> None:
    runs, step = counting(found=5)
    stop = threading.Event()
    sweeper = Sweeper([Step(name=step.name, run=step.run, most=5)])
    thread = threading.Thread(target=sweeper.run, args=(stop,))
    thread.start()

    # A pass that took as much as it may is followed by the next at once.
    wait_until(lambda: len(runs) > 20, seconds=3, what="20 passes")
    stop.set()
    thread.join(5)

    assert not thread.is_alive()
