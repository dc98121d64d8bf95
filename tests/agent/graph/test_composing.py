"""Cutting a quotation to what a channel carries."""

from agent.graph.composing import fit, sources_of
from tests.agent.scripted import passage


def test_a_text_that_fits_is_left_alone() -> None:
    assert fit("Short.", 10) == "Short."


def test_a_long_text_ends_after_a_whole_sentence() -> None:
    assert fit("One sentence here. Another one there. And a third.", 45) == "One sentence here. Another one there."


def test_a_text_without_sentences_ends_after_a_whole_word() -> None:
    assert fit("one two three four five", 12) == "one two"


def test_a_source_stands_once() -> None:
    assert len(sources_of([passage(), passage()])) == 1
