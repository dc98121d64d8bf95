"""The page's live part: the balance, how things stand, what was set aside last, and the drill."""

from dataclasses import dataclass
from datetime import datetime

from workspace.models import DrillRun
from workspace.operations import balance, drills, events, sends, vitals
from workspace.operations.filters import Filters

SHOWN = 5
DRILLS_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Everything that the live part shows."""

    now: datetime
    lines: list[balance.Line]
    labels: dict[str, str]
    vitals: vitals.Vitals
    events: list[events.Row]
    sends: list[sends.Stuck]
    drills: list[DrillRun]
    is_drilling: bool
    may_drill: bool

    @property
    def balances(self) -> bool:
        """Whether nothing is unaccounted for, on any account."""
        return all(line.difference == 0 for line in self.lines)


def read(filters: Filters, *, now: datetime) -> Board:
    """At most 19 queries, however many rows there are."""
    runs = drills.latest(DRILLS_SHOWN)
    return Board(
        now=now,
        lines=balance.read(filters, now=now),
        labels=balance.labels(),
        vitals=vitals.read(now=now),
        events=events.latest_set_aside(SHOWN),
        sends=sends.page(size=SHOWN).rows,
        drills=runs,
        is_drilling=any(drills.goes_on(run) for run in runs),
        may_drill=drills.is_possible(),
    )
