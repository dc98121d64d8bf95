"""More than anybody can answer, and screens that cannot be told: the others do not wait for it."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import cycle

from drill.faults.base import BOTH, Fault, Stage
from drill.screens import Deaf, Record, Screen
from drill.staff import Colleague

FLOOD, FLOOD_SECONDS = 500, 10.0
CROWD = (400, 10_000)
# So many messages a second are written by a crowd; the platform itself is no faster here.
CROWD_RATE = 200
QUIET_SHARE = 0.4
WISHED_RATIO, WORST_RATIO = 1.2, 2.0
STALE_SECONDS = 5.0
CLOSING_SECONDS = 8.0
OUTAGE_SECONDS = 6.0
BACKLOG = """
SELECT (SELECT count(*) FROM integrations_webhookevent WHERE state = 'received')
     + (SELECT count(*) FROM conversations_message WHERE disposition = 'undecided')
"""
SHED = "SELECT count(*) FROM conversations_escalation WHERE reason = 'bot_unavailable'"


def flooded(stage: Stage) -> None:
    """One customer writes 500 messages in ten seconds, again and again, while the others write as always."""
    _wait_for_a_quiet_measure(stage)
    flood: set[str] = set()
    begun = time.time()
    with _backlog(stage):
        for number in stage.strikes(0.2, 0.5):
            at_once = 10
            for _ in range(FLOOD // at_once):
                said = stage.rig.simulator(
                    "POST", "say", {"user": f"flooder-{number}", "text": "and another thing", "count": at_once}
                )
                flood.add(said["conversation_id"])
                stage.pause(FLOOD_SECONDS * at_once / FLOOD)
            stage.injected += FLOOD - 1
    _compare_at_rest(stage, flood, begun, time.time())


def crowded(stage: Stage) -> None:
    """Thousands of customers who never wrote before write at once; nobody among them is forgotten."""
    _wait_for_a_quiet_measure(stage)
    wanted = stage.scaled(*CROWD)
    crowd: set[str] = set()
    begun = time.time()
    with _backlog(stage):
        for number in range(wanted):
            crowd.add(stage.say(f"crowd-{number}", "How long does delivery to France take?")["conversation_id"])
            if number % CROWD_RATE == CROWD_RATE - 1:
                stage.pause(0.2)
        stage.injected += wanted
        stage.figures["seconds to write"] = round(time.time() - begun, 1)
        written = time.monotonic()
        # A message is answered, or given to a person after 120 s; so long, and what the crowd took to write.
        while time.monotonic() - written < 180 + wanted / 10 and stage.rig.query(BACKLOG)[0][0]:
            stage.pause(1.0)
        stage.figures["seconds to work off"] = round(time.monotonic() - written, 1)
    _compare_at_rest(stage, crowd, begun, time.time())


def unheard(stage: Stage) -> None:
    """The channel layer gone, refusing and full, and a page that reads nothing: the other screens hear all the same."""
    first = Colleague(rig=stage.rig)
    first.sign_in()
    screens = [Screen(colleague=first, path=path) for path in ("/ws/workspace/", "/ws/workspace/", "/ws/dashboard/")]
    deaf = [Deaf(first, path) for path in ("/ws/workspace/", "/ws/dashboard/")]
    record = Record(rig=stage.rig)
    for screen in screens:
        screen.open()
    stage.pause(1.5)
    record.start()
    outages = _outages(stage)
    try:
        for outage in cycle(outages):
            # Each kind once, however short the run.
            if stage.injected >= len(outages) and not stage.goes_on():
                break
            stage.pause(1.0, 2.5)
            stage.injected += 1
            with outage():
                stage.pause(OUTAGE_SECONDS)
        # What was changed last has to be heard of too.
        stage.pause(CLOSING_SECONDS)
    finally:
        record.stop()
        for screen in screens:
            screen.close()
        for page in deaf:
            page.close()
    _judge_screens(stage, screens, record.changes(before=time.monotonic() - CLOSING_SECONDS))


def _outages(stage: Stage) -> Sequence[Callable[[], AbstractContextManager[object]]]:
    if stage.servers is None:
        return (nullcontext,)
    servers = stage.servers
    return (servers.refused_channels, servers.crowded_channels, servers.frozen_redis)


def _judge_screens(stage: Stage, screens: Sequence[Screen], changes: Sequence[tuple[str, int, float]]) -> None:
    lags = [screen.lag(*change) for screen in screens for change in changes]
    late = sum(lag is None or lag > STALE_SECONDS for lag in lags)
    stage.figures["changes"] = len(changes)
    stage.figures["stale after 5 s"] = late
    stage.figures["missing"] = sum(lag is None for lag in lags)
    stage.highest("slowest change on a screen, s", max((lag for lag in lags if lag is not None), default=0.0))
    if not changes or not all(screen.frames for screen in screens):
        stage.object_to("The screens had nothing to hear, so that nothing was shown.")
    if late:
        stage.object_to(f"{late} of {len(lags)} changes were not on a screen after {STALE_SECONDS:.0f} s.")


def _wait_for_a_quiet_measure(stage: Stage) -> None:
    """Let the others write alone for a while: what their answers take then is what they are compared with."""
    stage.pause((stage.ends_at - stage.began_at) * QUIET_SHARE)


@contextmanager
def _backlog(stage: Stage) -> Iterator[None]:
    """Note the highest number of messages that waited while the block ran."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.5):
            stage.highest("backlog peak", stage.rig.query(BACKLOG)[0][0])

    looking = threading.Thread(target=look, name="backlog", daemon=True)
    looking.start()
    try:
        yield
    finally:
        over.set()
        looking.join()


