"""The part of the drill that every change must pass, in a few minutes: two lanes at the same time, one a processor."""

import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from drill import crash, mutants
from drill.faults import FAULTS
from drill.report import LEFT_OUT, Report
from drill.rig import ROOT, DrillFailed

Order = tuple[str, ...]
SERVICES = ("--shape", "services")
# Redis flushed, gone and hung; PostgreSQL restarted; sends in doubt that can be read back and that cannot.
STRIKES = ("F10", "F11", "F12", "F15", "F27", "F29")
# A storm of taking over, and races for one escalation; in twenty seconds 50 of the ones and 200 of the others.
PEOPLE = ("F41", "F42")
LANES: tuple[tuple[Order, ...], ...] = (
    (
        ("crash", *SERVICES),
        ("faults", *SERVICES, "--seconds", "20", "--only", *PEOPLE),
        ("faults", *SERVICES, "--seconds", "20", "--rate", "8", "--only", "SOAK"),
    ),
    (
        ("crash", "--shape", "embedded"),
        ("faults", *SERVICES, "--seconds", "6", "--only", *STRIKES),
        ("mutants", "--shape", "embedded", "--quick"),
    ),
)


def take_slice(report: Report) -> None:
    """Carry out every lane; what each order found goes into the report. Raises DrillFailed where one could not be."""
    with tempfile.TemporaryDirectory(prefix="drill-slice-") as name:
        lanes = [_Lane(orders, Path(name) / str(number)) for number, orders in enumerate(LANES)]
        try:
            for lane in lanes:
                lane.start()
            for lane in lanes:
                lane.join()
        finally:
            for lane in lanes:
                lane.end()
        report.items = Report.read([file for lane in lanes for file in lane.files if file.exists()]).items
    problems = [problem for lane in lanes for problem in lane.problems]
    problems += [f"{item} was not carried out." for item in missing(report.items)]
    if problems:
        raise DrillFailed("\n".join(problems))


def missing(items: Sequence[Mapping[str, Any]]) -> list[str]:
    """What every change must pass and of which nothing was found out."""
    done = {item["item"] for item in items if item["result"] != LEFT_OUT}
    return sorted(wanted() - done)


def wanted() -> set[str]:
    """What the lanes are to carry out, as a report names it."""
    points = {f"{shape} {point.name}" for shape in ("services", "embedded") for point in crash.POINTS}
    faults = {f"services {number} {FAULTS[number].name}" for number in (*STRIKES, *PEOPLE, "SOAK")}
    return points | faults | {f"embedded {trial.mutant}" for trial in mutants.TRIALS if trial.is_quick}


class _Lane(threading.Thread):
    """Orders one after another, each a drill of its own; what they tell is told as it comes."""

    def __init__(self, orders: tuple[Order, ...], folder: Path) -> None:
        super().__init__(name=f"lane {folder.name}")
        self._orders = orders
        self._folder = folder
        self.files = [folder.with_name(f"{folder.name}-{number}.json") for number in range(len(orders))]
        self.problems: list[str] = []
        self._ended = threading.Event()
        self._drill: subprocess.Popen[bytes] | None = None

    def end(self) -> None:
        """End the drill that runs, if one does, and begin no other."""
        self._ended.set()
        if self._drill is not None:
            self._drill.terminate()
            self._drill.wait()

    def run(self) -> None:
        """All of them, also after one that broke."""
        for order, file in zip(self._orders, self.files, strict=True):
            if self._ended.is_set():
                return
            command = [sys.executable, "-m", "drill", *order, "--json", str(file)]
            self._drill = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL)
            code = self._drill.wait()
            if code not in (0, 1):
                self.problems.append(f"{' '.join(order)} could not be carried out (exit {code}).")
