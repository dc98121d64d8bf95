"""A message in its questions."""

from __future__ import annotations

import pytest

from agent.engine.questions import parts_of, topic_of


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "How long does delivery take and what does it cost and can I return it?"),
        ("de", "Wie lange dauert die Lieferung, was kostet sie und kann ich sie zurückgeben?"),
        ("es", "¿Cuánto tarda la entrega, cuánto cuesta y puedo devolverlo?"),
        ("it", "Quanto tempo ci vuole per la consegna, quanto costa e posso restituirlo?"),
        ("nl", "Hoe lang duurt de levering, wat kost het en kan ik het terugsturen?"),
    ],
)
def test_three_questions_of_one_sentence_are_three_and_the_second_leans(language: str, text: str) -> None:
    parts = parts_of(text, language)

    assert [part.asks for part in parts] == [True, True, True]
    assert [part.leans for part in parts] == [False, True, False]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Can I return boots and shoes that I have worn?"),
        ("en", "Can you tell me, when my parcel arrives?"),
        ("de", "Können Sie mir sagen, wann mein Paket kommt?"),
        ("en", "I opened the box and when I looked inside it was broken"),
        ("fr", "Combien coûte la livraison et quand arrive-t-elle ?"),
    ],
)
def test_what_is_one_question_or_none_stays_whole(language: str, text: str) -> None:
    assert [part.text for part in parts_of(text, language)] == [text]


def test_a_greeting_and_a_bare_where_is_it_hold_nothing_to_search_for() -> None:
    parts = parts_of("Hi!\nI have a quick question\nWhere is it?", "en")

    assert all(part.is_empty and not part.leans for part in parts)


def test_the_topic_is_what_is_left_without_the_common_words() -> None:
    assert topic_of("How long does delivery take", "en") == "delivery"
