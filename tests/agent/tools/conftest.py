"""A shop that is asked about orders, a small catalogue, and hours."""

from collections.abc import Iterator
from datetime import time
from decimal import Decimal

import pytest

from agent.models import PriceTier, Product, Tool
from core.models import OpeningCalendar, OpeningSpan
from tests.agent.tools.shop import SECRET, Shop, open_shop


@pytest.fixture
def shop(db: None) -> Iterator[Shop]:
    """The order tool is connected to a shop."""
    with open_shop() as shop:
        Tool.objects.update_or_create(
            name=Tool.Name.ORDER_STATUS,
            defaults={"url": shop.url, "secrets": {"secret": SECRET}, "timeout_seconds": 2, "asks_for_email": False},
        )
        yield shop


@pytest.fixture
def catalogue(db: None) -> Product:
    """A rain jacket with two tiers, and two tents that share a name."""
    jacket = Product.objects.create(
        sku="JKT", name="Rain jacket", other_names="Regenjacke\nchubasquero", price=Decimal("89.90")
    )
    PriceTier.objects.create(product=jacket, from_quantity=15, price=Decimal("82.71"))
    PriceTier.objects.create(product=jacket, from_quantity=50, price=Decimal("76.40"))
    Product.objects.create(sku="T2", name="Fjell tent for two", other_names="tent", price=Decimal(249))
    Product.objects.create(sku="T4", name="Fjell tent for four", other_names="tent", price=Decimal(399))
    return jacket


@pytest.fixture
def always_open(db: None) -> OpeningCalendar:
    """Open day and night, whatever the day of the test."""
    calendar = OpeningCalendar.objects.create(time_zone="Europe/Berlin")
    OpeningSpan.objects.bulk_create(
        OpeningSpan(calendar=calendar, weekday=day, opens=time(0), closes=time(0)) for day in range(7)
    )
    return calendar
