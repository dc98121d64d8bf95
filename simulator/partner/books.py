"""A partner's order system: the orders in its books, and the door at which it is asked where one of them is.

One signed POST (Standard Webhooks): ``{"type": "order.status", "data": {"order_number", "email"?}}``. The answer is 200
with ``{"found": false}`` or ``{"found": true, "order": {"number", "status", "carrier"?, "expected_on"?}}``. Where the
books have an e-mail address and another one is given, there is no such order.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from simulator import truth
from simulator.http.messages import InvalidBody, Request, Response, json_response
from simulator.partner import partners, signature
from simulator.store import Transaction
from simulator.tiktok.apps import InvalidConfig
from simulator.world import World

PATH = f"{partners.PATH}/orders"
ASKED = "order.status"
STATUSES = (
    "received", "processing", "shipped", "out_for_delivery", "delivered", "delayed", "cancelled", "returned",
)  # fmt: skip
LONGEST = 40
MOST_DAYS = 365


def load(transaction: Transaction, raw_partners: object) -> int:
    """Partners from their JSON list, with their ``orders`` where those are not in the books yet. Raises InvalidConfig."""
    loaded = partners.load(transaction, raw_partners)
    for raw in raw_partners if isinstance(raw_partners, list) else []:
        orders = raw.get("orders", [])
        if not isinstance(orders, list) or not all(isinstance(each, Mapping) for each in orders):
            raise InvalidConfig("A partner's orders are a list of objects.")
        for order in orders:
            if _find(transaction, raw["name"], _number_of(order)) is None:
                book(transaction, raw["name"], order)
    return loaded


def book(transaction: Transaction, partner: str, raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Write an order into the books, or change what is given of one that is there. Raises InvalidConfig."""
    number = _number_of(raw)
    known = _find(transaction, partner, number)
    before = {"status": "received", "email": "", "carrier": "", "expected_in_days": None} if known is None else known
    order = dict(before) | {name: raw[name] for name in before if name in raw}
    if order["status"] not in STATUSES:
        raise InvalidConfig(f"status is one of {', '.join(STATUSES)}.")
    days = order["expected_in_days"]
    if days is not None and (isinstance(days, bool) or not isinstance(days, int) or not 0 <= days <= MOST_DAYS):
        raise InvalidConfig(f"expected_in_days is a number from 0 to {MOST_DAYS}, or null.")
    transaction.execute(
        "INSERT INTO booked_order (partner, number, status, email, carrier, expected_in_days) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (partner, number) DO UPDATE SET status = excluded.status, email = excluded.email,"
        " carrier = excluded.carrier, expected_in_days = excluded.expected_in_days",
        (partner, number, order["status"], str(order["email"]).lower(), str(order["carrier"])[:LONGEST], days),
    )
    return {"number": number, **order}


def listed(transaction: Transaction, partner: str) -> list[dict[str, Any]]:
    """A partner's orders, in the order in which they were booked."""
    return [dict(row) for row in transaction.all(f"{_SELECT} WHERE partner = ? ORDER BY rowid", (partner,))]


class Desk:
    """The door of partners' order systems."""

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, request: Request, name: str) -> Response:
        """Where an order is: 200, or 401 if the question is not proved."""
        return partners.under_faults(self._world, name, lambda: self._answer(request, name))

    def _answer(self, request: Request, name: str) -> Response:
        with self._world.store.transaction() as transaction:
            secrets = partners.secrets_of(transaction, name)
            if not signature.is_right(secrets, dict(request.headers.items()), request.body):
                truth.append(transaction, kind="call", name=ASKED, status=401, account=name)
                return json_response({"error": "The signature is not right."}, status=401)
            try:
                event = request.json_object()
            except InvalidBody as error:
                return json_response({"error": str(error)}, status=400)
            raw = event.get("data")
            data: Mapping[str, Any] = raw if isinstance(raw, dict) else {}
            number, email = data.get("order_number"), data.get("email") or ""
            if event.get("type") != ASKED or not isinstance(number, str) or not isinstance(email, str):
                return json_response({"error": f"Ask with type {ASKED} and an order_number."}, status=400)
            order = _find(transaction, name, number.upper())
            is_theirs = order is not None and email.lower() in {"", order["email"] or email.lower()}
            answer = {"found": True, "order": _told(order)} if order is not None and is_theirs else {"found": False}
            truth.append(
                transaction,
                kind="call",
                name=ASKED,
                status=200,
                account=name,
                detail={"order_number": number, "found": answer["found"]},
            )
        return json_response(answer)


_SELECT = "SELECT number, status, email, carrier, expected_in_days FROM booked_order"


def _find(transaction: Transaction, partner: str, number: str) -> dict[str, Any] | None:
    row = transaction.one(f"{_SELECT} WHERE partner = ? AND number = ?", (partner, number))
    return None if row is None else dict(row)


def _number_of(raw: Mapping[str, Any]) -> str:
    number = raw.get("number")
    if not isinstance(number, str) or not number.strip() or len(number.strip()) > LONGEST:
        raise InvalidConfig(f"An order has a number of at most {LONGEST} characters.")
    return number.strip().upper()


def _told(order: Mapping[str, Any]) -> dict[str, Any]:
    """The order as whoever asks is told; a day is counted from today, so that the books never grow old."""
    told = {"number": order["number"], "status": order["status"]}
    if order["carrier"]:
        told["carrier"] = order["carrier"]
    if order["expected_in_days"] is not None:
        told["expected_on"] = (datetime.now(UTC) + timedelta(days=order["expected_in_days"])).date().isoformat()
    return told
