"""Threads that take work by the row: never the same row twice at once, and never more than there are hands."""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from queue import SimpleQueue

from django.db import close_old_connections

logger = logging.getLogger(__name__)

Job = tuple[str, int]
Work = Callable[[int], object]


class Crew:
    """``threads`` workers. What they cannot take now stays where it is: the rows are the queue."""

    def __init__(self, name: str, threads: int) -> None:
        self.name = name
        self.threads = threads
        self._waiting: SimpleQueue[tuple[Job, Work] | None] = SimpleQueue()
        self._in_hand: dict[Job, float] = {}
        self._idle = threading.Condition()
        self._finished = 0
        self._is_retired = False
        self._hands: list[threading.Thread] = []

    @property
    def finished(self) -> int:
        """How many jobs have ended, well or badly."""
        return self._finished

    @property
    def free(self) -> int:
        """How many more jobs could begin now."""
        with self._idle:
            return self.threads - len(self._in_hand)

    @property
    def oldest_seconds(self) -> float:
        """How long the longest job has been going on."""
        with self._idle:
            return time.monotonic() - min(self._in_hand.values()) if self._in_hand else 0.0

    def give(self, kind: str, pks: Iterable[int], work: Work) -> int:
        """Begin ``work(pk)`` for each that is not in hand already, as far as hands are free; returns how many."""
        self._hire()
        taken = 0
        for pk in pks:
            job = (kind, pk)
            with self._idle:
                if self._is_retired or len(self._in_hand) >= self.threads:
                    break
                if job in self._in_hand:
                    continue
                self._in_hand[job] = time.monotonic()
            self._waiting.put((job, work))
            taken += 1
        return taken

    def wait(self, seconds: float) -> bool:
        """Wait until nothing is in hand; False if that took longer than ``seconds``."""
        with self._idle:
            return self._idle.wait_for(lambda: not self._in_hand, timeout=seconds)

    def retire(self) -> None:
        """Take nothing more, and go when the work in hand is done."""
        with self._idle:
            self._is_retired = True
        for _ in self._hands:
            self._waiting.put(None)

    def _hire(self) -> None:
        while len(self._hands) < self.threads:
            # Daemons: a process that must end does not wait for a model, for the row will be found again.
            hand = threading.Thread(target=self._work, name=f"{self.name}-{len(self._hands)}", daemon=True)
            self._hands.append(hand)
            hand.start()

    def _work(self) -> None:
        while (given := self._waiting.get()) is not None:
            (kind, pk), work = given
            try:
                close_old_connections()
                work(pk)
            except Exception:
                logger.exception("The %s of %d failed.", kind, pk)
            finally:
                close_old_connections()
                with self._idle:
                    del self._in_hand[(kind, pk)]
                    self._finished += 1
                    self._idle.notify_all()
