"""What every fault has to work with: the product, its servers, dice, and a clock that says when it is enough."""

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from typing import Any

import httpx2

from drill import wire
from drill.channels import CHANNELS
from drill.rig import DrillFailed, Rig
from drill.servers import Servers
from drill.shapes import Shape

BOTH: tuple[Shape, ...] = ("embedded", "services")
SERVICES: tuple[Shape, ...] = ("services",)
NO_REDIS = "this shape has no Redis"
NO_POSTGRES = "this shape has no PostgreSQL"
NO_SQLITE = "this shape has no SQLite"
EMBEDDED: tuple[Shape, ...] = ("embedded",)
# Platforms repeat and overtake themselves on a good day too. A fault of the webhooks' own brings its own.
NOISE: tuple[dict[str, object], ...] = (
    {"where": "webhook", "kind": "duplicate", "copies": 1, "probability": 0.2},
    {"where": "webhook", "kind": "reorder", "seconds": 0.5, "probability": 0.05},
)
SHORT_SECONDS, FULL_SECONDS = 20.0, 60.0
# A lease that has run out is found within seconds.
SHORT: Mapping[str, Any] = {
    "TURN_LEASE_SECONDS": 4.0,
    "SEND_LEASE_SECONDS": 5.0,
    "PLATFORM_CALL_SECONDS": 2.5,
    "RECONCILE_AFTER_SECONDS": [0.3, 0.8, 1.5],
}
# How much longer a fault may have to go on until it has shown itself.
SHOWN_SECONDS = 60.0
# Two minutes, and a restart of everything meanwhile.
UNDECIDED_SECONDS = 150.0
# What answers, by shape.
WORKERS: Mapping[Shape, tuple[str, ...]] = {"embedded": ("up",), "services": ("worker", "sweeper")}


