"""How long people take and when they are there, as a customer is told it, in five languages. It knows no Django."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

LONGEST_TOLD = timedelta(hours=4)
"""A longer wait is no figure that helps, and a guess by then."""

_WEEKDAYS: Mapping[str, tuple[str, ...]] = {
    "en": ("on Monday", "on Tuesday", "on Wednesday", "on Thursday", "on Friday", "on Saturday", "on Sunday"),
    "de": ("am Montag", "am Dienstag", "am Mittwoch", "am Donnerstag", "am Freitag", "am Samstag", "am Sonntag"),
    "es": ("el lunes", "el martes", "el miércoles", "el jueves", "el viernes", "el sábado", "el domingo"),
    "it": ("lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"),
    "nl": ("op maandag", "op dinsdag", "op woensdag", "op donderdag", "op vrijdag", "op zaterdag", "op zondag"),
}
_SOON: Mapping[str, tuple[str, str]] = {
    "en": ("today", "tomorrow"),
    "de": ("heute", "morgen"),
    "es": ("hoy", "mañana"),
    "it": ("oggi", "domani"),
    "nl": ("vandaag", "morgen"),
}
_AT: Mapping[str, str] = {
    "en": "{day} at {time}", "de": "{day} um {time} Uhr", "es": "{day} a las {time}", "it": "{day} alle {time}", "nl": "{day} om {time} uur",
}  # fmt: skip
_DATE: Mapping[str, str] = {"en": "on {0}", "de": "am {0}", "es": "el {0}", "it": "il {0}", "nl": "op {0}"}
_LENGTHS: Mapping[str, tuple[str, str, str]] = {
    "en": ("{0} minutes", "1 hour", "{0} hours"),
    "de": ("{0} Minuten", "1 Stunde", "{0} Stunden"),
    "es": ("{0} minutos", "1 hora", "{0} horas"),
    "it": ("{0} minuti", "1 ora", "{0} ore"),
    "nl": ("{0} minuten", "1 uur", "{0} uur"),
}
_A_WEEK = 7


def spoken(language: str) -> str:
    """The language in which times are told: ``language`` or English."""
    return language if language in _AT else "en"


def wait_told(wait: timedelta | None, *, now: datetime, closes: datetime | None) -> timedelta | None:
    """The wait, rounded up: to five minutes within an hour, then to hours. None where none may be told."""
    if wait is None or wait > LONGEST_TOLD:
        return None
    minutes = max(5, -(-int(wait.total_seconds()) // 300) * 5)
    told = timedelta(minutes=minutes) if minutes < 60 else timedelta(hours=-(-minutes // 60))
    return None if closes is not None and now + told >= closes else told


def moment(then: datetime, *, now: datetime, zone: str, language: str) -> str:
    """A moment as people say it, with its time zone: customers may live in another."""
    language = spoken(language)
    # By the distance from UTC, which is all that a kept moment still knows of its zone: told again, it is the same day.
    days = (then.date() - now.astimezone(timezone(then.utcoffset() or timedelta(0))).date()).days
    if days < len(_SOON[language]):
        day = _SOON[language][days]
    elif days < _A_WEEK:
        day = _WEEKDAYS[language][then.weekday()]
    else:
        day = _DATE[language].format(then.date().isoformat())
    said = _AT[language].format(day=day, time=f"{then:%H:%M}")
    return f"{said} ({zone})" if zone else said


def length(told: timedelta, language: str) -> str:
    """A length of time that ``wait_told`` gave."""
    minutes, hour, hours = _LENGTHS[spoken(language)]
    whole = int(told.total_seconds()) // 3600
    if whole == 0:
        return minutes.format(int(told.total_seconds()) // 60)
    return hour if whole == 1 else hours.format(whole)
