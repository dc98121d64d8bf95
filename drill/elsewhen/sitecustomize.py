"""Loaded by each Python whose clock libfaketime fakes, before anything else.

libfaketime (0.9.10) takes the monotonic instant that ``time.sleep`` waits for, for one of the clock it fakes: with a clock
that is an hour ahead a pause ends at once, or fails on a machine that has run for less. No real clock does that.
"""

import select
import time
from typing import SupportsIndex


def _sleep(seconds: float | SupportsIndex, /) -> None:
    seconds = float(seconds)
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    select.select((), (), (), seconds)


time.sleep = _sleep
