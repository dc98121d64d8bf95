"""Customers of a drill: each writes through the simulator, which signs, delivers and repeats as the platforms do."""

import random
import threading
from dataclasses import dataclass, field

from drill import wire
from drill.channels import CHANNELS, Customers
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
# After so many long breaths one customer falls silent and another, who never wrote before, begins.
LONG_BREATHS_A_CUSTOMER = 2


def mean_breath(breath: int) -> float:
    """How many messages somebody sends in one breath on average, of ``breath`` at most."""
    breaths = _breaths(breath)
    return sum(breaths) / len(breaths)


def _breaths(most: int) -> tuple[int, ...]:
    return (1, 1, 1, max(1, most // 2), max(1, most * 3 // 4), most)


@dataclass(slots=True, kw_only=True)
class Traffic:
    """Customers who write until they are stopped: ``rate`` messages a second; ``customers`` talk at the same time.

    Half of what they send is one message alone, the rest up to ``breath`` messages in one breath, which are answered together.
    """

    rig: Rig
    rate: float
    breath: int
    customers: int
    seed: int = 1
    channels: tuple[str, ...] = CHANNELS
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
        breaths = _breaths(self.breath)
        with wire.Client(base_url=self.rig.sim_url, timeout=30) as client:
            customers = Customers(rig=self.rig, client=client, channels=self.channels)
            breath = 1
            while not self._stop.wait(breath / self.rate):
                breath = dice.choice(breaths)
                number = self.written // (LONG_BREATHS_A_CUSTOMER * self.breath) + dice.randrange(self.customers)
                line = f"{dice.choice(LINES)} ({self.written + 1})"
                customers.write(number, line, breath)
                self.written += breath
