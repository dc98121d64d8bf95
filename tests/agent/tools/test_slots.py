"""What is read out of a customer's words, in five languages, and what is not mistaken for it."""

from datetime import date

import pytest

from agent.tools import slots
from agent.tools.slots import Named

SATURDAY = date(2026, 11, 28)
PRODUCTS = [
    Named(key="TENT-2", names=("Fjell two-person tent", "Zweipersonenzelt", "tent 2")),
    Named(key="TENT-4", names=("Fjell family tent", "Familienzelt")),
    Named(key="JKT", names=("rain jacket", "Regenjacke", "chubasquero")),
]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Where is my order TH1234567?", "TH1234567"),
        ("meine Bestellung th-1234567 fehlt", "TH-1234567"),
        ("order # 48213 please", "48213"),
        ("It is 20261128.", "20261128"),
        ("Where is my order 1001?", "1001"),
        ("order number 4821 has not come", "4821"),
        ("Wo bleibt meine Bestellung Nr. 4821", "4821"),
        ("¿Dónde está mi pedido 4821?", "4821"),
        ("Dov'è il mio ordine 4821?", "4821"),
        ("Waar is mijn bestelling 4821?", "4821"),
        ("We order 1000 jackets a year", ""),
        ("Can I change my order to 250 pieces?", ""),
        ("Write to ada1234567@mail.example", ""),
        ("Call me at +44 20 7946 0991", ""),
        ("I paid 1234.50 for 25 pieces", ""),
        ("Where is my order?", ""),
    ],
)
def test_an_order_number_is_found(text: str, number: str) -> None:
    assert slots.order_number_in(text) == number


def test_where_it_was_asked_for_a_short_number_is_one() -> None:
    assert slots.order_number_in("It is 4821") == ""
    assert slots.order_number_in("It is 4821", is_asked_for=True) == "4821"


@pytest.mark.parametrize(
    "text",
    [
        "I ordered in 2024",
        "Ich habe es im Jahr 2024 bestellt",
        "Lo pedí en el año 2024",
        "L'ho ordinato nel 2024, credo",
        "Ik heb het in 2024 besteld",
        "postcode 10115",
        "Meine PLZ ist 10115",
        "Código postal 28013",
        "CAP 20121",
        "My phone is 01512345678",
        "01512345678",
        "Telefon: 0151 2345678",
        "mi móvil es 612345678",
        "cellulare 3331234567",
        "Mijn telefoonnummer is 0612345678",
        "It was 200 EUR",
        "I waited 100 days",
    ],
)
def test_what_else_has_a_number_is_no_order_though_one_was_asked_for(text: str) -> None:
    assert slots.order_number_in(text, is_asked_for=True) == ""
    assert slots.order_number_in(text) == ""


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2024", "2024"),
        ("The number is 2024", "2024"),
        ("order number: 01512345678", "01512345678"),
        ("It is 4821, my phone is 01512345678", "4821"),
        ("Nr. 4821, PLZ 10115", "4821"),
        ("PLZ 10115, Bestellung 4821", "4821"),
        ("#2024 from 2023", "2024"),
        ("El número es 4821", "4821"),
        ("ordine 4821 del 2024", "4821"),
        ("bestelling 48213, postcode 1011", "48213"),
    ],
)
def test_the_order_is_found_among_other_numbers(text: str, number: str) -> None:
    assert slots.order_number_in(text, is_asked_for=True) == number


@pytest.mark.parametrize("text", ["by 15 March", "4000 EUR", "bis 3. Mai", "para el 3 de mayo"])
def test_a_day_or_a_sum_is_no_quantity(text: str) -> None:
    assert slots.quantity_in(text) is None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("by 15 March", "15 March"),
        ("bis zum 3. Mai", "zum 3. Mai"),
        ("antes del 3 de mayo", "3 de mayo"),
        ("entro il 3 maggio", "3 maggio"),
        ("voor 3 mei", "3 mei"),
        ("een offerte voor 60 regenjassen", ""),
        ("vor 60 Jahren", ""),
    ],
)
def test_by_when_something_is_wanted_is_found(text: str, day: str) -> None:
    assert slots.wanted_by_in(text) == day


def test_a_sum_and_a_day_are_understood_alone_where_they_were_asked_for() -> None:
    assert (slots.budget_in("about 4000"), slots.budget_in("about 4000", is_asked_for=True)) == ("", "4000")
    for text in ("15 March", "next week", "am Freitag", "el viernes", "3 maggio", "volgende week"):
        assert slots.wanted_by_in(text) == ""
        assert slots.wanted_by_in(text, is_asked_for=True) in text


def test_an_address_is_found_without_the_full_stop() -> None:
    assert slots.email_in("Mail me: Ada.Marsh@Mail.Example.") == "ada.marsh@mail.example"
    assert slots.email_in("I am @ada on TikTok") == ""


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("What do 60 pieces cost?", 60),
        ("1.200 Stück bitte", 1200),
        ("25 x", 25),
        ("20 jackets for 3 clubs", 20),
        ("Brauche drei Jacken", 3),
        ("Quisiera veinte unidades", 20),
        ("I need a jacket", None),
        ("ein Zelt bitte", None),
        ("between 10 and 20", None),
        ("order TH1234567", None),
        ("my order 1001", None),
        ("0 pieces", None),
    ],
)
def test_a_quantity_is_found(text: str, quantity: int | None) -> None:
    assert slots.quantity_in(text, beside=("jacket", "Jacke")) == quantity


def test_of_two_numbers_the_first_answers_the_question_how_many() -> None:
    assert slots.quantity_in("10, perhaps 12", is_asked_for=True) == 10


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Are you open today?", SATURDAY),
        ("Habt ihr morgen offen?", date(2026, 11, 29)),
        ("¿Abren el lunes?", date(2026, 11, 30)),
        ("Siete aperti sabato?", SATURDAY),
        ("Zijn jullie overmorgen open?", date(2026, 11, 30)),
        ("Are you open?", None),
    ],
)
def test_a_day_is_found(text: str, day: date | None) -> None:
    assert slots.day_in(text, SATURDAY) == day


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("What do two rain jackets cost?", ["JKT"]),
        ("Was kosten zwei Regenjacken?", ["JKT"]),
        ("Is the Fjell family tent better than the fjell two person tent?", ["TENT-4", "TENT-2"]),
        ("I like rain", []),
        ("a jacket", []),
    ],
)
def test_products_are_found_by_any_of_their_names(text: str, named: list[str]) -> None:
    assert slots.named_in(text, PRODUCTS) == named


def test_a_number_in_a_name_is_no_quantity() -> None:
    assert slots.quantity_in(slots.without("the Tent 2, five pieces", ["tent 2"])) == 5
