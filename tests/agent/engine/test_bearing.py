"""How the words of a passage bear on a question."""

from __future__ import annotations

import pytest

from agent.engine.bearing import kind_evidence, missing_names, read_question, together
from agent.engine.keywords import KeywordField
from agent.engine.text import sentence_spans
from agent.engine.types import PassageSource

MILL = PassageSource(
    id="mill#0",
    article_id="mill",
    title="Brindle Mill",
    heading="",
    text="Josiah Farrow was a grain merchant. He built the mill in 1782. Its wheel was made of oak.",
    language="en",
)
SPANS = sentence_spans(MILL.text)


def test_a_thing_of_the_kind_counts_whole_in_the_quotation_and_half_beside_it() -> None:
    asked = read_question("When was the mill built?", "en")

    assert kind_evidence(asked, MILL, SPANS, SPANS[1]) == (1.0, 0.0)
    assert kind_evidence(asked, MILL, SPANS, SPANS[2]) == (0.5, 0.0)
    assert kind_evidence(read_question("How much was the mill?", "en"), MILL, SPANS, SPANS[1]) == (0.0, 1.0)
    assert kind_evidence(read_question("Can I visit the mill?", "en"), MILL, SPANS, SPANS[1]) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("question", "language", "names"),
    [
        ("When did Josiah Farrow sell Brindle Mill's wheel?", "en", ("josiah", "farrow", "brindle", "mill")),
        ("Where was it in 1782?", "en", ("1782",)),
        ("Where is my order 4?", "en", ()),
        ("WHERE IS MY ORDER", "en", ()),
        ("can i bring my dog", "en", ()),
        ("Wann hat Josiah Farrow die Mühle verkauft?", "de", ("josiah", "farrow")),
        ("Was kostet die Jacke mit Logo?", "de", ()),
    ],
)
def test_names_are_known_by_how_they_are_written(question: str, language: str, names: tuple[str, ...]) -> None:
    assert read_question(question, language).names == names


def test_of_a_heap_of_names_a_dozen_is_read() -> None:
    heap = " ".join(f"Name{chr(97 + number)}" for number in range(26))

    assert read_question(f"who is {heap}", "en").names == tuple(f"name{chr(97 + number)}" for number in range(12))


def test_names_that_the_passage_lacks_are_counted() -> None:
    assert missing_names(read_question("When did Josiah Farrow build Brindle Mill?", "en"), MILL) == 0.0
    assert missing_names(read_question("When did Louisa Farrow come from Elstow?", "en"), MILL) == 2.0


def test_words_of_one_sentence_count_more_than_the_same_words_of_several() -> None:
    field = KeywordField([0], [MILL], "en", None)
    near, far = field.match("was the wheel made of oak"), field.match("did the merchant build an oak wheel")

    assert together(near, MILL, SPANS) == pytest.approx(1.0)
    assert 0.0 < together(far, MILL, SPANS) < 1.0
    assert together(field.match("the of"), MILL, SPANS) == 0.0
