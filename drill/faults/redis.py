"""Redis flushed, gone, frozen, cut off, full: bells are lost, nothing else."""

import time

from drill.faults.base import SERVICES, Fault, Stage
from drill.recovery import percentile, waits

GONE_SECONDS = 15.0
SLOWEST_DOOR = 2.0
# What a customer may wait longer without Redis than with it, and how exactly that can be told of a few dozen messages
# while another drill has the second processor.
COST_SECONDS, SLACK_SECONDS = 2.0, 4.0
ORDINARY_SECONDS = 6.0


def _watch_door(stage: Stage, seconds: float) -> None:
    """The door must answer all the while, within its limit."""
    for _ in range(max(1, int(seconds / 0.5))):
        status, took = stage.knock()
        stage.highest("slowest door, s", took)
        if status != 200:
            stage.object_to(f"The door answered {status or 'nothing'} while Redis was in trouble.")
        if took > SLOWEST_DOOR:
            stage.object_to(f"The door took {took:.1f} s while Redis was in trouble.")
        stage.pause(0.5)


def flushed(stage: Stage) -> None:
    """FLUSHALL under load."""
    for _ in stage.strikes(0.5, 2.0):
        stage.own_servers.flush_redis()


def killed(stage: Stage) -> None:
    """SIGKILL, a while down, back empty. Customers wait hardly longer."""
    gone: list[tuple[float, float]] = []
    began = time.time()
    stage.pause(ORDINARY_SECONDS)
    ordinary = (began, time.time())
    stage.ends_at += ORDINARY_SECONDS
    for _ in stage.strikes(1.0, 3.0):
        struck = time.time()
        stage.own_servers.kill_redis()
        _watch_door(stage, GONE_SECONDS)
        gone.append((struck, time.time()))
        stage.own_servers.start_redis()
    stage.at_rest(lambda: _judge_waits(stage, ordinary, gone))


def _judge_waits(stage: Stage, ordinary: tuple[float, float], gone: list[tuple[float, float]]) -> None:
    """What it cost those who wrote while Redis was away."""
    before = percentile(waits(stage.rig, *ordinary), 0.95)
    meanwhile = percentile([wait for span in gone for wait in waits(stage.rig, *span)], 0.95)
    if before is None or meanwhile is None:
        stage.object_to("Nobody was answered before Redis went, or while it was away.")
        return
    stage.figures |= {"answered within, s": round(before, 1), "without Redis, s": round(meanwhile, 1)}
    if meanwhile - before > COST_SECONDS + SLACK_SECONDS:
        stage.object_to(f"Without Redis customers waited {meanwhile - before:.1f} s longer.")


def frozen(stage: Stage) -> None:
    """It accepts connections and answers nothing."""
    for _ in stage.strikes(1.0, 3.0):
        with stage.own_servers.frozen_redis():
            _watch_door(stage, GONE_SECONDS)


def cut_off(stage: Stage) -> None:
    """Every connection cut, again and again."""
    for _ in stage.strikes(0.5, 2.0):
        stage.injected += max(0, stage.own_servers.cut_redis_connections() - 1)


def full(stage: Stage) -> None:
    """It refuses every write."""
    for _ in stage.strikes(1.0, 3.0):
        with stage.own_servers.full_redis():
            _watch_door(stage, GONE_SECONDS / 2)


FAULTS = (
    Fault(number="F10", name="Redis flushed", strike=flushed, shapes=SERVICES),
    Fault(number="F11", name="Redis gone", strike=killed, shapes=SERVICES),
    Fault(number="F12", name="Redis hung", strike=frozen, shapes=SERVICES),
    Fault(number="F13", name="Redis connections cut", strike=cut_off, shapes=SERVICES),
    Fault(number="F14", name="Redis full", strike=full, shapes=SERVICES),
)
