"""The fault matrix: each fault by its number, what it does to the running product, and what must hold afterwards."""

from drill.faults import load, models, people, platform, postgres, processes, redis, soak, work
from drill.faults.base import Fault, Stage

FAULTS: dict[str, Fault] = {
    fault.number: fault
    for module in (processes, work, redis, postgres, platform, models, people, load, soak)
    for fault in sorted(module.FAULTS, key=lambda each: each.number)
}

__all__ = ["FAULTS", "Fault", "Stage"]
