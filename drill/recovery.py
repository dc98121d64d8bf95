"""How long it took after each strike until those who were waiting for an answer had one, or had a person."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from drill.rig import Rig

# Each message that asked for something, with the moment it was in the record, the moment of its end, and the reply's id on the platform.
ENDS = """
SELECT m.created_at, d.sent_at, d.platform_message_id FROM conversations_message m
JOIN conversations_delivery d ON d.id = m.disposition_id
WHERE m.disposition = 'answered' AND d.sent_at IS NOT NULL
UNION ALL
SELECT m.created_at, e.created_at, '' FROM conversations_message m
JOIN conversations_escalation e ON e.id = m.disposition_id
WHERE m.disposition = 'handed_over'
"""

# The same with the moment at which it was decided what becomes of it.
DECISIONS = """
SELECT m.created_at, d.created_at FROM conversations_message m
JOIN conversations_delivery d ON d.id = m.disposition_id
WHERE m.disposition = 'answered'
UNION ALL
SELECT m.created_at, e.created_at FROM conversations_message m
JOIN conversations_escalation e ON e.id = m.disposition_id
WHERE m.disposition = 'handed_over'
"""


def longest_undecided(rig: Rig) -> float:
    """For how many seconds the message was in the record that was decided last of all."""
    return max((epoch(decided) - epoch(began) for began, decided in rig.query(DECISIONS)), default=0.0)


def ends_of(rig: Rig) -> list[tuple[float, float]]:
    """The beginning and the end of each message (epoch seconds).

    A reply whose sender died with the platform's answer in its hand had arrived: the customer read it then, and not when the
    product found out.
    """
    arrived = {row["message_id"]: float(row["at"]) for row in rig.log("accepted")}
    found = []
    for began, ended, known_as in rig.query(ENDS):
        first, last = epoch(began), epoch(ended)
        at = arrived.get(known_as, last)
        found.append((first, at if first < at < last else last))
    return found


def recoveries(rig: Rig, struck_at: Sequence[float]) -> list[float]:
    """Seconds from each strike (epoch seconds) to the end of each message that was without one then."""
    ends = ends_of(rig)
    return [ended - strike for strike in struck_at for began, ended in ends if began <= strike < ended]


def waits(rig: Rig, since: float, until: float) -> list[float]:
    """Seconds from the record to its end of each message that came between two instants (epoch seconds)."""
    return [ended - began for began, ended in ends_of(rig) if since <= began < until]


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value that ``share`` of them do not exceed; None of nothing."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def epoch(value: object) -> float:
    """An instant of either database, in epoch seconds."""
    if isinstance(value, datetime):
        return value.timestamp()
    return datetime.fromisoformat(str(value)).replace(tzinfo=UTC).timestamp()
