"""The judge: waits until everything has come to rest, then asks what must hold."""

import time
from dataclasses import dataclass, field
from typing import Any

from drill import channels
from drill.accounts import said_to
from drill.invariants import INVARIANTS, Found
from drill.rig import Rig

DRAIN_SECONDS = 240.0
LOOK_SECONDS = 0.1
STILL_MOVING = """
SELECT (SELECT count(*) FROM integrations_webhookevent WHERE state = 'received')
     + (SELECT count(*) FROM conversations_message WHERE disposition = 'undecided')
     + (SELECT count(*) FROM conversations_delivery WHERE state IN ('pending', 'sending', 'retry_wait', 'unknown'))
     + (SELECT count(*) FROM privacy_erasure WHERE state IN ('approved', 'files'))
     + (SELECT count(*) FROM privacy_export WHERE state = 'approved')
     + (SELECT count(*) FROM core_auditevent e WHERE NOT EXISTS (
          SELECT 1 FROM core_auditseal s WHERE s.event_id = e.id))
"""
PARKED = "SELECT count(*) FROM conversations_delivery WHERE state IN ('needs_review', 'dead')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found: how much there was to judge, and under each invariant's name what breaks it.

    ``parked`` are deliveries left for a person, which is allowed and shown.
    """

    written: int
    acked: int
    replies: int
    parked: int
    broken: dict[str, Found] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether every promise was kept."""
        return not any(self.broken.values())

    @property
    def names(self) -> list[str]:
        """The invariants that were broken."""
        return [name for name, rows in self.broken.items() if rows]

    def as_json(self) -> dict[str, Any]:
        """Everything: how many rows break each invariant, and at most ten of them as text."""
        found = {name: len(rows) for name, rows in self.broken.items()}
        rows = {name: [" ".join(map(str, row)) for row in rows[:10]] for name, rows in self.broken.items() if rows}
        figures = {"written": self.written, "acked": self.acked, "replies": self.replies, "parked": self.parked}
        return {"holds": self.holds, **figures, "found": found, "broken": rows}


def is_quiet(rig: Rig) -> bool:
    """Whether nothing is on its way any more, on either side."""
    state = rig.simulator("GET", "state?acked=0")
    pending: int = state["webhooks"]["pending"]
    moving: int = rig.query(STILL_MOVING)[0][0]
    return pending + moving + rig.visitors.waiting == 0


def drain(rig: Rig, *, seconds: float = DRAIN_SECONDS) -> float:
    """Let everything come to rest, with whatever died started again; answers after how many seconds it had.

    What has not come to rest by then is for the judge to find.
    """
    begun = time.monotonic()
    rig.start_all()
    while time.monotonic() - begun < seconds and not is_quiet(rig):
        rig.simulator("POST", "hurry")
        time.sleep(LOOK_SECONDS)
    return time.monotonic() - begun


def judge(rig: Rig) -> Verdict:
    """Compare what the platform saw with what the product recorded."""
    acked = {(row["account"], name) for row in rig.log("webhook") if row["status"] == 200 for name in said_to(row)}
    in_chat = len(rig.visitors.acked)
    elsewhere = channels.broken(rig)
    return Verdict(
        written=len(rig.log("customer")) + in_chat + rig.visitors.waiting,
        acked=len(acked) + in_chat,
        replies=len(rig.log("accepted")),
        parked=rig.query(PARKED)[0][0],
        broken={
            f"{each.number} {each.name}": [*each.broken(rig), *elsewhere.get(each.number, [])] for each in INVARIANTS
        },
    )
