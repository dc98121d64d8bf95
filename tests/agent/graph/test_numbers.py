"""Numbers and where they stand."""

import pytest

from agent.graph.numbers import ungrounded_numbers

GROUND = "Returns take 45 days and cost 4.90 euros; zwei Fotos, and three working days for the check."


@pytest.mark.parametrize(
    "text",
    [
        "forty-five days", "Forty five days", "fünfundvierzig Tage", "cuarenta y cinco días", "quarantacinque giorni", "vijfenveertig dagen",
        "3 working days", "tre giorni", "2 photos", "in two ways", "one day",
    ],
)  # fmt: skip
def test_a_number_in_words_and_in_figures_is_the_same(text: str) -> None:
    assert ungrounded_numbers(text, [GROUND]) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("within ninety days", "ninety"),
        ("within four weeks", "four"),
        ("in siebenundzwanzig Tagen", "siebenundzwanzig"),
        ("in vier Wochen", "vier"),
        ("en noventa días", "noventa"),
        ("veintiuno por ciento", "veintiuno"),
        ("entro ventotto giorni", "ventotto"),
        ("binnen achtentwintig dagen", "achtentwintig"),
        ("a hundred percent", "hundred"),
        ("5.90", "5.90"),
    ],
)
def test_one_that_stands_nowhere_is_named(text: str, number: str) -> None:
    assert ungrounded_numbers(text, [GROUND]) == [number]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("It costs 45 euros", "45"),
        ("es kostet 45 €", "45"),
        ("€45", "45"),
        ("cuesta 45 dólares", "45"),
        ("il 45 per cento", "45"),
        ("3 weken", "3"),
        ("It takes 4.90 days", "4.90"),
        ("2 weeks", "2"),
        ("two weeks", "two"),
        ("3-90 days", "3-90"),
        ("a fortnight", "fortnight"),
        ("one year", "one year"),
        ("half a year", "half a year"),
        ("for a week", "a week"),
        ("a dozen", "dozen"),
        ("on May fifth", "fifth"),
        ("until the twenty-first of June", "twenty first"),
        ("within an hour", "an hour"),
        ("yours for one dollar", "one dollar"),
        ("two and a half months", "two"),
        ("ein Jahr", "ein jahr"),
        ("ein halbes Jahr", "ein halbes jahr"),
        ("anderthalb Jahre", "anderthalb jahre"),
        ("in einer Woche", "einer woche"),
        ("ein Dutzend", "dutzend"),
        ("am fünften Mai", "funfte"),
        ("para un año", "un ano"),
        ("medio año", "medio ano"),
        ("una docena", "docena"),
        ("el cinco de mayo", "cinco"),
        ("per un mese", "un mese"),
        ("mezz'ora", "mezz ora"),
        ("una dozzina", "dozzina"),
        ("il primo maggio", "primo"),
        ("een maand", "een maand"),
        ("een half jaar", "half jaar"),
        ("een dozijn", "dozijn"),
        ("op vijfde mei", "vijfde"),
    ],
)
def test_one_of_something_else_and_one_in_other_words_is_named(text: str, number: str) -> None:
    assert ungrounded_numbers(text, [GROUND]) == [number]


@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("It costs 3.5 euros, or €3.50.", "It costs 3.50 euros."),
        ("3,50 EUR", "It costs 3.5 euros."),
        ("two weeks, a fortnight", "within 14 days"),
        ("in vierzehn Tagen", "within two weeks"),
        ("half a year", "six months"),
        ("un año", "12 months"),
        ("one hour", "60 minutes"),
        ("24 hours", "within one day"),
        ("one week", "50 euros a week"),
        ("3-5 working days", "3 to 5 working days"),
        ("zwischen zwei und vier Tagen", "2-4 days"),
        ("two and a half years", "2.5 years"),
        ("a dozen tents", "12 tents"),
        ("May fifth, 2026", "by 5 May 2026"),
        ("der 19. Dezember", "by December 19th"),
        ("within 45 days", "Return window in days: 45"),
        ("10 euros a week, once a month", "10 euros"),
        ("You may first check it", "Check it."),
    ],
)
def test_the_same_quantity_may_be_written_in_another_way(text: str, ground: str) -> None:
    assert ungrounded_numbers(text, [ground]) == []


def test_a_day_of_another_month_is_another_day() -> None:
    assert ungrounded_numbers("by 19 January", ["by 19 December or by 21 January"]) == ["19"]
