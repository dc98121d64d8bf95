"""What numbers are of, in five languages: money, time, size, a month's day; folded, as number words are."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from agent.engine.numerals import CARDINALS

UNITS: Mapping[str, str] = {
    "minute": r"minut(?:es?|en|os?|i|o|)",
    "hour": r"hours?|stunden?|horas?|ora|ore|uur|uren",
    "day": r"days?|(?:werk|arbeits|kalender|bank)?tag(?:en?|es|s|ig\w*|)|dias?|giorn[oi]|(?:werk)?dag(?:en)?",
    "week": r"weeks?|wochen?|semanas?|settiman[ae]|week|weken",
    "month": r"months?|monat(?:en?|s|)|mes(?:es)?|mes[ei]|maand(?:en)?",
    "year": r"years?|jahr(?:en?|es|s|ig\w*|)|anos?|ann[oi]|jaar|jaren",
    "fortnight": r"fortnights?",
    "decade": r"decades?|jahrzehnte?n?|decadas?|decenni[oa]?|decennium",
    "euro": r"€|eur\b|euros?",
    "cent": r"cents?|centimos?|centesim[oi]|ct\b",
    "dollar": r"\$|usd\b|dollars?|bucks|dolar(?:es)?|dollar[oi]",
    "pound": r"£|gbp\b|pounds?|pfund|quid|libras?|sterlin[ae]|pond",
    "franc": r"chf\b|francs?|franken|francos?|franch[io]|frank",
    "percent": r"%|percent|per cent|prozent|por ciento|per cento|procent",
    "kilogram": r"kg\b|kilos?|kilogram\w*|chil[oi]",
    "gram": r"grams?|gramm[io]?|gramos?|gram",
    "metre": r"met(?:er|re)s?|metern|metros?|metr[oi]",
    "kilometre": r"km\b|kilomet\w+|chilometr[oi]",
    "centimetre": r"cm\b|centimet\w+|zentimet\w+",
    "millimetre": r"mm\b|millimet\w+|milimet\w+",
    "degree": r"°(?: ?[cf]\b)?|degrees?|grad|grados?|gradi|graden",
    "litre": r"lit(?:er|re)s?|litern?|litros?|litr[oi]",
}
"""How each is written behind a number. A day is one whether people work on it or not."""

_MONTHS = (
    "january|januar|janner|enero|gennaio|januari",
    "february|februar|febrero|febbraio|februari",
    "march|marz|maerz|marzo|maart",
    "april|abril|aprile",
    "may|mai|mayo|maggio|mei",
    "june|juni|junio|giugno",
    "july|juli|julio|luglio",
    "august|agosto|augustus",
    "september|septiembre|setiembre|settembre",
    "october|oktober|octubre|ottobre",
    "november|noviembre|novembre",
    "december|dezember|diciembre|dicembre",
)
_SAME_AS = {
    "hour": ("minute", 60),
    "day": ("minute", 24 * 60),
    "week": ("minute", 7 * 24 * 60),
    "fortnight": ("minute", 14 * 24 * 60),
    "year": ("month", 12),
    "decade": ("month", 120),
}
_SMALL_ORDINALS = {"first": 1, "second": 2, "third": 3, "fifth": 5, "eighth": 8, "ninth": 9, "twelfth": 12}
_OTHER_ORDINALS = {
    "primero": 1, "primo": 1, "erste": 1, "dritte": 3, "siebte": 7, "achte": 8, "eerste": 1, "derde": 3, "achtste": 8,
}  # fmt: skip


def _ordinals() -> dict[str, int]:
    values = _SMALL_ORDINALS | _OTHER_ORDINALS
    for word, number in CARDINALS.items():
        if number <= 31:
            values[f"{re.sub('y$', 'ie', word)}th"] = number
            values[f"{word}{'te' if number < 20 else 'ste'}"] = number
            values[f"{word}de"] = number
    for ten, number in (("twenty", 20), ("thirty", 30)):
        values |= {f"{ten} {word}": number + unit for word, unit in _SMALL_ORDINALS.items()}
    return values


ORDINALS: Mapping[str, int] = _ordinals()
"""The days of a month, as they are said."""

_UNIT = "|".join(f"(?P<{name}>{forms})" for name, forms in UNITS.items())
_MONTH = "|".join(f"(?P<m{number}>{names})" for number, names in enumerate(_MONTHS, start=1))
_BETWEEN = (
    r"(?:(?:working|business|full|more|calendar|whole|further|additional|consecutive|weitere[nrs]?|volle[nrs]?|ganze[nrs]?|"
    r"zusatzliche[nrs]?|extra|hele|volledige|otr[oa]s?|ulterior[ei]|complet[oa]s?|us|american|swiss|british) )?"
)
_BEHIND = re.compile(
    rf"(?:st|nd|rd|th|er|\.)? ?(?:of |de |di |del |van )?(?:{_MONTH})(?!\w)| ?(?:(?P<half>and a half|einhalb|y medi[oa]|e mezz[oa]) )?"
    rf"{_BETWEEN}(?:{_UNIT})(?!\w)"
)
_BEFORE = re.compile(
    rf"(?:(?P<euro>€|\beur)|(?P<dollar>\$|\busd)|(?P<pound>£|\bgbp)|(?P<franc>\bchf)|\b(?:{_MONTH})(?: the| der| den)?) ?\Z"
)
_LONGEST_BEFORE = 20


def unit_behind(text: str, end: int) -> tuple[str, int, bool]:
    """What the number that ends here is of, empty for nothing known; where that ends; and whether a half is added."""
    match = _BEHIND.match(text, end)
    return ("", end, False) if match is None else (_name(match), match.end(), match["half"] is not None)


def unit_before(text: str, start: int) -> str:
    """The same by what stands in front of it, as in "€5" and "May 5"."""
    match = _BEFORE.search(text[max(0, start - _LONGEST_BEFORE) : start])
    return "" if match is None else _name(match)


def _name(match: re.Match[str]) -> str:
    return next(name for name, found in match.groupdict().items() if found is not None and name != "half")


def quantity(value: str, unit: str) -> tuple[str, str]:
    """The value and the unit so that the same quantity is the same pair: two weeks are fourteen days."""
    base, factor = _SAME_AS.get(unit, (unit, 1))
    try:
        return f"{(Decimal(value) * factor).normalize():f}", base
    except InvalidOperation:
        return value, base
