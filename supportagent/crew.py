"""Threads that take work by the row: never the same row twice at once, and never more than they can soon begin."""

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
    """``threads`` workers, and room for ``ahead`` more jobs, so that no hand rests until somebody looks for work again.

    What they cannot take now stays where it is: the rows are the queue. Whatever a job does it claims in the row, so
    that one begun too late, or for nothing, changes nothing.
    """

    def __init__(
        self, name: str, threads: int, *, ahead: int = 0, when_short: Callable[[], object] = lambda: None
    ) -> None:
        """``when_short`` is called once there is room again after something was left out for want of it."""
        self.name = name
        self.threads = threads
        self.most = threads + ahead
        self._waiting: SimpleQueue[tuple[Job, Work] | None] = SimpleQueue()
        self._taken: set[Job] = set()
        self._begun: dict[Job, float] = {}
        self._wanted_again: set[Job] = set()
        self._when_short = when_short
        self._has_left_out = False
        self._idle = threading.Condition()
        self._finished = 0
        self._is_retired = False
        self._hands: list[threading.Thread] = []

    @property
    def finished(self) -> int:
        """How many jobs have ended, well or badly."""
        return self._finished

    @property
    def in_hand(self) -> int:
        """How many jobs are under way."""
        return len(self._begun)

    @property
    def room(self) -> int:
        """How many more jobs would be taken now."""
        with self._idle:
            return self.most - len(self._taken)

    @property
    def oldest_seconds(self) -> float:
        """How long the longest job has been going on."""
        with self._idle:
            return time.monotonic() - min(self._begun.values()) if self._begun else 0.0

    def give(self, kind: str, pks: Iterable[int], work: Work) -> int:
        """Take ``work(pk)`` for each that is not taken already, as far as there is room; returns how many."""
        self._hire()
        taken = 0
        for pk in pks:
            with self._idle:
                if (kind, pk) in self._taken:
                    continue
                if self._is_retired or len(self._taken) >= self.most:
                    self._has_left_out = True
                    break
                self._taken.add((kind, pk))
            self._waiting.put(((kind, pk), work))
            taken += 1
        return taken

    def call(self, kind: str, pk: int, work: Work) -> bool:
        """Take ``work(pk)`` because something new is to be done; False where there is no room, or others wait for it.

        Where it is under way already it may have looked before there was anything new, and is done once more. What was left
        out is looked for first, each in its turn: where very many call, nobody else would ever find room.
        """
        with self._idle:
            if (kind, pk) in self._taken:
                if (kind, pk) in self._begun:
                    self._wanted_again.add((kind, pk))
                return True
            if self._has_left_out:
                return False
        return bool(self.give(kind, (pk,), work))

    def take_along(self, kind: str, most: int) -> list[int]:
        """Up to ``most`` keys of this kind that no hand has begun: whoever asks does them with its own, and nobody else will."""
        with self._idle:
            waiting = [job for job in self._taken if job[0] == kind and job not in self._begun][:most]
            self._taken.difference_update(waiting)
        return [pk for _, pk in waiting]

    def wait(self, seconds: float) -> bool:
        """Wait until nothing is in hand; False if that took longer than ``seconds``."""
        with self._idle:
            return self._idle.wait_for(lambda: not self._taken, timeout=seconds)

    def retire(self) -> None:
        """Take and begin nothing more, and go when what is under way is done."""
        with self._idle:
            self._is_retired = True
            self._taken = set(self._begun)
            self._idle.notify_all()
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
            job, work = given
            if self._begin(job):
                has_done = self._do(job, work)
                while not self._end(job):
                    has_done |= self._do(job, work)
                if self._is_short(has_done=has_done):
                    self._when_short()

    def _do(self, job: Job, work: Work) -> bool:
        """Do it; False where the work says that there was nothing it could do, by 0, or fails."""
        kind, pk = job
        try:
            close_old_connections()
            return work(pk) != 0
        except Exception:
            logger.exception("The %s of %d failed.", kind, pk)
            return False
        finally:
            close_old_connections()

    def _begin(self, job: Job) -> bool:
        with self._idle:
            # Somebody may have taken it along, and it may have been asked for again since.
            if self._is_retired or job not in self._taken or job in self._begun:
                return False
            self._begun[job] = time.monotonic()
            return True

    def _is_short(self, *, has_done: bool) -> bool:
        """Whether somebody should look: something was left out, no more is taken than the hands are at, and one got on.

        What could do nothing would be found again at once, and again; it waits for the ordinary look.
        """
        with self._idle:
            if not self._has_left_out or self._is_retired or len(self._taken) > self.threads:
                return False
            if has_done or not self._taken:
                self._has_left_out = False
            return has_done

    def _end(self, job: Job) -> bool:
        """Let the job go, unless it was called for meanwhile: then it is to be done once more."""
        with self._idle:
            if job in self._wanted_again and not self._is_retired:
                self._wanted_again.discard(job)
                self._begun[job] = time.monotonic()
                return False
            self._wanted_again.discard(job)
            del self._begun[job]
            self._taken.discard(job)
            self._finished += 1
            self._idle.notify_all()
            return True
