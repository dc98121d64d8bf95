"""One thread of a process is at a lane; whoever comes meanwhile leaves the work to it, and none of it is missed."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from integrations.services.drains import Drains


def test_whoever_comes_second_goes_on_at_once_and_the_first_looks_again() -> None:
    drains = Drains()
    looked = []

    with drains.rounds("lane") as rounds:
        for number in rounds:
            looked.append(number)
            if number == 1:
                with drains.rounds("lane") as others:
                    assert list(others) == []
                with drains.rounds("another lane") as elsewhere:
                    assert list(elsewhere) == [1]

    assert looked == [1, 2]


def test_a_lane_is_let_go_when_its_thread_fails_or_has_no_time_left() -> None:
    drains = Drains()

    def fail() -> None:
        with drains.rounds("lane") as rounds:
            next(rounds)
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fail()
    with drains.rounds("lane") as rounds:
        next(rounds)

    with drains.rounds("lane") as rounds:
        assert list(rounds) == [1]


def test_nothing_that_was_put_down_before_the_bell_is_left_behind() -> None:
    drains, waiting, taken, lock = Drains(), [], [], threading.Lock()
    at_once = threading.Semaphore(1)

    def put_and_ring(number: int) -> None:
        with lock:
            waiting.append(number)
        with drains.rounds("lane") as rounds:
            for _ in rounds:
                assert at_once.acquire(blocking=False)
                with lock:
                    found, waiting[:] = list(waiting), []
                taken.extend(found)
                at_once.release()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put_and_ring, range(2_000)))

    assert waiting == []
    assert sorted(taken) == list(range(2_000))
