"""The product's own labelled messages that nothing is fitted from, in the files of ``held/``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.engine.types import Route

HELD_FOLDER = Path(__file__).parent / "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutedMessage:
    """A message and the route that is right for it."""

    text: str
    route: Route
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question and the slugs of the articles that answer it; none where no article does."""

    text: str
    articles: frozenset[str]
    language: str


def routed_messages() -> list[RoutedMessage]:
    """Messages by their route, in every language."""
    return [RoutedMessage(**row) for row in _rows("heldout_*.jsonl")]


def questions() -> list[Question]:
    """Questions that the shipped articles answer, and questions that they do not."""
    found = [
        Question(
            text=row["text"],
            articles=frozenset() if row["article"] is None else frozenset({row["article"]}),
            language=row["language"],
        )
        for row in _rows("questions_*.jsonl")
    ]
    found.extend(
        Question(text=row["text"], articles=frozenset(row["articles"]), language=row["language"])
        for row in _rows("everyday.jsonl")
    )
    return found


def _rows(pattern: str) -> Iterator[dict[str, Any]]:
    for path in sorted(HELD_FOLDER.glob(pattern)):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)
