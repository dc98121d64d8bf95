"""Who wants no person, and who only says "not" on the way to asking for one."""

from __future__ import annotations

import pytest

from agent.engine.refusal import refuses_person


@pytest.mark.parametrize(
    "text",
    [
        "I don't want to speak to a human",
        "I don’t need to talk to anyone, just tell me the price",
        "I'd rather not talk to a person",
        "no human please",
        "no need for a person, just tell me the delivery time",
        "I never wanted an agent",
        "ich will keinen Menschen",
        "Ich möchte nicht mit einem Mitarbeiter sprechen",
        "Ich muss mit niemandem reden, nur den Preis bitte",
        "Bitte keinen Menschen",
        "no quiero hablar con una persona",
        "non voglio parlare con un operatore",
        "ik hoef niet met een medewerker te praten",
        "ik wil geen mens",
    ],
)
def test_a_person_is_declined(text: str) -> None:
    assert refuses_person(text)


@pytest.mark.parametrize(
    "text",
    [
        "I don't want a bot, I want a human",
        "I don't want to talk to a bot but to a human",
        "I don't want to talk to a robot I want a person",
        "why can't I speak to a human",
        "Kann ich nicht mit einem Menschen sprechen?",
        "Ich will keinen Bot sondern einen Menschen",
        "gibt es hier keinen Menschen?",
        "No robots please. A person.",
        "no quiero un bot, quiero una persona",
        "I don't understand you, get me an agent",
        "no person answered me for weeks, let me talk to someone",
        "is the tent for one person or two",
        "my order has not come",
        "",
    ],
)
def test_a_not_that_is_about_something_else_declines_nobody(text: str) -> None:
    assert not refuses_person(text)
