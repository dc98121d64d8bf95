"""Labelled rows and passages from JSON-lines files, checked line by line."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from agent.engine.types import SENTIMENT_LABELS, PassageSource, SentimentLabel

PASSAGES_SUFFIX = ".passages.jsonl"

_SPLITS = ("train", "test")
_LABELS = ("intent", "in_scope", "sentiment", "passage_id", "language")
_TOLD_AT_ONCE = 5

Item = TypeVar("Item")


class FileProblem(ValueError):
    """A file cannot be measured; the message names it, and the line where that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A text and what is known of it; what no label says is None.

    ``language`` is the text's, as the channel would name it; ``spoken`` is the same as a label to be measured.
    """

    text: str
    language: str
    is_training: bool
    intent: str | None = None
    in_scope: bool | None = None
    sentiment: SentimentLabel | None = None
    passage: str | None = None
    answer: str | None = None
    spoken: str | None = None

    @property
    def is_foreign(self) -> bool:
        """Whether the text is labelled as out of scope."""
        return self.in_scope is False


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A file's rows in their order, and the passages beside it."""

    name: str
    rows: tuple[Row, ...]
    passages: tuple[PassageSource, ...]

    @property
    def training(self) -> tuple[Row, ...]:
        """The rows to fit from."""
        return tuple(row for row in self.rows if row.is_training)

    @property
    def measured(self) -> tuple[Row, ...]:
        """The rows to be measured."""
        return tuple(row for row in self.rows if not row.is_training)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of the texts, the one of most rows first."""
        counts = Counter(row.language for row in self.rows)
        return tuple(sorted(counts, key=lambda language: (-counts[language], language)))


def read_suite(path: Path) -> Suite:
    """The file's rows and, if one of them names a passage, the passages of ``<stem>.passages.jsonl``. Raises FileProblem."""
    rows = _read(path, _row)
    if not any(not row.is_training for row in rows):
        raise FileProblem(f"{path.name}: no row has the split “test”, so there is nothing to measure.")
    passages: list[PassageSource] = []
    if any(row.passage is not None for row in rows):
        beside = path.with_name(f"{path.stem}{PASSAGES_SUFFIX}")
        if not beside.is_file():
            raise FileProblem(f"{path.name} names passages: put them beside it, into {beside.name}.")
        passages = _read(beside, _passage)
        known = {passage.id for passage in passages}
        if len(known) < len(passages):
            raise FileProblem(f"{beside.name}: two passages have the same id.")
        unknown = next((row.passage for row in rows if row.passage is not None and row.passage not in known), None)
        if unknown is not None:
            raise FileProblem(f"{path.name}: the passage “{unknown}” is not in {beside.name}.")
    return Suite(name=path.stem, rows=tuple(rows), passages=tuple(passages))


def draws(rows: Sequence[Row], label: Callable[[Row], str | None], shots: int) -> list[list[Row]]:
    """The rows of each draw, in file order: draw d has the rows d x shots to (d + 1) x shots - 1 of each label.

    There are as many draws as the rarest label fills, and at least one; rows without the label are in none of them.
    """
    places: Counter[str] = Counter()
    numbered: list[tuple[int, Row]] = []
    for row in rows:
        own = label(row)
        if own is not None:
            numbered.append((places[own] // shots, row))
            places[own] += 1
    count = max(1, min(places.values(), default=0) // shots)
    return [[row for number, row in numbered if number == draw] for draw in range(count)]


def _read(path: Path, take: Callable[[dict[str, Any]], Item]) -> list[Item]:
    """One item a line. Raises FileProblem with the first few lines that are wrong."""
    found: list[Item] = []
    wrong: list[str] = []
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        try:
            found.append(take(_object(line)))
        except ValueError as error:
            wrong.append(f"{path.name}, line {number}: {error}")
    if wrong:
        more = f"\n… and {len(wrong) - _TOLD_AT_ONCE} lines more." if len(wrong) > _TOLD_AT_ONCE else ""
        raise FileProblem("\n".join(wrong[:_TOLD_AT_ONCE]) + more)
    if not found:
        raise FileProblem(f"{path.name} is empty: a row is needed on each line.")
    return found


def _lines(path: Path) -> Iterator[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileProblem(f"{path.name} is not UTF-8 (at byte {error.start}): save it as UTF-8.") from error
    except OSError as error:
        raise FileProblem(f"{path} cannot be read: {error.strerror}.") from error
    # Only \n ends a row: other line ends may stand inside a text.
    yield from text.split("\n")


def _object(line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"this is no JSON ({error.msg} at column {error.colno}).") from error
    except RecursionError as error:
        raise ValueError("this is nested too deep.") from error
    if not isinstance(row, dict):
        raise ValueError("an object is expected, in braces.")  # noqa: TRY004  (a mistake in the file, not in the code)
    return row


def _row(raw: dict[str, Any]) -> Row:
    split = raw.get("split")
    if split not in _SPLITS:
        raise ValueError("“split” is train or test.")
    if all(raw.get(label) is None for label in _LABELS):
        raise ValueError(f"a label is missing: one of {', '.join(_LABELS)}.")
    in_scope = raw.get("in_scope")
    if in_scope is not None and not isinstance(in_scope, bool):
        raise ValueError("“in_scope” is true or false.")
    tone = _label(raw, "sentiment")
    sentiment = next((label for label in SENTIMENT_LABELS if label == tone), None)
    if tone is not None and sentiment is None:
        raise ValueError(f"“sentiment” is one of {', '.join(SENTIMENT_LABELS)}.")
    intent = _label(raw, "intent")
    if intent is not None and in_scope is False:
        raise ValueError("a text that is not in scope has no “intent”.")
    return Row(
        text=_needed(raw, "text"),
        language=_needed(raw, "lang"),
        is_training=split == "train",
        intent=intent,
        in_scope=in_scope,
        sentiment=sentiment,
        passage=_label(raw, "passage_id"),
        answer=_label(raw, "answer"),
        spoken=_label(raw, "language"),
    )


def _passage(raw: dict[str, Any]) -> PassageSource:
    own = _needed(raw, "id")
    title = _label(raw, "title") or ""
    return PassageSource(
        id=own, article_id=own, title=title, heading="", text=_needed(raw, "text"), language=_needed(raw, "lang")
    )


def _needed(raw: dict[str, Any], name: str) -> str:
    value = _label(raw, name)
    if value is None:
        raise ValueError(f"“{name}” is missing.")
    return value


def _label(raw: dict[str, Any], name: str) -> str | None:
    value = raw.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"“{name}” is a text that is not empty.")
    return value
