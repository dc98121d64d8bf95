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


@dataclass(slots=True, kw_only=True)
class Traffic:
    """Customers who write until they are stopped: ``rate`` messages a second over ``customers`` threads of talk."""

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
            while not self._stop.wait(1 / self.rate):
                line = f"{dice.choice(LINES)} ({self.written + 1})"
                user = f"customer-{dice.randrange(self.customers)}"
                client.post("/_sim/say", json={"user": user, "text": line}).raise_for_status()
                self.written += 1
