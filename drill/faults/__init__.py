"""The fault matrix: each fault by its number, what it does to the running product, and what must hold afterwards."""

from drill.faults import clock, disk, load, platform, postgres, processes, redis, sqlite, upkeep
from drill.faults.base import Fault, Stage

FAULTS: dict[str, Fault] = {
    fault.number: fault
    for module in (processes, redis, postgres, sqlite, disk, platform, clock, load, upkeep)
    for fault in sorted(module.FAULTS, key=lambda each: each.number)
}

__all__ = ["FAULTS", "Fault", "Stage"]
