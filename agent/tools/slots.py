"""Slots: what tools need to know, found in a customer's words by rules. Values are plain text, fit for JSON."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from agent.engine.text import fold
from agent.tools.words import DAYS_FROM_NOW, NOT_A_QUANTITY, NUMBERS, PIECES, WEEKDAYS

ORDER_NUMBER, EMAIL, PRODUCT, QUANTITY, DAY = "order_number", "email", "product", "quantity", "day"
NEED, BUDGET, WANTED_BY, CONSENT = "need", "budget", "wanted_by", "consent"
LEAD_ASKED = "lead_asked"
"""What customers were asked for a lead so far, in one episode: no slot of theirs, but kept with them."""
MOST_PIECES = 1_000_000

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}(?![\w-])")
_ORDER = re.compile(r"(?<![\w@.+-])(?:#\s?\d{4,12}|[A-Za-z]{2,4}-?\d{4,12}|\d{6,12})(?![\w@-])(?!\.\d)")
# Where an order number was asked for, shorter ones are meant too.
_ASKED_ORDER = re.compile(r"(?<![\w@.+-])#?\s?[A-Za-z]{0,4}-?\d{3,12}(?![\w@-])(?!\.\d)")
# A short one is meant where it stands right behind the words for an own order, or for its number.
_ORDER_WORDS = r"(?:order|bestellung|auftrag|pedido|ordine|bestelling)"
_NUMBER_WORDS = r"(?:number|no\.?|nr\.?|nummer|n[uú]mero|numero)"
_NAMED_ORDER = re.compile(
    rf"\b(?:(?:my|our|meine?r?|unsere?r?|mi|nuestro|mio|nostro|mijn|onze)\s{_ORDER_WORDS}(?:\s{_NUMBER_WORDS})?|"
    rf"{_ORDER_WORDS}\s{_NUMBER_WORDS}|{_NUMBER_WORDS}\s(?:de\s|di\s|del\s|van\s)?{_ORDER_WORDS}|bestellnummer|bestelnummer)"
    r"\s(?:is\s|ist\s|es\s|è\s)?#?(?P<number>\d{3,12})(?![\w@-])(?![.,]\d)",
    re.IGNORECASE,
)
_PHONE = re.compile(
    # With its country's number, a local one in groups, and whatever number stands behind a word for one.
    r"(?<!\w)(?:\+|00)\d[\d\s/().-]{6,18}\d|(?<![\w#+-])\(?0[1-9]\d{1,4}\)?[\s/-]\d[\d\s/-]{4,12}\d|"
    r"\b(?:phone|telephone|mobile|cell(?:phone)?|tel\.?|call me (?:at|on)|handy(?:nummer)?|telefon(?:nummer)?|rufnummer|mobil(?:nummer)?|"
    r"m[oó]vil|tel[eé]fono|cellulare|telefoon(?:nummer)?|mobiel|whatsapp)(?:\s(?:number|no\.?|nr\.?|nummer|n[uú]mero))?"
    r"(?:\s(?:is|ist|lautet|es|è))?\s?:?\s?\d[\d\s/().-]{3,18}\d",
    re.IGNORECASE,
)
# A national telephone number written in one piece: an order number that begins so is named as one, or has its hash.
_NATIONAL = re.compile(r"0[1-9]\d{7,11}")
_YEAR = re.compile(r"(?:19|20)\d\d")
_YEAR_BEFORE = re.compile(r"\b(?:in|im|nel|en|del|of|from|von|van|uit)\s?$", re.IGNORECASE)
# Right before a number, what makes it something else than an order's.
_ELSE_BEFORE = re.compile(
    r"(?:\b(?:postcode|post code|zip(?: code)?|plz|postleitzahl|c[oó]digo postal|cp|cap|codice postale|house|hausnummer|street|stra(?:ß|ss)e|"
    r"calle|via|straat|huisnummer|flat|room|year|jahr|a[nñ]o|anno|jaar|since|seit|desde|dal|sinds|version)(?:\s(?:is|ist|es|è))?|[€$£])\s?:?\s?$",
    re.IGNORECASE,
)
_UNIT_BEHIND = re.compile(
    r"\s?(?:[€$£%×]|(?:x|eur|euros?|usd|gbp|chf|dollars?|pounds?|pieces|pcs|st[uü]ck|stuks|unidades|pezzi|days?|tagen?|d[ií]as|giorni|dagen|"
    r"weeks?|wochen?|semanas|settimane|weken|months?|uhr|kg|cm|mm|gb)\b)",
    re.IGNORECASE,
)
_ORDER_BEFORE = re.compile(
    rf"(?:\b{_ORDER_WORDS}|\b{_NUMBER_WORDS}|bestellnummer|bestelnummer|auftragsnummer)(?:\s(?:is|ist|lautet|es|è))?\s?:?\s?$",
    re.IGNORECASE,
)
_FEW_WORDS = 3
_SUM = re.compile(
    r"(?:[€$£]\s?\d[\d.,]{0,12}|\d[\d.,]{0,12}\s?(?:€|EUR\b|USD\b|GBP\b|CHF\b|euros?\b|dollars?\b|pounds?\b))",
    re.IGNORECASE,
)
_MONTH = (
    r"(?:jan|feb|mar|mär|mrt|maart|apr|avr|abr|may|mai|mei|mag|jun|jul|giu|lug|aug|ago|sep|set|oct|okt|ott|nov|dec|dez|dic|ene|gen)"
    r"[^\W\d_]{0,9}"
)
_DATE = rf"\d{{1,2}}[./-]\d{{1,2}}(?:[./-]\d{{2,4}})?|\d{{1,2}}(?:st|nd|rd|th|\.)?\s(?:of |de |di )?{_MONTH}|{_MONTH}\s\d{{1,2}}\b"
_BY_WHEN = re.compile(
    r"\b(?:by|before|until|bis|vor|antes del?|para el|entro(?: il)?|prima del|voor|vóór)\s"
    rf"(?P<when>(?:the |zum |end of |Ende |fin de |fine )?(?:{_DATE}|"
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December|"
    r"Januar|Februar|März|Mai|Juni|Juli|Oktober|Dezember|Christmas|Weihnachten)\b))",
    re.IGNORECASE,
)
_WHEN = re.compile(
    rf"(?P<when>\b(?:{_DATE})|"
    r"\b(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|Montag|Dienstag|Mittwoch|Donnerstag|Freitag|Samstag|Sonntag|"
    r"lunes|martes|miércoles|jueves|viernes|sábado|domingo|lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica|"
    r"maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag|"
    r"(?:next|this|nächste|diese|próxima|esta|prossima|questa|volgende|deze) (?:week|month|Woche|Monat|semana|settimana|maand))\b)",
    re.IGNORECASE,
)
_AMOUNT = re.compile(r"(?<![\w.,])\d{2,7}(?:[.,]\d{3})*(?:[.,]\d{2})?(?![\w.,]\d)")
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+|×")
_WHOLE = re.compile(r"\d{1,3}(?:[.,]\d{3})+|\d{1,7}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Something that can be named in a message: its key, and the names it goes by."""

    key: str
    names: tuple[str, ...]


