"""Days, times and sums as customers read them, and as evidence keeps them."""

from datetime import date, datetime
from decimal import Decimal

from django.utils import formats, translation
from django.utils.dates import WEEKDAYS

_DAYS = {"en": "j F Y", "de": "j. F Y", "es": r"j \d\e F \d\e Y", "it": "j F Y", "nl": "j F Y"}


def day(value: date, language: str) -> str:
    """The day with its month in words, so that nobody takes one for the other."""
    with translation.override(language):
        return formats.date_format(value, _DAYS.get(language, _DAYS["en"]))


def weekday(number: int, language: str) -> str:
    """The name of a weekday; Monday is 0."""
    with translation.override(language):
        return str(WEEKDAYS[number])


def clock(value: datetime) -> str:
    """The time of day, as on a clock of 24 hours."""
    return f"{value.hour}:{value.minute:02d}"


def money(value: Decimal, currency: str, language: str) -> str:
    """A sum with two decimals in the language's way, and the currency's three letters."""
    with translation.override(language):
        return f"{formats.number_format(value, decimal_pos=2, use_l10n=True, force_grouping=False)} {currency}"
