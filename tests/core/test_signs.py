"""The question before all patterns: what it lets pass, no pattern finds."""

import importlib
import random
import re
import string
import sys
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import pytest

from core import personal, redaction
from core.signs import Signs, signs
from tests.hostile.cases import CASES, raw

# What takes a pattern apart, as the library does itself.
PARSER: Any = importlib.import_module("re._parser")
CODES: Any = importlib.import_module("re._constants")

OF_PERSONS = [(pattern, signs) for pattern, signs, _, _ in personal.PATTERNS]
OF_SECRETS = [(pattern, redaction.SIGNS) for pattern, _ in redaction.PATTERNS]
AROUND = ("", " ", "x", "_", "1", ".", "-", "(", "+", "\n", "=", "'", "/", "id ", "ab")
SIGNS = [*string.printable, *"٣٤७৯५４２०໑𝟙ŧſKıİäñßé"]
EVERY = (personal.NUMBERS, personal.WORDS, redaction.SIGNS)
PIECES = (
    *(
        "0",
        "3",
        "9",
        "12",
        "612",
        "0049",
        "07700",
        "900123",
        "2026-11-30",
        "4111",
        "1111",
        "12345678",
        "078-05-1120",
        "127.0.0.1",
        "٣٤٥",
        "६१२३",
    ),
    *(" ", " ", "-", ".", "/", "(", ")", "+", "#", ":", "=", "_", "'", "@", "\n", ", "),
    *(
        "call",
        "tel",
        "bel",
        "ring",
        "phone",
        "Telefonnummer",
        "mobil",
        "pin",
        "clave",
        "PIN",
        "code",
        "token",
        "secret",
        "password",
        "is",
        "ist",
    ),
    *(
        "passport",
        "id card",
        "bsn",
        "dni",
        "DE89",
        "nl91",
        "abna",
        "RSSMRA85T10A562S",
        "X",
        "Z",
        "at",
        "dot",
        "ada",
        "mail",
        "example",
        "com",
    ),
    *(
        "Bearer",
        "api_key",
        "sk-",
        "sak_",
        "eyJ",
        "act.",
        "order",
        "number",
        "delivery",
        "arrived",
        "turn",
        "spelling",
        "label",
        "strings",
    ),
)


@pytest.mark.parametrize(("pattern", "suspected"), [*OF_PERSONS, *OF_SECRETS])
def test_what_a_pattern_is_made_for_is_suspected(pattern: re.Pattern[str], suspected: Signs) -> None:
    chance, written, found = random.Random(5), PARSER.parse(pattern.pattern, pattern.flags), 0

    for _ in range(2_000):
        text = chance.choice(AROUND) + instance(written, pattern.flags, chance, {}) + chance.choice(AROUND)
        if pattern.search(text):
            found += text.isascii()
            assert suspected.may_stand_in(text), text

    assert found > 20


@pytest.mark.parametrize("seed", range(10))
def test_in_what_is_passed_no_pattern_finds_anything(seed: int) -> None:
    chance, passed = random.Random(seed), 0

    for _ in range(3_000):
        text = "".join(chance.choice(PIECES) for _ in range(chance.randint(1, 12)))
        passed += not personal.WORDS.may_stand_in(text) and not personal.NUMBERS.may_stand_in(text)
        assert_nothing_passes(text)

    assert passed > 100


@pytest.mark.parametrize("name", CASES)
def test_no_hostile_words_are_passed(name: str) -> None:
    text = raw(CASES[name]).decode("utf-8", "replace")

    for piece in [text, *text.splitlines()[:50], *text.split()[:200]]:
        assert_nothing_passes(piece[:2_000])


def test_digits_of_every_script_but_ours_are_looked_at() -> None:
    digits = [chr(code) for code in range(128, sys.maxunicode + 1) if chr(code).isdecimal()]

    assert len(digits) > 600
    assert all(signs.may_stand_in(digit) for digit in digits for signs in EVERY)


@pytest.mark.parametrize(
    "text",
    ["٦١٢ ٣٤٥ ٦٧٨", "6１２３４５６７８", "my ſecret: hunter22", "my to\u212aen: hunter22", "el teléfono", "a – b"],
)
def test_a_text_of_any_other_script_is_looked_at(text: str) -> None:
    assert all(signs.may_stand_in(text) for signs in EVERY)


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-22T22:01:57.123456Z [info     ] Turn 3 of conversation 17: replied [agent.services.turns] conversation=17 request_id=\x00",
        "2026-11-22T22:01:57.123456Z [info     ] Event 40213: done, message 81234 [integrations.services.ingest]",
        "2026-11-22T22:01:57.123456Z [info     ] Delivery 812345 arrived as m-81234 [integrations.services.deliveries]",
        "2026-11-22T22:01:57.123456Z [warning  ] Account 3: what is called, told and typed in strings is passed (HTTP 502).",
    ],
)
def test_lines_that_the_product_writes_all_day_are_passed(line: str) -> None:
    assert not any(signs.may_stand_in(line) for signs in EVERY)


