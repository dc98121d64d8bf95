"""The words that give the alarm where no agent listens."""

import tomllib

import pytest
from django.conf import settings

from conversations.alarms import alarm_in
from conversations.types import Priority, ReasonCategory

PHRASES = tomllib.loads((settings.BASE_DIR / "agent" / "seeds" / "phrases.toml").read_text(encoding="utf-8"))
OF = {"danger": ReasonCategory.DANGER, "security": ReasonCategory.SECURITY, "urgent": ReasonCategory.URGENT}


@pytest.mark.parametrize("head", sorted(OF))
def test_every_phrase_that_the_agent_comes_with_gives_the_alarm_without_it(head: str) -> None:
    phrases = [(language, phrase) for language, phrases in PHRASES[head].items() for phrase in phrases]

    missed = [
        phrase
        for language, phrase in phrases
        if (alarm := alarm_in(f"Hello, {phrase.upper()}!", language=language)) is None or alarm.reason is not OF[head]
    ]

    assert len(phrases) >= 30
    assert missed == []


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The gas is leaking in my kitchen", "en"),
        ("I can smell gas", "en"),
        ("My charger is burning", "en"),
        ("Hier tritt Gas aus, es riecht stark nach Gas", "de"),
        ("Der Akku brennt!", "de"),
        ("Huele a gas en la cocina", "es"),
        ("La batería se está quemando", "es"),
        ("C'è odore di gas in cucina", "it"),
        ("Il caricatore sta bruciando", "it"),
        ("Er lekt gas uit het fornuis", "nl"),
        ("Het ruikt hier naar gas", "nl"),
    ],
)
def test_danger_is_heard_in_each_language_and_comes_before_all(text: str, language: str) -> None:
    alarm = alarm_in(text)

    assert alarm is not None
    assert (alarm.reason, alarm.priority, alarm.language) == (ReasonCategory.DANGER, Priority.FIRST, language)


@pytest.mark.parametrize(
    "text",
    [
        "Where is my order?",
        "How much is a gas cooker?",
        "Wie teuer ist der Gasgrill?",
        "¿Tienen cocinas de gas?",
        "Avete fornelli a gas?",
        "Verkopen jullie gasfornuizen?",
        "Do you open on Sunday?",
        "",
    ],
)
def test_ordinary_words_give_none(text: str) -> None:
    assert alarm_in(text) is None


def test_danger_outweighs_haste() -> None:
    alarm = alarm_in("URGENT!!! someone is unconscious")

    assert alarm is not None
    assert alarm.reason is ReasonCategory.DANGER
