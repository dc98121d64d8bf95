"""Redis flushed, gone, frozen, cut off, full, read-only: bells are lost, nothing else."""

import time
from collections.abc import Sequence

from drill.faults.acks import Span, judge_acks, judge_next_reply
from drill.faults.base import NO_REDIS, SERVICES, Fault, Stage
from drill.recovery import percentile, waits

GONE_SECONDS = 15.0
# How long an answer of the door may take, which waits for nobody's Redis.
SLOWEST_ACK = 1.1
# What a customer may wait longer without Redis than with it, and without the bells that were flushed.
GONE_COST, FLUSHED_COST = 2.0, 2.5
ORDINARY_SECONDS = 6.0
# From Redis' return to the next answer.
BACK_SECONDS = 5.0
# A worker looks for its broker less and less often, half a minute apart at most; the sweeper works meanwhile.
LISTENS_SECONDS = 60.0


def flushed(stage: Stage) -> None:
    """FLUSHALL under load. Customers wait hardly longer."""
    ordinary, began = _ordinary(stage), time.time()
    for _ in stage.strikes(0.5, 2.0):
        stage.own_servers.flush_redis()
    ended = time.time()
    stage.at_rest(lambda: _judge_waits(stage, ordinary, [(began, ended)], cost=FLUSHED_COST))


def killed(stage: Stage) -> None:
    """SIGKILL, a while down, back empty. Customers wait hardly longer."""
    gone: list[Span] = []
    ordinary = _ordinary(stage)
    for _ in stage.strikes(1.0, 3.0):
        struck = time.time()
        stage.own_servers.kill_redis()
        stage.pause(GONE_SECONDS)
        gone.append((struck, time.time()))
        stage.own_servers.start_redis()
        _judge_return(stage)
    stage.at_rest(lambda: _judge_waits(stage, ordinary, gone, cost=GONE_COST))
    _judge_acks(stage, gone)


def _ordinary(stage: Stage) -> Span:
    """A stretch without trouble to compare with, beside the fault's time."""
    began = time.time()
    stage.pause(ORDINARY_SECONDS)
    stage.ends_at += ORDINARY_SECONDS
    return began, time.time()


def _judge_waits(stage: Stage, ordinary: Span, troubled: Sequence[Span], *, cost: float) -> None:
    """What it cost those who wrote meanwhile."""
    before = percentile(waits(stage.rig, *ordinary), 0.95)
    meanwhile = percentile([wait for span in troubled for wait in waits(stage.rig, *span)], 0.95)
    if before is None or meanwhile is None:
        stage.object_to("Nobody was answered before Redis was in trouble, or meanwhile.")
        return
    stage.figures |= {"answered within, s": round(before, 1), "in trouble, s": round(meanwhile, 1)}
    longer = meanwhile - before
    stage.judge_time(longer, cost, f"Customers waited {longer:.1f} s longer because of Redis; {cost} are allowed.")


def _judge_return(stage: Stage) -> None:
    """Redis is back: the next answer comes, and the worker listens there again, without anybody's help."""
    judge_next_reply(stage, "Redis' return", within=BACK_SECONDS)
    _judge_listener(stage)


def _judge_listener(stage: Stage) -> None:
    """The worker listens to Redis again by itself."""
    begun = time.monotonic()
    while not (listens := _has_listener(stage)) and time.monotonic() - begun < LISTENS_SECONDS:
        time.sleep(0.1)
    stage.highest("worker listens after, s", time.monotonic() - begun)
    if not listens:
        stage.object_to("The worker does not listen to Redis any more.")


def _has_listener(stage: Stage) -> bool:
    """Whether somebody waits for bells: what a worker does between two of them."""
    client = stage.own_servers.redis()
    try:
        return any(each["cmd"] == "brpop" for each in client.client_list())
    finally:
        client.close()


def _judge_acks(stage: Stage, spans: Sequence[Span]) -> None:
    stage.at_rest(lambda: judge_acks(stage, spans, within=SLOWEST_ACK, trouble="Redis was in trouble"))


def frozen(stage: Stage) -> None:
    """It accepts connections and answers nothing."""
    spans: list[Span] = []
    for _ in stage.strikes(1.0, 3.0):
        struck = time.time()
        with stage.own_servers.frozen_redis():
            stage.pause(GONE_SECONDS)
        spans.append((struck, time.time()))
        _judge_return(stage)
    _judge_acks(stage, spans)


def cut_off(stage: Stage) -> None:
    """Every connection cut, again and again."""
    for _ in stage.strikes(0.5, 2.0):
        stage.injected += max(0, stage.own_servers.cut_redis_connections() - 1)
    _judge_listener(stage)


def full(stage: Stage) -> None:
    """It has no memory left for any write, then it is read-only, in turn."""
    spans: list[Span] = []
    kinds = (stage.own_servers.full_redis, stage.own_servers.read_only_redis)
    for number in stage.strikes(1.0, 3.0):
        struck = time.time()
        with kinds[(number - 1) % len(kinds)]():
            stage.pause(GONE_SECONDS / 2)
        spans.append((struck, time.time()))
        # Each kind once, however short the run.
        if number < len(kinds):
            stage.ends_at = max(stage.ends_at, time.monotonic() + 0.5)
    _judge_return(stage)
    _judge_acks(stage, spans)


FAULTS = (
    Fault(number="F10", name="Redis flushed", strike=flushed, shapes=SERVICES, only=NO_REDIS, most_rate=8.0),
    Fault(number="F11", name="Redis gone", strike=killed, shapes=SERVICES, only=NO_REDIS, most_rate=8.0),
    Fault(number="F12", name="Redis hung", strike=frozen, shapes=SERVICES, only=NO_REDIS),
    Fault(number="F13", name="Redis connections cut", strike=cut_off, shapes=SERVICES, only=NO_REDIS),
    Fault(number="F14", name="Redis full or read-only", strike=full, shapes=SERVICES, only=NO_REDIS),
)
