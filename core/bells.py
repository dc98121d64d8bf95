"""Ringing for workers: a Celery task that carries one primary key.

The row that the bell is about is committed already, so a bell that is not rung costs only the time until the sweeper
looks. Nothing here raises but what a hand does that answers in this process. After a failure the broker is left alone for a
while, so that a dead one makes nobody wait twice.
"""

import logging
import threading
import time
from collections.abc import Callable

from celery import Task
from kombu.exceptions import OperationalError
from prometheus_client import Counter

from core import vitals
from core.budgets import TokenBucket

logger = logging.getLogger(__name__)

QUIET_SECONDS = 5.0
MOST_WAITING = 10_000
# A bell costs its process more than a millisecond. Beyond so many a second it is cheaper for all to let the sweeper
# look, which then finds many at once.
MOST_A_SECOND = 40

# Whoever tells the process's figures registers it.
counter = Counter("bells_total", "Bells for workers, by how it went.", ["task", "result"], registry=None)


class Breaker:
    """Whether the broker failed a moment ago."""

    def __init__(self, quiet_seconds: float = QUIET_SECONDS) -> None:
        self._quiet_seconds = quiet_seconds
        self._open_until = 0.0
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Whether bells are being skipped."""
        return time.monotonic() < self._open_until

    def trip(self) -> None:
        """Skip bells from now on, for a while."""
        with self._lock:
            self._open_until = time.monotonic() + self._quiet_seconds

    def reset(self) -> None:
        """Ring again."""
        with self._lock:
            self._open_until = 0.0


class _Ringer:
    """Rings what waits from a thread of its own, one at a time; several bells for the same place become one."""

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker
        self._waiting: dict[tuple[str, str], tuple[Task[[int], None], int, float]] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._budget = TokenBucket(MOST_A_SECOND, MOST_A_SECOND)

    def add(self, task: "Task[[int], None]", pk: int, place: str, *, after: float = 0.0) -> None:
        """Ring for ``pk`` in ``after`` seconds from now, or for the latest pk of the same place."""
        with self._lock:
            if self._breaker.is_open or len(self._waiting) >= MOST_WAITING:
                _count(task, "skipped")
                return
            self._waiting[(str(task.name), place)] = (task, pk, time.monotonic() + after)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="task-bells", daemon=True)
                self._thread.start()
        self._wake.set()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            with self._lock:
                bells, self._waiting = list(self._waiting.values()), {}
            for task, pk, due_at in bells:
                if self._budget.spend():
                    _ring(task, pk, self._breaker, after=max(0.0, due_at - time.monotonic()))
                else:
                    _count(task, "skipped")


Hand = Callable[["Task[[int], None]", int, float], bool]

_listeners: list[Callable[[float], None]] = []
_hands: list[Hand] = []
breaker = Breaker()
vitals.tell("bells", lambda: ["Redis"] if breaker.is_open else [])
_ringer = _Ringer(breaker)


def listen(listener: Callable[[float], None]) -> None:
    """From now on tell ``listener`` of each bell of this process, and in how many seconds it is due."""
    _listeners.append(listener)


def answer(hand: Hand) -> None:
    """From now on offer each bell of this process to ``hand``, with the seconds until it is due.

    Where it says True the bell is answered here, and no worker hears of it.
    """
    _hands.append(hand)


def ring(task: "Task[[int], None]", pk: int, *, after: float = 0.0, place: str = "") -> None:
    """Ask a worker to run ``task`` for ``pk`` in ``after`` seconds, without waiting for the broker.

    Whoever answers it in this process spares the broker. Else whoever listens in this process hears it, whether the
    broker does or not; bells for one ``place`` become one.
    """
    if any(hand(task, pk, after) for hand in _hands):
        _count(task, "answered here")
        return
    for listener in _listeners:
        listener(after)
    _ringer.add(task, pk, place or str(pk), after=after)


def _ring(task: "Task[[int], None]", pk: int, breaker: Breaker, *, after: float) -> None:
    if breaker.is_open:
        _count(task, "skipped")
        return
    try:
        task.apply_async((pk,), retry=False, countdown=after)
    except (OperationalError, OSError) as error:
        breaker.trip()
        logger.warning("No broker (%s): bells are skipped for %d s, the sweeper finds the work.", error, QUIET_SECONDS)
        _count(task, "failed")
        return
    except Exception:
        # Whatever the broker's client raises must not turn stored work into an error.
        breaker.trip()
        logger.exception("%s was not rung for %d.", task.name, pk)
        _count(task, "failed")
        return
    _count(task, "rung")


def _count(task: "Task[[int], None]", result: str) -> None:
    counter.labels(str(task.name), result).inc()