def email_in(text: str) -> str:
    """The first e-mail address, in lower case; empty for none."""
    found = _EMAIL.search(text)
    return found.group().rstrip(".").lower() if found else ""


def order_number_in(text: str, *, is_asked_for: bool = False) -> str:
    """The first order number, in capitals and without a hash; empty for none.

    Parts of addresses, telephones, postcodes, years, sums and quantities are none, also where a number was asked for.
    """
    bare = _PHONE.sub(" ", _EMAIL.sub(" ", text))
    for form in (_ASKED_ORDER, _ORDER) if is_asked_for else (_ORDER,):
        for found in form.finditer(bare):
            if _is_order(bare, found):
                return re.sub(r"[#\s]", "", found.group()).upper()
    named = _NAMED_ORDER.search(bare)
    return named["number"] if named else ""


def _is_order(text: str, found: re.Match[str]) -> bool:
    number, before = found.group().strip(), text[: found.start()]
    if not number.isdigit() or _ORDER_BEFORE.search(before):
        return True
    if _NATIONAL.fullmatch(number) or _ELSE_BEFORE.search(before) or _UNIT_BEHIND.match(text, found.end()):
        return False
    others = len(words_of(before)) + len(words_of(text[found.end() :]))
    return not _YEAR.fullmatch(number) or (others <= _FEW_WORDS and not _YEAR_BEFORE.search(before))


