"""What the fault matrix came to, for people: a table in Markdown."""

import platform
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from drill.faults.runner import Result

COLUMNS: dict[str, Callable[[Result], int]] = {
    "injected": lambda result: result.injected,
    "acked": lambda result: result.verdict.acked,
    "lost": lambda result: _broken(result, 1),
    "doubled": lambda result: _broken(result, 3) + _broken(result, 4),
    "out of order": lambda result: _broken(result, 5),
    "human violations": lambda result: _broken(result, 7),
    "stuck": lambda result: _broken(result, 2) + _broken(result, 8),
    "other": lambda result: sum(_broken(result, number) for number in (6, 9, 10, 11, 12)),
}


def markdown(results: Sequence[Result], *, command: str) -> str:
    """The table with its sum, the figures beside it, and what did not hold."""
    heads = ["fault", "shape", *COLUMNS, "drain, s", "held"]
    lines = [
        "# What the drill found",
        "",
        f"`{command}` on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Python {platform.python_version()}.",
        "",
        f"| {' | '.join(heads)} |",
        f"|---|---|{'---:|' * (len(heads) - 2)}",
        *(_row(result) for result in results),
        _sum(results),
    ]
    figures = [
        f"- {result.title}: {', '.join(f'{name} {value:g}' for name, value in result.figures.items())}"
        for result in results
        if result.figures
    ]
    wrong = [
        f"- {result.title}: {problem}" for result in results for problem in (*result.verdict.names, *result.problems)
    ]
    lines += ["", "## Figures", "", *figures] if figures else []
    lines += ["", "## What did not hold", "", *wrong] if wrong else []
    return "\n".join(lines) + "\n"


def _broken(result: Result, invariant: int) -> int:
    return sum(len(rows) for name, rows in result.verdict.broken.items() if name.startswith(f"{invariant} "))


def _row(result: Result) -> str:
    counts = [str(count(result)) for count in COLUMNS.values()]
    end = [f"{result.drained_after:.1f}", "yes" if result.holds else "**no**"]
    return f"| {' | '.join([f'{result.number} {result.name}', result.shape, *counts, *end])} |"


def _sum(results: Sequence[Result]) -> str:
    counts = [f"**{sum(count(result) for result in results)}**" for count in COLUMNS.values()]
    longest = max((result.drained_after for result in results), default=0.0)
    end = [f"≤ {longest:.1f}", f"{sum(result.holds for result in results)} of {len(results)}"]
    return f"| {' | '.join(['**sum**', '', *counts, *end])} |"
