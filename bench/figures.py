"""What a bench measured: told line by line, kept as JSON, laid out as a table."""

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from drill.rig import ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured value. ``must`` and ``aim`` are its limits: at least, or at most where ``less_is_better``."""

    name: str
    value: float
    unit: str
    must: float | None = None
    aim: float | None = None
    less_is_better: bool = False
    detail: str = ""

    @property
    def verdict(self) -> str:
        """``aim``, ``met`` or ``MISSED``; empty where nothing was set."""
        if self.must is None:
            return ""
        sign = -1 if self.less_is_better else 1
        if self.aim is not None and sign * self.value >= sign * self.aim:
            return "aim"
        return "met" if sign * self.value >= sign * self.must else "MISSED"


@dataclass(slots=True)
class Figures:
    """What was measured, in order. Where nothing ``counts``, because too little was done, there are no limits."""

    counts: bool = True
    found: list[Figure] = field(default_factory=list)

    def tell(self, figure: Figure) -> None:
        """Keep one, and say it."""
        if not self.counts:
            figure = replace(figure, must=None, aim=None)
        self.found.append(figure)
        print(
            f"{figure.name:<64} {_spelt(figure.value):>9} {figure.unit:<12} {figure.verdict:<7} {figure.detail}",
            flush=True,
        )

    @property
    def holds(self) -> bool:
        """Whether every must is met."""
        return all(figure.verdict != "MISSED" for figure in self.found)

    def markdown(self) -> str:
        """The table."""
        lines = ["| what | measured | must | aim | |", "|---|---|---|---|---|"]
        for each in self.found:
            limits = [_spelt(limit) if limit is not None else "" for limit in (each.must, each.aim)]
            cells = [
                each.name,
                f"{_spelt(each.value)} {each.unit}",
                *limits,
                " ".join(filter(None, [each.verdict, each.detail])),
            ]
            lines.append(f"| {' | '.join(cells)} |")
        return "\n".join([*lines, "", f"Measured on {_machine()}.", ""])

    def write(self, file: Path) -> None:
        """Everything, as JSON."""
        rows = [asdict(figure) | {"verdict": figure.verdict} for figure in self.found]
        file.write_text(json.dumps({"machine": _machine(), "figures": rows}, indent=1) + "\n", encoding="utf-8")


def median(values: Sequence[float]) -> float:
    """The middle of the rounds' values."""
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of them do not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def without(took: float, beside: float) -> float:
    """Seconds by the clock, less the share that ``beside`` seconds of what is no part of the product had of all processors.

    All its time on all processors was ours to lose, since a bench lets the product work as fast as it can.
    """
    return took - beside / len(os.sched_getaffinity(0))


def _spelt(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 10 else f"{value:,.0f}"


def _machine() -> str:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    return f"{os.cpu_count()} processors, Python {platform.python_version()}, {platform.system()}, commit {commit or 'unknown'}"
