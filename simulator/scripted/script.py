"""What a script is, and reading it from its file."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).parents[1] / "scripts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What the customer does next. ``texts`` are sent one after the other.

    With ``waits`` the customer first waits for an answer to what was said before.
    """

    texts: tuple[str, ...] = ()
    image: bool = False
    sticker: str | None = None
    waits: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One customer's story. ``needs_person`` says that it ends with a person's answer, which may be long in coming."""

    name: str
    title: str
    customers: tuple[str, ...]
    lines: tuple[Line, ...]
    needs_person: bool = False


def load_all(folder: Path = SCRIPTS) -> list[Script]:
    """Every script of the folder, in the order of their file names."""
    return [
        _script(path.stem, tomllib.loads(path.read_text(encoding="utf-8"))) for path in sorted(folder.glob("*.toml"))
    ]


def _script(name: str, raw: dict[str, Any]) -> Script:
    lines = tuple(
        Line(
            texts=tuple(entry.get("say", ())),
            image=bool(entry.get("image", False)),
            sticker=entry.get("sticker"),
            waits=bool(entry.get("waits", number > 0)),
        )
        for number, entry in enumerate(raw["lines"])
    )
    return Script(
        name=name,
        title=raw["title"],
        customers=tuple(raw["customers"]),
        lines=lines,
        needs_person=bool(raw.get("needs_person", False)),
    )
