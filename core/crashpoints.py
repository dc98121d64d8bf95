"""Crash points: named instants at which a drill lets a process die, exactly as ``kill -9`` would end it there, or freeze.

They are inert: outside a drill ``crash_point`` is one test of one name. With CRASH_POINTS=1 (a setting for tests, refused
in production) ``CRASH_AT=<name>[:n]`` kills the process at its n-th pass; ``<name>[:n]=stop`` freezes it there instead, as
SIGSTOP does, until somebody sends SIGCONT. ``CRASH_AT=@<file>`` looks for that order in a file at each pass: whoever
strikes takes the file away first, so that an order is carried out once, by one process.
"""

import os
import signal
import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

POINTS: Mapping[str, str] = {
    "ingress.before_insert": "an event is judged authentic, and is not kept yet",
    "ingress.after_commit_before_200": "the event is kept, and the platform does not know",
    "ingest.mid_tx": "a message is written, and its event not yet ended",
    "ingest.after_commit": "messages are taken in, and nobody was rung for",
    "turn.after_claim": "a turn is claimed, and nobody thinks",
    "turn.before_llm": "the lease is being kept, and nothing is thought yet",
    "turn.after_llm": "the answer is thought, and nothing of it written",
    "turn.commit_mid_tx": "the reply is written, and its run not yet ended",
    "turn.after_commit": "the reply is queued, and nobody was rung for",
    "send.after_claim_commit": "a delivery is claimed, and no connection opened",
    "send.after_connect": "the platform is connected to, and nothing said",
    "send.after_request_bytes": "the platform has the whole request",
    "send.after_response_before_write": "the platform has answered, and that is not written",
    "send.after_write": "the end of the attempt is written",
    "reconcile.after_lookup": "the platform was read, and the doubt not yet ended",
    "takeover.mid_tx": "a person owns the conversation, and that is not committed",
    "sweeper.between_steps": "one step of the sweep is done, the next not begun",
    "spend.after_reserve": "money is reserved for a call that is not made",
    "erase.mid_tx": "a person's ids are hashes, and what they said is still there",
    "export.mid_stream": "a part of a file is written, and its row does not know",
}


DEEDS = {"die": (signal.SIGKILL, "kills itself"), "stop": (signal.SIGSTOP, "freezes until it is told to go on")}


class _Order:
    """Where and at which pass to do what."""

    def __init__(self, text: str) -> None:
        place, _, deed = text.strip().partition("=")
        name, _, pass_number = place.partition(":")
        if name not in POINTS:
            raise ImproperlyConfigured(f"CRASH_AT names no crash point ({name}). Choose one of: {', '.join(POINTS)}.")
        if pass_number and not (pass_number.isdecimal() and int(pass_number) > 0):
            raise ImproperlyConfigured(f"CRASH_AT={text.strip()} does not say at which pass: write {name}:1 or higher.")
        if deed and deed not in DEEDS:
            raise ImproperlyConfigured(
                f"CRASH_AT={text.strip()} does not say what to do: end it with {' or '.join(f'={known}' for known in DEEDS)}."
            )
        self.name = name
        self.pass_number = int(pass_number or 1)
        self.signal, self.words = DEEDS[deed or "die"]


class _Fuse:
    """Counts this process's passes and carries out the order."""

    def __init__(self, at: str) -> None:
        self._file = Path(at[1:]) if at.startswith("@") else None
        self._order = _Order(at) if at and self._file is None else None
        self._passes: Counter[str] = Counter()
        self._lock = threading.Lock()

    def passed(self, name: str) -> None:
        """One more pass; this may be the last thing the process does."""
        with self._lock:
            self._passes[name] += 1
            order = self._order_for(name)
            if order is not None:
                os.write(2, f"Crash point {name}: this process {order.words}.\n".encode())
                # To this thread: a signal to the process lets it run on until another thread has stopped everybody.
                signal.pthread_kill(threading.get_ident(), order.signal)

    def _order_for(self, name: str) -> _Order | None:
        """The order that is meant for this pass."""
        if self._file is None:
            order = self._order
            return (
                order if order is not None and (name, self._passes[name]) == (order.name, order.pass_number) else None
            )
        try:
            order = _Order(self._file.read_text())
            if name != order.name or self._passes[name] < order.pass_number:
                return None
            self._file.unlink()
        except FileNotFoundError:
            return None
        return order


_fuse: _Fuse | None = None


def arm(at: str) -> None:
    """From now on carry out what CRASH_AT says; empty is nothing. Raises ImproperlyConfigured."""
    global _fuse  # noqa: PLW0603  (one process has one fuse)
    _fuse = _Fuse(at)


def disarm() -> None:
    """Make every point inert again."""
    global _fuse  # noqa: PLW0603  (one process has one fuse)
    _fuse = None


def are_armed() -> bool:
    """Whether crash points may strike in this process."""
    return _fuse is not None


def crash_point(name: str) -> None:
    """Die or freeze here, if that was ordered."""
    if _fuse is not None:
        _fuse.passed(name)
