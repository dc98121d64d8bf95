"""Slips of the finger in key words."""

from __future__ import annotations

import random
from functools import cache

import pytest

from agent.engine.spelling import Speller
from agent.engine.types import PassageSource


def _passage(text: str, language: str = "en") -> PassageSource:
    return PassageSource(id="a#0", article_id="a", title="Delivery", heading="", text=text, language=language)


SPELLER = Speller([_passage("Delivery takes time. An item in a parcel.")])


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("dilivery", "delivery"),
        ("deliverry", "delivery"),
        ("delvery", "delivery"),
        ("pacrel", "parcel"),
        ("dilivery tiem??", "delivery time??"),
        ("DILIVERY", "delivery"),
    ],
)
def test_a_word_that_is_nearly_known_is_read_as_it(written: str, meant: str) -> None:
    assert meant in SPELLER.readings(written, "en")


def test_where_two_words_are_near_both_readings_are_tried() -> None:
    assert {"time", "item"} <= set(SPELLER.readings("tiem", "en"))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("where is my parcel", "en"),
        ("asdkjh qwpoei zxmcn", "en"),
        ("dilivery", "fr"),
        ("dilivery " + "one two three four five six seven eight nine ten eleven twelve", "en"),
        ("", "en"),
    ],
)
def test_what_is_known_far_off_long_or_foreign_is_left_alone(text: str, language: str) -> None:
    assert SPELLER.readings(text, language) == []


def test_no_known_word_is_passed_over_that_is_as_near_as_another() -> None:
    chance = random.Random(3)
    known = ["".join(chance.choices("aeinrst", k=chance.randint(3, 9))) for _ in range(300)] + [
        "grosse",
        "nandu",
        "delivery",
    ]
    speller = Speller([_passage(" ".join(known), language="xx")])
    slips = 0

    for word in chance.choices(known, k=150):
        place = chance.randrange(len(word))
        slip = word[:place] + chance.choice(["", "x", f"{word[place]}e"]) + word[place + 1 :]
        distances = {each: _apart(slip, each) for each in known}
        nearest = min(distances.values())
        alike = {each for each, distance in distances.items() if distance == nearest}
        read = speller.readings(slip, "xx")
        if nearest == 0 or nearest > (2 if len(slip) >= 7 else 1) or len(slip) < 3:
            assert read == []
        else:
            slips += 1
            assert set(read) <= alike
            assert len(read) == min(3, len(alike))

    assert slips > 50


@cache
def _apart(one: str, two: str) -> int:
    """Letters added, lost, changed or swapped with their neighbour, as it is defined."""
    if not one or not two:
        return len(one) + len(two)
    ways = [_apart(one[1:], two) + 1, _apart(one, two[1:]) + 1, _apart(one[1:], two[1:]) + (one[0] != two[0])]
    if len(one) > 1 and len(two) > 1 and one[:2] == two[1::-1]:
        ways.append(_apart(one[2:], two[2:]) + 1)
    return min(ways)
