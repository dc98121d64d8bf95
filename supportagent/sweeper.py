"""The only thing that must run: once a second it finds in the rows what is due, and sees that it is done.

Bells only shorten the wait. Every step may run twice, anywhere, at any time: what counts is claimed in the rows.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from core.crashpoints import crash_point

logger = logging.getLogger(__name__)

# Bells make passes follow one another this closely and no closer.
LEAST_SECONDS_APART = 0.1
# Nobody rings when the process is to end.
LONGEST_DEAF_SECONDS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to look after.

    ``run`` answers how much it found to do; ``every`` is in seconds, 0 is each pass; ``most`` is what one pass takes,
    so that finding as much means there is more; ``is_work`` marks what customers wait for.
    """

    name: str
    run: Callable[[], int]
    every: float = 0.0
    most: int = 0
    is_work: bool = False


class Sweeper:
    """Goes through the steps in order, each guarded for itself.

    ``finished`` counts the work that has been done so far, by whoever did it: due work of which none gets done is
    a stall.
    """

    def __init__(self, steps: Sequence[Step], *, finished: Callable[[], int] = lambda: 0) -> None:
        self._steps = tuple(steps)
        self._finished = finished
        self._last_run: dict[str, float] = {}
        self._last_finished = 0
        self._stalled_since: float | None = None
        self._last_step_at = time.monotonic()
        self._database_is_away = False
        self._bell = threading.Condition()
        self._wanted_at: set[float] = set()

    @property
    def stalled_seconds(self) -> float:
        """How long work has been due without any getting done, or a step has been stuck."""
        now = time.monotonic()
        stalled = 0.0 if self._stalled_since is None else now - self._stalled_since
        return max(stalled, now - self._last_step_at)

    def sweep_once(self) -> dict[str, int]:
        """One pass; how much each step that ran found to do. A step that failed is left out."""
        found: dict[str, int] = {}
        close_old_connections()
        for step in self._steps:
            if not self._is_time_for(step):
                continue
            try:
                found[step.name] = step.run()
            except (OperationalError, InterfaceError) as error:
                if not _database_answers():
                    self._note_database(away=error)
                    break
                logger.warning("The sweep's step %r could not finish: %s", step.name, _first_line(error))
            except Exception:
                logger.exception("The sweep's step %r failed.", step.name)
            self._last_step_at = time.monotonic()
            crash_point("sweeper.between_steps")
        else:
            self._note_database(away=None)
        self._judge_progress(found)
        return found

    def run(self, stop: threading.Event) -> None:
        """Sweep each second until ``stop`` is set, at a bell, and at once again where a pass took as much as it may."""
        while not stop.is_set():
            begun = time.monotonic()
            found = self.sweep_once()
            is_behind = any(step.most and found.get(step.name, 0) >= step.most for step in self._steps)
            if not is_behind:
                self._rest(stop, begun)
        connection.close()

    def hear(self, after: float) -> None:
        """Sweep again in ``after`` seconds, if that is before it would be done anyway."""
        # Bells for almost the same moment become one.
        with self._bell:
            self._wanted_at.add(round(time.monotonic() + after + LEAST_SECONDS_APART / 2, 1))
            self._bell.notify()

    def _rest(self, stop: threading.Event, begun: float) -> None:
        """Wait for the next pass: a second, less where a bell asks for it, and never so short that nothing else gets on."""
        at_the_latest = time.monotonic() + settings.SWEEP_INTERVAL_SECONDS
        with self._bell:
            while not stop.is_set():
                due_at = min(at_the_latest, max(min(self._wanted_at, default=math.inf), begun + LEAST_SECONDS_APART))
                left = due_at - time.monotonic()
                if left <= 0:
                    break
                self._bell.wait(min(left, LONGEST_DEAF_SECONDS))
            now = time.monotonic()
            self._wanted_at = {moment for moment in self._wanted_at if moment > now}

    def _is_time_for(self, step: Step) -> bool:
        now = time.monotonic()
        if now - self._last_run.get(step.name, -step.every) < step.every:
            return False
        self._last_run[step.name] = now
        return True

    def _judge_progress(self, found: dict[str, int]) -> None:
        now, finished = time.monotonic(), self._finished()
        is_due = any(found.get(step.name) for step in self._steps if step.is_work)
        if not is_due or finished != self._last_finished:
            self._stalled_since = None
        elif self._stalled_since is None:
            self._stalled_since = now
        self._last_finished, self._last_step_at = finished, now

    def _note_database(self, *, away: Exception | None) -> None:
        if away is not None and not self._database_is_away:
            logger.error("The database does not answer (%s); trying again each second.", _first_line(away))
        if away is None and self._database_is_away:
            logger.warning("The database answers again.")
        self._database_is_away = away is not None


def _database_answers() -> bool:
    connection.close()
    try:
        connection.ensure_connection()
    except (OperationalError, InterfaceError):
        return False
    return True


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
