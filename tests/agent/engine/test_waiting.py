"""How long somebody has waited, and how long it may take."""

from __future__ import annotations

import pytest

from agent.engine.waiting import allowed_days, waited_days


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("I have not got my refund after 30 days", 30),
        ("I sent my boots back six weeks ago", 42),
        ("Mein Paket ist seit drei Wochen nicht da", 21),
        ("Mi paquete no llega desde hace tres semanas", 21),
        ("Aspetto il rimborso da due settimane", 14),
        ("Ik wacht al drie weken op mijn geld", 21),
        ("I ordered it last week", 7),
        ("I have been waiting for ten working days", 14),
    ],
)
def test_waiting_is_counted_in_days(text: str, days: float) -> None:
    assert waited_days(text) == pytest.approx(days)


@pytest.mark.parametrize(
    "text", ["Can I return it within 30 days?", "How many days do I have?", "Where is my order 48213?", ""]
)
def test_a_term_that_is_asked_about_is_no_waiting(text: str) -> None:
    assert waited_days(text) == 0


def test_a_text_allows_the_longest_time_it_names() -> None:
    assert allowed_days("Within 5 working days; cards need another 3 to 5 working days.") == pytest.approx(7)
    assert allowed_days("Innerhalb von 45 Tagen nach der Lieferung.") == 45
    assert allowed_days("Boots are washed by hand.") == 0
