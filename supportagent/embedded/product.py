"""The whole product in one process: its parts, the order they start in, and the order they end in."""

import logging
import os
import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, connection, connections

from conversations import services as conversations
from core import bells
from integrations import keys
from supportagent import demo
from supportagent.asgi import application
from supportagent.duties import Duties
from supportagent.embedded.server import EmbeddedServer
from supportagent.embedded.simulator import SimulatorProcess
from supportagent.embedded.starting import CannotStart
from supportagent.embedded.worker import EmbeddedCelery
from supportagent.warming import load_the_engine
from supportagent.watchdog import TaskClock, Watchdog

logger = logging.getLogger(__name__)

END_SECONDS = 3.0
LISTEN_SECONDS = 10.0
LAST_RESORT_SECONDS = 8.0


class Product:
    """Worker, beat, sweeper, simulator and server. ``when_ready`` is called once people can come in."""

    def __init__(self, *, with_simulator: bool, when_ready: Callable[[], None]) -> None:
        self._when_ready = when_ready
        self._stop = threading.Event()
        self._celery = EmbeddedCelery()
        self._duties = Duties()
        self._sweeping = threading.Thread(target=self._duties.run, args=(self._stop,), name="sweeper", daemon=True)
        self._simulator = (
            SimulatorProcess(
                port=settings.SIM_PORT, folder=settings.VAR_DIR / "simulator", config=demo.simulator_config()
            )
            if with_simulator
            else None
        )
        self._clock = TaskClock()
        self._starting = threading.Thread(target=self._start_the_work, name="starting", daemon=True)
        self._start_failed = False
        self._server = EmbeddedServer(
            application,
            host=settings.HOST,
            port=settings.PORT,
            when_listening=self._starting.start,
            when_ending=self._be_done_soon,
        )
        self._give_up = threading.Timer(LAST_RESORT_SECONDS, os._exit, args=(0,))
        self._give_up.daemon = True

    def run(self) -> None:
        """Serve until told to end (Ctrl-C or SIGTERM). Raises CannotStart where the port was taken meanwhile."""
        try:
            # Whoever is let in may write at once, so the engine is there before anybody is.
            load_the_engine()
            keys.warm()
            connections.close_all()
            self._server.run()
        finally:
            self._end()
        if self._server.could_not_listen:
            raise CannotStart(
                f"Port {settings.PORT} was taken while this started ({self._server.could_not_listen}): start it again."
            )
        if self._start_failed:
            raise CannotStart("The work could not be started, for the reason above: start it again.")

    def _start_the_work(self) -> None:
        """Start each part that calls somebody only when that one listens: the simulator after us, our work after it."""
        try:
            if self._simulator is not None:
                self._simulator.start()
                if not self._simulator.wait_until_it_listens(LISTEN_SECONDS) and not self._stop.is_set():
                    logger.warning("The simulator does not listen yet; what is due is tried all the same.")
            if self._stop.is_set():
                return
            _take_over()
            self._celery.start()
            bells.answer(self._duties.answer)
            self._sweeping.start()
            Watchdog(
                oldest=lambda: max(self._clock.oldest_seconds(), self._duties.oldest_seconds()),
                stalled=lambda: self._duties.stalled_seconds,
            ).start()
            self._when_ready()
        except Exception:
            logger.exception("The work could not be started.")
            self._start_failed = True
            self._server.end()

    def _be_done_soon(self) -> None:
        """From the wish to end on, whatever hangs hangs for so long at most."""
        if self._give_up.ident is None:
            self._give_up.start()

    def _end(self) -> None:
        logger.info("Ending…")
        self._be_done_soon()
        until = time.monotonic() + END_SECONDS
        self._stop.set()
        if self._starting.is_alive() and self._simulator is not None:
            # It may be what the start waits for.
            self._simulator.stop()
        if self._starting.ident is not None:
            self._starting.join(max(0.1, until - time.monotonic()))
        self._duties.retire()
        done = self._celery.stop(max(0.1, until - time.monotonic()))
        done &= self._duties.wait(max(0.1, until - time.monotonic()))
        if self._sweeping.ident is not None:
            self._sweeping.join(1.0)
        # Last, so that whoever still calls it is answered.
        if self._simulator is not None:
            self._simulator.stop()
        connections.close_all()
        if not done:
            logger.info("Work was under way; the next start finds it in the database and goes on.")
            # A pool's threads would hold the interpreter until they are through.
            os._exit(0)
        self._give_up.cancel()


def _take_over() -> None:
    """Go on at once with what the last run was at: whoever holds the data folder is alone on its SQLite file."""
    if connection.vendor != "sqlite":
        return
    try:
        if left := conversations.end_all_leases():
            logger.info("The last run ended in the middle of %d pieces of work; they are gone on with.", left)
    except DatabaseError:
        logger.warning("What the last run was at waits until its leases end.", exc_info=True)
