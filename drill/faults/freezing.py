"""Processes that are frozen at a given instant of their work for longer than its lease, and then go on."""

import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from drill.faults.base import BOTH, SERVICES, SHORT, WORKERS, Fault, Stage
from drill.rig import DrillFailed, wait_for

# Longer than the shortened leases; and than the product's own, for which there is time in an exact drill.
LATE_ENOUGH, FROZEN_SECONDS = 8.0, 60.0
SETTLED_SECONDS = 30.0
# What a sender says that wakes up too late. The record need not hold it: by then another may have the delivery.
STOPPED = "was not sent: its lease was nearly over."
FENCED = "SELECT count(*) FROM agent_agentrun WHERE state = 'fenced'"


def worker_frozen(stage: Stage) -> None:
    """SIGSTOP a worker just after its claim of a turn until another has answered, then SIGCONT: it is fenced.

    The sweeper is what finds that a lease is over, so it is not the one that is frozen.
    """
    settings: Mapping[str, Any] = {} if stage.is_exact else SHORT
    frozen_for = FROZEN_SECONDS if stage.is_exact else LATE_ENOUGH
    with stage.changed(settings):
        before, freezes = stage.rig.query(FENCED)[0][0], 0
        for _ in stage.strikes(0.5, 1.5):
            freezes += _freeze(stage, "turn.after_claim", frozen_for, only=("worker",))
        with suppress(DrillFailed):
            wait_for(
                lambda: stage.rig.query(FENCED)[0][0] - before >= freezes,
                seconds=SETTLED_SECONDS,
                what="the turns that woke up to end",
            )
        fenced = stage.rig.query(FENCED)[0][0] - before
    stage.figures |= {"turns frozen": freezes, "fenced results": fenced}
    if not freezes:
        stage.object_to("No worker was ever frozen in mid turn.")
    if fenced < freezes:
        stage.object_to(f"Of {freezes} turns that woke up too late, {freezes - fenced} were not fenced.")


def sender_frozen(stage: Stage) -> None:
    """SIGSTOP a sender between its claim and its socket until its lease is over, then SIGCONT: it does not send."""
    with stage.changed(SHORT):
        before, freezes = _stopped(stage), 0
        for _ in stage.strikes(0.5, 1.5):
            freezes += _freeze(stage, "send.after_claim_commit", LATE_ENOUGH, only=WORKERS[stage.rig.shape])
        with suppress(DrillFailed):
            wait_for(lambda: _stopped(stage) - before >= freezes, seconds=20, what="the sender to look")
        stopped = _stopped(stage) - before
    stage.highest("sends stopped by their lease", stopped)
    stage.figures["late sends started"] = max(0, freezes - stopped)
    if not freezes:
        stage.object_to("No sender was ever frozen.")
    if stopped < freezes:
        stage.object_to(f"Of {freezes} senders that woke up too late, {freezes - stopped} did not see it.")


def _stopped(stage: Stage) -> int:
    """How many sends were not begun because their lease was nearly over."""
    logs = (stage.rig.folder / f"{name}.log" for name in WORKERS[stage.rig.shape])
    return sum(log.read_text(encoding="utf-8", errors="replace").count(STOPPED) for log in logs)


def _freeze(stage: Stage, point: str, seconds: float, *, only: tuple[str, ...]) -> int:
    """Let whoever passes the crash point next stand still there for a while; answers how many of ``only`` did.

    Who is none of them goes on at once.
    """
    stage.rig.order.write_text(f"{point}=stop")
    try:
        wait_for(lambda: not stage.rig.order.exists(), seconds=60, what=f"anybody to pass {point}")
    finally:
        stage.rig.order.unlink(missing_ok=True)
    frozen = [name for name in WORKERS[stage.rig.shape] if _is_stopped(stage, name)]
    meant = [name for name in frozen if name in only]
    if meant:
        stage.pause(seconds)
    for name in frozen:
        os.kill(stage.rig.running[name].pid, signal.SIGCONT)
    return len(meant)


def _is_stopped(stage: Stage, name: str) -> bool:
    def state() -> str:
        with suppress(OSError):
            return Path(f"/proc/{stage.rig.running[name].pid}/stat").read_text().rpartition(") ")[2][:1]
        return ""

    # The signal is delivered to every thread of the process, which takes a moment.
    until = time.monotonic() + 1.0
    while time.monotonic() < until:
        if state() == "T":
            return True
        time.sleep(0.02)
    return False


FAULTS = (
    Fault(
        number="F06",
        name="worker frozen",
        strike=worker_frozen,
        shapes=SERVICES,
        only="where all is one process nobody else is there to take a turn over meanwhile",
    ),
    Fault(number="F07", name="sender frozen before its socket", strike=sender_frozen, shapes=BOTH),
)
