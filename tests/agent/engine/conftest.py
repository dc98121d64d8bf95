"""The whole engine, for every test of this folder."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.engine.encoder import Encoder
from agent.engine.engine import Engine
from agent.engine.heads import Heads
from agent.engine.knowledge import KnowledgeIndex
from agent.engine.seeds import LANGUAGES, Seeds
from agent.engine.types import Understanding
from agent.evaluation.held import HELD_FOLDER
from tests.agent.conftest import SeedVectors


def read_rows(name: str) -> list[dict[str, Any]]:
    """The rows of one of the sets that are held back from fitting."""
    return [json.loads(line) for line in (HELD_FOLDER / name).read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="session")
def knowledge(seeds: Seeds, encoder: Encoder, vectors: SeedVectors) -> KnowledgeIndex:
    """The public shipped articles, indexed."""
    return KnowledgeIndex.build(seeds.public_passages, encoder, vectors)


@pytest.fixture(scope="session")
def engine(encoder: Encoder, heads: Heads, seeds: Seeds, knowledge: KnowledgeIndex) -> Engine:
    """The whole engine."""
    return Engine(encoder, heads, seeds.phrases, knowledge)


@pytest.fixture(scope="session")
def understood(engine: Engine) -> dict[str, list[tuple[str, Understanding]]]:
    """Language to the held-out messages' routes and what the engine makes of them."""
    return {
        language: [
            (row["route"], engine.understand(row["text"], language_prior=None, languages=LANGUAGES))
            for row in read_rows(f"heldout_{language}.jsonl")
        ]
        for language in LANGUAGES
    }
