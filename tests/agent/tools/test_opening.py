"""When the business is open, as a customer is told: now, on a day, and when it opens next."""

from datetime import UTC, date, datetime, time

import pytest

from agent.graph.numbers import ungrounded_numbers
from agent.tools import opening
from agent.tools.registry import HoursQuery
from core.hours import Hours, Span

HOURS = Hours(
    zone="Europe/Berlin",
    week={
        **dict.fromkeys(range(5), (Span(opens=time(8), closes=time(20)),)),
        5: (Span(opens=time(9), closes=time(0)),),
    },
    special={date(2026, 12, 24): (Span(opens=time(8), closes=time(12)), Span(opens=time(13, 30), closes=time(16)))},
)
FRIDAY_NOON = datetime(2026, 11, 27, 11, tzinfo=UTC)
SUNDAY = datetime(2026, 11, 29, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "now", "template", "values"),
    [
        (HoursQuery(), FRIDAY_NOON, "open_until", {"time": "20:00", "day": "Friday"}),
        (HoursQuery(day=date(2026, 11, 27)), FRIDAY_NOON, "open_until", {"time": "20:00", "day": "Friday"}),
        (HoursQuery(), datetime(2026, 11, 28, 11, tzinfo=UTC), "open_until", {"time": "24:00", "day": "Saturday"}),
        (HoursQuery(), SUNDAY, "closed_until", {"time": "8:00", "day": "Monday", "date": "30 November 2026"}),
        (HoursQuery(day=date(2026, 12, 6)), SUNDAY, "closed_on", {"day": "Sunday", "date": "6 December 2026"}),
        (
            HoursQuery(day=date(2026, 12, 24)),
            SUNDAY,
            "open_on",
            {"day": "Thursday", "date": "24 December 2026", "hours": "8:00–12:00, 13:30–16:00"},
        ),
    ],
)
def test_what_is_told_is_true_then(query: HoursQuery, now: datetime, template: str, values: dict[str, str]) -> None:
    use = opening.answer(query, HOURS, now, "en")

    assert use["parts"] == [{"template": template, "values": values}]
    assert ungrounded_numbers(" ".join(values.values()), [use["evidence"]]) == []


@pytest.mark.parametrize(
    ("language", "day", "told"),
    [
        ("de", "Montag", "30. November 2026"),
        ("es", "lunes", "30 de noviembre de 2026"),
        ("it", "lunedì", "30 Novembre 2026"),
        ("nl", "maandag", "30 november 2026"),
    ],
)
def test_days_are_named_in_the_customers_language(language: str, day: str, told: str) -> None:
    values = opening.answer(HoursQuery(), HOURS, SUNDAY, language)["parts"][0]["values"]

    assert (values["day"].lower(), values["date"].lower()) == (day.lower(), told.lower())


def test_hours_that_nobody_gave_are_not_told() -> None:
    assert opening.answer(HoursQuery(), Hours(), SUNDAY, "en")["outcome"] == "not_found"


def test_what_never_closes_is_told_so() -> None:
    always = Hours(week=dict.fromkeys(range(7), (Span(opens=time(0), closes=time(0)),)))

    assert opening.answer(HoursQuery(), always, SUNDAY, "en")["parts"] == [{"template": "open_always", "values": {}}]
