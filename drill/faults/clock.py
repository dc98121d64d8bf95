"""Clocks that go wrong in one process of the product, while the platform's and the database's go right."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from math import inf
from pathlib import Path

from drill.accounts import BUSINESS, FORUM, PAGE, SHOP
from drill.faults.base import BOTH, SERVICES, Fault, Stage
from drill.faults.needs import faketime
from drill.rig import DrillFailed
from drill.shapes import Process

HOUR = 3600
BACK_SECONDS = 600
SLOWEST_REPLY = 5.0
# What is answered by a door whose clock is an hour off. TikTok's late events are taken, those of a time to come are not;
# LinkedIn's bear no time; partners sign each attempt anew, and one of another hour is a replay.
AHEAD = {BUSINESS: 200, PAGE: 200, SHOP: 401, FORUM: 401}
BEHIND = {**AHEAD, BUSINESS: 401}
REPLIES = """
SELECT count(*) FROM agent_agentrun WHERE state = 'fenced'
"""
TRACEBACK = "Traceback (most recent call last)"
# What Python loads first where a clock is faked.
ELSEWHEN = Path(__file__).parents[1] / "elsewhen"


def another_hour(stage: Stage) -> None:
    """What answers is an hour ahead, then an hour behind; then what takes webhooks is."""
    share = max(2.0, (stage.ends_at - time.monotonic()) / 6)
    before = _fenced(stage)
    for name in ("worker", "sweeper"):
        for offset in (HOUR, -HOUR):
            began = _newest(stage)
            with _clock_of(stage, name, {"FAKETIME": f"{offset:+d}"}):
                stage.pause(share)
            _judge_replies(stage, began)
    stage.figures["stolen leases"] = _fenced(stage) - before
    if stage.figures["stolen leases"]:
        stage.object_to(f"{stage.figures['stolen leases']:g} leases were taken from who had them.")
    with _clock_of(stage, "ingest", {"FAKETIME": f"{HOUR:+d}"}):
        began = _newest(stage)
        stage.pause(share)
        _judge_door(stage, began, AHEAD, "ahead")
    with _clock_of(stage, "ingest", {"FAKETIME": f"{-HOUR:+d}"}):
        began = _newest(stage)
        stage.pause(share)
        _judge_door(stage, began, BEHIND, "behind")
        told = stage.metrics()
        refused = (name for name in told if name.startswith("webhook_answers_total") and 'result="ahead"' in name)
        ahead = sum(told[name] for name in refused)
        apart = max((value for name, value in told.items() if name.startswith("clock_apart_seconds")), default=0)
        stage.figures |= {"events from the future": ahead, "clocks apart, s": round(apart)}
        if not ahead or apart < HOUR - 60:
            stage.object_to("The door's clock was an hour behind, and no figure says so.")


def back_in_time(stage: Stage) -> None:
    """The clock of all that the product consists of is put back by ten minutes in the midst of work."""
    file = stage.rig.folder / "clock"
    file.write_text("+0")
    told = {"FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_NO_CACHE": "1"}
    logs = {process.name: _length(stage, process.name) for process in stage.rig.processes}
    for process in stage.rig.processes:
        stage.rig.kill(process.name)
        stage.rig.begin(_with_clock(process, told))
    stage.rig.start_all()
    stage.pause(max(2.0, (stage.ends_at - time.monotonic()) / 2))
    file.write_text(f"-{BACK_SECONDS}")
    stage.injected += 1
    struck = time.time()
    while stage.goes_on():
        stage.pause(0.5)
    _await_answers(stage, struck)
    for process in stage.rig.processes:
        stage.rig.kill(process.name)
    file.unlink()
    stage.rig.start_all()
    thrown = sum(_log_since(stage, name, begun).count(TRACEBACK) for name, begun in logs.items())
    stage.figures["exceptions"] = thrown
    if thrown:
        stage.object_to(f"{thrown} exceptions were logged around the step of the clock.")


def _await_answers(stage: Stage, since: float) -> None:
    """With its clock wrong for good, the product must still answer what it took in; not more than two minutes later.

    Customers go on writing meanwhile, so what they write from now on is not waited for.
    """
    begun = time.monotonic()
    newest = stage.rig.query("SELECT coalesce(max(id), 0) FROM conversations_message")[0][0]
    undecided = f"SELECT count(*) FROM conversations_message WHERE disposition = 'undecided' AND id <= {newest}"  # noqa: S608  (a number)
    while stage.rig.query(undecided)[0][0] and time.monotonic() - begun < 120:
        stage.pause(0.5)
    stage.figures["answered after the step, s"] = round(time.time() - since, 1)
    if stage.rig.query(undecided)[0][0]:
        stage.object_to("Two minutes after the clock was put back messages were still undecided.")


@contextmanager
def _clock_of(stage: Stage, name: str, variables: Mapping[str, str]) -> Iterator[None]:
    """Let one process have another clock while the block runs. What answers is replaced without a gap."""
    rig = stage.rig
    process = next(each for each in rig.processes if each.name == name)
    stage.injected += 1
    if name == "ingest":
        rig.kill(name)
        rig.begin(_with_clock(process, variables))
        rig.start_all()
    else:
        twin = replace(process, name=f"{name}-elsewhen")
        rig.begin(_with_clock(twin, variables))
        _await_beat(stage, rig.running[twin.name].pid)
        rig.kill(name)
    try:
        yield
    finally:
        if name == "ingest":
            rig.kill(name)
            rig.start_all()
        else:
            rig.start(name)
            _await_beat(stage, rig.running[name].pid)
            rig.kill(f"{name}-elsewhen")


def _with_clock(process: Process, variables: Mapping[str, str]) -> Process:
    library = faketime()
    if library is None:
        raise DrillFailed("libfaketime is not installed.")
    # Waits and pauses are measured by the clock that nobody sets.
    clock = {"LD_PRELOAD": str(library), "FAKETIME_DONT_FAKE_MONOTONIC": "1", "PYTHONPATH": str(ELSEWHEN), **variables}
    return replace(process, environment={**process.environment, **clock}, forks=False)


def _await_beat(stage: Stage, pid: int) -> None:
    deadline = time.monotonic() + 60
    alive = f"SELECT count(*) FROM core_workerheartbeat WHERE process LIKE '%:{pid}'"  # noqa: S608  (a number)
    while not stage.rig.query(alive)[0][0]:
        if time.monotonic() > deadline:
            raise DrillFailed("A process with another clock gave no sign of life.")
        time.sleep(0.2)


def _judge_replies(stage: Stage, began: int) -> None:
    """How long customers waited whose message came and was answered in this stretch."""
    asked: dict[str, float] = {}
    for row in sorted([*stage.rig.log("customer"), *stage.rig.log("accepted")], key=lambda each: each["id"]):
        if row["id"] <= began:
            continue
        if row["kind"] == "customer":
            asked.setdefault(row["conversation_id"], row["at"])
        elif (since := asked.pop(row["conversation_id"], None)) is not None:
            waited = row["at"] - since
            stage.highest("slowest reply, s", waited)
            stage.figures.setdefault("replies later than 5 s", 0)
            stage.figures["replies later than 5 s"] += waited > SLOWEST_REPLY
            stage.judge_time(waited, SLOWEST_REPLY, "Replies took more than 5 s because of a clock.")


def _judge_door(stage: Stage, began: int, expected: Mapping[str, int], how: str) -> None:
    """What each platform was answered in this stretch."""
    found: dict[str, set[int]] = {account: set() for account in expected}
    for row in stage.rig.log("webhook"):
        if row["id"] > began and row["status"] and row["account"] in found:
            found[row["account"]].add(row["status"])
    for account, status in expected.items():
        if found[account] - {status}:
            stage.object_to(f"The door answered {sorted(found[account])} to {account} while its clock was {how}.")


def _newest(stage: Stage) -> int:
    return int(stage.rig.simulator("GET", "state?acked=0")["last_log_id"])


def _fenced(stage: Stage) -> int:
    return int(stage.rig.query(REPLIES)[0][0])


def _length(stage: Stage, name: str) -> int:
    return (stage.rig.folder / f"{name}.log").stat().st_size


def _log_since(stage: Stage, name: str, begun: int) -> str:
    return Path(stage.rig.folder / f"{name}.log").read_bytes()[begun:].decode(errors="replace")


FAULTS = (
    Fault(
        number="F39",
        name="one clock an hour off",
        strike=another_hour,
        shapes=SERVICES,
        only="where all is one process its clock is everybody's, and nobody's differs",
        needs="faketime",
        most_rate=8.0,
        most_undecided=inf,
    ),
    Fault(
        number="F40",
        name="the clock put back",
        strike=back_in_time,
        shapes=BOTH,
        needs="faketime",
        most_undecided=inf,
    ),
)
