"""What a drill found, for people (Markdown) and for machines (JSON)."""

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from drill.faults.runner import Result

COLUMNS = ("fault", "shape", "injected", "acked", "lost", "doubled", "out of order", "stuck", "drain, s", "held")


def markdown(results: Sequence[Result], *, command: str) -> str:
    """The table, its sum, and what did not hold."""
    lines = [
        "# What the drill found",
        "",
        f"`{command}` on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Python {platform.python_version()}.",
        "",
        f"| {' | '.join(COLUMNS)} |",
        f"|{'|'.join('---' if column in COLUMNS[:2] else '---:' for column in COLUMNS)}|",
        *(f"| {' | '.join(_cells(result))} |" for result in results),
        f"| {' | '.join(_sum(results))} |",
    ]
    figures = [f"- {_title(result)}: {_told(result.figures)}" for result in results if result.figures]
    problems = [f"- {_title(result)}: {problem}" for result in results for problem in result.problems]
    if figures:
        lines += ["", "## Figures", "", *figures]
    if problems:
        lines += ["", "## What did not hold", "", *problems]
    return "\n".join(lines) + "\n"


def as_json(results: Sequence[Result], *, command: str) -> str:
    """One object: the command, the sum, and every result."""
    rows: list[dict[str, Any]] = [asdict(result) | {"holds": result.holds} for result in results]
    total = dict(zip(COLUMNS[2:9], _sum(results)[2:9], strict=True))
    return json.dumps({"command": command, "total": total, "results": rows}, indent=2) + "\n"


def _title(result: Result) -> str:
    return f"{result.number} {result.name} ({result.shape})"


def _cells(result: Result) -> list[str]:
    found = result.verdict
    return [
        f"{result.number} {result.name}",
        result.shape,
        *(str(count) for count in _counts(result)),
        f"{result.drained_after:.1f}",
        "yes" if result.holds else f"**no** {_told({k: v for k, v in asdict(found).items() if v})}",
    ]


def _counts(result: Result) -> tuple[int, ...]:
    found = result.verdict
    return (
        result.injected,
        found.acked,
        len(found.lost),
        len(found.doubled),
        found.out_of_order,
        found.undecided,
    )


def _sum(results: Sequence[Result]) -> list[str]:
    counts = [sum(column) for column in zip(*map(_counts, results), strict=True)] if results else [0] * 6
    longest = max((result.drained_after for result in results), default=0.0)
    held = sum(result.holds for result in results)
    return ["**sum**", "", *map(str, counts), f"≤ {longest:.1f}", f"{held} of {len(results)}"]


def _told(figures: dict[str, Any]) -> str:
    shown = {name: len(value) if isinstance(value, tuple | list) else value for name, value in figures.items()}
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in shown.items())
