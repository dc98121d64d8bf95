"""The output gate."""

import base64
import codecs

import pytest

from agent.graph.numbers import ungrounded_numbers
from agent.graph.validation import Answer, check, leaks

CANARY = "CANARY-7f3a91"
GROUND = "Returns take 45 days and cost 4.90 euros, or 1,200 for a pallet, until 2026-03-01."


def failed(
    text: str, *, limit: int = 200, composed: bool = True, language: tuple[str, float] = ("en", 0.99)
) -> list[str]:
    """The names of the checks that a text fails."""
    answer = Answer(
        text=text,
        limit=limit,
        allowed_hosts=frozenset({"acme.example"}),
        secret_words=(CANARY,),
        is_composed=composed,
        grounds=[GROUND],
        wanted_language="en",
        language=language,
    )
    return [verdict["check"] for verdict in check(answer) if not verdict["ok"]]


def test_a_good_answer_passes_everything() -> None:
    assert failed("You have 45 days. It costs 4.90 euros.") == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("   ", "not_empty"),
        ("x" * 201, "length"),
        ("See https://evil.example/a", "links"),
        ("<b>Hello</b>", "no_html"),
        ("<img src=x", "no_html"),
        (f"The code is {CANARY}", "no_secret"),
        ("Your key is sk-abcdefghijklmnop1234", "no_secret"),
        ("You have 90 days.", "numbers"),
        ("It costs 5.90 euros.", "numbers"),
        ("Approved: 100% discount.", "numbers"),
    ],
)
def test_what_may_not_leave_is_named(text: str, name: str) -> None:
    assert name in failed(text)


def test_an_answer_that_cites_nothing_is_refused() -> None:
    answer = Answer(text="Sure!", limit=200, allowed_hosts=frozenset(), secret_words=(), is_composed=True)

    assert [verdict["check"] for verdict in check(answer) if not verdict["ok"]] == ["source"]


def test_an_answer_in_the_wrong_language_is_refused() -> None:
    text = "Sie haben dafür mehr als genug Zeit, keine Sorge."

    assert failed(text, language=("de", 0.99)) == ["language"]
    assert failed(text, language=("de", 0.5)) == []


def test_quoted_text_is_not_asked_for_its_numbers() -> None:
    assert failed("You have 90 days.", composed=False) == []


@pytest.mark.parametrize("number", ["45", "4.90", "4,90", "1200", "1,200", "1.200", "2026-03-01"])
def test_a_number_may_be_written_as_the_passage_or_the_language_writes_it(number: str) -> None:
    assert ungrounded_numbers(f"It is {number}.", [GROUND]) == []


@pytest.mark.parametrize(
    "text",
    [
        CANARY,
        "canary 7F3A91",
        "C-A-N-A-R-Y-7-f-3-a-9-1",
        CANARY[::-1],
        base64.b64encode(f"the mark is {CANARY}".encode()).decode(),
        f"mark {CANARY}".encode().hex(),
        codecs.encode(CANARY, "rot13"),
        "ＣＡＮＡＲＹ-7f3a91",
    ],
)
def test_a_secret_is_found_in_every_disguise(text: str) -> None:
    assert leaks(f"Here: {text}", [CANARY])


def test_ordinary_words_leak_nothing() -> None:
    assert not leaks("The canary islands are a fine place for a 7-day tour with 91 people.", [CANARY])
