"""Processes that die, freeze, or are asked to go."""

import os
import signal
import time
from collections import Counter
from contextlib import suppress

from drill.faults.acks import acks, judge_next_reply
from drill.faults.base import BOTH, SERVICES, WORKERS, Fault, Stage
from drill.recovery import percentile, recoveries
from drill.rig import wait_for

# What takes webhooks, by shape.
DOORS = {"embedded": "up", "services": "ingest"}
ENDED_RUNS = """
SELECT count(*), coalesce(sum(CASE WHEN state IN ('fenced', 'failed') THEN 1 ELSE 0 END), 0) FROM agent_agentrun
WHERE state <> 'running'
"""
WAITING = "SELECT count(*) FROM conversations_message WHERE disposition = 'undecided'"
# Longer than it takes until everybody is answered, so that one kill is measured and not the next.
QUIET_SECONDS = 26.0
# How long those may wait who waited at a kill: a turn's lease, and a moment.
RECOVERED_SECONDS = 22.0
# From everything's being there again to the next answer.
FIRST_ANSWER_SECONDS = 5.0


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
        wait_for(lambda: bool(stage.rig.query(WAITING)[0][0]), seconds=60, what="somebody to wait for an answer")
        stage.struck_at[-1] = time.time()
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
        return
    late = f"After a kill customers waited up to {waited:.1f} s (p95); {RECOVERED_SECONDS:.0f} are allowed."
    stage.judge_time(waited, RECOVERED_SECONDS, late)


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
        judge_next_reply(stage, "the start", within=FIRST_ANSWER_SECONDS)


def deployed(stage: Stage) -> None:
    """SIGTERM each process and start its successor, as a deploy does."""
    began, before = time.time(), stage.rig.query(ENDED_RUNS)[0]
    for _ in stage.strikes(3.0, 6.0):
        for process in stage.rig.processes:
            stage.highest("seconds to stop", _stopped(stage, process.name))
            stage.rig.start(process.name)
    stage.rig.start_all()
    stage.at_rest(lambda: _judge_deploys(stage, began, before))


def _judge_deploys(stage: Stage, began: float, before: tuple[int, int]) -> None:
    """Who knocked met the gap in which nobody listens, or was answered well; and what was worked on twice."""
    statuses = Counter(ack.status for ack in acks(stage.rig, began))
    broken = sum(number for status, number in statuses.items() if status >= 500)
    ended, for_nothing = (
        after - earlier for after, earlier in zip(stage.rig.query(ENDED_RUNS)[0], before, strict=True)
    )
    stage.figures |= {
        "events that met nobody": statuses[0],
        "5xx": broken,
        "duplicate work, %": round(100 * for_nothing / ended, 1) if ended else 0.0,
    }
    if broken:
        stage.object_to(f"{broken} events were answered 5xx during a deploy.")


def _stopped(stage: Stage, name: str) -> float:
    """Ask a process to stop; answers after how many seconds it had."""
    running = stage.rig.running[name]
    with suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGTERM)
    return wait_for(lambda: running.poll() is not None, seconds=60, what=f"{name} to stop")


def two_of_each(stage: Stage) -> None:
    """Start what sweeps and what tells the time a second time, by mistake."""
    twins = ("sweeper", "beat")
    for name in twins:
        stage.rig.start_twin(name)
        stage.injected += 1
    while stage.goes_on():
        stage.pause(1.0)
    if gone := [name for name in twins if not stage.rig.runs(f"{name}-twin")]:
        stage.object_to(f"The second {' and '.join(gone)} ended by itself, so nothing was shown.")


FAULTS = (
    Fault(number="F01", name="worker killed", strike=worker_killed, shapes=BOTH),
    Fault(number="F01a", name="worker killed once", strike=worker_killed_once, shapes=BOTH, most_rate=8.0),
    Fault(number="F03", name="door killed", strike=door_killed, shapes=BOTH),
    Fault(number="F04", name="everything killed", strike=everything_killed, shapes=BOTH),
    Fault(number="F05", name="deployed under load", strike=deployed, shapes=BOTH),
    Fault(
        number="F50",
        name="two sweepers, two beats",
        strike=two_of_each,
        shapes=SERVICES,
        only="where all is one process there is no sweeper and no beat to start a second time",
    ),
)
