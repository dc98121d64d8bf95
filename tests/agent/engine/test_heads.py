"""The heads as bytes, and what fitting promises."""

from __future__ import annotations

import io

import numpy as np
import pytest

from agent.engine.encoder import Encoder
from agent.engine.engine import Engine
from agent.engine.fitting import NotEnoughExamples, fit
from agent.engine.heads import Heads, HeadsFormatError
from agent.engine.knowledge import KnowledgeIndex
from agent.engine.seeds import Seeds
from agent.engine.types import Example, IntentSpec
from tests.agent.conftest import SeedVectors


def test_heads_come_back_from_their_bytes_as_they_were(heads: Heads) -> None:
    again = Heads.from_bytes(heads.to_bytes())

    before, after = heads.to_arrays(), again.to_arrays()
    assert before.keys() == after.keys()
    for name, array in before.items():
        assert array.dtype == after[name].dtype
        assert np.array_equal(array, after[name])
    assert again.intents == heads.intents
    assert again.report == heads.report


def test_heads_from_bytes_understand_the_same(heads: Heads, engine: Engine, seeds: Seeds) -> None:
    again = Engine(engine.encoder, Heads.from_bytes(heads.to_bytes()), seeds.phrases, engine.knowledge)

    for text in ("where is my parcel", "Ich möchte mein Geld zurück", "tell me a joke"):
        assert again.understand(text, language_prior=None, languages=("en", "de")) == engine.understand(
            text, language_prior=None, languages=("en", "de")
        )


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04" + b"\0" * 64])
def test_bytes_that_are_no_heads_are_refused(content: bytes) -> None:
    with pytest.raises(HeadsFormatError):
        Heads.from_bytes(content)


def test_pickles_are_never_read() -> None:
    buffer = io.BytesIO()
    np.savez(buffer, metadata=np.array([{"format_version": 1}], dtype=object))

    with pytest.raises(HeadsFormatError):
        Heads.from_bytes(buffer.getvalue())


def test_heads_of_another_format_are_refused(heads: Heads) -> None:
    with pytest.raises(HeadsFormatError):
        Heads.from_arrays(heads.to_arrays(), {**heads.metadata(), "format_version": 0})


def test_the_report_says_how_good_the_heads_are(heads: Heads) -> None:
    general = heads.report["general"]

    assert general["intent"]["accuracy"] >= 0.75
    assert general["intent"]["precision"] >= 0.94
    assert general["intent"]["iterations"] > 0
    assert general["sentiment"]["macro_f1"] >= 0.8
    assert set(general["signals"]) == {"urgent", "wants_person", "threat", "churn"}
    assert set(general["intent"]["f1"]) == {spec.key for spec in heads.intents}


def test_fitting_twice_gives_the_same_heads(seeds: Seeds, encoder: Encoder, vectors: SeedVectors) -> None:
    examples = seeds.examples[::6]

    first, second = (fit(examples, seeds.intents, seeds.sentiment, {}, encoder, vectors).to_arrays() for _ in range(2))

    assert all(np.array_equal(array, second[name]) for name, array in first.items())


def test_an_intent_with_one_example_is_fitted_all_the_same(
    seeds: Seeds, encoder: Encoder, vectors: SeedVectors, knowledge: KnowledgeIndex
) -> None:
    specs = [IntentSpec(key="returns", route="support"), IntentSpec(key="ski_hire", route="sales")]
    examples = [
        Example(text="how do I return this", intent="returns", language="en"),
        Example(text="send it back please", intent="returns", language="en"),
        Example(text="do you rent out skis", intent="ski_hire", language="en"),
        Example(text="this intent is unknown", intent="gone", language="en"),
    ]

    engine = Engine(encoder, fit(examples, specs, seeds.sentiment, {}, encoder, vectors), [], knowledge)

    assert engine.understand("can I hire skis", language_prior="en", languages=("en",)).intent == "ski_hire"


def test_too_few_examples_are_refused_in_one_sentence(seeds: Seeds, encoder: Encoder) -> None:
    with pytest.raises(NotEnoughExamples, match="two intents"):
        fit([], seeds.intents, seeds.sentiment, {}, encoder)
    with pytest.raises(NotEnoughExamples, match="Sentiment"):
        fit(seeds.examples[:60], seeds.intents, [], {}, encoder)


def test_known_vectors_are_not_computed_again(seeds: Seeds, encoder: Encoder, vectors: SeedVectors) -> None:
    def refuse(texts: object) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        raise AssertionError(f"computed again: {texts}")

    texts = [example.text for example in seeds.examples[:20]]
    known = encoder.encode(texts, vectors)
    idle = Encoder(multilingual=refuse, fingerprint=encoder.fingerprint, english=None, notes=())

    assert np.array_equal(idle.encode(texts, vectors), known)
