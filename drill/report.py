"""What a drill came to: told line by line, kept as JSON, and laid out for people as a table in Markdown."""

import json
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

Item = Mapping[str, Any]
GOOD, BAD, LEFT_OUT = ("held", "caught"), ("BROKEN", "SURVIVED"), "skipped"
WORDS = (*GOOD, *BAD, LEFT_OUT)
COLUMNS: dict[str, Callable[[Item], int]] = {
    "injected": lambda item: int(item["injected"]),
    "acked": lambda item: int(item["verdict"]["acked"]),
    "lost": lambda item: _broken(item, 1),
    "doubled": lambda item: _broken(item, 3, 4),
    "out of order": lambda item: _broken(item, 5),
    "human violations": lambda item: _broken(item, 7),
    "stuck": lambda item: _broken(item, 2, 8),
    "other": lambda item: _broken(item, 6, 9, 10, 11, 12),
}


@dataclass(slots=True)
class Report:
    """What came of each item, oldest first. ``commands`` are what was typed for it, ``notes`` what holds for all of it.

    Where there is a ``file``, everything is written there after each item, for a drill takes hours and may be ended; only
    one that came to its end says of itself that everything held.
    """

    commands: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    file: Path | None = None
    has_ended: bool = False

    def tell(self, word: str, what: str, detail: str, **figures: object) -> None:
        """One item: held, caught or skipped; BROKEN or SURVIVED."""
        print(f"{word:<8} {what:<48} {detail}".rstrip(), flush=True)
        self.items.append({"item": what, "result": word, "detail": detail, **figures})
        self.write()

    def note(self, sentence: str) -> None:
        """Something to know about the items that follow."""
        print(sentence, flush=True)
        self.notes.append(sentence)

    @property
    def holds(self) -> bool:
        """Whether something was carried out, nothing broke, and no mutant lived."""
        return bool(self.items) and all(item["result"] not in BAD for item in self.items)

    @property
    def counted(self) -> dict[str, int]:
        """How many items ended how."""
        return {word: sum(item["result"] == word for item in self.items) for word in WORDS}

    @property
    def summary(self) -> str:
        """One line."""
        counts = [f"{number} {word}" for word, number in self.counted.items() if number]
        return ", ".join([*counts, f"{self.seconds:.0f} s"])

    def write(self) -> None:
        """Everything, as JSON, where there is a file for it."""
        if self.file is None:
            return
        whole = {
            "commands": self.commands,
            "notes": self.notes,
            "ended": self.has_ended,
            "holds": self.has_ended and self.holds,
            "seconds": round(self.seconds, 1),
            **self.counted,
            "items": self.items,
        }
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps(whole, indent=1, default=str) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, files: Sequence[Path]) -> Self:
        """Several drills as one: what was carried out again counts as it ended in the last file. Raises OSError and ValueError."""
        found = [json.loads(file.read_text(encoding="utf-8")) for file in files]
        short = [
            f"{file.name} is of a drill that did not come to its end."
            for file, each in zip(files, found, strict=True)
            if not each["ended"]
        ]
        return cls(
            commands=[command for each in found for command in each["commands"]],
            notes=[*(note for each in found for note in each.get("notes", [])), *short],
            items=list({item["item"]: item for each in found for item in each["items"]}.values()),
            seconds=sum(each["seconds"] for each in found),
        )

    def markdown(self) -> str:
        """The table of the faults with its sum, the figures beside it, the rest in a line each, and what did not hold."""
        faults = [item for item in self.items if "number" in item]
        heads = ["fault", "shape", *COLUMNS, "recovery p95, s", "drain, s", "held"]
        lines = [
            "# What the drill found",
            "",
            *(f"- `{command}`" for command in self.commands),
            *(f"- {note}" for note in self.notes),
            "",
            f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Python {platform.python_version()}. {self.summary}.",
            "",
            f"| {' | '.join(heads)} |",
            f"|---|---|{'---:|' * (len(heads) - 2)}",
            *(_row(item) for item in faults),
            _sum(faults),
        ]
        figures = [
            f"- {item['item']}: {', '.join(f'{name} {value:g}' for name, value in item['figures'].items())}"
            for item in faults
            if item["figures"]
        ]
        others = [
            f"- {item['result']}: {item['item']}. {item['detail']}" for item in self.items if "number" not in item
        ]
        wrong = [f"- {item['item']}: {item['detail']}" for item in self.items if item["result"] in BAD]
        for title, part in (
            ("Figures", figures),
            ("Crash points, mutants, and what was left out", others),
            ("What did not hold", wrong),
        ):
            lines += ["", f"## {title}", "", *part] if part else []
        return "\n".join(lines) + "\n"


def _broken(item: Item, *invariants: int) -> int:
    return sum(number for name, number in item["verdict"]["found"].items() if int(name.split()[0]) in invariants)


def _row(item: Item) -> str:
    counts = [str(count(item)) for count in COLUMNS.values()]
    name = f"{item['number']} {item['name']}"
    recovery = "" if item["recovery"] is None else f"{item['recovery']:.1f}"
    end = [recovery, f"{item['drained_after']:.1f}", "yes" if item["result"] == "held" else "**no**"]
    return f"| {' | '.join([name, item['shape'], *counts, *end])} |"


def _sum(faults: Sequence[Item]) -> str:
    counts = [f"**{sum(count(item) for item in faults):,}**" for count in COLUMNS.values()]
    recovery = max((item["recovery"] or 0.0 for item in faults), default=0.0)
    drain = max((item["drained_after"] for item in faults), default=0.0)
    held = sum(item["result"] == "held" for item in faults)
    return (
        f"| {' | '.join(['**sum**', '', *counts, f'≤ {recovery:.1f}', f'≤ {drain:.1f}', f'{held} of {len(faults)}'])} |"
    )
