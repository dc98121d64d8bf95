"""Counters that need no file: queries in the last minute, and who is typing."""

import threading
import time
from collections import deque


class QueryLimit:
    """How many queries each account made in the last sixty seconds. Refused queries do not count."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[str, deque[float]] = {}

    def allows(self, account: str, *, per_minute: int) -> bool:
        """Count this query, or refuse it; a limit of 0 means no limit."""
        now = time.monotonic()
        with self._lock:
            calls = self._calls.setdefault(account, deque())
            while calls and calls[0] <= now - 60:
                calls.popleft()
            if per_minute and len(calls) >= per_minute:
                return False
            calls.append(now)
            return True


class Typing:
    """Conversations in which the business is shown as typing."""

    SHOWN_FOR = 5.0

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def start(self, conversation_id: str) -> None:
        """Show the dots for the next five seconds."""
        self._until[conversation_id] = time.time() + self.SHOWN_FOR

    def stop(self, conversation_id: str) -> None:
        """The message is there: the dots go."""
        self._until.pop(conversation_id, None)

    def until(self, conversation_id: str) -> float:
        """Unix seconds until which the dots are shown; 0 when they are not."""
        until = self._until.get(conversation_id, 0.0)
        return until if until > time.time() else 0.0
