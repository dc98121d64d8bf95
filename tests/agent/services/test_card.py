"""The facts a customer gave, for the person who takes over."""

import pytest

from agent.services.card import facts_in


@pytest.mark.parametrize(
    ("text", "label", "value"),
    [
        ("My order TH1234567 is late", "Order number", "TH1234567"),
        ("order #12345 please", "Order number", "#12345"),
        ("it is 1234567", "Order number", "1234567"),
        ("write to jane.doe@mail.example", "E-mail", "jane.doe@mail.example"),
        ("call +49 170 1234567", "Phone", "+49 170 1234567"),
        ("you took 49.90 euros", "Amount", "49.90 euros"),
        ("I paid €20", "Amount", "€20"),
        ("since 2026-03-01", "Date", "2026-03-01"),
        ("am 3.11.2026", "Date", "3.11.2026"),
    ],
)
def test_a_fact_is_found_with_its_label(text: str, label: str, value: str) -> None:
    assert facts_in([(4, text)]) == [{"label": label, "value": value, "seq": 4}]


def test_a_fact_stands_once_with_the_message_that_gave_it_first() -> None:
    facts = facts_in([(1, "TH1234567"), (3, "TH1234567 again")])

    assert facts == [{"label": "Order number", "value": "TH1234567", "seq": 1}]


def test_words_without_facts_give_none() -> None:
    assert facts_in([(1, "Where is my parcel? I ordered 2 tents.")]) == []
