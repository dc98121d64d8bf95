"""What is killed at random, and when: the soak. Each scenario runs while customers write, and is judged after all rests."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from drill.checker import Verdict, drain, judge
from drill.rig import Rig
from drill.traffic import Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One scenario's end: how many kills, how long the drain took in seconds, and what the judge found."""

    scenario: str
    shape: str
    kills: int
    drained_after: float
    verdict: Verdict

    @property
    def holds(self) -> bool:
        """Whether every promise was kept, and there was something to keep it for."""
        return self.verdict.holds and self.verdict.acked == self.verdict.written > 0


def worker_killed(rig: Rig, dice: random.Random) -> None:
    """SIGKILL what answers, in the middle of its work, and start it again."""
    for name in ("worker", "sweeper") if rig.shape == "services" else ("up",):
        _kill_and_restart(rig, name, dice)


def web_killed(rig: Rig, dice: random.Random) -> None:
    """SIGKILL what takes webhooks, and start it again."""
    _kill_and_restart(rig, "ingest" if rig.shape == "services" else "up", dice)


def everything_killed(rig: Rig, dice: random.Random) -> None:
    """SIGKILL every process of the product at once, as a power cut would, and start all again."""
    for process in rig.processes:
        rig.kill(process.name)
    time.sleep(dice.uniform(0.2, 1.0))
    rig.start_all()


SCENARIOS: dict[str, Callable[[Rig, random.Random], None]] = {
    "worker-killed": worker_killed,
    "web-killed": web_killed,
    "everything-killed": everything_killed,
}


def run(rig: Rig, name: str, *, seconds: float, rate: float, customers: int, seed: int) -> Outcome:
    """Let customers write for ``seconds`` while the scenario's fault strikes again and again, then drain and judge."""
    dice = random.Random(seed)
    kills_before = rig.kills
    traffic = Traffic(rig=rig, rate=rate, customers=customers, seed=seed)
    traffic.start()
    ends = time.monotonic() + seconds
    try:
        while time.monotonic() < ends:
            time.sleep(dice.uniform(1.5, 4.0))
            SCENARIOS[name](rig, dice)
    finally:
        traffic.stop()
    drained_after = drain(rig)
    return Outcome(
        scenario=name,
        shape=rig.shape,
        kills=rig.kills - kills_before,
        drained_after=drained_after,
        verdict=judge(rig),
    )


def _kill_and_restart(rig: Rig, name: str, dice: random.Random) -> None:
    rig.kill(name)
    time.sleep(dice.uniform(0.0, 0.8))
    rig.start(name)
