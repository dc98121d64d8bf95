"""Processes that die, freeze, or are asked to go."""

import os
import signal
import time
from contextlib import suppress

from drill.faults.base import BOTH, WORKERS, Fault, Stage
from drill.recovery import percentile, recoveries
from drill.rig import wait_for

# What takes webhooks, by shape.
DOORS = {"embedded": "up", "services": "ingest"}
FROZEN_SECONDS = 35.0
# Longer than it takes until everybody is answered, so that one kill is measured and not the next.
QUIET_SECONDS = 26.0
# How long those may wait who waited at a kill: a turn's lease, and a moment. And what another drill beside it costs.
RECOVERED_SECONDS, SLACK_SECONDS = 22.0, 4.0


def worker_killed(stage: Stage) -> None:
    """SIGKILL what answers, in the middle of its work."""
    for _ in stage.strikes(0.4, 3.0):
        for name in WORKERS[stage.rig.shape]:
            stage.rig.kill(name)
            stage.pause(0.0, 0.5)
            stage.rig.start(name)


def worker_killed_once(stage: Stage) -> None:
    """SIGKILL what answers, start it again, and let it be: nobody waits much longer than a lease."""
    for _ in stage.strikes(1.0, 3.0):
        for name in WORKERS[stage.rig.shape]:
            stage.rig.kill(name)
        for name in WORKERS[stage.rig.shape]:
            stage.rig.start(name)
        stage.pause(QUIET_SECONDS)
    stage.at_rest(lambda: _judge_recovery(stage))


def _judge_recovery(stage: Stage) -> None:
    waited = percentile(recoveries(stage.rig, stage.struck_at), 0.95)
    if waited is None:
        stage.object_to("Nobody waited for an answer when it was killed.")
    elif waited > RECOVERED_SECONDS + SLACK_SECONDS:
        stage.object_to(
            f"After a kill customers waited up to {waited:.1f} s (p95); {RECOVERED_SECONDS:.0f} are allowed."
        )


def door_killed(stage: Stage) -> None:
    """SIGKILL what takes webhooks, in the middle of a request."""
    for _ in stage.strikes(1.0, 3.0):
        stage.rig.kill(DOORS[stage.rig.shape])
        stage.pause(0.0, 0.5)
        stage.rig.start(DOORS[stage.rig.shape])


def everything_killed(stage: Stage) -> None:
    """SIGKILL every process at once, as a power cut would, and start all again."""
    for _ in stage.strikes(3.0, 6.0):
        for process in stage.rig.processes:
            stage.rig.kill(process.name)
        stage.pause(0.2, 1.0)
        begun = time.monotonic()
        stage.rig.start_all()
        stage.highest("seconds until ready", time.monotonic() - begun)


def deployed(stage: Stage) -> None:
    """SIGTERM each process and start its successor, as a deploy does."""
    for _ in stage.strikes(3.0, 6.0):
        for process in stage.rig.processes:
            stage.highest("seconds to stop", _stopped(stage, process.name))
            stage.rig.start(process.name)
    stage.rig.start_all()


def _stopped(stage: Stage, name: str) -> float:
    """Ask a process to stop; answers after how many seconds it had."""
    running = stage.rig.running[name]
    with suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGTERM)
    return wait_for(lambda: running.poll() is not None, seconds=60, what=f"{name} to stop")


def worker_frozen(stage: Stage) -> None:
    """SIGSTOP what answers for longer than its leases, then SIGCONT: another has taken over, and its results are fenced."""
    for name in WORKERS[stage.rig.shape]:
        stage.pause(0.3, 1.5)
        running = stage.rig.running[name]
        stage.injected += 1
        os.killpg(running.pid, signal.SIGSTOP)
        try:
            stage.pause(FROZEN_SECONDS)
        finally:
            os.killpg(running.pid, signal.SIGCONT)


def two_sweepers(stage: Stage) -> None:
    """Start everything that sweeps a second time, by mistake."""
    stage.rig.start_twin("sweeper")
    stage.injected += 1
    while stage.goes_on():
        stage.pause(1.0)


FAULTS = (
    Fault(number="F01", name="worker killed", strike=worker_killed, shapes=BOTH),
    Fault(number="F01a", name="worker killed once", strike=worker_killed_once, shapes=BOTH),
    Fault(number="F03", name="door killed", strike=door_killed, shapes=BOTH),
    Fault(number="F04", name="everything killed", strike=everything_killed, shapes=BOTH),
    Fault(number="F05", name="deployed under load", strike=deployed, shapes=BOTH),
    Fault(number="F06", name="worker frozen", strike=worker_frozen, shapes=("services",)),
    Fault(number="F50", name="two sweepers", strike=two_sweepers, shapes=("services",)),
)
