"""Ringing for workers. The row is committed already, so a bell that cannot be rung costs at most a sweep's wait."""

import logging
import threading
import time

from celery import Task
from kombu.exceptions import OperationalError

from supportagent import counters

logger = logging.getLogger(__name__)

QUIET_SECONDS = 5.0


class Breaker:
    """After a failure the broker is left alone for a while, so that no request waits for a dead one twice."""

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


breaker = Breaker()


def ring(task: "Task[[int], None]", pk: int, *, after: float = 0.0) -> bool:
    """Ask a worker to run ``task`` for ``pk`` in ``after`` seconds; whether the broker took it.

    Never raises, but where Celery runs tasks in place (in tests): there the task's own error belongs to the caller.
    """
    if task.app.conf.task_always_eager:
        task.apply_async((pk,))
        return True
    if breaker.is_open:
        counters.count_bell(str(task.name), "skipped")
        return False
    try:
        task.apply_async((pk,), retry=False, countdown=after)
    except (OperationalError, OSError) as error:
        breaker.trip()
        logger.warning("No broker (%s): bells are skipped for %d s, the sweeper finds the work.", error, QUIET_SECONDS)
        counters.count_bell(str(task.name), "failed")
        return False
    except Exception:
        # A bell is rung after the commit: whatever goes wrong here must not turn stored work into an error.
        breaker.trip()
        logger.exception("%s was not rung for %d.", task.name, pk)
        counters.count_bell(str(task.name), "failed")
        return False
    counters.count_bell(str(task.name), "rung")
    return True
