"""How fast customers write: the rate follows the machine, so that what a drill finds are faults and not a queue."""

from dataclasses import dataclass

from drill import wire
from drill.channels import TIKTOK, Customers
from drill.checker import drain
from drill.recovery import ends_of
from drill.rig import DrillFailed, Rig
from drill.traffic import LINES, mean_breath

ASKED = 120
SHARE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What the product answers by itself when much is asked at once, in answers a second, and what customers write then."""

    answers: float
    breath: int

    @property
    def rate(self) -> float:
        """Messages a second that make for a fifth of the answers: a process that is killed again and again has to keep up too."""
        return round(self.answers / SHARE * mean_breath(self.breath), 1)


def measured(rig: Rig, breath: int) -> Pace:
    """Ask much at once, each customer one thing, and count the answers of the middle half. Raises DrillFailed without any."""
    with wire.Client(base_url=rig.sim_url, timeout=30) as client:
        customers = Customers(rig=rig, client=client, channels=(TIKTOK,))
        for number in range(ASKED):
            customers.write(number, LINES[number % len(LINES)], 1)
    drain(rig)
    ends = sorted(ended for _, ended in ends_of(rig))
    first, last = len(ends) // 4, len(ends) * 3 // 4
    if last == first or ends[last] == ends[first]:
        raise DrillFailed(f"Only {len(ends)} of {ASKED} were answered, so the product's pace is not known.")
    return Pace(answers=(last - first) / (ends[last] - ends[first]), breath=breath)
