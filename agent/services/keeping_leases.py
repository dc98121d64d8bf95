"""The leases of the turns that are thought about in this process: one thread keeps them all, so that none costs a thread."""

import itertools
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection

from conversations import services as conversations
from conversations.types import Turn

logger = logging.getLogger(__name__)

HEARTBEATS_A_LEASE = 4


class Leases:
    """Turns, each with its owner. The thread begins with the first of them, and goes when it finds none left."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[int, tuple[Turn, str]] = {}
        self._numbers = itertools.count(1)
        self._is_kept = False

    @contextmanager
    def kept(self, turn: Turn, owner: str) -> Iterator[None]:
        """Keep the turn's lease while the block runs."""
        number = next(self._numbers)
        with self._lock:
            self._held[number] = (turn, owner)
            if not self._is_kept:
                self._is_kept = True
                threading.Thread(target=self._keep, name="leases", daemon=True).start()
        try:
            yield
        finally:
            with self._lock:
                self._held.pop(number, None)

    def _keep(self) -> None:
        never = threading.Event()
        while True:
            never.wait(settings.TURN_LEASE_SECONDS / HEARTBEATS_A_LEASE)
            with self._lock:
                held = dict(self._held)
                self._is_kept = bool(held)
                if not held:
                    return
            try:
                for number, (turn, owner) in held.items():
                    self._extend(number, turn, owner)
            finally:
                connection.close()

    def _extend(self, number: int, turn: Turn, owner: str) -> None:
        try:
            is_ours = conversations.extend_turn(turn, owner=owner)
        except Exception:
            # The commit's epoch check decides whether the turn is still ours; a missed beat alone loses nothing.
            logger.warning("The lease of turn %d was not extended", turn.epoch, exc_info=True)
            return
        if not is_ours:
            with self._lock:
                self._held.pop(number, None)


leases_of_turns = Leases()
