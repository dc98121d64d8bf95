"""Numbers in a text, in figures or in words of five languages, and whether they stand where it takes them from."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from agent.engine.numerals import CARDINALS, DOZEN, ONE
from agent.engine.text import fold
from agent.graph.measures import ORDINALS, UNITS, quantity, unit_before, unit_behind

_CERTAIN_FROM = 13
"""Smaller number words are also said of ways and things; they count in front of a measure only."""

_ARTICLES = "|".join(sorted([*ONE, "a", "an", "eines", "unos"], key=len, reverse=True))
_EACH = r"per|each|every|pro|je|jede[nmrs]?|por|cada|al|ogni|elke|iedere"
_HALF = r"half an?|halbe[nrs]?|ein halbe[sr]?|medi[oa]|mezz[oa]?|half|halve"
_ALTERNATIVES = "|".join(sorted(CARDINALS, key=len, reverse=True))
_DAYS = "|".join(sorted(ORDINALS, key=len, reverse=True))
_NUMBER = re.compile(
    r"(?P<figure>\d+(?:[.,:/\-]\d+)*)"
    rf"|(?<!\w)(?P<ordinal>{_DAYS})[nrs]?(?!\w)"
    rf"|(?<!\w)(?<!por )(?<!per )(?P<word>{_ALTERNATIVES})(?=einhalb\b|(?!\w))"
    rf"|(?<!\w)(?P<dozen>(?:half an? |ein halbes |medi[oa] |mezz[oa] |half )?(?:{'|'.join(DOZEN)}))(?!\w)"
    rf"|(?<!\w)(?P<more>anderthalb|eineinhalb|anderhalf|anderhalve)(?!\w)"
    rf"|(?<!\w)(?<!and a )(?P<half>{_HALF})(?!\w)"
    rf"|(?<!\w)(?P<one>{_ARTICLES})(?!\w)"
    rf"|(?<!\w)(?P<each>{_EACH})(?!\w)"
    r"|(?<!\w)(?P<alone>fortnight)(?!\w)"
)
_RANGE = re.compile(r" ?(?:to|bis|a|al|tot|and|und|y|e|en|or|oder|o|of|through|[-–—,/]) ?")
_TWO = re.compile(r"(\d{1,4})-(\d{1,4})")
_HOW_OFTEN = re.compile(
    rf"(?:once|twice|times|(?<!\w)\w{0, 20}mal|veces|vez|volt[ae]|keer|maal|(?<!\w)(?:{'|'.join(UNITS.values())})) ?\Z"
)
_MODAL = re.compile(r"(?<!on)(?<!by)(?<!until)(?<!from)(?<!of)(?<!since)(?<!before)(?<!after)(?<!for) may \Z")
_LONGEST_BEFORE = 20
OTHER = "other"
"""The unit of a number in front of a word that is no measure."""


@dataclass(frozen=True, slots=True)
class _Number:
    """A number as it is written, its value, what it is of, and whether a text may not say it without a ground."""

    written: str
    value: str
    unit: str
    is_certain: bool = True
    is_figure: bool = False


def ungrounded_numbers(text: str, grounds: Iterable[str]) -> list[str]:
    """The numbers, dates and prices of ``text`` that stand in none of ``grounds``, as they are written.

    A number in words and one in figures are the same number; of days and of euros it is not. One with which a passage
    has no word may be of anything.
    """
    known = [part for ground in grounds for number in _numbers(ground) for part in [number, *_parts(number)]]
    values = {number.value for number in known}
    alone = {number.value for number in known if not number.unit}
    quantities = {quantity(number.value, number.unit) for number in known}

    def stands(number: _Number) -> bool:
        if number.unit in {"", OTHER}:
            return number.value in values
        return number.value in alone or quantity(number.value, number.unit) in quantities

    def is_grounded(number: _Number) -> bool:
        parts = _parts(number)
        return stands(number) or (bool(parts) and all(map(stands, parts)))

    wrong = [number for number in _numbers(text) if number.is_certain and not is_grounded(number)]
    return [number.written for number in sorted(wrong, key=lambda each: not each.is_figure)]


def _parts(number: _Number) -> list[_Number]:
    """Both numbers of "3-5"."""
    two = _TWO.fullmatch(number.written) if number.is_figure else None
    return [] if two is None else [replace(number, written=part, value=_digits(part)) for part in two.groups()]


def _numbers(text: str) -> Iterator[_Number]:
    plain = _folded(text)
    matches = list(_NUMBER.finditer(plain))
    following, after = "", len(plain)
    found: list[_Number] = []
    for match in reversed(matches):
        unit, end, has_half = unit_behind(plain, match.end())
        if not unit and following and _RANGE.fullmatch(plain, match.end(), after):
            unit = following
        unit = unit or unit_before(plain, match.start())
        if not unit and re.match(r" ?[^\W\d_]", plain[match.end() : match.end() + 2]):
            unit = OTHER
        before = plain[max(0, match.start() - _LONGEST_BEFORE) : match.start()]
        number = _number(match, unit, written=plain[match.start() : end], has_half=has_half, before=before)
        if number is not None:
            found.append(number)
            following, after = ("" if unit == OTHER else unit), match.start()
    yield from reversed(found)


def _number(match: re.Match[str], unit: str, *, written: str, has_half: bool, before: str) -> _Number | None:
    """What the match says; None where it is an article, or an ordinal of no day."""
    is_of_something = unit not in {"", OTHER}
    match match.lastgroup:
        case "figure":
            return _Number(match["figure"], _digits(match["figure"]), unit, is_figure=True)
        case "word":
            value = CARDINALS[match["word"]]
            return _Number(
                match["word"],
                f"{value}.5" if has_half else str(value),
                unit,
                is_certain=is_of_something or value >= _CERTAIN_FROM,
            )
        case "dozen":
            return _Number(written, "12" if match["dozen"] in DOZEN else "6", unit)
        case "alone":
            return _Number(written, "1", "fortnight")
        case "ordinal" if re.fullmatch(r"m\d+", unit) and not (
            match["ordinal"] in {"first", "second", "third"} and _MODAL.search(before)
        ):
            return _Number(match["ordinal"], str(ORDINALS[match["ordinal"]]), unit)
        case "more" | "half" if is_of_something:
            return _Number(written, "1.5" if match.lastgroup == "more" else "0.5", unit)
        case "one" if is_of_something and unit != "fortnight":
            # "One day" and "a minute" are said in too many ways to be a figure.
            return _Number(
                written, "1", unit, is_certain=unit not in {"day", "minute"} and not _HOW_OFTEN.search(before)
            )
        case "each" if is_of_something:
            return _Number(written, "1", unit, is_certain=False)
    return None


def _folded(text: str) -> str:
    """The text as number words are written; of its hyphens those between figures are left."""
    plain = fold(re.sub(r"['’]", " ", _plain(text)))
    return " ".join(re.sub(r"(?<!\d)-|-(?!\d)", " ", plain).split())


def _digits(number: str) -> str:
    whole = re.sub(r"[.,](?=\d{3}\b)", "", re.sub(r"[.,]0{1,2}$", "", number)).replace(",", ".")
    return (re.sub(r"(\.\d*[1-9])0+$", r"\1", whole) if whole.count(".") == 1 else whole).lstrip("0") or "0"


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text)