def test_long_numbers_of_platforms_are_looked_at_as_numbers_alone() -> None:
    line = "[info     ] Delivery 812345 arrived as 7431987654321098765. [integrations.services.deliveries]"

    assert [signs.may_stand_in(line) for signs in EVERY] == [True, False, False]


def test_what_the_log_passes_is_passed_of_persons_too() -> None:
    assert set(personal.WORDS.parts) <= set(redaction.SIGNS.parts)
    assert personal.WORDS.words <= redaction.SIGNS.words
    assert set(personal.WORDS.shapes) <= set(redaction.SIGNS.shapes)


def test_a_word_is_no_part_of_another_and_a_part_stands_anywhere() -> None:
    known = signs(parts=("oken",), words="tel", shapes=(r"\d{3}",))

    assert [known.may_stand_in(text) for text in ("Tel 5", "_tel_5", "tell", "TOKENS", "12", "123")] == [
        True, True, False, True, False, True,
    ]  # fmt: skip


def test_two_sets_of_signs_are_one() -> None:
    both: Signs = signs(parts=("a",), words="b", shapes=()) | signs(parts=("c",), words="d", shapes=(r"\d",))

    assert [both.may_stand_in(text) for text in ("xax", "b", "xcx", "d", "1", "e")] == [True] * 5 + [False]


def assert_nothing_passes(text: str) -> None:
    """Whatever the signs let pass, the patterns find nothing in."""
    for pattern, suspected in [*OF_PERSONS, *OF_SECRETS]:
        assert suspected.may_stand_in(text) or not pattern.search(text), text


def instance(nodes: Iterable[Any], flags: int, chance: random.Random, groups: dict[int, str]) -> str:
    """A text that the pattern may match; what stands around it is left to chance."""
    return "".join(_piece(operator, given, flags, chance, groups) for operator, given in nodes)


def _piece(operator: Any, given: Any, flags: int, chance: random.Random, groups: dict[int, str]) -> str:
    if operator is CODES.LITERAL:
        return chance.choice([chr(given), chr(given).swapcase()]) if flags & re.IGNORECASE else chr(given)
    if operator is CODES.IN:
        return chance.choice(_signs_in(tuple(given), flags))
    if operator is CODES.BRANCH:
        return instance(chance.choice(given[1]), flags, chance, groups)
    if operator is CODES.SUBPATTERN:
        groups[given[0]] = instance(given[3], flags | given[1], chance, groups)
        return groups[given[0]]
    if operator is CODES.GROUPREF:
        return groups[given]
    if operator in {CODES.MAX_REPEAT, CODES.MIN_REPEAT, CODES.POSSESSIVE_REPEAT}:
        least, most, inner = given
        times = chance.randint(least, min(int(most), least + 3))
        return "".join(instance(inner, flags, chance, groups) for _ in range(times))
    assert operator in {CODES.AT, CODES.ASSERT, CODES.ASSERT_NOT}, operator
    return ""


@lru_cache
def _signs_in(items: tuple[Any, ...], flags: int) -> list[str]:
    return [sign for sign in string.printable if _is_in(items, sign, flags)]


def _is_in(items: tuple[Any, ...], sign: str, flags: int) -> bool:
    found, negated = False, False
    for operator, given in items:
        if operator is CODES.NEGATE:
            negated = True
        elif operator is CODES.LITERAL:
            found |= chr(given) == sign
        elif operator is CODES.RANGE:
            found |= given[0] <= ord(sign) <= given[1]
            found |= bool(flags & re.IGNORECASE) and given[0] <= ord(sign.swapcase()[0]) <= given[1]
        else:
            found |= CATEGORIES[str(given)](sign)
    return found != negated


CATEGORIES: dict[str, Callable[[str], bool]] = {
    "CATEGORY_DIGIT": str.isdecimal,
    "CATEGORY_SPACE": str.isspace,
    "CATEGORY_WORD": lambda sign: sign.isalnum() or sign == "_",
    "CATEGORY_NOT_DIGIT": lambda sign: not sign.isdecimal(),
    "CATEGORY_NOT_SPACE": lambda sign: not sign.isspace(),
    "CATEGORY_NOT_WORD": lambda sign: not (sign.isalnum() or sign == "_"),
}
