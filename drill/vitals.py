"""What processes cost: their memory, and the processor's time, with everything that they started."""

import os
from contextlib import suppress
from pathlib import Path

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """The process and those it started; empty where it is gone."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        found = [int(child) for child in children.read_text().split()]
    except OSError:
        return []
    return [pid, *(each for child in found for each in family(child))]


def memory(pid: int) -> float:
    """Its family's share of the memory (PSS), in megabytes."""
    return sum(_share_of_memory(each) for each in family(pid))


def processor_seconds(pid: int) -> float:
    """What its family used of the processors since each began, in seconds."""
    return sum(_used(each) for each in family(pid))


def _share_of_memory(pid: int) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


def _used(pid: int) -> float:
    with suppress(OSError):
        # The name before the last bracket may hold spaces; after it come the state and then numbers only.
        numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(numbers[11]) + int(numbers[12])) / _TICKS_A_SECOND
    return 0.0
