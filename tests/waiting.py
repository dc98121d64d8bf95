"""Waiting for what happens elsewhere: on a condition, with a deadline, never for a fixed time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
STEP_SECONDS = 0.02


def wait_until(condition: Callable[[], T], *, seconds: float = 10.0, what: str = "") -> T:
    """What ``condition`` answers once that is true; AssertionError naming ``what`` after ``seconds``."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited {seconds:g} s in vain{f' for {what}' if what else ''}; last seen: {answer!r}")
        time.sleep(STEP_SECONDS)
