"""The agent's fixtures: the real engine, fitted once a session from the seeds, and a release in the test's database."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytest_django import Settings

from agent import engine
from agent.engine.encoder import Encoder
from agent.engine.fitting import fit
from agent.engine.knowledge import KnowledgeIndex
from agent.engine.seeds import Seeds
from agent.models import Release, TextVector
from agent.releases.first import ensure_first_release
from agent.releases.training import keep_heads, training_set
from agent.runtime import Runtime, encoder_name

HEADS = "heads"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What fitting the seeds leaves behind: the heads, and the vectors of the articles."""

    encoder: Encoder
    heads: bytes
    vectors: dict[str, bytes]


@pytest.fixture(scope="session")
def fitted(pytestconfig: pytest.Config) -> Fitted:
    """The seeds, fitted with the installed encoders. Fitting takes a minute, so pytest's cache keeps what came of it.

    The cache's key is the engine's code and the seeds, so that a change of either is fitted anew.
    """
    encoder = Encoder.load()
    kept = pytestconfig.cache.mkdir("engine") / f"{_state_of_engine(encoder)}.npz"
    if not kept.exists():
        _fit(encoder, kept)
    with np.load(kept, allow_pickle=False) as file:
        vectors = {name: file[name].tobytes() for name in file.files}
    return Fitted(encoder=encoder, heads=vectors.pop(HEADS), vectors=vectors)


def _state_of_engine(encoder: Encoder) -> str:
    folder = Path(engine.__file__).parent
    digest = hashlib.sha256(encoder_name(encoder).encode())
    for path in sorted([*folder.glob("*.py"), *(folder.parent / "seeds").rglob("*.*")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:20]


def _fit(encoder: Encoder, path: Path) -> None:
    seeds = Seeds()
    vectors: dict[str, bytes] = {}
    KnowledgeIndex.build(seeds.public_passages, encoder, vectors)
    heads = fit(seeds.examples, seeds.intents, seeds.sentiment, seeds.heads, encoder, {})
    kept = {HEADS: heads.to_bytes(), **vectors}
    contents: dict[str, Any] = {name: np.frombuffer(content, dtype=np.uint8) for name, content in kept.items()}
    unfinished = path.with_suffix(".part.npz")
    np.savez(unfinished, **contents)
    unfinished.replace(path)


@pytest.fixture
def release(db: None, fitted: Fitted, settings: Settings) -> Release:
    """Release 1 as the product comes with it, with its heads in place, so that no test fits them again."""
    settings.FOUR_EYES = False
    first = ensure_first_release()
    keep_heads(
        first.pk,
        encoder=encoder_name(fitted.encoder),
        digest=training_set(first.pk).digest,
        data=fitted.heads,
        report={},
    )
    TextVector.objects.bulk_create(
        TextVector(key=hashlib.sha256(key.encode()).hexdigest(), vector=vector)
        for key, vector in fitted.vectors.items()
    )
    return first


@pytest.fixture
def mind(release: Release, fitted: Fitted) -> Runtime:
    """A process's mind over that release."""
    return Runtime(fitted.encoder)
