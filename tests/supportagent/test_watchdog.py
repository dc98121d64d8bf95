"""When a process ends itself."""

import pytest
from celery.signals import task_postrun, task_prerun
from pytest_django import Settings

from supportagent.watchdog import EXIT_STUCK, TaskClock, Watchdog
from tests.waiting import wait_until


@pytest.mark.parametrize(
    ("oldest", "stalled", "ends"), [(0.0, 0.0, False), (119.0, 59.0, False), (121.0, 0.0, True), (0.0, 61.0, True)]
)
def test_it_ends_a_process_that_is_stuck(*, oldest: float, stalled: float, ends: bool) -> None:
    codes: list[int] = []

    Watchdog(oldest=lambda: oldest, stalled=lambda: stalled, end=codes.append).look()

    assert codes == ([EXIT_STUCK] if ends else [])


def test_it_says_why(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    settings.TASK_LIMIT_SECONDS = 5

    codes: list[int] = []
    Watchdog(oldest=lambda: 6.0, end=codes.append).look()

    assert codes == [EXIT_STUCK]
    assert "running for more than 5 s" in caplog.text


def test_the_clock_knows_the_longest_task() -> None:
    clock = TaskClock()
    task = object()

    task_prerun.send(sender=task, task_id="one", task=task)
    wait_until(lambda: clock.oldest_seconds() > 0.01, what="time to pass")
    task_postrun.send(sender=task, task_id="one", task=task)

    assert clock.oldest_seconds() == 0
