"""Celery inside this process: a worker and the beat, as threads on a broker in memory."""

import logging
import threading
from typing import Any

# Celery loads these only when they are used: a bell's thread and the worker's, each by another door of the same package, could wait
# for each other there for ever (seen once in some hundred starts).
import celery.events.dispatcher
import celery.events.receiver  # noqa: F401
from celery import signals
from celery.beat import EmbeddedService
from celery.worker import WorkController
from celery.worker import state as worker_state
from django.conf import settings
from django_celery_beat.schedulers import DatabaseScheduler

from supportagent.celery import app

logger = logging.getLogger(__name__)
state: Any = worker_state

READY_SECONDS = 15.0


class EmbeddedCelery:
    """The worker's threads and the beat's."""

    def __init__(self) -> None:
        self._worker: Any = None
        self._thread: threading.Thread | None = None
        self._beat: Any = None
        self._ready = threading.Event()

    def start(self) -> None:
        """Begin to answer bells and to ring the periodic ones; returns once the worker listens."""
        # Nobody can reach a broker in this process's memory, and listening for commands costs a poll.
        app.conf.worker_enable_remote_control = False
        self._worker = WorkController(
            app=app,
            hostname="embedded@localhost",
            pool="threads",
            concurrency=settings.WORK_THREADS,
            loglevel=logging.WARNING,
            ready_callback=lambda _: self._ready.set(),
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
        )
        # Celery's own command sends this; it is what makes tasks close their database connections.
        signals.worker_init.send(sender=self._worker)
        self._thread = threading.Thread(target=self._worker.start, name="celery", daemon=True)
        self._thread.start()
        if not self._ready.wait(READY_SECONDS):
            logger.warning("The worker is not ready after %.0f s; the sweeper does its work meanwhile.", READY_SECONDS)
        self._beat = EmbeddedService(app, thread=True, scheduler_cls=DatabaseScheduler)
        self._beat.daemon = True
        self._beat.start()

    def stop(self, seconds: float) -> bool:
        """Finish what runs; False if something still runs after ``seconds``."""
        if self._beat is not None:
            self._beat.service.stop(wait=False)
        if self._thread is None:
            return True
        # The worker looks at this between two waits for a bell; 0 is the exit code.
        state.should_stop = 0
        self._thread.join(seconds)
        # Left as it is, it would stop the next worker of this process at once.
        state.should_stop = None
        return not self._thread.is_alive()
