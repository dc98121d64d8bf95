"""What people do to a running product on purpose: changing its tables under load, and putting a back-up back."""

import time
from collections import defaultdict
from collections.abc import Mapping
from math import inf
from typing import Any

from drill.accounts import arrived_as
from drill.channels import WITH_A_PLATFORM
from drill.faults.acks import TAKEN, acks, slowest_ack
from drill.faults.base import BOTH, Fault, Stage
from drill.recovery import epoch

ROWS = 100_000
ROWS_AT_ONCE = 1_000
LONGEST_ACK = 1.0
LOST_SHARE = 0.4
COMPARED = "SELECT account_id, begun_at, ended_at FROM conversations_restoration ORDER BY account_id"
# All that was said in the run comes twice more within seconds: repeated, and found by looking.
MOST_RATE = 10.0
# Each reply that is not one of those found again, and how many messages it answered.
KEPT = """
SELECT d.platform_message_id, count(m.id) FROM conversations_delivery d
JOIN conversations_message said ON said.id = d.message_id AND said.author_name <> 'Sent before the restore'
LEFT JOIN conversations_message m
  ON m.disposition = 'answered' AND m.disposition_id = d.id AND m.conversation_id = d.conversation_id
WHERE d.state = 'sent' GROUP BY d.platform_message_id
"""
SETTLED_SECONDS = 3.0
BETWEEN_SECONDS = 0.02
# Events of long ago that nobody looks at, so that the table of events is as large as it is after some weeks.
OLD_EVENTS = """
WITH RECURSIVE number(n) AS (SELECT {first} + 1 UNION ALL SELECT n + 1 FROM number WHERE n < {rows})
INSERT INTO integrations_webhookevent (source, event_key, platform, body, body_sha256, headers, conv_key, is_late, state,
  reason, attempts, received_at, next_attempt_at)
SELECT 'drill:old', 'old:' || n, 'tiktok', {body}, 'old', '{{}}', '', {no}, 'ignored', 'old', 0, {now}, {now} FROM number
"""
SPELLING = {
    "embedded": {"body": "x'7b7d'", "no": "0", "now": "strftime('%Y-%m-%d %H:%M:%f', 'now', '-20 days')"},
    "services": {"body": "'\\x7b7d'::bytea", "no": "false", "now": "now() - interval '20 days'"},
}


def migrated(stage: Stage) -> None:
    """A column is added to the table that the door writes to, and filled for every row, while customers write."""
    database = stage.rig.database
    for first in range(0, ROWS, ROWS_AT_ONCE):
        database.change(OLD_EVENTS.format(first=first, rows=first + ROWS_AT_ONCE, **SPELLING[stage.rig.shape]))
    stage.pause(SETTLED_SECONDS)
    before = slowest_ack(stage.rig, time.time() - SETTLED_SECONDS)
    begun = time.time()
    stage.injected += 1
    database.change("ALTER TABLE integrations_webhookevent ADD COLUMN drill_note varchar(20)")
    filled = 0
    (lowest, highest), *_ = database.rows("SELECT min(id), max(id) FROM integrations_webhookevent")
    for first in range(lowest, highest + 1, ROWS_AT_ONCE):
        filled += database.change(
            "UPDATE integrations_webhookevent SET drill_note = 'filled' "  # noqa: S608  (two numbers)
            f"WHERE id >= {first} AND id < {first + ROWS_AT_ONCE} AND drill_note IS NULL"
        )
        stage.pause(BETWEEN_SECONDS)
    stage.figures |= {"rows filled": filled, "seconds for it": round(time.time() - begun, 1)}
    while stage.goes_on():
        stage.pause(0.5)
    slowest = slowest_ack(stage.rig, begun)
    refused = sum(ack.status != TAKEN for ack in acks(stage.rig, begun))
    stage.figures |= {"slowest ack, s": slowest, "slowest ack before it, s": before, "refused": refused}
    # A machine that is slow anyway tells nothing about the migration.
    late = f"An event waited {slowest:.1f} s for its answer during a migration."
    stage.judge_time(slowest, max(LONGEST_ACK, 2 * before), late)
    if refused:
        stage.object_to(f"{refused} events were not taken during a migration.")


