"""The whole engine, for every test of this folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.engine.encoder import Encoder
from agent.engine.engine import Engine
from agent.engine.heads import Heads
from agent.engine.knowledge import KnowledgeIndex
from agent.engine.seeds import Seeds
from agent.engine.types import Understanding
from tests.agent.conftest import SeedVectors

HERE = Path(__file__).parent


def read_rows(name: str) -> list[dict[str, Any]]:
    """The rows of a JSON lines file that lies beside the tests."""
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


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
            (row["route"], engine.understand(row["text"], language_prior=None, languages=("en", "de")))
            for row in read_rows(f"heldout_{language}.jsonl")
        ]
        for language in ("en", "de")
    }
