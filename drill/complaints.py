"""What the product's processes complained of while a fault struck: told where it was not held, so that one need not guess."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from drill.rig import ROOT

MOST = 6
LENGTH = 300
TRACEBACK = "Traceback (most recent call last):"
_FRAME = re.compile(rf'  File "{re.escape(str(ROOT))}/(?!\.venv/)(.+)", line (\d+)')


class Complaints:
    """The processes' logs from now on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._begins = {log: log.stat().st_size for log in folder.glob("*.log")}

    def told(self) -> tuple[str, ...]:
        """The errors that tracebacks ended in, the most frequent first: process, our own line that led to it, error."""
        found: Counter[str] = Counter()
        for log in sorted(self._folder.glob("*.log")):
            with log.open("rb") as file:
                file.seek(self._begins.get(log, 0))
                lines = file.read().decode("utf-8", "replace").splitlines()
            found.update(f"{log.stem} {error}" for error in _ends(lines))
        return tuple(f"{number} × {error}" for error, number in found.most_common(MOST))


def _ends(lines: list[str]) -> Iterator[str]:
    is_within, place = False, ""
    for line in lines:
        if TRACEBACK in line:
            is_within, place = True, ""
        elif is_within and (frame := _FRAME.match(line)):
            place = f"{frame[1]}:{frame[2]} "
        elif is_within and line.strip() and not line[0].isspace():
            yield f"{place}{line[:LENGTH]}"
            is_within = False
