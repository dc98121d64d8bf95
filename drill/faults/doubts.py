"""Sends of which nobody knows whether they arrived: that there were any, how long it took to know, and what was parked."""

import time

from drill.faults.base import Stage
from drill.recovery import epoch, percentile

AMBIGUOUS = "SELECT count(*) FROM conversations_deliveryattempt WHERE outcome = 'ambiguous'"
DOUBTFUL = "SELECT count(DISTINCT delivery_id) FROM conversations_deliveryattempt WHERE outcome = 'ambiguous'"
NOW_IN_DOUBT = "SELECT id FROM conversations_delivery WHERE state = 'unknown'"
PARKED = "SELECT count(*) FROM conversations_delivery WHERE state = 'needs_review'"
# Those that were known to have arrived without another attempt.
FOUND = """
SELECT a.ended_at, d.sent_at FROM conversations_deliveryattempt a
JOIN conversations_delivery d ON d.id = a.delivery_id AND d.attempts = a.number
WHERE a.outcome = 'ambiguous' AND d.state = 'sent'
"""
# Nothing can be read back, and nothing is told of what was sent.
UNREADABLE: tuple[dict[str, object], ...] = (
    {"where": "content_list", "kind": "http_503"},
    {"where": "echo", "kind": "drop_echo"},
)
KNOWN_SECONDS = 15.0
PARKED_SECONDS, LATEST_SECONDS = 60.0, 140.0


def are_any(stage: Stage) -> bool:
    """Whether a send has been in doubt yet."""
    return bool(stage.rig.query(AMBIGUOUS)[0][0])


def note_doubts(stage: Stage) -> int:
    """How many sends were in doubt, and that it was soon known of each that it had arrived."""
    doubts: int = stage.rig.query(AMBIGUOUS)[0][0]
    took = percentile([epoch(known) - epoch(began) for began, known in stage.rig.query(FOUND)], 0.95)
    stage.figures |= {"sends in doubt": doubts, "in doubt for (p95), s": round(took or 0.0, 1)}
    late = f"Sends were in doubt for {took or 0.0:.1f} s (p95); {KNOWN_SECONDS:.0f} are allowed."
    stage.judge_time(took or 0.0, KNOWN_SECONDS, late)
    return doubts


def judge_doubts(stage: Stage) -> None:
    """Some sends were in doubt, and it was soon known of each that it had arrived."""
    if not note_doubts(stage):
        stage.object_to("No send was ever in doubt, so nothing was shown.")


def see_parked(stage: Stage) -> None:
    """While nothing can be read back, wait until no send is in doubt any more, and see how long each was."""
    seen: dict[int, float] = {}
    with stage.rules(*UNREADABLE):
        until = time.monotonic() + LATEST_SECONDS
        while time.monotonic() < until:
            now = time.monotonic()
            doubtful = [row[0] for row in stage.rig.query(NOW_IN_DOUBT)]
            for pk in doubtful:
                stage.highest("longest in doubt, s", now - seen.setdefault(pk, now))
            if not doubtful:
                break
            stage.pause(0.5)
    longest = stage.figures.get("longest in doubt, s", 0.0)
    late = f"A send was in doubt for {longest:.0f} s; after {PARKED_SECONDS:.0f} it is for a person."
    stage.judge_time(longest, PARKED_SECONDS, late)


def judge_parked(stage: Stage) -> None:
    """Every send that was ever in doubt, and no other, was given to a person."""
    doubtful, parked = stage.rig.query(DOUBTFUL)[0][0], stage.rig.query(PARKED)[0][0]
    stage.figures |= {"sends in doubt": doubtful, "parked for a person": parked}
    if not doubtful:
        stage.object_to("No send was ever in doubt, so nothing was shown.")
    if doubtful != parked:
        stage.object_to(f"{doubtful} sends were in doubt, and {parked} are parked for a person.")
