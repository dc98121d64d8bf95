"""Ringing for workers: a Celery task that carries one primary key.

The row that the bell is about is committed already, so a bell that is not rung costs only the time until the sweeper
looks. Nothing here raises, but where Celery runs tasks in place (in tests): there the task's own error belongs to the
caller. After a failure the broker is left alone for a while, so that a dead one makes nobody wait twice.
"""

import logging
import threading
import time

from celery import Task
from kombu.exceptions import OperationalError
from prometheus_client import Counter

from core import vitals

logger = logging.getLogger(__name__)

QUIET_SECONDS = 5.0
MOST_WAITING = 10_000

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
        self._waiting: dict[tuple[str, str], tuple[Task[[int], None], int]] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, task: "Task[[int], None]", pk: int, place: str) -> None:
        """Ring for ``pk`` soon, or for the latest pk of the same place."""
        with self._lock:
            if self._breaker.is_open or len(self._waiting) >= MOST_WAITING:
                _count(task, "skipped")
                return
            self._waiting[(str(task.name), place)] = (task, pk)
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
            for task, pk in bells:
                _ring(task, pk, self._breaker)


breaker = Breaker()
vitals.tell("bells", lambda: ["Redis"] if breaker.is_open else [])
_ringer = _Ringer(breaker)


def ring(task: "Task[[int], None]", pk: int, *, after: float = 0.0) -> bool:
    """Ask a worker to run ``task`` for ``pk`` in ``after`` seconds; whether the broker took it.

    Waits for the broker, for as long as its connection's time limits allow.
    """
    if task.app.conf.task_always_eager:
        task.apply_async((pk,))
        return True
    return _ring(task, pk, breaker, after=after)


def ring_aside(task: "Task[[int], None]", pk: int, *, place: str = "") -> None:
    """Ask a worker to run ``task`` for ``pk``, without waiting for the broker; bells for one ``place`` become one."""
    if task.app.conf.task_always_eager:
        task.apply_async((pk,))
        return
    _ringer.add(task, pk, place or str(pk))


def _ring(task: "Task[[int], None]", pk: int, breaker: Breaker, *, after: float = 0.0) -> bool:
    if breaker.is_open:
        _count(task, "skipped")
        return False
    try:
        task.apply_async((pk,), retry=False, countdown=after)
    except (OperationalError, OSError) as error:
        breaker.trip()
        logger.warning("No broker (%s): bells are skipped for %d s, the sweeper finds the work.", error, QUIET_SECONDS)
        _count(task, "failed")
        return False
    except Exception:
        # Whatever the broker's client raises must not turn stored work into an error.
        breaker.trip()
        logger.exception("%s was not rung for %d.", task.name, pk)
        _count(task, "failed")
        return False
    _count(task, "rung")
    return True


def _count(task: "Task[[int], None]", result: str) -> None:
    counter.labels(str(task.name), result).inc()
