"""``manage.py work``: the sweeper as a process of its own, which answers and sends by itself."""

import json
import signal
import threading
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError

from core import bells, memory
from core.terminal import OwnCommand, what_is_missing
from supportagent.duties import Duties
from supportagent.embedded.starting import CannotStart, hold
from supportagent.warming import load_the_engine_meanwhile
from supportagent.watchdog import Watchdog

GRACE_SECONDS = 20.0


class Command(OwnCommand):
    """The one process of production without which nothing is answered."""

    help = "Find what is due and do it, until SIGTERM. Redis and other workers only make it quicker."

    def add_arguments(self, parser: CommandParser) -> None:
        """``--threads`` and ``--once``."""
        parser.add_argument(
            "--threads", type=int, help="how many answers, and how many sends, at a time (WORK_THREADS)"
        )
        parser.add_argument("--once", action="store_true", help="one pass; print what it found as JSON")

    def handle(self, *_args: object, threads: int | None, once: bool, **_options: Any) -> None:
        """Sweep."""
        if threads is not None:
            if threads < 1:
                raise CommandError("At least one thread has to work: --threads 1.", returncode=2)
            settings.WORK_THREADS = threads
        self._require_tables()
        memory.be_sparing()
        duties = Duties()
        if once:
            self._once(duties)
            return
        if settings.EMBEDDED:
            self._beside_nobody(duties)
        else:
            self._sweep(duties)

    def _require_tables(self) -> None:
        # A database that does not answer now may do so later; one without tables gets none by waiting.
        with suppress(DatabaseError):
            if missing := what_is_missing():
                raise CommandError(missing)

    def _once(self, duties: Duties) -> None:
        found = duties.sweep_once()
        duties.wait(settings.TASK_LIMIT_SECONDS)
        duties.retire()
        if not found:
            raise CommandError("The database does not answer: see the line above.")
        self.stdout.write(json.dumps(found))

    def _beside_nobody(self, duties: Duties) -> None:
        try:
            with hold(settings.VAR_DIR):
                self._sweep(duties)
        except CannotStart as problem:
            raise CommandError(f"{problem} What runs there sweeps already.") from None

    def _sweep(self, duties: Duties) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        Watchdog(oldest=duties.oldest_seconds, stalled=lambda: duties.stalled_seconds).start()
        load_the_engine_meanwhile()
        bells.listen(duties.sweeper.hear)
        bells.answer(duties.answer)
        self.tell(f"Working with {settings.WORK_THREADS} threads each for answers and sends.")
        duties.run(stop)
        duties.retire()
        if duties.wait(GRACE_SECONDS):
            self.tell("Everything in hand is done.")
        else:
            self.tell("Something was still under way; its lease runs out and another takes it.")
