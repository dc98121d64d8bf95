"""One fault after another: customers write, the fault strikes, everything comes to rest, and the judge looks."""

import random
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from drill.checker import Verdict, is_quiet, judge, log
from drill.faults.base import Fault, Shape, Stage
from drill.rig import DrillFailed, Rig, wait_for
from drill.servers import Servers
from drill.traffic import Traffic

DRAIN_SECONDS = 300


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
        """Whether every promise was kept and nothing else was wrong."""
        return self.verdict.holds and not self.problems


def run_faults(
    faults: Iterable[Fault],
    shape: Shape,
    folder: Path,
    *,
    seconds: float,
    rate: float,
    customers: int,
    seed: int,
    tell: Callable[[Result], None],
) -> list[Result]:
    """Let each fault strike a product of its own kind in turn, on one rig that begins anew each time."""
    results: list[Result] = []
    # PostgreSQL's own user must get into the folder of its data.
    folder.chmod(0o755)
    with Servers(folder=folder) if shape == "services" else nullcontext() as servers:
        addresses = {"database_url": servers.database_url, "redis_url": servers.redis_url} if servers else {}
        with Rig(folder=folder / "rig", quick_starts=True, **addresses) as rig:
            for number, fault in enumerate(each for each in faults if shape in each.shapes):
                if number:
                    rig.reset()
                stage = Stage(
                    rig=rig, servers=servers, dice=random.Random(seed + number), ends_at=time.monotonic() + seconds
                )
                result = _run(fault, stage, shape, rate=rate, customers=customers, seed=seed + number)
                tell(result)
                results.append(result)
    return results


def _run(fault: Fault, stage: Stage, shape: Shape, *, rate: float, customers: int, seed: int) -> Result:
    rig = stage.rig
    traffic = Traffic(rig=rig, rate=rate, customers=customers, seed=seed)
    traffic.start()
    try:
        fault.strike(stage)
    finally:
        traffic.stop()
        rig.simulator("DELETE", "faults")
    rig.start_all()
    rig.simulator("POST", "hurry")
    begun = time.monotonic()
    try:
        wait_for(lambda: is_quiet(rig), seconds=DRAIN_SECONDS, what="everything to come to rest")
    except DrillFailed as stuck:
        stage.problems.append(str(stuck))
    return Result(
        number=fault.number,
        name=fault.name,
        shape=shape,
        injected=stage.injected + len(log(rig, "fault")),
        drained_after=time.monotonic() - begun,
        verdict=judge(rig),
        figures=dict(stage.figures),
        problems=tuple(dict.fromkeys(stage.problems)),
    )
