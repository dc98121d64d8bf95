"""Bells: rung from aside, once for a place, and silent for a while after the broker failed."""

import threading
from typing import Any
from unittest.mock import Mock

import pytest

from integrations import bells
from integrations.bells import _Ringer
from integrations.tasks import send_next
from tests.waiting import wait_until


def task(apply_async: Any) -> Any:
    """A task whose bell does this."""
    return Mock(**{"name": "a.task", "app.conf.task_always_eager": False, "apply_async": apply_async})


def test_a_bell_is_rung_without_the_brokers_own_retries() -> None:
    apply_async = Mock()

    _Ringer().add(task(apply_async), 7, "7")

    wait_until(lambda: apply_async.called)
    apply_async.assert_called_once_with((7,), retry=False)


def test_bells_for_one_place_become_one() -> None:
    ringer, hold, rung = _Ringer(), threading.Event(), []

    def ring(args: tuple[int], **_: object) -> None:
        rung.append(args[0])
        hold.wait(10)

    bell = task(ring)
    ringer.add(bell, 1, "first")
    wait_until(lambda: rung == [1])
    for pk in (2, 3, 4):
        ringer.add(bell, pk, "lane")
    hold.set()

    wait_until(lambda: rung == [1, 4])


def test_a_broker_that_fails_is_left_alone_for_a_while(caplog: pytest.LogCaptureFixture) -> None:
    ringer, apply_async = _Ringer(), Mock(side_effect=OSError("refused"))

    ringer.add(task(apply_async), 1, "1")
    wait_until(lambda: "the sweeper takes over" in caplog.text)
    ringer.add(task(apply_async), 2, "2")

    assert apply_async.call_count == 1
    assert not ringer._waiting


@pytest.mark.django_db
@pytest.mark.usefixtures("eager")
def test_where_tasks_run_in_place_so_does_a_bell() -> None:
    bells.ring(send_next, 999_999)
