"""The tool that tells when the business is open: computed from the hours that are kept, never from an article."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from agent.graph.state import TextPart, ToolUse
from agent.tools import telling
from agent.tools.registry import SPECS, HoursQuery, used
from core.hours import MIDNIGHT, Hours

SPEC = SPECS["opening_hours"]


def answer(query: HoursQuery, hours: Hours, now: datetime, language: str) -> ToolUse:
    """When the business is open on the day that is asked about, or now, and when it opens next where it is closed."""
    given = {"day": query.day.isoformat()} if query.day is not None else {}
    if not hours.are_known:
        return used(SPEC, given, outcome="not_found", problem="No opening hours are kept.")
    today = now.astimezone(ZoneInfo(hours.zone)).date()
    if query.day is not None and query.day != today:
        parts, days = [_on(query.day, hours, language)], {query.day}
    else:
        parts, days = _now(hours, now, language)
        days |= {today}
    use = used(SPEC, given, outcome="ok", evidence="\n".join(_evidence(hours, day, language) for day in sorted(days)))
    use["parts"] = parts
    return use


def _now(hours: Hours, now: datetime, language: str) -> tuple[list[TextPart], set[date]]:
    """What is true now, and the days whose hours it stands in."""
    if hours.is_open(now):
        closes = hours.next_closing(now)
        if closes is None:
            return [TextPart(template="open_always", values={})], set()
        # What ends at midnight ends on the evening before.
        last = closes.date() - timedelta(days=1) if closes.time() == MIDNIGHT else closes.date()
        until = "24:00" if closes.time() == MIDNIGHT else telling.clock(closes)
        values = {"time": until, "day": telling.weekday(last.weekday(), language)}
        return [TextPart(template="open_until", values=values)], {last}
    opens = hours.next_opening(now)
    if opens is None:
        return [TextPart(template="closed_now", values={})], set()
    day = opens.date()
    values = {
        "time": telling.clock(opens),
        "day": telling.weekday(day.weekday(), language),
        "date": telling.day(day, language),
    }
    return [TextPart(template="closed_until", values=values)], {day}


def _on(day: date, hours: Hours, language: str) -> TextPart:
    named = {"day": telling.weekday(day.weekday(), language), "date": telling.day(day, language)}
    spans = hours.spans_of(day)
    if not spans:
        return TextPart(template="closed_on", values=named)
    return TextPart(template="open_on", values={**named, "hours": _spans(hours, day)})


def _spans(hours: Hours, day: date) -> str:
    return ", ".join(
        f"{_local(span.opens)}–{'24:00' if span.closes == MIDNIGHT else _local(span.closes)}"
        for span in hours.spans_of(day)
    )


def _local(value: time) -> str:
    return f"{value.hour}:{value.minute:02d}"


def _evidence(hours: Hours, day: date, language: str) -> str:
    spans = _spans(hours, day) or "closed"
    return f"Opening hours, {day.isoformat()} ({telling.day(day, language)}), {hours.zone}: {spans}."
