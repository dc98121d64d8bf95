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


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("I'll call you tomorrow at 3 pm.", at(26, 15)),
        ("I'll call you at 3pm.", at(25, 15)),
        ("We'll call you at 9 o'clock.", at(26, 9)),
        ("We will send it on Friday by 15:30.", at(27, 15).replace(minute=30)),
        ("I'll write at 12 am.", at(26, 0)),
        ("Ich rufe Sie morgen um 15 Uhr an.", at(26, 15)),
        ("Ich melde mich bis 11:45.", at(25, 11).replace(minute=45)),
        ("Ich melde mich heute um 4 Uhr nachmittags.", at(25, 16)),
        ("Le llamaré mañana a las 15.", at(26, 15)),
        ("Le llamaremos a las 4 de la tarde.", at(25, 16)),
        ("La richiamerò domani alle 15.30.", at(26, 15).replace(minute=30)),
        ("Ik bel u vrijdag om 15 uur.", at(27, 15)),
        ("Ik bel u om 3 uur 's middags.", at(25, 15)),
        ("We'll call you today at 4 o'clock.", at(25, 16)),
        ("Ich rufe Sie heute um 3 Uhr an.", at(25, 15)),
        ("I'll call you today at 9:30 am.", at(25, 21).replace(minute=30)),
        ("Ik bel u binnen 12 uur.", at(25, 22)),
    ],
)
def test_a_time_of_day_is_the_next_one_or_that_of_the_day_that_is_said(text: str, when: datetime) -> None:
    assert due(text) == [when]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("We will send it tomorrow, by 15.12. at the latest.", 26),
        ("I'll send 2 of them tomorrow.", 26),
        ("We will send it at 10.50 EUR tomorrow.", 26),
        ("Wir schicken die restlichen 3 am Freitag.", 27),
        ("Le risponderemo alle 3 domande domani.", 26),
    ],
)
def test_a_number_that_is_no_time_of_day_is_none(text: str, day: int) -> None:
    assert due(text) == [at(day)]


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
