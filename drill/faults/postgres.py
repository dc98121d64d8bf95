"""PostgreSQL restarted, frozen, locked, crowded: the door says 503 meanwhile, and nothing acknowledged is lost."""

import time
from collections import Counter
from collections.abc import Sequence

from drill.faults.acks import Span, acks, deliver, judge_next_reply
from drill.faults.base import NO_POSTGRES, SERVICES, Fault, Stage
from drill.faults.doubts import note_doubts
from drill.recovery import epoch, percentile, waits

FROZEN_SECONDS = 12.0
LOCKED_SECONDS = 10.0
SLOWEST_REFUSAL = 5.0
# From its being there again to the next answer.
BACK_SECONDS = 5.0
REFUSED = 503
# What the platform may send and we make nothing of.
UNHEARD_OF = b'{"event": "drill_probe", "content": "{}", "user_openid": "drill", "create_time": %d}'
ATTEMPTS = "SELECT started_at, ended_at FROM conversations_deliveryattempt"
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


def restarted(stage: Stage) -> None:
    """Every server process killed at once; the log is replayed."""
    began = time.time()
    for _ in stage.strikes(2.0, 5.0):
        stage.own_servers.restart_postgres()
        judge_next_reply(stage, "PostgreSQL's return", within=BACK_SECONDS)
    stage.at_rest(lambda: _judge_answers(stage, began))


def _judge_answers(stage: Stage, began: float) -> None:
    """Who could not be taken in meanwhile was told so in the one way that every platform understands."""
    statuses = Counter(ack.status for ack in acks(stage.rig, began))
    stage.figures["refused"] = statuses[REFUSED]
    if other := sorted(set(statuses) - {0, 200, REFUSED}):
        stage.object_to(f"Events were answered {other} while PostgreSQL was restarted.")


def restarted_in_mid_send(stage: Stage) -> None:
    """The same while the platform is slow, so that sends are under way."""
    with stage.rules({"where": "send", "kind": "slow", "seconds": 1.5, "probability": 0.7}):
        for _ in stage.strikes(2.0, 5.0):
            stage.own_servers.restart_postgres()
    stage.at_rest(lambda: _judge_sends(stage))


def _judge_sends(stage: Stage) -> None:
    """Some sends were under way when it was restarted."""
    spans = [(epoch(began), epoch(ended)) for began, ended in stage.rig.query(ATTEMPTS)]
    hit = sum(began < struck < ended for struck in stage.struck_at for began, ended in spans)
    stage.figures["sends under way"] = hit
    note_doubts(stage)
    if not hit:
        stage.object_to("No send was under way at any restart, so nothing was shown.")


def frozen(stage: Stage) -> None:
    """It accepts connections and answers nothing."""
    spans: list[Span] = []
    for _ in stage.strikes(2.0, 4.0):
        struck = time.time()
        with stage.own_servers.frozen_postgres():
            stage.pause(FROZEN_SECONDS)
        spans.append((struck, time.time()))
    stage.at_rest(lambda: _judge_refusals(stage, spans))


def _judge_refusals(stage: Stage, spans: Sequence[Span]) -> None:
    """Meanwhile everything was refused in time, to be sent again; afterwards it was taken."""
    found = [ack for span in spans for ack in acks(stage.rig, *span)]
    refused = [ack for ack in found if ack.status == REFUSED]
    slowest = max((ack.took for ack in found), default=0.0)
    stage.figures |= {"refused": len(refused), "slowest refusal, s": round(slowest, 3)}
    if not refused:
        stage.object_to("Nothing was refused while PostgreSQL was frozen, so nothing was shown.")
    if other := sorted({ack.status for ack in found} - {200, REFUSED}):
        stage.object_to(f"Events were answered {other} while PostgreSQL was frozen.")
    late = f"An event waited {slowest:.1f} s for its answer; {SLOWEST_REFUSAL:.0f} are allowed."
    stage.judge_time(slowest, SLOWEST_REFUSAL, late)


def crowded(stage: Stage) -> None:
    """No connection is left to be had, and those that the door had are cut."""
    refused, unhelpful = 0, 0
    for _ in stage.strikes(2.0, 4.0):
        with stage.own_servers.crowded_postgres(stage.rig.database.url) as taken:
            stage.highest("connections taken", taken)
            until = time.monotonic() + stage.dice.uniform(3.0, 6.0)
            while time.monotonic() < until:
                answer = deliver(stage.rig, UNHEARD_OF % time.time_ns())
                refused += answer is not None and answer.status_code == REFUSED
                unhelpful += answer is None or (answer.status_code != 200 and "Retry-After" not in answer.headers)
                stage.pause(0.2)
    stage.figures |= {"refused": refused, "without Retry-After": unhelpful}
    if not refused:
        stage.object_to("Nothing was refused while PostgreSQL was crowded, so nothing was shown.")
    if unhelpful:
        stage.object_to(f"{unhelpful} events were not answered, or not told when to be sent again.")


def locked(stage: Stage) -> None:
    """The table of messages locked, then that of conversations, then that of events."""
    tables = ("conversations_message", "conversations_conversation", "integrations_webhookevent")
    before, spans = stage.rig.query(DEADLOCKS)[0][0], []
    for number in stage.strikes(2.0, 4.0):
        struck = time.time()
        with stage.own_servers.locked_table(stage.rig.database.url, tables[(number - 1) % len(tables)]):
            stage.pause(LOCKED_SECONDS)
        spans.append((struck, time.time()))
    stage.at_rest(lambda: _judge_locks(stage, spans, before))


def _judge_locks(stage: Stage, spans: Sequence[Span], before: int) -> None:
    """Nobody waited for one another, and how long customers waited for the lock."""
    deadlocks = stage.rig.query(DEADLOCKS)[0][0] - before
    longest = percentile([wait for span in spans for wait in waits(stage.rig, *span)], 1.0)
    stage.figures |= {"deadlocks": deadlocks, "longest wait, s": round(longest or 0.0, 1)}
    if deadlocks:
        stage.object_to(f"PostgreSQL broke off {deadlocks} deadlocks.")


FAULTS = (
    Fault(number="F15", name="PostgreSQL restarted", strike=restarted, shapes=SERVICES, only=NO_POSTGRES),
    Fault(
        number="F16",
        name="PostgreSQL restarted in mid send",
        strike=restarted_in_mid_send,
        shapes=SERVICES,
        only=NO_POSTGRES,
    ),
    Fault(number="F17", name="PostgreSQL hung", strike=frozen, shapes=SERVICES, only=NO_POSTGRES),
    Fault(number="F18", name="PostgreSQL crowded", strike=crowded, shapes=SERVICES, only=NO_POSTGRES),
    Fault(number="F19", name="tables locked", strike=locked, shapes=SERVICES, only=NO_POSTGRES),
)
