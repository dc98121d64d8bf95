"""How much of a question's words a passage has, and how much nearly."""

import random

import pytest

from agent.engine.keywords import KeywordField, KeywordMatch
from agent.engine.types import PassageSource

WORDS = (
    "coat",
    "raincoat",
    "rain",
    "rains",
    "raining",
    "return",
    "returning",
    "retur",
    "reto",
    "retorts",
    "size",
    "sizes",
    "ab",
    "a",
)


def _field(*texts: str) -> KeywordField:
    passages = [
        PassageSource(id=str(number), article_id=str(number), title="", heading="", text=text, language="xx")
        for number, text in enumerate(texts)
    ]
    return KeywordField(list(range(len(texts))), passages, "xx", None)


@pytest.mark.parametrize(
    ("asked", "share"),
    [
        ("raincoat", 1.0),
        ("coat", 0.8),
        ("raincoats", 0.8),
        ("rainy", 0.5),
        ("rainbow", 0.0),
        ("raincolour", 0.7),
        ("rainiest", 0.0),
        ("ski", 0.0),
        ("size", 1.0),
        ("sizable", 0.0),
        ("sizzle", 0.0),
    ],
)
def test_a_word_that_begins_alike_or_is_a_part_counts_in_part(asked: str, share: float) -> None:
    field = _field("raincoat skis size")
    match = KeywordMatch(scores=field.match(asked).scores, idf={asked: 2.0})

    assert field.near_coverage(0, match) == share


def test_it_is_what_comparing_with_each_word_finds() -> None:
    chance = random.Random(7)
    texts = [" ".join(chance.sample(WORDS, 6)) for _ in range(40)]
    field = _field(*texts)

    for _ in range(300):
        passage, asked = (
            chance.randrange(len(texts)),
            {word + chance.choice(["", "s", "x"]) for word in chance.sample(WORDS, 4)},
        )
        match = KeywordMatch(scores=field.match("").scores, idf=dict.fromkeys(sorted(asked), 0.5))
        each = [_nearness(term, set(texts[passage].split())) for term in match.idf]
        assert field.near_coverage(passage, match) == sum(0.5 * near for near in each) / match.total


def _nearness(term: str, others: set[str]) -> float:
    return max(_likeness(term, other) for other in others)


def _likeness(one: str, two: str) -> float:
    if one == two:
        return 1.0
    if min(len(one), len(two)) < 4:
        return 0.0
    if one in two or two in one:
        return 0.8
    if one[:5] == two[:5]:
        return 0.7
    return 0.5 if one[:4] == two[:4] and min(len(one), len(two)) <= 6 else 0.0
