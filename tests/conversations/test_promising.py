"""Which promises with a time stand in a reply, in five languages."""

from datetime import UTC, datetime, time, timedelta

import pytest

from conversations.promising import promises_in
from core.hours import Hours, Span

# A Wednesday.
NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
HOURS = Hours(zone="UTC", week={day: (Span(opens=time(9), closes=time(17)),) for day in range(5)})


def due(text: str, *, hours: Hours = HOURS) -> list[datetime]:
    """By when what the text promises is due."""
    return [found.due_at for found in promises_in(text, now=NOW, hours=hours)]


def at(day: int, hour: int = 17, *, month: int = 11) -> datetime:
    """The moment in 2026 at which the business closes."""
    return datetime(2026, month, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("I'll call you tomorrow.", 26),
        ("We will send the replacement by Friday.", 27),
        ("You'll get your refund within 2 working days.", 27),
        ("Ich melde mich morgen bei Ihnen.", 26),
        ("Wir erstatten Ihnen den Betrag bis Freitag.", 27),
        ("Sie erhalten das Geld innerhalb von zwei Werktagen.", 27),
        ("Le llamaremos mañana.", 26),
        ("Recibirá el reembolso en 2 días laborables.", 27),
        ("La richiameremo domani.", 26),
        ("Riceverà il rimborso entro 2 giorni lavorativi.", 27),
        ("Ik bel u morgen terug.", 26),
        ("U ontvangt uw geld binnen twee werkdagen.", 27),
        ("I'll look into it today.", 25),
    ],
)
def test_a_promise_is_due_when_its_day_ends(text: str, day: int) -> None:
    assert due(text) == [at(day)]


def test_hours_and_minutes_count_from_now() -> None:
    assert due("I'll be back in 20 minutes. We will call you within 2 hours!") == [
        NOW + timedelta(minutes=20),
        NOW + timedelta(hours=2),
    ]


def test_working_days_leave_the_weekend_out_and_an_unknown_day_ends_at_midnight() -> None:
    assert due("You'll have it within 3 working days.") == [at(30)]
    assert due("You'll have it within 3 working days.", hours=Hours()) == [at(1, 0, month=12)]


@pytest.mark.parametrize(
    "text",
    ["Shall I call you tomorrow?", "Thanks, I will.", "Deliveries take 3 days.", "Guten Morgen, ich melde mich.", "", "I'll see. It was Monday."],
)  # fmt: skip
def test_a_question_and_what_has_no_time_or_no_promise_is_none(text: str) -> None:
    assert due(text) == []


def test_the_sentence_is_kept_as_it_was_written() -> None:
    (found,) = promises_in("Sorry for that! I'll call you tomorrow at 9.30. Bye.", now=NOW, hours=HOURS)

    assert found.text == "I'll call you tomorrow at 9.30."
