"""Breakers: a model that keeps failing is left alone for a while, then asked once."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

FAILURES, WITHIN_SECONDS = 5, 30.0
LEAST_CALLS, WORST_SHARE = 10, 0.5
OPEN_SECONDS = 30.0
ACCOUNT_SECONDS = 600.0
# So long after its pause a model is still told of where no customer came for whom it could be tried.
TOLD_SECONDS = 600.0


@dataclass(slots=True)
class _Line:
    calls: deque[tuple[float, bool]] = field(default_factory=deque)
    open_until: float = 0.0
    was_open: bool = False
    is_probing: bool = False
    is_account: bool = False


class Breakers:
    """One breaker a (provider, model), shared by the threads of a process. ``now`` is a monotonic clock in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        """All closed."""
        self._now = now
        self._lines: dict[tuple[str, str], _Line] = {}
        self._lock = threading.Lock()

    def allows(self, name: tuple[str, str]) -> bool:
        """Whether a call may be made; after the pause exactly one caller is let through to try."""
        with self._lock:
            line = self._lines.setdefault(name, _Line())
            if not line.was_open:
                return True
            if self._now() < line.open_until or line.is_probing:
                return False
            line.is_probing = True
            return True

    def open_now(self) -> list[str]:
        """The models that are being left alone, as provider:model.

        Where it is quiet nobody tries them, and nothing is known any more after a while. An account's problem does not
        go away by itself, and is told until there is an answer.
        """
        with self._lock:
            since = self._now() - TOLD_SECONDS
            return [
                ":".join(name)
                for name, line in self._lines.items()
                if line.was_open and (line.is_account or line.open_until > since)
            ]

    def left_alone(self, name: tuple[str, str]) -> None:
        """Note that an allowed call was not made after all, so that another may be the probe."""
        with self._lock:
            self._lines.setdefault(name, _Line()).is_probing = False

    def succeeded(self, name: tuple[str, str]) -> None:
        """Note an answer; a probe's answer closes the breaker."""
        with self._lock:
            line = self._lines.setdefault(name, _Line())
            if line.was_open:
                line.calls.clear()
                line.was_open = line.is_probing = line.is_account = False
            self._note(line, ok=True)

    def failed(self, name: tuple[str, str], *, is_account: bool = False) -> bool:
        """Note a failure; True if the breaker is open now. An account's problem opens it for ten minutes at once."""
        with self._lock:
            line = self._lines.setdefault(name, _Line())
            self._note(line, ok=False)
            failures = sum(not ok for _, ok in line.calls)
            often = failures >= FAILURES
            mostly = len(line.calls) >= LEAST_CALLS and failures >= WORST_SHARE * len(line.calls)
            if is_account or often or mostly or line.is_probing:
                line.was_open, line.is_probing = True, False
                line.is_account = line.is_account or is_account
                # A call that was under way when an account's problem opened it must not shorten that.
                line.open_until = max(line.open_until, self._now() + (ACCOUNT_SECONDS if is_account else OPEN_SECONDS))
            return line.was_open

    def _note(self, line: _Line, *, ok: bool) -> None:
        now = self._now()
        line.calls.append((now, ok))
        while line.calls and line.calls[0][0] < now - WITHIN_SECONDS:
            line.calls.popleft()
