"""Duplicates and contradictions: found where they are, and not where only words are shared."""

import pytest

from agent.engine.encoder import Encoder
from agent.engine.reviewing import review
from agent.engine.types import PassageSource


def passage(name: str, text: str, *questions: str, language: str = "en") -> PassageSource:
    return PassageSource(
        id=name, article_id=f"article {name}", title=name, heading="", text=text, language=language, questions=questions
    )


PASSAGES = [
    passage("returns", "You can return unworn goods within 45 days of delivery. We pay for the parcel."),
    passage("returns again", "You can return unworn goods within 30 days of delivery. We pay for the parcel."),
    passage("copy", "You can return unworn goods within 45 days of delivery. We pay the parcel."),
    passage("deutsch", "Ungetragene Ware nehmen wir 30 Tage lang zurück.", language="de"),
    passage("barn", "Our barn holds 200 people and was built in 1912 by the founder's grandfather."),
    passage("club", "As a member you save 5 % on every order.", "How much do club members save?"),
    passage("offer", "Whoever belongs to the club gets a price reduced by 10 %.", "How much do club members save?"),
]


def test_what_says_the_same_and_what_says_other_numbers_is_told_apart(encoder: Encoder) -> None:
    found = {(each.kind, *sorted((each.left, each.right))): each for each in review(PASSAGES, encoder.encode)}

    assert set(found) == {
        ("duplicate", "copy", "returns"),
        ("contradiction", "returns", "returns again"),
        ("contradiction", "copy", "returns again"),
        ("contradiction", "club", "offer"),
    }
    words = found[("contradiction", "returns", "returns again")]
    assert {words.left_words, words.right_words} == {
        "You can return unworn goods within 45 days of delivery.",
        "You can return unworn goods within 30 days of delivery.",
    }


@pytest.mark.parametrize(
    ("language", "says", "denies"),
    [
        ("en", "Swimwear can be returned within the usual time.", "Swimwear cannot be returned within the usual time."),
        ("en", "We deliver parcels to the Canary Islands.", "We don't deliver parcels to the Canary Islands."),
        ("de", "Wir liefern Pakete auf die Kanarischen Inseln.", "Auf die Kanarischen Inseln liefern wir keine Pakete."),
        ("es", "Enviamos paquetes a las Islas Canarias.", "No enviamos paquetes a las Islas Canarias."),
        ("it", "Spediamo pacchi alle Isole Canarie.", "Non spediamo pacchi alle Isole Canarie."),
        ("nl", "Wij bezorgen pakketten op de Canarische Eilanden.", "Wij bezorgen geen pakketten op de Canarische Eilanden."),
    ],
)  # fmt: skip
def test_what_one_says_and_another_denies_is_found(encoder: Encoder, language: str, says: str, denies: str) -> None:
    (found,) = review(
        [passage("one", says, language=language), passage("other", denies, language=language)], encoder.encode
    )

    assert (found.kind, {found.left_words, found.right_words}) == ("contradiction", {says, denies})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Gift cards cannot be returned to a shop.", "Swimwear can be returned to a shop."),
        ("Orders can be cancelled before they are dispatched.", "Orders cannot be cancelled after they were packed."),
        ("Can swimwear be returned within the usual time?", "Swimwear cannot be returned within the usual time."),
        ("No fees.", "Fees are named."),
    ],
)
def test_a_denial_of_something_else_is_none(encoder: Encoder, one: str, other: str) -> None:
    assert review([passage("one", one), passage("other", other)], encoder.encode) == []


def test_nothing_is_found_in_nothing(encoder: Encoder) -> None:
    assert review([], encoder.encode) == []
