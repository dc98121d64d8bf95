"""What every fault has to work with: the product, its servers, dice, and a clock that says when it is enough."""

import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from drill.rig import DrillFailed, Rig, Shape
from drill.servers import Servers

BOTH: tuple[Shape, ...] = ("embedded", "services")
SERVICES: tuple[Shape, ...] = ("services",)
EMBEDDED: tuple[Shape, ...] = ("embedded",)
ORDERS_SECONDS = 30


@dataclass(slots=True, kw_only=True)
class Stage:
    """A running product under traffic. ``figures`` are what a fault measured beside the verdict, by name."""

    rig: Rig
    dice: random.Random
    ends_at: float
    servers: Servers | None = None
    injected: int = 0
    figures: dict[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    looks: list[Callable[[], None]] = field(default_factory=list)
    _key: str = ""

    @property
    def own_servers(self) -> Servers:
        """The drill's PostgreSQL and Redis. Raises DrillFailed where this shape has none."""
        if self.servers is None:
            raise DrillFailed("This fault needs the drill's own PostgreSQL and Redis.")
        return self.servers

    def goes_on(self) -> bool:
        """Whether there is time for another strike."""
        return time.monotonic() < self.ends_at

    def at_rest(self, look: Callable[[], None]) -> None:
        """Look at something once everything has come to rest."""
        self.looks.append(look)

    def pause(self, low: float, high: float = 0.0) -> None:
        """Let the product work for a while, in seconds; of random length where two are given."""
        time.sleep(self.dice.uniform(low, max(low, high)))

    def strikes(self, low: float, high: float) -> Iterator[int]:
        """The fault's strikes, one after each pause, until the time is over."""
        number = 0
        while self.goes_on():
            self.pause(low, high)
            number += 1
            self.injected += 1
            yield number

    def highest(self, name: str, value: float) -> None:
        """Keep the highest value of a figure."""
        self.figures[name] = max(round(value, 3), self.figures.get(name, 0.0))

    def object_to(self, sentence: str) -> None:
        """Note what did not hold."""
        self.problems.append(sentence)

    @contextmanager
    def rules(self, *rules: dict[str, object]) -> Iterator[None]:
        """Let the simulator misbehave while the block runs."""
        self.rig.simulator(
            "POST", "faults", {"rules": list(rules), "replace": True, "seed": self.dice.randrange(10**6)}
        )
        try:
            yield
        finally:
            self.rig.simulator("DELETE", "faults")

    def metrics(self) -> dict[str, float]:
        """What the product's door tells about itself, by name and labels as they stand there."""
        if not self._key:
            made = self.rig.manage("apikey", "create", f"drill-{time.time_ns()}", "--scope", "operations:read")
            self._key = json.loads(made)["key"]
        answer = httpx2.get(f"{self.rig.url}/metrics", headers={"Authorization": f"Bearer {self._key}"}, timeout=30)
        lines = [line.rpartition(" ") for line in answer.text.splitlines() if line and not line.startswith("#")]
        return {name: float(value) for name, _, value in lines}

    def knock(self, *, at: str = "/webhooks/tiktok", seconds: float = 10.0) -> tuple[int, float]:
        """Look at the product's door as a platform would, or at another page; the status (0: no answer) and how long it took in seconds."""
        begun = time.monotonic()
        try:
            status = httpx2.get(f"{self.rig.url}{at}", timeout=seconds).status_code
        except httpx2.TransportError:
            status = 0
        return status, time.monotonic() - begun

    def say(self, user: str, text: str) -> dict[str, Any]:
        """A customer of this fault's own writes."""
        said: dict[str, Any] = self.rig.simulator("POST", "say", {"user": user, "text": text})
        return said


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One row of the matrix. ``needs`` names what only a full drill may use, such as a privilege."""

    number: str
    name: str
    strike: Callable[[Stage], None]
    shapes: tuple[Shape, ...] = BOTH
    needs: str = ""
