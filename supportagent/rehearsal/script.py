"""A dialogue's file, read and checked: ``scripts/<language>_<what it is about>.toml``.

title = "Asks where the parcel is, and thanks"
language = "es"
about = ["support", "thanks"]

[[products]]                           # what the price list holds meanwhile
number = "JKT"
name = "Rain jacket"
other_names = ["chubasquero"]
price = "89.90"
tiers = { 15 = "82.71" }               # from so many on, each

[[turns]]
says = ["¿Dónde está mi pedido?"]      # several: sent one after the other, answered together
told = ['tarnhollow\\.example/track']   # regular expressions, case ignored: all stand in what arrives
quotes = ["order-tracking"]            # slugs of the articles that the answer names as its sources
never = ["…"]                          # none of them stands there
picture = true                         # a picture comes with it
silent = true                          # nothing arrives

[end]
mode = "human"                         # bot, human or closed
reason = "asked_for_person"            # of the escalation; without it none is open
priority = "normal"
dispositions = ["answered", "handed_over"]   # of the customer's messages, in order
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.engine.seeds import LANGUAGES

SCRIPTS = Path(__file__).parent / "scripts"
TOPICS = frozenset(
    {
        "abuse", "asks_person", "danger", "gibberish", "injection", "out_of_scope", "picture", "refuses_person", "repetition",
        "sales", "security", "silence", "support", "thanks", "threat", "topic_change", "urgent",
    }
)  # fmt: skip
DISPOSITIONS = frozenset({"answered", "handed_over", "ignored"})


class ScriptError(ValueError):
    """A dialogue's file cannot be used; the message names the file and what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogueTurn:
    """What the customer sends, and what has to arrive. ``told`` and ``never`` are regular expressions."""

    says: tuple[str, ...] = ()
    picture: bool = False
    told: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    quotes: tuple[str, ...] = ()
    silent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How the record stands at the end; without ``reason`` no escalation was ever opened."""

    mode: str
    dispositions: tuple[str, ...]
    reason: str = ""
    priority: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ware:
    """Something that the price list holds while a dialogue is played. ``tiers`` maps quantities to the price of each."""

    number: str
    name: str
    price: str
    other_names: tuple[str, ...] = ()
    tiers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    """One customer's conversation."""

    name: str
    title: str
    language: str
    about: tuple[str, ...]
    turns: tuple[DialogueTurn, ...]
    end: End
    products: tuple[Ware, ...] = ()


def load_all(folder: Path = SCRIPTS) -> list[Dialogue]:
    """Every dialogue of the folder, in the order of the file names. Raises ScriptError."""
    return [load(path) for path in sorted(folder.glob("*.toml"))]


def load(path: Path) -> Dialogue:
    """One dialogue. Raises ScriptError."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        dialogue = Dialogue(
            name=path.stem,
            title=raw["title"],
            language=raw["language"],
            about=tuple(raw["about"]),
            turns=tuple(DialogueTurn(**_frozen(turn)) for turn in raw["turns"]),
            end=End(**_frozen(raw["end"])),
            products=tuple(Ware(**_frozen(ware)) for ware in raw.get("products", [])),
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise ScriptError(f"{path.name}: {error!r}") from error
    _check(path.name, dialogue)
    return dialogue


def _frozen(raw: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in raw.items()}


def _check(name: str, dialogue: Dialogue) -> None:
    if dialogue.language not in LANGUAGES or not name.startswith(f"{dialogue.language}_"):
        raise ScriptError(f"{name}: the language is one of {', '.join(LANGUAGES)}, and the file's name begins with it.")
    unknown = set(dialogue.about) - TOPICS
    if unknown or not dialogue.about:
        raise ScriptError(f"{name}: about names some of {', '.join(sorted(TOPICS))}, not {', '.join(sorted(unknown))}.")
    sent = sum(len(turn.says) or int(turn.picture) for turn in dialogue.turns)
    if len(dialogue.end.dispositions) != sent or not set(dialogue.end.dispositions) <= DISPOSITIONS:
        raise ScriptError(f"{name}: {sent} messages are sent, and each has one of {', '.join(sorted(DISPOSITIONS))}.")
    for turn in dialogue.turns:
        if not turn.says and not turn.picture:
            raise ScriptError(f"{name}: a turn says nothing and brings no picture.")
        if turn.silent == bool(turn.told or turn.quotes):
            raise ScriptError(
                f"{name}: what is said after {turn.says!r} is either silent, or told or quotes something."
            )
        for pattern in (*turn.told, *turn.never):
            try:
                re.compile(pattern)
            except re.error as error:
                raise ScriptError(f"{name}: {pattern!r} is no regular expression: {error}.") from error
