"""Small files of labelled rows, and the workshop that measures them."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from agent.engine.encoder import Encoder
from agent.evaluation.business import Workshop

Write = Callable[..., Path]

TEACHING = {
    "lost_key": ["I lost my locker key", "my key to the locker is gone", "cannot find the locker key", "where do I get a new key"],
    "opening": ["when does the pool open", "opening hours of the pool", "is the pool open on Sunday", "until when may I swim"],
    "lessons": ["do you teach children to swim", "swimming lessons for beginners", "book a swimming course", "when is the next course"],
}  # fmt: skip


@pytest.fixture(scope="session")
def workshop(encoder: Encoder) -> Workshop:
    """One workshop for all tests; what it is told, nobody hears."""
    return Workshop(lambda _: None, encoder)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write rows as a JSON-lines file."""

    def rows_into(name: str, rows: Sequence[Mapping[str, Any]]) -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        return path

    return rows_into


def train(text: str, **labels: object) -> dict[str, object]:
    """A row to fit from."""
    return {"id": text, "suite": "own", "split": "train", "lang": "en", "text": text, **labels}


def measured(text: str, **labels: object) -> dict[str, object]:
    """A row to measure."""
    return {**train(text, **labels), "split": "test"}


def lessons() -> list[dict[str, object]]:
    """Train rows of three intents of a swimming pool."""
    return [train(text, intent=intent) for intent, texts in TEACHING.items() for text in texts]