def restored(stage: Stage) -> None:
    """A back-up is put back while the platform has moved on; then it repeats everything it was told we have."""
    rig = stage.rig
    stage.pause(max(2.0, (stage.ends_at - time.monotonic()) * (1 - LOST_SHARE)))
    kept = rig.folder / "backup.tar"
    kept.unlink(missing_ok=True)
    begun = time.time()
    rig.manage("backup", str(kept))
    stage.figures["back-up, s"] = round(time.time() - begun, 1)
    while stage.goes_on():
        stage.pause(0.5)
    for process in rig.processes:
        rig.kill(process.name)
    stage.injected += 1
    replied = _replies(stage)
    rig.simulator("POST", "pause")
    begun = time.time()
    rig.manage("restore", str(kept), "--force")
    stage.figures["restore, s"] = round(time.time() - begun, 1)
    repeated = rig.simulator("POST", "redeliver", {"seconds": 86_400})["webhooks"]
    rig.simulator("POST", "resume")
    rig.start_all()
    stage.figures["webhooks repeated"] = repeated
    stage.pause(3.0)
    stage.at_rest(lambda: _judge_comparing(stage))
    stage.at_rest(lambda: _judge_replies(stage, replied))


def _judge_comparing(stage: Stage) -> None:
    """Each account was compared with its platform, which here sets no limit of calls a minute, and speaks again."""
    spans = [
        (account, epoch(begun), epoch(ended) if ended else None) for account, begun, ended in stage.rig.query(COMPARED)
    ]
    stage.figures["silent after it, s"] = round(
        max((ended - begun for _, begun, ended in spans if ended), default=0.0), 1
    )
    if silent := [account for account, _, ended in spans if not ended]:
        stage.object_to(f"{len(silent)} accounts were not compared with their platform after the restore.")


def _replies(stage: Stage) -> int:
    """The newest row of the platform's log."""
    return int(stage.rig.simulator("GET", "state?acked=0")["last_log_id"])


def _judge_replies(stage: Stage, restored_at: int) -> None:
    """Nobody is answered again: after the restore a thread gets no more replies than it had questions left, and new ones."""
    rows: list[dict[str, Any]] = [*stage.rig.log("customer"), *stage.rig.log("accepted")]
    kept = {str(reply): int(answered) for reply, answered in stage.rig.query(KEPT)}
    second = second_replies(rows, restored_at, kept)
    stage.figures["second replies"] = sum(second.values())
    stage.figures["replies after it"] = sum(row["kind"] == "accepted" and row["id"] > restored_at for row in rows)
    if second:
        stage.object_to(f"{sum(second.values())} replies were given a second time after the restore.")


def second_replies(rows: list[dict[str, Any]], restored_at: int, kept: Mapping[str, int]) -> dict[str, int]:
    """How many replies too many each thread got after the log's row ``restored_at``.

    A reply that the back-up kept has answered as many questions as its record says. What was written before one that it
    lost counts as answered, for nobody can tell.
    """
    owed: dict[str, int] = defaultdict(int)
    given: dict[str, int] = defaultdict(int)
    for row in sorted(rows, key=lambda each: each["id"]):
        thread = str(row["conversation_id"])
        if row["kind"] == "customer":
            owed[thread] += 1
        elif row["id"] > restored_at:
            given[thread] += 1
        else:
            reply = arrived_as(row)
            owed[thread] = max(0, owed[thread] - kept[reply]) if reply in kept else 0
    return {thread: number - owed[thread] for thread, number in given.items() if number > owed[thread]}


FAULTS = (
    Fault(number="F48", name="tables changed while running", strike=migrated, shapes=BOTH),
    Fault(
        number="F49",
        name="restored to an earlier state",
        strike=restored,
        shapes=BOTH,
        most_rate=MOST_RATE,
        channels=WITH_A_PLATFORM,
        # What is recovered bears the time at which it was said.
        most_undecided=inf,
    ),
)
