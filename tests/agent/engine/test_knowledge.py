"""Passages, search and quotations on libraries made for the purpose."""

from __future__ import annotations

import numpy as np
import pytest

from agent.engine.encoder import Encoder
from agent.engine.gate_constants import GATES
from agent.engine.knowledge import KnowledgeIndex
from agent.engine.passages import MAX_PASSAGE_WORDS, WHOLE_ARTICLE, split_article
from agent.engine.types import Evidence, PassageSource


def test_an_article_is_cut_at_its_headings_and_questions_find_their_section() -> None:
    passages = split_article(
        article_id="returns",
        title="Returns",
        body="Intro words.\n\n## Deadline\nYou have 45 days.\n\n## Label\nPrint the label at home.",
        language="en",
        questions={WHOLE_ARTICLE: ["Where can I print a label?"], "Deadline": ["How long?"]},
    )

    assert [(passage.heading, passage.text) for passage in passages] == [
        ("", "Intro words."),
        ("Deadline", "You have 45 days."),
        ("Label", "Print the label at home."),
    ]
    assert [passage.questions for passage in passages] == [(), ("How long?",), ("Where can I print a label?",)]
    assert [passage.id for passage in passages] == ["returns#0", "returns#1", "returns#2"]


def test_a_long_section_becomes_passages_of_bounded_length() -> None:
    body = " ".join(f"Sentence number {number} has six words." for number in range(300))

    passages = split_article(article_id="long", title="Long", body=body, language="en", questions={})

    assert len(passages) > 5
    assert all(len(passage.text.split()) <= MAX_PASSAGE_WORDS for passage in passages)
    assert " ".join(passage.text for passage in passages).split() == body.split()


def test_a_passage_without_questions_is_quoted_by_sentence(encoder: Encoder) -> None:
    text = (
        "Our workshop was founded by two sisters. It stands beside the river. A new zip costs 15 euros. "
        "Patches cost 9 euros. On Fridays there is cake."
    )
    source = PassageSource(id="p", article_id="a", title="Workshop", heading="", text=text, language="en")
    index = KnowledgeIndex.build([source], encoder)

    question = "what is the price of a new zip"
    vector = encoder.encode_message(question)
    hit = index.search(question, vector=vector, english=None, language="en", k=3)[0]
    extract = index.extract(hit)

    assert "A new zip costs 15 euros." in extract.text
    assert len(extract.text) < len(text) / 2
    assert text[extract.start : extract.end] == extract.text


def test_two_passages_of_one_id_are_refused(encoder: Encoder) -> None:
    source = PassageSource(id="p", article_id="a", title="T", heading="", text="Some text.", language="en")

    with pytest.raises(ValueError, match="same id"):
        KnowledgeIndex.build([source, source], encoder)


def test_the_gate_has_one_weight_for_each_piece_of_evidence() -> None:
    assert len(GATES) == 6
    assert all(len(model.weights) == len(Evidence.__slots__) for model in GATES.values())


def test_among_ten_thousand_passages_the_one_that_says_it_is_found() -> None:
    chance = np.random.default_rng(7)
    words = np.array([f"word{number}" for number in range(3_000)])
    drawn = words[chance.integers(0, len(words), (10_000, 3, 8))]

    def random_vectors(texts: object) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        assert isinstance(texts, list)
        vectors = chance.standard_normal((len(texts), 512), dtype=np.float32)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)

    encoder = Encoder(multilingual=random_vectors, fingerprint="random", english=None, notes=())
    passages = [
        PassageSource(
            id=str(number),
            article_id=str(number // 3),
            title=f"Title {number // 3}",
            heading="",
            text=" ".join(f"{' '.join(sentence)}." for sentence in drawn[number]),
            language="xx",
            questions=(f"question {number}",) if number % 2 else (),
        )
        for number in range(10_000)
    ]
    index = KnowledgeIndex.build(passages, encoder)

    for number in range(0, 10_000, 500):
        sought = passages[number]
        hits = index.search(sought.text, vector=random_vectors([""])[0], english=None, language="xx", k=5)
        assert len(hits) == 5
        assert hits[0].passage_id == sought.id
