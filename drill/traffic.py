"""Customers of a drill: each writes through the simulator, which signs, delivers and repeats as the platform does."""

import random
import threading
from dataclasses import dataclass, field

import httpx2

from drill.rig import Rig

LINES = (
    "Where is my order? I have waited for days.",
    "How long does delivery to France take?",
    "What does shipping cost?",
    "Can I return a jacket that does not fit?",
    "When will my refund arrive?",
    "Do you have this tent in another size?",
    "Hello, are you there?",
    "Wie lange dauert die Lieferung?",
)
# How many messages somebody sends in one breath.
BREATHS = (1, 1, 1, 2, 3, 4)
# After so many messages one customer falls silent and another, who never wrote before, begins.
MESSAGES_A_CUSTOMER = 8


@dataclass(slots=True, kw_only=True)
class Traffic:
    """Customers who write until they are stopped: ``rate`` messages a second; ``customers`` talk at the same time."""

    rig: Rig
    rate: float
    customers: int
    seed: int = 1
    written: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to write."""
        self._thread = threading.Thread(target=self._write, name="traffic", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write no more."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _write(self) -> None:
        dice = random.Random(self.seed)
        with httpx2.Client(base_url=self.rig.sim_url, timeout=30) as client:
            breath = 1
            while not self._stop.wait(breath / self.rate):
                breath = dice.choice(BREATHS)
                number = self.written // MESSAGES_A_CUSTOMER + dice.randrange(self.customers)
                line = f"{dice.choice(LINES)} ({self.written + 1})"
                order = {"user": f"customer-{number}", "text": line, "count": breath}
                client.post("/_sim/say", json=order).raise_for_status()
                self.written += breath