@dataclass(slots=True, kw_only=True)
class Stage:
    """A running product under traffic. ``figures`` are what a fault measured beside the verdict, by name.

    ``struck_at`` are the instants of the strikes, in epoch seconds; ``noise`` the simulator's rules that are no fault.
    With ``is_exact`` what takes longer than was promised is a problem, else a remark: a busy machine proves nothing.
    """

    rig: Rig
    dice: random.Random
    ends_at: float
    servers: Servers | None = None
    is_exact: bool = False
    injected: int = 0
    struck_at: list[float] = field(default_factory=list)
    noise: set[int] = field(default_factory=set)
    figures: dict[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    looks: list[Callable[[], None]] = field(default_factory=list)
    began_at: float = field(default_factory=time.monotonic)
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

    def scaled(self, least: int, full: int) -> int:
        """How often something is to happen: ``least`` times in a short run, ``full`` times in one of a minute and more."""
        seconds = self.ends_at - self.began_at
        share = (seconds - SHORT_SECONDS) / (FULL_SECONDS - SHORT_SECONDS)
        if share < 0:
            return max(1, round(least * seconds / SHORT_SECONDS))
        return round(least + (full - least) * min(1.0, share))

    def patience(self, seconds: float) -> float:
        """How long to wait for what was promised within so many seconds."""
        return seconds if self.is_exact else seconds + SHOWN_SECONDS

    def go_on_until(self, condition: Callable[[], bool]) -> None:
        """For the fault's time, and on a busy machine until the fault has shown itself."""
        latest = max(self.ends_at, time.monotonic()) + SHOWN_SECONDS
        while self.goes_on() or (not condition() and time.monotonic() < latest):
            self.pause(0.5)

    def await_reply(self, *, seconds: float = 15.0) -> float | None:
        """Wait until the platform has another reply; after how many seconds it had. None where none came."""
        begun = time.monotonic()
        newest = self.rig.simulator("GET", "state?acked=0")["last_log_id"]
        while time.monotonic() - begun < seconds:
            if self.rig.simulator("GET", f"log?after={newest}&kind=accepted&limit=1")["rows"]:
                return time.monotonic() - begun
            time.sleep(0.05)
        return None

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
            self.struck_at.append(time.time())
            yield number

    def highest(self, name: str, value: float) -> None:
        """Keep the highest value of a figure."""
        self.figures[name] = max(round(value, 3), self.figures.get(name, 0.0))

    def object_to(self, sentence: str) -> None:
        """Note what did not hold."""
        self.problems.append(sentence)

    def judge_time(self, took: float, limit: float, sentence: str) -> None:
        """Note with this sentence what took longer than was promised."""
        if took > limit:
            (self.problems if self.is_exact else self.remarks).append(sentence)

    @contextmanager
    def changed(self, settings: Mapping[str, Any], *, failpoint: str = "") -> Iterator[None]:
        """Let what answers run with other settings, and with a failpoint of ``drill.mutant``, from now on.

        Whatever is started after the block is as always. The time of the start is not taken from the fault's.
        """
        begun = time.monotonic()
        self.rig.overrides, self.rig.mutant = dict(settings), failpoint
        try:
            self.restart()
            self.ends_at += time.monotonic() - begun
            yield
        finally:
            self.rig.overrides, self.rig.mutant = {}, ""

    def restart(self) -> None:
        """Start what answers afresh, as a deploy in a hurry would."""
        for name in WORKERS[self.rig.shape]:
            self.rig.kill(name)
            self.rig.start(name)
        self.rig.start_all()

    @contextmanager
    def rules(self, *rules: dict[str, object]) -> Iterator[None]:
        """Let the simulator misbehave while the block runs."""
        self._misbehave(*rules)
        try:
            yield
        finally:
            self.be_ordinary()

    def be_ordinary(self) -> None:
        """Let the platform do no worse than any platform does."""
        self._misbehave()

    def _misbehave(self, *rules: dict[str, object]) -> None:
        noise = () if any(rule["where"] == "webhook" for rule in rules) else NOISE
        order = {"rules": [*rules, *noise], "replace": True, "seed": self.dice.randrange(10**6)}
        ids = self.rig.simulator("POST", "faults", order)["ids"]
        self.noise.update(ids[len(rules) :])

    def metrics(self) -> dict[str, float]:
        """What the product's door tells about itself, by name and labels as they stand there."""
        if not self._key:
            made = self.rig.manage("apikey", "create", f"drill-{time.time_ns()}", "--scope", "operations:read")
            self._key = json.loads(made)["key"]
        answer = wire.get(f"{self.rig.url}/metrics", headers={"Authorization": f"Bearer {self._key}"}, timeout=30)
        lines = [line.rpartition(" ") for line in answer.text.splitlines() if line and not line.startswith("#")]
        return {name: float(value) for name, _, value in lines}

    def knock(self, at: str, *, seconds: float = 10.0) -> tuple[int, float]:
        """Look at a page of the product's door; the status (0: no answer) and how long it took in seconds."""
        begun = time.monotonic()
        try:
            status = wire.get(f"{self.rig.url}{at}", timeout=seconds).status_code
        except httpx2.TransportError:
            status = 0
        return status, time.monotonic() - begun

    def say(self, user: str, text: str) -> dict[str, Any]:
        """A customer of this fault's own writes."""
        said: dict[str, Any] = self.rig.simulator("POST", "say", {"user": user, "text": text})
        return said


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One row of the matrix. ``needs`` names what only a full drill may use, such as a privilege.

    One whose limit is in seconds of waiting is for a product that keeps up, and one may bring much at once itself: nobody
    writes more than ``most_rate`` messages a second under it. No message is undecided for longer than ``most_undecided``
    seconds: after 120 people are called. One that is not in both shapes says in ``only`` why. ``channels`` are where
    customers write, in turn.
    """

    number: str
    name: str
    strike: Callable[[Stage], None]
    shapes: tuple[Shape, ...] = BOTH
    only: str = ""
    needs: str = ""
    most_rate: float = inf
    most_undecided: float = UNDECIDED_SECONDS
    channels: tuple[str, ...] = CHANNELS
