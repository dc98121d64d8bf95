"""The fault matrix: each fault by its number, what it does to the running product, and what must hold afterwards."""

from drill.faults import (
    clock,
    disk,
    freezing,
    load,
    models,
    people,
    platform,
    postgres,
    processes,
    redis,
    soak,
    sqlite,
    upkeep,
    work,
)
from drill.faults.base import Fault, Stage

_MODULES = (
    processes, freezing, work, redis, postgres, sqlite, disk, platform, models, clock, people, load, upkeep, soak,
)  # fmt: skip
FAULTS: dict[str, Fault] = {
    fault.number: fault for module in _MODULES for fault in sorted(module.FAULTS, key=lambda each: each.number)
}

__all__ = ["FAULTS", "Fault", "Stage"]
