"""The tools there are: names, typed inputs, slots, and which of them are safe where everybody reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from agent.exceptions import ToolInputInvalid
from agent.graph.state import ToolUse
from agent.tools import slots

MOST_LETTERS = 120
MOST_PIECES = slots.MOST_PIECES


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderQuery:
    """An order to look up. ``email`` is empty where the business does not ask for it."""

    order_number: str
    email: str = ""

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "OrderQuery":
        """From slots. Raises ToolInputInvalid."""
        # Known to be one: a hash says so of a number that would be a telephone elsewhere.
        named = f"#{given.get('order_number', '').lstrip('# ')}"
        number = slots.order_number_in(named, is_asked_for=True)
        if not number:
            raise ToolInputInvalid("order_status", "order_number", "an order number has at least three digits")
        email = given.get("email", "")
        if email and slots.email_in(email) != email.lower():
            raise ToolInputInvalid("order_status", "email", "it is no e-mail address")
        return cls(order_number=number, email=email.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteQuery:
    """A product, by its number, and how many; 0 asks for the price list."""

    product: str
    quantity: int = 0

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "QuoteQuery":
        """From slots. Raises ToolInputInvalid."""
        product, quantity = given.get("product", "").strip(), given.get("quantity", "0").strip() or "0"
        if not product or len(product) > MOST_LETTERS:
            raise ToolInputInvalid("catalogue", "product", "it names no product of the catalogue")
        if not (quantity.isascii() and quantity.isdigit() and int(quantity) <= MOST_PIECES):
            raise ToolInputInvalid("catalogue", "quantity", f"a whole number up to {MOST_PIECES:,} is wanted")
        return cls(product=product, quantity=int(quantity))


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursQuery:
    """The day that is asked about; None is now."""

    day: date | None = None

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "HoursQuery":
        """From slots. Raises ToolInputInvalid."""
        text = given.get("day", "")
        try:
            return cls(day=date.fromisoformat(text) if text else None)
        except ValueError:
            raise ToolInputInvalid("opening_hours", "day", "a day is written as in 2026-11-28") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadQuery:
    """Somebody who wants an offer: where to write, and the words by which they agreed to it."""

    email: str
    consent: str
    need: str = ""
    product: str = ""
    quantity: int | None = None
    budget: str = ""
    wanted_by: str = ""

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "LeadQuery":
        """From slots, or from what a person changed. Raises ToolInputInvalid."""
        email = given.get("email", "").strip().lower()
        if not email or slots.email_in(email) != email:
            raise ToolInputInvalid("lead", "email", "it is no e-mail address")
        if not given.get("consent", "").strip():
            raise ToolInputInvalid("lead", "consent", "without the customer's agreement there is no lead")
        quantity = given.get("quantity", "").strip()
        if quantity and not (quantity.isascii() and quantity.isdigit() and 1 <= int(quantity) <= MOST_PIECES):
            raise ToolInputInvalid("lead", "quantity", f"a whole number from 1 to {MOST_PIECES:,} is wanted")
        return cls(
            email=email,
            consent=given["consent"][:500],
            need=given.get("need", "")[:300],
            product=given.get("product", "")[:40],
            quantity=int(quantity) if quantity else None,
            budget=given.get("budget", "")[:60],
            wanted_by=given.get("wanted_by", "")[:60],
        )


class ToolInput(Protocol):
    """A tool's input: a frozen dataclass that reads itself from plain text."""

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "ToolInput":
        """The typed input. Raises ToolInputInvalid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """What is known of a tool before it is used.

    ``takes`` is its input's type, ``needs`` the slots without which it is not used; ``is_risky`` changes something outside,
    so that a person decides; ``is_public_safe`` may be used where everybody reads.
    """

    name: str
    title: str
    takes: type[ToolInput]
    needs: tuple[str, ...]
    is_risky: bool = False
    is_public_safe: bool = False


SPECS: Mapping[str, ToolSpec] = {
    spec.name: spec
    for spec in (
        ToolSpec(name="order_status", title="Order system", takes=OrderQuery, needs=(slots.ORDER_NUMBER, slots.EMAIL)),
        ToolSpec(name="catalogue", title="Price list", takes=QuoteQuery, needs=(slots.PRODUCT,), is_public_safe=True),
        ToolSpec(name="opening_hours", title="Opening hours", takes=HoursQuery, needs=(), is_public_safe=True),
        ToolSpec(name="lead", title="Leads", takes=LeadQuery, needs=(slots.EMAIL, slots.CONSENT), is_risky=True),
    )
}


def used(spec: ToolSpec, given: Mapping[str, str], *, outcome: str, problem: str = "", evidence: str = "") -> ToolUse:
    """The use of a tool that has nothing to tell yet; the time is told by whoever measures it."""
    return ToolUse(
        tool=spec.name,
        title=spec.title,
        input=dict(given),
        outcome=outcome,
        problem=problem,
        parts=[],
        evidence=evidence,
        asks_again=[],
        ms=0.0,
    )
