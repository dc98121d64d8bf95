"""Numbers in words, in the five languages of the product; folded: lower case, no accents."""

from collections.abc import Mapping

ONE = frozenset(["one", "ein", "eine", "einen", "einem", "einer", "un", "una", "uno", "een"])
"""Words for one, which are articles as often."""

DOZEN = frozenset(["dozen", "dutzend", "docena", "dozzina", "dozijn"])

_UNITS = {
    "en": "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
    "de": "zwei drei vier funf sechs sieben acht neun zehn elf zwolf dreizehn vierzehn funfzehn sechzehn siebzehn achtzehn neunzehn",
    "es": "dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis diecisiete dieciocho diecinueve",
    "it": "due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici diciassette diciotto diciannove",
    "nl": "twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien zeventien achttien negentien",
}
_TENS = {
    "en": "twenty thirty forty fifty sixty seventy eighty ninety",
    "de": "zwanzig dreissig vierzig funfzig sechzig siebzig achtzig neunzig",
    "es": "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    "it": "venti trenta quaranta cinquanta sessanta settanta ottanta novanta",
    "nl": "twintig dertig veertig vijftig zestig zeventig tachtig negentig",
}
_FIRST = {"en": "one", "de": "ein", "es": "uno", "it": "uno", "nl": "een"}
_ROUND = {
    "hundred": 100, "hundert": 100, "einhundert": 100, "cien": 100, "ciento": 100, "cento": 100, "honderd": 100,
    "thousand": 1000, "tausend": 1000, "eintausend": 1000, "mil": 1000, "mille": 1000, "duizend": 1000,
}  # fmt: skip
_AMBIGUOUS = frozenset(["sei"])
"""Six, and “you are”."""
_SPELT_OUT = {"fuenf": 5, "zwoelf": 12, "fuenfzehn": 15, "fuenfzig": 50}


def _compound(language: str, ten: str, unit: str) -> list[str]:
    if language == "en":
        return [f"{ten} {unit}", f"{ten}{unit}"]
    if language == "de":
        return [f"{unit}und{ten}"]
    if language == "es":
        return [f"{ten} y {unit}", f"veinti{unit}"] if ten == "veinte" else [f"{ten} y {unit}"]
    if language == "it":
        return [(ten[:-1] if unit[0] in "uo" else ten) + unit]
    return [f"{unit}en{ten}", f"{unit}en {ten}"]


def _cardinals() -> dict[str, int]:
    values = _ROUND | _SPELT_OUT
    for language, units in _UNITS.items():
        small = units.split()
        values.update((word, number) for number, word in enumerate(small, start=2))
        for place, ten in enumerate(_TENS[language].split(), start=2):
            values[ten] = place * 10
            for number, unit in enumerate([_FIRST[language], *small[:8]], start=1):
                values.update((word, place * 10 + number) for word in _compound(language, ten, unit))
    return values


def cardinals_of(language: str) -> list[str]:
    """A language's own words for two to nineteen, the tens, a dozen, hundred and thousand, where they mean nothing else."""
    own = f"{_UNITS[language]} {_TENS[language]}".split()
    return [*(word for word in own if word not in _AMBIGUOUS), *sorted(DOZEN), *_ROUND]


CARDINALS: Mapping[str, int] = _cardinals()
"""From two to ninety-nine, hundred and thousand; some are two words."""
