"""Slips of the finger in key words."""

from __future__ import annotations

import pytest

from agent.engine.spelling import Speller
from agent.engine.types import PassageSource

SPELLER = Speller(
    [
        PassageSource(
            id="a#0",
            article_id="a",
            title="Delivery",
            heading="",
            text="Delivery takes time. An item in a parcel.",
            language="en",
        )
    ]
)


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
