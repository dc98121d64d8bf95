"""The threads that take work by the row."""

import threading
from collections.abc import Iterator

import pytest

from supportagent.crew import Crew
from tests.waiting import wait_until


class Gate:
    """Work that does not end before it is let through."""

    def __init__(self) -> None:
        self.began: list[int] = []
        self.open = threading.Event()

    def work(self, pk: int) -> None:
        """Begin, and wait."""
        self.began.append(pk)
        assert self.open.wait(10)


@pytest.fixture
def gate() -> Iterator[Gate]:
    """A gate that is open at the end, whatever happened."""
    gate = Gate()
    yield gate
    gate.open.set()


@pytest.fixture
def crew(gate: Gate) -> Iterator[Crew]:
    """Two hands."""
    crew = Crew("test", 2)
    yield crew
    gate.open.set()
    crew.retire()
    assert crew.wait(5)


def test_a_row_in_hand_is_not_taken_twice(crew: Crew, gate: Gate) -> None:
    assert crew.give("turn", [1], gate.work) == 1
    assert crew.give("turn", [1], gate.work) == 0
    assert crew.give("send", [1], gate.work) == 1

    gate.open.set()
    assert crew.wait(5)
    assert crew.give("turn", [1], gate.work) == 1


def test_no_more_is_taken_than_there_are_hands(crew: Crew, gate: Gate) -> None:
    assert crew.give("turn", [1, 2, 3], gate.work) == 2

    wait_until(lambda: sorted(gate.began) == [1, 2], what="both to begin")
    assert (crew.in_hand, crew.room) == (2, 0)


def test_a_failure_frees_the_hand_and_is_logged(crew: Crew, caplog: pytest.LogCaptureFixture) -> None:
    def fail(pk: int) -> None:
        raise RuntimeError(pk)

    crew.give("turn", [7], fail)

    assert crew.wait(5)
    assert (crew.finished, crew.in_hand, crew.room) == (1, 0, 2)
    assert "The turn of 7 failed." in caplog.text


def test_the_longest_job_is_known(crew: Crew, gate: Gate) -> None:
    assert crew.oldest_seconds == 0

    crew.give("turn", [1], gate.work)

    wait_until(lambda: crew.oldest_seconds > 0.02, what="time to pass")


def test_a_retired_crew_takes_nothing_more(crew: Crew, gate: Gate) -> None:
    crew.give("turn", [1], gate.work)
    wait_until(lambda: gate.began == [1], what="it to begin")
    crew.retire()

    assert crew.give("turn", [2], gate.work) == 0
    assert not crew.wait(0.05)
    gate.open.set()
    assert crew.wait(5)


def test_what_waits_for_a_hand_begins_as_soon_as_one_is_free(gate: Gate) -> None:
    crew = Crew("test", 1, ahead=2)

    assert crew.give("turn", [1, 2, 3, 4], gate.work) == 3
    wait_until(lambda: gate.began == [1], what="the first to begin")
    assert crew.in_hand == 1
    gate.open.set()

    assert crew.wait(5)
    assert gate.began == [1, 2, 3]
    crew.retire()


def test_a_hand_takes_along_what_waits_for_one_and_nobody_does_it_again(gate: Gate) -> None:
    crew = Crew("test", 1, ahead=4)
    crew.give("event", [1, 2, 3], gate.work)
    crew.give("turn", [4], gate.work)
    wait_until(lambda: gate.began == [1], what="the first to begin")

    along = crew.take_along("event", 5)
    crew.give("event", [3], gate.work)
    gate.open.set()

    assert crew.wait(5)
    assert sorted(along) == [2, 3]
    assert sorted(gate.began) == [1, 3, 4]
    assert crew.take_along("event", 5) == []
    crew.retire()


def test_what_waited_when_the_crew_retired_is_not_begun(gate: Gate) -> None:
    crew = Crew("test", 1, ahead=1)
    crew.give("turn", [1, 2], gate.work)
    wait_until(lambda: gate.began == [1], what="the first to begin")

    crew.retire()
    gate.open.set()

    assert crew.wait(5)
    assert gate.began == [1]


def test_a_call_for_a_job_under_way_has_it_done_once_more(crew: Crew, gate: Gate) -> None:
    assert crew.call("turn", 1, gate.work)
    wait_until(lambda: gate.began == [1], what="it to begin")

    assert crew.call("turn", 1, gate.work)
    assert crew.call("turn", 1, gate.work)
    gate.open.set()

    assert crew.wait(5)
    assert gate.began == [1, 1]


def test_a_call_for_a_job_that_has_not_begun_adds_nothing(gate: Gate) -> None:
    crew = Crew("test", 1, ahead=1)
    crew.give("turn", [1, 2], gate.work)
    wait_until(lambda: gate.began == [1], what="the first to begin")

    assert crew.call("turn", 2, gate.work)
    assert not crew.call("turn", 3, gate.work)
    gate.open.set()

    assert crew.wait(5)
    assert gate.began == [1, 2]
    crew.retire()


def test_once_there_is_room_for_what_was_left_out_somebody_is_told_and_only_then(gate: Gate) -> None:
    told: list[int] = []
    crew = Crew("test", 1, ahead=1, when_short=lambda: told.append(len(gate.began)))
    crew.give("turn", [1, 2], gate.work)
    wait_until(lambda: gate.began == [1], what="the first to begin")
    crew.give("turn", [3], gate.work)
    gate.open.set()

    assert crew.wait(5)
    crew.give("turn", [4, 5], gate.work)
    assert crew.wait(5)
    crew.retire()

    assert len(told) == 1
    assert gate.began == [1, 2, 4, 5]


def test_who_calls_while_others_were_left_out_waits_until_they_have_been_looked_for(gate: Gate) -> None:
    crew = Crew("test", 1, ahead=2)
    crew.give("turn", [1, 2, 3, 4], gate.work)
    wait_until(lambda: gate.began == [1], what="the first to begin")
    assert crew.take_along("turn", 1)

    is_taken = crew.call("turn", 5, gate.work)
    gate.open.set()

    assert crew.wait(5)
    assert not is_taken
    assert crew.call("turn", 5, gate.work)
    assert crew.wait(5)
    crew.retire()


def test_what_could_do_nothing_brings_no_look_and_bars_nobody_afterwards(gate: Gate) -> None:
    told: list[bool] = []
    crew = Crew("test", 1, ahead=1, when_short=lambda: told.append(True))

    def do_nothing(pk: int) -> int:
        gate.work(pk)
        return 0

    crew.give("send", [1, 2, 3], do_nothing)
    gate.open.set()

    assert crew.wait(5)
    wait_until(lambda: crew.call("send", 4, do_nothing), what="room for who calls")
    assert crew.wait(5)
    crew.retire()
    assert told == []
