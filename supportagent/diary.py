"""What is to be done at a later moment, done by a thread that sleeps until then. Nothing is lost with it but time."""

import heapq
import logging
import threading
import time
from collections.abc import Callable
from itertools import count

logger = logging.getLogger(__name__)

MOST = 10_000


class Diary:
    """Calls what was noted when its moment comes, one after another: what takes long belongs to somebody else."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._pages: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def note(self, seconds: float, call: Callable[[], object]) -> bool:
        """Call ``call`` in so many seconds; False where too much is noted already."""
        with self._changed:
            if len(self._pages) >= MOST:
                return False
            heapq.heappush(self._pages, (time.monotonic() + seconds, next(self._numbers), call))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify()
            return True

    def _run(self) -> None:
        while True:
            call = self._next()
            try:
                call()
            except Exception:
                logger.exception("What was noted in the diary could not be done.")

    def _next(self) -> Callable[[], object]:
        with self._changed:
            while True:
                left = self._pages[0][0] - time.monotonic() if self._pages else None
                if left is not None and left <= 0:
                    return heapq.heappop(self._pages)[2]
                self._changed.wait(left)
