"""The bulkhead: how many calls may be under way at once, so that a slow provider cannot hold every thread of a process."""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class Bulkhead:
    """Places for calls, shared by the threads of a process that has ``threads`` for answers.

    One provider has half of them, and all providers together three quarters: where everything outside hangs, as behind a
    network that swallows, the rest still hands over and answers from the embedded engine. One thread alone calls as it may.
    """

    def __init__(self, providers: Iterable[str], *, threads: int) -> None:
        """Give every provider its places."""
        self.each = max(1, threads // 2)
        self.together = max(1, threads - max(1, threads // 4))
        self._of = {name: threading.BoundedSemaphore(self.each) for name in providers}
        self._of_all = threading.BoundedSemaphore(self.together)

    @contextmanager
    def place(self, provider: str, *, wait: float) -> Iterator[bool]:
        """Hold a place while the block runs; False where none came free in ``wait`` seconds."""
        ends = time.monotonic() + wait
        if not self._of[provider].acquire(timeout=wait):
            yield False
            return
        try:
            if not self._of_all.acquire(timeout=max(0.0, ends - time.monotonic())):
                yield False
                return
            try:
                yield True
            finally:
                self._of_all.release()
        finally:
            self._of[provider].release()
