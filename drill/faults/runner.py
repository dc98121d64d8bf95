"""One fault after another: customers write, the fault strikes, everything comes to rest, and the judge looks."""

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf
from typing import Any

from drill.checker import Verdict, drain, judge
from drill.complaints import Complaints
from drill.faults.base import Fault, Stage
from drill.recovery import longest_undecided, percentile, recoveries, waits
from drill.rig import Rig
from drill.servers import Servers
from drill.shapes import Shape
from drill.traffic import Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How customers write: ``rate`` messages a second in all, for ``seconds``, up to ``breath`` of them in one breath.

    With ``is_exact`` limits of time are judged, else told.
    """

    seconds: float
    rate: float
    breath: int
    customers: int
    seed: int
    is_exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one fault in one shape. ``injected`` counts strikes and the simulator's spoilt calls and webhooks.

    ``recovery`` is the 95th percentile of the seconds from a strike to the answer of who was waiting then. ``complaints``
    are the errors in the processes' logs, which under most faults are as they should be.
    """

    number: str
    name: str
    shape: Shape
    injected: int
    drained_after: float
    recovery: float | None
    verdict: Verdict
    figures: dict[str, float]
    problems: tuple[str, ...]
    remarks: tuple[str, ...]
    complaints: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether the fault struck, every promise was kept for something, and nothing else was wrong."""
        everything_came = self.verdict.acked == self.verdict.written > 0
        return self.injected > 0 and self.verdict.holds and everything_came and not self.problems

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
        parts += [f"recovered within {self.recovery:.1f} s (p95)"] if self.recovery is not None else []
        parts += [f"{name} {value:g}" for name, value in self.figures.items()]
        parts += [] if self.injected else ["the fault never struck"]
        parts += [f"(not judged here: {remark})" for remark in self.remarks]
        parts += [*found.names, *self.problems]
        parts += [] if self.holds else [f"(in the logs: {complaint})" for complaint in self.complaints]
        return "; ".join(parts)

    def as_json(self) -> dict[str, Any]:
        """Everything."""
        return {
            "number": self.number,
            "name": self.name,
            "shape": self.shape,
            "injected": self.injected,
            "drained_after": round(self.drained_after, 1),
            "recovery": None if self.recovery is None else round(self.recovery, 1),
            "figures": self.figures,
            "problems": list(self.problems),
            "remarks": list(self.remarks),
            "complaints": list(self.complaints),
            "verdict": self.verdict.as_json(),
        }


def run_faults(
    faults: Iterable[Fault],
    rig: Rig,
    servers: Servers | None,
    load: Load,
    *,
    tell: Callable[[Result], None],
    miss: Callable[[Fault, Exception], None],
) -> None:
    """Let each fault that this shape knows strike in turn; the product begins anew each time.

    One that could not be carried out, for whatever reason, is passed to ``miss``, and the others have their turn: a drill
    takes hours.
    """
    for number, fault in enumerate(each for each in faults if rig.shape in each.shapes):
        try:
            if number:
                rig.reset()
            result = _run(fault, rig, servers, load, seed=load.seed + number)
        except Exception as problem:  # noqa: BLE001  (told, and nothing is held by it)
            miss(fault, problem)
        else:
            tell(result)


def _run(fault: Fault, rig: Rig, servers: Servers | None, load: Load, *, seed: int) -> Result:
    stage = Stage(
        rig=rig,
        servers=servers,
        dice=random.Random(seed),
        ends_at=time.monotonic() + load.seconds,
        is_exact=load.is_exact,
    )
    traffic = Traffic(
        rig=rig,
        rate=min(load.rate, fault.most_rate),
        breath=load.breath,
        customers=load.customers,
        seed=seed,
        channels=fault.channels,
    )
    complaints = Complaints(rig.folder)
    stage.be_ordinary()
    traffic.start()
    try:
        fault.strike(stage)
    finally:
        traffic.stop()
        rig.simulator("DELETE", "faults")
    drained_after = drain(rig)
    for name in (process.name for process in rig.processes if not rig.runs(process.name)):
        stage.object_to(f"{name} ended by itself, and everything waited for it.")
    for look in stage.looks:
        look()
    recovered = recoveries(rig, stage.struck_at)
    answered = waits(rig, 0.0, inf)
    for name, seconds, share in (
        ("recovery p50, s", recovered, 0.5),
        ("answer p50, s", answered, 0.5),
        ("answer p95, s", answered, 0.95),
    ):
        if (value := percentile(seconds, share)) is not None:
            stage.highest(name, value)
    undecided = longest_undecided(rig)
    stage.highest("longest undecided, s", undecided)
    stage.judge_time(undecided, fault.most_undecided, f"A message was undecided for {undecided:.0f} s.")
    return Result(
        number=fault.number,
        name=fault.name,
        shape=rig.shape,
        injected=stage.injected + sum(row["detail"]["rule"] not in stage.noise for row in rig.log("fault")),
        drained_after=drained_after,
        recovery=percentile(recovered, 0.95),
        verdict=judge(rig),
        figures=dict(stage.figures),
        problems=tuple(dict.fromkeys(stage.problems)),
        remarks=tuple(dict.fromkeys(stage.remarks)),
        complaints=complaints.told(),
    )