def _compare_at_rest(stage: Stage, flood: set[str], begun: float, ended: float) -> None:
    stage.at_rest(lambda: _compare(stage, flood, begun, ended))


def _compare(stage: Stage, flood: set[str], begun: float, ended: float) -> None:
    """Answers of the others before the flood and during it; what was shed; how evenly the flood itself was served."""
    took = _answer_times(stage)
    others = [(at, seconds) for thread, times in took.items() if thread not in flood for at, seconds in times]
    quiet = _p95([seconds for at, seconds in others if at < begun])
    during = _p95([seconds for at, seconds in others if begun <= at <= ended])
    stage.figures |= {"others' p95 before, s": quiet, "others' p95 during, s": during}
    means = [sum(seconds for _, seconds in times) / len(times) for times in took.values() if times]
    stage.figures["Jain index of waits"] = _jain(means)
    stage.figures["given to people"] = stage.rig.query(SHED)[0][0]
    if not quiet or not during:
        stage.object_to("Too little was answered to compare.")
        return
    ratio = during / quiet
    stage.figures["ratio"] = round(ratio, 2)
    if len(flood) < CROWD[0] // 4 and ratio > WORST_RATIO:
        stage.object_to(f"The others' p95 was {ratio:.1f} times as long during the flood (wished: {WISHED_RATIO}).")


def _answer_times(stage: Stage) -> dict[str, list[tuple[float, float]]]:
    """For each of the platform's conversations: when something was written, and after how long the next answer came."""
    answers: dict[str, list[float]] = defaultdict(list)
    for row in stage.rig.log("accepted"):
        answers[row["conversation_id"]].append(row["at"])
    took: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in stage.rig.log("customer"):
        later = [at for at in answers[row["conversation_id"]] if at >= row["at"]]
        if later:
            took[row["conversation_id"]].append((row["at"], min(later) - row["at"]))
    return took


def _p95(values: list[float]) -> float:
    return round(sorted(values)[int(0.95 * (len(values) - 1))], 2) if values else 0.0


def _jain(values: list[float]) -> float:
    """1 where all have the same, 1/n where one has everything."""
    squares = sum(value * value for value in values)
    return round(sum(values) ** 2 / (len(values) * squares), 3) if squares else 0.0


FAULTS = (
    Fault(number="F45", name="screens unheard", strike=unheard, shapes=BOTH),
    Fault(number="F46", name="one customer floods", strike=flooded, shapes=BOTH),
    Fault(number="F46b", name="a crowd at once", strike=crowded, shapes=BOTH),
)
