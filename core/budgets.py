"""How much may be done in a moment."""

import time


class TokenBucket:
    """So many ``at_once``, and so many ``a_second`` after that."""

    __slots__ = ("_a_second", "_at_once", "_filled_at", "_tokens")

    def __init__(self, at_once: int, a_second: float) -> None:
        self._at_once = at_once
        self._a_second = a_second
        self._tokens = float(at_once)
        self._filled_at = time.monotonic()

    def spend(self) -> bool:
        """Take a token; False where none is left. Of threads at once one may get a token too many."""
        now = time.monotonic()
        self._tokens = min(self._at_once, self._tokens + (now - self._filled_at) * self._a_second)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
