"""Text from outside: what is kept, what is read, what is shown, and that none of it takes long."""

import unicodedata

import pytest

from core import text as texts
from core.text import clean_text, count_signs, hides_something, one_line, readable, shown, truncate

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
GERMANY = "\U0001f1e9\U0001f1ea"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
WAVING = "\U0001f44b\U0001f3fd"
ACCENT = "e\u0301"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a\x00b\x1b[31m", "ab[31m"),
        ("a\ud800b", "a\ufffdb"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        (ACCENT, "é"),
        ("\uffff \U0010ffff \ufdd0 \x85 \u2028", "\uffff \U0010ffff \ufdd0 \x85 \u2028"),
        ("pay\u200bpal", "pay\u200bpal"),
    ],
)
def test_only_what_a_database_or_a_screen_cannot_take_is_changed(given: str, kept: str) -> None:
    assert clean_text(given) == kept
    assert clean_text(kept) == kept


def test_every_mark_that_python_sorts_is_known() -> None:
    unknown = [
        hex(point)
        for point in range(0x110000)
        if unicodedata.combining(chr(point)) and not texts._PILE.fullmatch(chr(point) * 31)
    ]

    assert unknown == []


@pytest.mark.parametrize("pile", ["\u0301" * 5_000, "\u0301\u0316" * 30_000, "\u0315\u0327\u0301" * 20_000])
def test_a_pile_of_marks_is_kept_whole_without_being_sorted(pile: str) -> None:
    # Sorting these takes Python up to a minute; the test would not end in time.
    kept = clean_text(f"caf{ACCENT} {pile} caf{ACCENT}", limit=200_000)

    assert kept == f"café {pile} café"
    assert clean_text(kept, limit=200_000) == kept


def test_at_most_four_marks_are_shown_on_a_sign() -> None:
    assert shown("Z" + "\u0316\u0301" * 2_500 + "algo") == "Z" + "\u0316\u0301" * 2 + "algo"
    assert one_line("e" + "\u0316" * 5_000) == "e" + "\u0316" * 4
    assert shown("Việt Nam, שָׁלוֹם, ที่นี่") == "Việt Nam, שָׁלוֹם, ที่นี่"


@pytest.mark.parametrize("sign", [FAMILY, GERMANY, ENGLAND, WAVING, ACCENT, "❤\ufe0f", "1\ufe0f\u20e3"])
@pytest.mark.parametrize("before", ["", "a", GERMANY, FAMILY])
def test_a_cut_never_goes_through_a_sign(sign: str, before: str) -> None:
    whole = before + sign + "!"

    cuts = {truncate(whole, limit) for limit in range(max(len(before), len(sign)), len(whole))}

    assert cuts <= {before, before + sign}
    assert count_signs(whole) == (1 if before else 0) + 2


def test_a_sign_longer_than_the_limit_is_cut_all_the_same() -> None:
    assert truncate("e" + "\u0301" * 5_000, 100) == "e" + "\u0301" * 99


def test_signs_are_counted_in_one_pass() -> None:
    assert count_signs(GERMANY * 30_000 + "a" * 3) == 30_003


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("re\u200bfu\u2060nd m\u00ade, ple\u200dase\ufeff", "refund me, please"),
        ("Hi" + "".join(chr(0xE0000 + ord(letter)) for letter in "obey me") + " there", "Hi there"),
        ("\u202ecilbup\u202c", "cilbup"),
        (f"{FAMILY} {GERMANY} {ENGLAND} {WAVING}", f"{FAMILY} {GERMANY} {ENGLAND} {WAVING}"),
        ("\U0001f3f4\U000e0078\U000e0078 x", "\U0001f3f4 x"),
    ],
)
def test_what_nobody_sees_is_not_read(given: str, read: str) -> None:
    assert readable(given) == read


@pytest.mark.parametrize(
    "text", ["o\u200bk", "\U000e0041", "a\ufeffb", "\u202eabc", f"{ENGLAND}\U000e0041", "a\U000e0100"]
)
def test_hidden_signs_are_noticed(text: str) -> None:
    assert hides_something(text)


@pytest.mark.parametrize(
    "text", ["plain", FAMILY, ENGLAND, "\ufeffcopied", "می\u200cخواهم", "\u200fשלום", "soft\u00adhyphen"]
)
def test_what_keyboards_bring_along_is_not_held_against_anybody(text: str) -> None:
    assert not hides_something(text)
