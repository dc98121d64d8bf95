"""Prices and quotes: computed from the catalogue's rows, with everything they are computed from as evidence."""

from decimal import Decimal
from typing import Any

import pytest

from agent.graph.numbers import ungrounded_numbers
from agent.models import PriceTier, Product
from agent.tools import catalogue
from agent.tools.registry import QuoteQuery

JACKET = catalogue.Item(
    sku="JKT",
    name="Rain jacket",
    names=("Rain jacket",),
    price=Decimal("89.90"),
    currency="EUR",
    tiers=((15, Decimal("82.71")), (50, Decimal("76.40"))),
)


@pytest.mark.parametrize(
    ("quantity", "each", "total"),
    [
        (2, "89.90", "179.80"),
        (14, "89.90", "1258.60"),
        (15, "82.71", "1240.65"),
        (49, "82.71", "4052.79"),
        (50, "76.40", "3820.00"),
        (1_000_000, "76.40", "76400000.00"),
    ],
)
def test_a_quote_takes_the_highest_tier_that_is_reached(quantity: int, each: str, total: str) -> None:
    use = catalogue.answer(QuoteQuery(product="JKT", quantity=quantity), [JACKET], "en")

    assert use["parts"][0] == {
        "template": "quote_total",
        "values": {
            "quantity": str(quantity),
            "product": "Rain jacket",
            "price": f"{each} EUR",
            "total": f"{total} EUR",
        },
    }
    assert f"{quantity} × {each} = {total} EUR" in use["evidence"]


def test_a_price_is_told_with_its_tiers() -> None:
    use = catalogue.answer(QuoteQuery(product="JKT"), [JACKET], "de")

    assert [part["values"]["price"] for part in use["parts"]] == ["89,90 EUR", "82,71 EUR", "76,40 EUR"]
    assert use["outcome"] == "ok"


@pytest.mark.parametrize("language", ["en", "de", "es", "it", "nl"])
def test_each_number_that_is_told_stands_in_the_evidence(language: str) -> None:
    use = catalogue.answer(QuoteQuery(product="JKT", quantity=17), [JACKET], language)

    told = " ".join(value for part in use["parts"] for value in part["values"].values())
    assert ungrounded_numbers(told, [use["evidence"]]) == []
    assert ungrounded_numbers("1406.08", [use["evidence"]]) == ["1406.08"]


def test_what_is_not_sold_has_no_price() -> None:
    use = catalogue.answer(QuoteQuery(product="OLD", quantity=3), [JACKET], "en")

    assert (use["outcome"], use["parts"]) == ("not_found", [])


@pytest.mark.django_db
def test_what_is_sold_is_read_in_two_queries(django_assert_num_queries: Any) -> None:
    for number in range(3):
        product = Product.objects.create(
            sku=f"P{number}", name=f"Product {number}", price=Decimal(10), other_names="a\n\nb"
        )
        PriceTier.objects.create(product=product, from_quantity=20, price=Decimal(8))
        PriceTier.objects.create(product=product, from_quantity=5, price=Decimal(9))
    Product.objects.create(sku="GONE", name="Gone", price=Decimal(1), is_sold=False)

    with django_assert_num_queries(2):
        found = catalogue.items()

    assert [item.sku for item in found] == ["P0", "P1", "P2"]
    assert found[0].names == ("Product 0", "a", "b")
    assert found[0].tiers == ((5, Decimal(9)), (20, Decimal(8)))