def quantity_in(text: str, *, is_asked_for: bool = False, beside: Iterable[str] = ()) -> int | None:
    """How many pieces the text speaks of; None for none.

    A number counts before a word for pieces or one of ``beside`` (first words of the products' names), and any number
    where the quantity was asked for or it is the only one. Names with a number in them must be taken out before.
    """
    bare = without_details(_NAMED_ORDER.sub(" ", _ORDER.sub(" ", text)))
    tokens = [fold(token) for token in _TOKEN.findall(bare)]
    numbers = [(place, number) for place, token in enumerate(tokens) if (number := _number(token)) is not None]
    names = [[fold(word)] for word in beside]
    for place, number in numbers:
        after = tokens[place + 1] if place + 1 < len(tokens) else ""
        if after in PIECES or after == "×" or (after and any(_same([after], name) for name in names)):
            return number
    plain = [number for place, number in numbers if tokens[place] not in NOT_A_QUANTITY]
    if len(plain) == 1 or (plain and is_asked_for):
        return plain[0]
    return None


def _number(token: str) -> int | None:
    if token in NUMBERS:
        return NUMBERS[token]
    if not _WHOLE.fullmatch(token):
        return None
    number = int(re.sub(r"[.,]", "", token))
    return number if 1 <= number <= MOST_PIECES else None


def budget_in(text: str, *, is_asked_for: bool = False) -> str:
    """A sum of money as it is written, and where it was asked for a number alone; empty for none."""
    found = _SUM.search(text) or (_AMOUNT.search(_EMAIL.sub(" ", text)) if is_asked_for else None)
    return " ".join(found.group().split()) if found else ""


def wanted_by_in(text: str, *, is_asked_for: bool = False) -> str:
    """By when something is wanted, as it is written, and where it was asked for a day alone; empty where that is not said."""
    found = _BY_WHEN.search(text) or (_WHEN.search(_EMAIL.sub(" ", text)) if is_asked_for else None)
    return " ".join(found["when"].split())[:60] if found else ""


def day_in(text: str, today: date) -> date | None:
    """The day the text speaks of, today or after; None where it names none."""
    for word in words_of(text):
        if word in DAYS_FROM_NOW:
            return today + timedelta(days=DAYS_FROM_NOW[word])
        if word in WEEKDAYS:
            return today + timedelta(days=(WEEKDAYS[word] - today.weekday()) % 7)
    return None


def named_in(text: str, known: Sequence[Named]) -> list[str]:
    """The keys of what the text names, longest names first; a name within another that was found is not named."""
    words = words_of(text)
    found: dict[str, tuple[int, int]] = {}
    spans: list[tuple[int, int]] = []
    names = sorted(
        ((words_of(name), each.key) for each in known for name in each.names), key=lambda pair: -len(pair[0])
    )
    for name, key in names:
        for start in range(len(words) - len(name) + 1) if name else ():
            end = start + len(name)
            within = any(start < taken[1] and taken[0] < end and taken != (start, end) for taken in spans)
            if _same(words[start:end], name) and not within:
                found.setdefault(key, (start, end))
                spans.append((start, end))
                break
    return sorted(found, key=lambda key: found[key][0])


def without(text: str, names: Iterable[str]) -> str:
    """The text without these names, so that a number in a name is no quantity."""
    for name in sorted(filter(None, names), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", " ", text, flags=re.IGNORECASE)
    return text


def without_details(text: str) -> str:
    """The text without addresses, telephones, sums of money, and days by which something is wanted."""
    for pattern in (_EMAIL, _PHONE, _SUM, _BY_WHEN):
        text = pattern.sub(" ", text)
    return text


def holds_a_number(name: str) -> bool:
    """Whether a number stands in a name, in digits or as a word."""
    return any(word in NUMBERS or word.isdigit() for word in words_of(name))


def words_of(text: str) -> list[str]:
    """The text's words and numbers, folded."""
    return [fold(token) for token in re.findall(r"[^\W_]+", text)]


_ENDINGS = ("s", "es", "n", "en", "e", "er")


def _same(said: Sequence[str], name: Sequence[str]) -> bool:
    """Whether these are the words of the name, the last one perhaps in its plural."""
    if list(said[:-1]) != list(name[:-1]):
        return False
    one, other = said[-1], name[-1]
    return one == other or (
        len(other) >= 3 and any(one == other + ending or other == one + ending for ending in _ENDINGS)
    )


def has_any(text: str, wanted: frozenset[str]) -> bool:
    """Whether one of the words stands in the text."""
    return not wanted.isdisjoint(words_of(text))
