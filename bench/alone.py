"""A process with nothing but the engine: prints the megabytes it holds after its first fit and its first message."""

import sys
from pathlib import Path

from agent.evaluation.business import Workshop
from core import memory


def main() -> int:
    """Load, fit, understand, and look at the process."""
    shipped = Workshop(lambda _: None).shipped
    shipped.engine.understand("Where is my parcel?", language_prior=None, languages=shipped.languages)
    memory.give_back()
    held = next(line for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines() if "VmRSS" in line)
    sys.stdout.write(f"{int(held.split()[1]) / 1024:.0f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
