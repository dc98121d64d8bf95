"""Promises with a time in what staff write, in five languages: the sentence, and by when it is to be kept."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.hours import MIDNIGHT, Hours
from core.weekdays import WEEKDAYS

_SENTENCE = re.compile(r"[^.!?\n]*(?:[.:]\d[^.!?\n]*)*[.!?\n]?")
_COMMITS = re.compile(
    r"\b(?:i|we|you|a colleague|my colleague|someone)(?: wi|')?ll\b|\b(?:i|we)(?:'m| am|'re| are) going to\b|\b(?:i|we) promise\b|"
    r"\b(?:ich|wir)\b.{0,200}\b(?:werden?|rufen?|melden?|schicken?|senden?|erstatten?|kummern?|antworten?|versprechen?)\b|"
    r"\b(?:werden?|rufen?|melden?|schicken?|senden?|erstatten?|kummern?|antworten?) (?:ich|wir)\b|\b(?:bekommen|erhalten|horen) sie\b|\bsie (?:bekommen|erhalten|horen)\b|"
    r"\b(?:le|te|les|lo) \w+(?:re|remos|ra|ran)\b|\b(?:recibira|tendra)\b|\b(?:voy|vamos) a\b|\bprometo\b|"
    r"\b(?:la|le|vi|ti|lo) \w+(?:ro|remo|ra|ranno)\b|\b(?:ricevera|avra)\b|\bprometto\b|"
    r"\b(?:ik|wij|we) (?:zal|zullen|bel|bellen|stuur|sturen|beloof|beloven|betaal|betalen|laat|laten)\b|\b(?:bel|stuur|laat) ik\b|\bu (?:krijgt|ontvangt|hoort)\b"
)
_UNITS = {
    "minute": "minutes?|minuten?|minutos?|minut[oi]|minuut",
    "hour": "hours?|stunden?|horas?|or[ae]|uur|uren",
    "working day": "(?:working|business) days?|werktagen?|arbeitstagen?|dias? (?:laborables?|habiles)|giorn[oi] lavorativ[oi]|werkdag(?:en)?",
    "day": "days?|tag(?:en?)?|dias?|giorn[oi]|dag(?:en)?",
    "week": "weeks?|wochen?|semanas?|settiman[ae]|we(?:ek|ken)",
}
_SPAN = re.compile(
    r"\b(?:within|in|innerhalb(?: von)?|binnen|en|dentro de|entro|fra|tra|over) (?:the next |den nachsten |las proximas |de volgende )?"
    r"(?P<count>\d{1,3}|an?|one|two|three|eine[mrn]?|zwei|drei|una?|uno|dos|tres|due|tre|een|twee|drie) "
    + "(?:"
    + "|".join(f"(?P<{unit.replace(' ', '_')}>{words})" for unit, words in _UNITS.items())
    + r")\b"
)
_SMALL = {"two": 2, "zwei": 2, "dos": 2, "due": 2, "twee": 2, "three": 3, "drei": 3, "tres": 3, "tre": 3, "drie": 3}
_DAYS = (
    (0, re.compile(r"\b(?:today|tonight|this (?:afternoon|evening)|heute|hoy|oggi|stasera|vandaag|vanavond)\b")),
    (2, re.compile(r"\b(?:the day after tomorrow|ubermorgen|pasado manana|dopodomani|overmorgen)\b")),
    (1, re.compile(r"\b(?:tomorrow|(?<!guten )morgen|manana|domani)\b")),
)
_WEEKDAYS = re.compile(rf"\b(?:{'|'.join(WEEKDAYS)})\b")
_HOUR, _MINUTE = r"(?P<hour>[01]?\d|2[0-3])", r"(?P<minute>[0-5]\d)"
_LATER = (
    r"(?P<later> (?:in the (?:afternoon|evening)|nachmittags?|am nachmittag|abends?|am abend|de la (?:tarde|noche)"
    r"|del pomeriggio|di sera|'s (?:middags|avonds)))?"
)
# By twelves; by the word for it; after a word that is said of hours alone; and after others only as 15:30, for 15.11. is a day.
_CLOCKS = tuple(
    re.compile(pattern + _LATER)
    for pattern in (
        rf"\b{_HOUR}(?:[:.]{_MINUTE})? ?(?P<half>[ap])\.?m\b(?! (?:\w*(?:tag|abend)|mittwoch|morgen|\d))\.?",
        rf"\b{_HOUR}(?:[:.]{_MINUTE})? (?:uhr|uur|o'clock)\b",
        rf"\b(?:at|um|om|a las|alle) {_HOUR}[:.]{_MINUTE}\b(?! ?(?:eur|€|\$|usd|%))",
        rf"\b(?:by|before|until|around|bis|vor|gegen|voor|tegen|rond|antes de las|hasta las|entro le|prima delle) {_HOUR}:{_MINUTE}\b",
        rf"\b(?:a las|antes de las|alle|entro le) {_HOUR}(?=[,;!?]|\.(?!\d)|$| (?:de la|del|di|en punto|in punto))",
    )
)
_NOON, _DAY = 12, 24
_WORKING_WEEK = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A promise as it was written, and until when it holds."""

    text: str
    due_at: datetime


