"""The tool that tells prices: the catalogue's rows, and quotes computed from their tiers. What it adds up is in its evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from agent.graph.state import TextPart, ToolUse
from agent.models import Product
from agent.tools import telling
from agent.tools.registry import SPECS, QuoteQuery, used
from agent.tools.slots import Named

SPEC = SPECS["catalogue"]
MOST_PRODUCTS = 2_000
MOST_TIERS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A product with its prices: of one piece, and from quantities on, lowest quantity first."""

    sku: str
    name: str
    names: tuple[str, ...]
    price: Decimal
    currency: str
    tiers: tuple[tuple[int, Decimal], ...]

    def price_of_one(self, quantity: int) -> Decimal:
        """The price of one piece when so many are bought."""
        reached = [price for least, price in self.tiers if quantity >= least]
        return reached[-1] if reached else self.price


def items() -> list[Item]:
    """What is sold, in 2 queries."""
    rows = Product.objects.filter(is_sold=True).prefetch_related("tiers").order_by("sku")[:MOST_PRODUCTS]
    return [
        Item(
            sku=row.sku,
            name=row.name,
            names=(row.name, *(line.strip() for line in row.other_names.splitlines() if line.strip())),
            price=row.price,
            currency=row.currency,
            tiers=tuple((tier.from_quantity, tier.price) for tier in row.tiers.all()),
        )
        for row in rows
    ]


def named(found: Sequence[Item]) -> list[Named]:
    """The items as a message may name them."""
    return [Named(key=item.sku, names=item.names) for item in found]


def answer(query: QuoteQuery, found: Sequence[Item], language: str) -> ToolUse:
    """The price of one piece and its tiers, or what the quantity comes to."""
    given = {"product": query.product} | ({"quantity": str(query.quantity)} if query.quantity else {})
    item = next((each for each in found if each.sku == query.product), None)
    if item is None:
        return used(SPEC, given, outcome="not_found", problem="The product is not sold.")
    use = used(SPEC, given, outcome="ok", evidence=_listed(item))
    if query.quantity > 1:
        each = item.price_of_one(query.quantity)
        total = each * query.quantity
        use["evidence"] += f"\n{query.quantity} × {each} = {total} {item.currency}"
        use["parts"] = [
            TextPart(
                template="quote_total",
                values={
                    "quantity": str(query.quantity),
                    "product": item.name,
                    "price": telling.money(each, item.currency, language),
                    "total": telling.money(total, item.currency, language),
                },
            )
        ]
        following = [tier for tier in item.tiers if tier[0] > query.quantity][:1]
    else:
        use["parts"] = [
            TextPart(
                template="quote_price",
                values={"product": item.name, "price": telling.money(item.price, item.currency, language)},
            )
        ]
        following = list(item.tiers[:MOST_TIERS])
    use["parts"] += [
        TextPart(
            template="quote_tier",
            values={"quantity": str(least), "price": telling.money(price, item.currency, language)},
        )
        for least, price in following
    ]
    return use


def _listed(item: Item) -> str:
    tiers = "".join(f"; from {least}: {price}" for least, price in item.tiers)
    return f"Price list, {item.sku} {item.name}: {item.price} {item.currency} each{tiers}."
