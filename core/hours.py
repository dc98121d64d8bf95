"""When the business is open: spans of the week in its own time zone, and days that differ. Unknown until somebody says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.models import OpeningCalendar

MIDNIGHT = time(0)
_FAR = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From ``opens`` to ``closes``, local times of one day; closing at 0:00 is the end of the day."""

    opens: time
    closes: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Opening hours. ``week`` has the spans of each weekday (Monday is 0), ``special`` those of dates that differ.

    A date in ``special`` without spans is closed. All moments that are asked and told are aware of their time zone.
    """

    zone: str = "UTC"
    week: Mapping[int, tuple[Span, ...]] = field(default_factory=dict)
    special: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)

    @property
    def are_known(self) -> bool:
        """Whether anybody has said when the business is open; without that nothing is told of it."""
        return any(self.week.values())

    def spans_of(self, day: date) -> tuple[Span, ...]:
        """A day's spans in their order; those that touch or overlap are one."""
        spans = self.special.get(day, self.week.get(day.weekday(), ()))
        joined: list[Span] = []
        for span in sorted(spans, key=lambda each: each.opens):
            last = joined[-1] if joined else None
            if last is None or (last.closes != MIDNIGHT and span.opens > last.closes):
                joined.append(span)
            elif last.closes != MIDNIGHT and (span.closes == MIDNIGHT or span.closes > last.closes):
                joined[-1] = Span(opens=last.opens, closes=span.closes)
        return tuple(joined)

    def is_open(self, at: datetime) -> bool:
        """Whether the business is open at that moment; False while its hours are unknown."""
        return any(begins <= at < ends for begins, ends in self._moments(at, days=1))

    def next_opening(self, at: datetime) -> datetime | None:
        """``at`` itself where the business is open, else when it opens next, in its time zone. None: unknown, or not in a year."""
        for begins, ends in self._moments(at, days=_FAR):
            if at < ends:
                return max(at, begins).astimezone(ZoneInfo(self.zone))
        return None

    def next_closing(self, at: datetime) -> datetime | None:
        """When the business, open at that moment, closes, in its time zone; None where it is not open, or never closes.

        A span that ends at midnight goes on in one that begins then.
        """
        closes: datetime | None = None
        for begins, ends in self._moments(at, days=_FAR):
            if closes is not None and begins != closes:
                return closes.astimezone(ZoneInfo(self.zone))
            if closes is not None or begins <= at < ends:
                closes = ends
            elif begins > at:
                return None
        return None

    def _moments(self, at: datetime, *, days: int) -> Iterable[tuple[datetime, datetime]]:
        """The spans from the day of ``at`` on, as moments in UTC."""
        if not self.are_known:
            return
        first = at.astimezone(ZoneInfo(self.zone)).date()
        for day in (first + timedelta(days=number) for number in range(days)):
            for span in self.spans_of(day):
                last_day = day + timedelta(days=1) if span.closes == MIDNIGHT else day
                yield self._moment(day, span.opens), self._moment(last_day, span.closes)

    def _moment(self, day: date, local: time) -> datetime:
        # Through UTC, for two moments of one zone are compared by their wall clocks, which stand twice in autumn.
        return datetime.combine(day, local, ZoneInfo(self.zone)).astimezone(UTC)


def business_hours() -> Hours:
    """The hours as they are kept, in 3 queries; unknown ones where nobody has given any."""
    calendar = OpeningCalendar.objects.prefetch_related("spans", "special_days").first()
    if calendar is None:
        return Hours()
    week: dict[int, tuple[Span, ...]] = {}
    for row in calendar.spans.all():
        week[row.weekday] = (*week.get(row.weekday, ()), Span(opens=row.opens, closes=row.closes))
    special: dict[date, tuple[Span, ...]] = {}
    for each in calendar.special_days.all():
        span = () if each.opens is None or each.closes is None else (Span(opens=each.opens, closes=each.closes),)
        special[each.day] = (*special.get(each.day, ()), *span)
    return Hours(zone=calendar.time_zone, week=week, special=special)