def promises_in(text: str, *, now: datetime, hours: Hours) -> list[Found]:
    """What the text promises by a time: of a day the one that is said, else when the business closes, or midnight.

    A question promises nothing, and neither does a sentence without a time.
    """
    found = []
    for match in _SENTENCE.finditer(text):
        sentence = match.group().strip()
        plain = _plain(sentence)
        if not plain or plain.endswith("?") or not _COMMITS.search(plain):
            continue
        due = min(_times(plain, now, hours), default=None)
        if due is not None:
            found.append(Found(text=sentence[:300], due_at=due))
    return found


def _times(plain: str, now: datetime, hours: Hours) -> Iterator[datetime]:
    here = now.astimezone(ZoneInfo(hours.zone))
    today = here.date()
    # "Within 12 hours" is no time of day.
    clock = _clock(_SPAN.sub(" ", plain))
    has_day = False
    for match in _SPAN.finditer(plain):
        count = int(match["count"]) if match["count"].isdigit() else _SMALL.get(match["count"], 1)
        if match["minute"]:
            yield now + timedelta(minutes=count)
        elif match["hour"]:
            yield now + timedelta(hours=count)
        elif match["working_day"]:
            yield _end_of(_after_working_days(today, count, hours), hours)
        else:
            yield _end_of(today + timedelta(days=count * (7 if match["week"] else 1)), hours)
    for day in _days(plain, today):
        has_day = True
        yield _end_of(day, hours) if clock is None else _at(day, clock, here, hours)
    if clock is not None and not has_day:
        yield datetime.combine(today + timedelta(days=int(clock <= here.time())), clock, ZoneInfo(hours.zone))


def _days(plain: str, today: date) -> Iterator[date]:
    for days, pattern in _DAYS:
        if pattern.search(plain):
            yield today + timedelta(days=days)
            break
    for match in _WEEKDAYS.finditer(plain):
        yield today + timedelta(days=(WEEKDAYS[match[0]] - today.weekday()) % 7 or 7)


def _at(day: date, clock: time, here: datetime, hours: Hours) -> datetime:
    """When it is so late on that day; of one that is over already the afternoon is meant, else the day's end."""
    for hour in (clock.hour, clock.hour + _NOON):
        at = datetime.combine(day, clock.replace(hour=hour % _DAY), ZoneInfo(hours.zone))
        if at > here:
            return at
    return _end_of(day, hours)


def _clock(plain: str) -> time | None:
    """The time of day that is said first."""
    found = [match for pattern in _CLOCKS if (match := pattern.search(plain)) is not None]
    if not found:
        return None
    said = min(found, key=lambda match: match.start("hour")).groupdict()
    hour, half = int(said["hour"]), said.get("half")
    is_later = half == "p" or (half is None and said["later"] is not None)
    if hour < _NOON and is_later:
        hour += _NOON
    elif hour == _NOON and half == "a":
        hour = 0
    return time(hour, int(said["minute"] or 0) if "minute" in said else 0)


def _after_working_days(day: date, count: int, hours: Hours) -> date:
    while count > 0:
        day += timedelta(days=1)
        works = bool(hours.spans_of(day)) if hours.are_known else day.weekday() < _WORKING_WEEK
        count -= int(works)
    return day


def _end_of(day: date, hours: Hours) -> datetime:
    spans = hours.spans_of(day)
    closes = spans[-1].closes if spans else MIDNIGHT
    last = day + timedelta(days=1) if closes == MIDNIGHT else day
    return datetime.combine(last, closes if closes != MIDNIGHT else time(0), ZoneInfo(hours.zone))


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("\u2019", "'"))
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign)).strip()
