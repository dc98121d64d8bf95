"""The judge: the simulator's truth log against the product's rows, by SQL. It knows nothing of how either works."""

from dataclasses import dataclass
from typing import Any

from drill.rig import BUSINESS, Rig

STILL_MOVING = """
SELECT (SELECT count(*) FROM integrations_webhookevent WHERE state = 'received')
     + (SELECT count(*) FROM conversations_message WHERE disposition = 'undecided')
     + (SELECT count(*) FROM conversations_delivery WHERE state IN ('pending', 'sending', 'retry_wait', 'unknown'))
"""
GAPS = """
SELECT c.id FROM conversations_conversation c
JOIN conversations_message m ON m.conversation_id = c.id
GROUP BY c.id, c.last_seq HAVING count(*) <> c.last_seq OR max(m.seq) <> c.last_seq OR min(m.seq) <> 1
"""
ENDS = "SELECT platform_message_id, disposition FROM conversations_message WHERE direction = 'in'"
SENT = """
SELECT d.platform_message_id, d.conversation_id, d.out_seq FROM conversations_delivery d
WHERE d.state = 'sent' ORDER BY d.conversation_id, d.out_seq
"""
ANSWERS_TO_NOTHING = """
SELECT d.id FROM conversations_delivery d WHERE d.author = 'bot' AND d.state = 'sent' AND NOT EXISTS (
  SELECT 1 FROM conversations_message m
  WHERE m.conversation_id = d.conversation_id AND m.disposition = 'answered' AND m.disposition_id = d.id)
"""
PARKED = "SELECT count(*) FROM conversations_delivery WHERE state IN ('needs_review', 'dead')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found.

    ``lost``: acknowledged to the platform, and no row. ``doubled``: accepted by the platform, and not the one arrival
    of a reply of ours. ``phantom``: a reply recorded as sent that the platform never saw. ``surplus``: replies of the
    bot that answer nothing. ``parked``: deliveries left for a person, which is allowed and shown.
    """

    written: int
    acked: int
    replies: int
    parked: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    phantom: tuple[str, ...]
    undecided: int
    surplus: int
    out_of_order: int
    gaps: int

    @property
    def holds(self) -> bool:
        """Whether every promise was kept, and there was something to keep it for."""
        faults = len(self.lost) + len(self.doubled) + len(self.phantom) + self.undecided + self.surplus
        return faults + self.out_of_order + self.gaps == 0 and self.acked == self.written > 0


def is_quiet(rig: Rig) -> bool:
    """Whether nothing is on its way any more, on either side."""
    state = rig.simulator("GET", "state?acked=0")
    pending: int = state["webhooks"]["pending"]
    moving: int = rig.query(STILL_MOVING)[0][0]
    return pending + moving == 0


def judge(rig: Rig) -> Verdict:
    """Compare what the platform saw with what the product recorded."""
    written = [row["message_id"] for row in log(rig, "customer")]
    accepted = [row for row in log(rig, "accepted") if row["account"] == BUSINESS]
    acked = {
        row["message_id"] for row in log(rig, "webhook") if row["status"] == 200 and row["name"] == "im_receive_msg"
    }
    ends = dict(rig.query(ENDS))
    sent = rig.query(SENT)
    by_id = {platform_id: (conversation, out_seq) for platform_id, conversation, out_seq in sent}
    seen = [row["message_id"] for row in accepted]
    return Verdict(
        written=len(written),
        acked=len(acked),
        replies=len(seen),
        parked=rig.query(PARKED)[0][0],
        lost=tuple(sorted(acked - set(ends))),
        doubled=tuple(sorted(set(seen) - set(by_id))),
        phantom=tuple(sorted(set(by_id) - set(seen))),
        undecided=sum(1 for end in ends.values() if end == "undecided"),
        surplus=len(rig.query(ANSWERS_TO_NOTHING)),
        out_of_order=_inversions([by_id[message_id] for message_id in seen if message_id in by_id]),
        gaps=len(rig.query(GAPS)),
    )


def log(rig: Rig, kind: str) -> list[dict[str, Any]]:
    """Every row of one kind of the simulator's truth log."""
    rows: list[dict[str, Any]] = []
    while True:
        page = rig.simulator("GET", f"log?after={rows[-1]['id'] if rows else 0}&kind={kind}&limit=5000")["rows"]
        if not page:
            return rows
        rows += page


def _inversions(order: list[tuple[int, int]]) -> int:
    highest: dict[int, int] = {}
    inversions = 0
    for conversation, out_seq in order:
        inversions += out_seq < highest.get(conversation, 0)
        highest[conversation] = max(out_seq, highest.get(conversation, 0))
    return inversions
