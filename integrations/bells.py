"""Ringing for a worker without waiting for the broker.

A bell is a Celery task that carries one primary key. It is rung from a thread of its own, so that a broker that hangs
costs the caller nothing, and a lost bell costs only the time until the sweeper looks.
"""

import logging
import threading
import time
from typing import Any

from celery import Task

logger = logging.getLogger(__name__)

REST_SECONDS = 5.0
MOST_WAITING = 10_000


class _Ringer:
    """Rings what waits, one at a time; several bells for the same place become one."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], tuple[Task[Any, None], int]] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._silent_until = 0.0

    def add(self, task: Task[Any, None], pk: int, place: str) -> None:
        """Ring for ``pk`` soon, or for the latest pk of the same place."""
        if time.monotonic() < self._silent_until:
            return
        with self._lock:
            if len(self._waiting) >= MOST_WAITING:
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
                if not self._ring(task, pk):
                    break

    def _ring(self, task: Task[Any, None], pk: int) -> bool:
        try:
            task.apply_async((pk,), retry=False)
        except Exception:
            # Whatever the broker's client raises: the row is committed, and the sweeper finds it.
            self._silent_until = time.monotonic() + REST_SECONDS
            logger.exception("No broker for %s(%d); the sweeper takes over for %.0f s.", task.name, pk, REST_SECONDS)
            return False
        return True


_ringer = _Ringer()


def ring(task: Task[Any, None], pk: int, *, place: str = "") -> None:
    """Wake a worker for ``pk``. Never blocks, never raises; bells for the same ``place`` are rung once."""
    if task.app.conf.task_always_eager:
        task.apply_async((pk,), retry=False)
        return
    _ringer.add(task, pk, place or str(pk))
