"""Cutting a quotation to what a channel carries."""

from agent.graph.composing import Plan, fit, sources_of, words_of
from agent.graph.state import AgentState
from tests.agent.scripted import context, given, passage


def test_a_text_that_fits_is_left_alone() -> None:
    assert fit("Short.", 10) == "Short."


def test_a_long_text_ends_after_a_whole_sentence() -> None:
    assert fit("One sentence here. Another one there. And a third.", 45) == "One sentence here. Another one there."


def test_a_text_without_sentences_ends_after_a_whole_word() -> None:
    assert fit("one two three four five", 12) == "one two"


def test_a_source_stands_once() -> None:
    assert len(sources_of([passage(), passage()])) == 1


LONG = "One sentence stands here. " * 12


def several(limit: int) -> AgentState:
    """A state in English on a channel that carries ``limit`` characters."""
    state = given(language="en", sentiment_score=0.0)
    state["channel"]["text_limit"] = limit
    return state


def test_several_answers_share_the_room_and_the_closing_is_never_cut() -> None:
    passages = (passage("p1", LONG, heading="First"), passage("p2", LONG, heading="Second"))
    plan = Plan(kind="answer", passages=passages, closing="rest_unanswered")

    words = words_of(plan, several(260), context())

    assert len(words) <= 260
    assert words.startswith("First:")
    assert "Second:" in words
    assert words.endswith("rest_unanswered in en")


def test_what_a_short_answer_leaves_over_serves_a_long_one() -> None:
    passages = (passage("p1", LONG, heading="First"), passage("p2", "Short.", heading="Second"))

    words = words_of(Plan(kind="answer", passages=passages), several(400), context())

    assert LONG.strip() in words
    assert "Short." in words


def test_regret_comes_first_and_the_offer_last() -> None:
    plan = Plan(kind="answer", passages=(passage(),), regrets=True, closing="offer_person")

    words = words_of(plan, several(4000), context())

    assert words.split("\n\n") == ["regret in en", passage()["quote"], "offer_person in en"]
    assert plan.offers
