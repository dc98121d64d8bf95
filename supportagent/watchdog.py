"""Ends a process that is stuck, loudly, so that whoever started it starts it again.

Threads cannot be interrupted: a call that never returns keeps its thread for ever. What it was doing stands in the
rows with a lease that runs out, so ending the process loses nothing.
"""

import logging
import os
import threading
import time
from collections.abc import Callable

from celery.signals import task_postrun, task_prerun
from django.conf import settings

logger = logging.getLogger(__name__)

EXIT_STUCK = 70
LOOK_EVERY_SECONDS = 1.0


class TaskClock:
    """How long the Celery tasks of this process have been running."""

    def __init__(self) -> None:
        self._started: dict[str, float] = {}
        task_prerun.connect(self._begin, weak=False)
        task_postrun.connect(self._end, weak=False)

    def oldest_seconds(self) -> float:
        """How long the longest has been going on."""
        started = list(self._started.values())
        return time.monotonic() - min(started) if started else 0.0

    def _begin(self, task_id: str, **_: object) -> None:
        self._started[task_id] = time.monotonic()

    def _end(self, task_id: str, **_: object) -> None:
        self._started.pop(task_id, None)


class Watchdog:
    """Looks once a second; ``stalled`` and ``oldest`` answer in seconds, ``end`` ends the process."""

    def __init__(
        self,
        *,
        oldest: Callable[[], float],
        stalled: Callable[[], float] = lambda: 0.0,
        end: Callable[[int], object] = os._exit,
    ) -> None:
        self._oldest = oldest
        self._stalled = stalled
        self._end = end

    def start(self) -> None:
        """Watch from a thread of its own until the process ends."""
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def complaint(self) -> str:
        """What is wrong, in a sentence; empty if nothing is."""
        if self._oldest() > settings.TASK_LIMIT_SECONDS:
            return f"A task has been running for more than {settings.TASK_LIMIT_SECONDS} s."
        if self._stalled() > settings.STALL_SECONDS:
            return f"Work has been due for more than {settings.STALL_SECONDS} s and none of it got done."
        return ""

    def look(self) -> None:
        """End the process if something is wrong."""
        if complaint := self.complaint():
            logger.critical("%s This process ends so that it can be started afresh; nothing is lost.", complaint)
            self._end(EXIT_STUCK)

    def _watch(self) -> None:
        while True:
            time.sleep(LOOK_EVERY_SECONDS)
            self.look()
