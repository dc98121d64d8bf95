"""One fault after another: customers write, the fault strikes, everything comes to rest, and the judge looks."""

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from drill.checker import Verdict, drain, judge
from drill.faults.base import Fault, Stage
from drill.rig import Rig, Shape
from drill.servers import Servers
from drill.traffic import Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How customers write: ``rate`` messages a second in all, for ``seconds``."""

    seconds: float
    rate: float
    customers: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one fault in one shape. ``injected`` counts strikes and the simulator's spoilt calls and webhooks."""

    number: str
    name: str
    shape: Shape
    injected: int
    drained_after: float
    verdict: Verdict
    figures: dict[str, float]
    problems: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether every promise was kept for something, and nothing else was wrong."""
        everything_came = self.verdict.acked == self.verdict.written > 0
        return self.verdict.holds and everything_came and not self.problems

    @property
    def title(self) -> str:
        """Shape, number and name."""
        return f"{self.shape} {self.number} {self.name}"

    @property
    def detail(self) -> str:
        """The figures, and what did not hold, in one line."""
        found = self.verdict
        counts = f"injected {self.injected}, written {found.written}, acked {found.acked}, replies {found.replies}"
        parts = [f"{counts}, parked {found.parked}, drained after {self.drained_after:.1f} s"]
        parts += [f"{name} {value:g}" for name, value in self.figures.items()]
        return "; ".join([*parts, *found.names, *self.problems])

    def as_json(self) -> dict[str, Any]:
        """Everything."""
        return {
            "number": self.number,
            "shape": self.shape,
            "injected": self.injected,
            "drained_after": round(self.drained_after, 1),
            "figures": self.figures,
            "problems": list(self.problems),
            "verdict": self.verdict.as_json(),
        }


def run_faults(
    faults: Iterable[Fault], rig: Rig, servers: Servers | None, load: Load, tell: Callable[[Result], None]
) -> None:
    """Let each fault that this shape knows strike in turn; the product begins anew each time."""
    for number, fault in enumerate(each for each in faults if rig.shape in each.shapes):
        if number:
            rig.reset()
        tell(_run(fault, rig, servers, load, seed=load.seed + number))


def _run(fault: Fault, rig: Rig, servers: Servers | None, load: Load, *, seed: int) -> Result:
    stage = Stage(rig=rig, servers=servers, dice=random.Random(seed), ends_at=time.monotonic() + load.seconds)
    traffic = Traffic(rig=rig, rate=load.rate, customers=load.customers, seed=seed)
    traffic.start()
    try:
        fault.strike(stage)
    finally:
        traffic.stop()
        rig.simulator("DELETE", "faults")
    drained_after = drain(rig)
    for look in stage.looks:
        look()
    return Result(
        number=fault.number,
        name=fault.name,
        shape=rig.shape,
        injected=stage.injected + len(rig.log("fault")),
        drained_after=drained_after,
        verdict=judge(rig),
        figures=dict(stage.figures),
        problems=tuple(dict.fromkeys(stage.problems)),
    )
