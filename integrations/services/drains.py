"""Who of this process takes in what: one thread a lane, so that one customer's flood holds one worker and not all of them."""

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class _Hold:
    """One thread's hold of a lane, and whether somebody asked since it last looked."""

    is_asked_again: bool = False


class Drains:
    """The lanes that threads of this process are taking in. Between processes the conversation's row decides."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holds: dict[Hashable, _Hold] = {}

    @contextmanager
    def rounds(self, lane: Hashable) -> Iterator[Iterator[int]]:
        """Rounds to go through with the lane: none if another thread is at it, which then goes through one more.

        The lane is let go when the rounds are over or the block ends, however it ends.
        """
        hold = _Hold()
        with self._lock:
            at_it = self._holds.setdefault(lane, hold)
            # Whoever is at it may have looked already, and looks once more.
            at_it.is_asked_again = at_it is not hold
        if at_it is not hold:
            yield iter(())
            return
        try:
            yield self._rounds(lane, hold)
        finally:
            with self._lock:
                if self._holds.get(lane) is hold:
                    del self._holds[lane]

    def _rounds(self, lane: Hashable, hold: _Hold) -> Iterator[int]:
        number = 1
        yield number
        while self._goes_on(lane, hold):
            number += 1
            yield number

    def _goes_on(self, lane: Hashable, hold: _Hold) -> bool:
        """Whether somebody asked since the last look. If not the lane is let go in the same moment, so that none is missed."""
        with self._lock:
            if hold.is_asked_again:
                hold.is_asked_again = False
                return True
            del self._holds[lane]
            return False
