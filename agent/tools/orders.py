"""The tool that asks the business's own system where an order is.

One signed POST (Standard Webhooks): ``{"type": "order.status", "timestamp", "data": {"order_number", "email", "customer":
{"id", "platform"}}}``. The answer is 200 with ``{"found": false}`` or ``{"found": true, "order": {"number", "status",
"expected_on"?, "carrier"?}}``, status one of ``STATUSES``, expected_on a day as in 2026-11-28,
carrier a name without digits. Anything else is not understood, and
nothing of it is told. It is for the business's system to compare the address with the order's.
"""

import functools
import json
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx2
from django.utils import timezone

from agent.graph.state import TextPart, ToolUse
from agent.tools import slots, telling
from agent.tools.registry import SPECS, OrderQuery, used
from core import http, signing, strict_json
from core.exceptions import AnswerTooLong, EgressRefused, Unreadable

SPEC = SPECS["order_status"]
STATUSES = (
    "received", "processing", "shipped", "out_for_delivery", "delivered", "delayed", "cancelled", "returned",
)  # fmt: skip
LARGEST_ANSWER = 64 * 1024
CONNECT_SECONDS = 2.0
# Letters alone: what is told as a name can be no number to call and no address.
_CARRIER = re.compile(r"[^\W\d_](?:[^\W\d_]|[ &'-]){0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where the business's system answers, what proves us to it, and how many seconds it has."""

    url: str
    secret: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """On whose behalf an order is looked up: our own id of the customer, never one that the customer told."""

    customer_id: str
    platform: str


class NotUnderstood(Exception):
    """The system's answer does not have the form that was agreed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the system said of an order."""

    number: str
    status: str
    expected_on: date | None
    carrier: str


def answer(query: OrderQuery, asker: Asker, endpoint: Endpoint, language: str) -> ToolUse:
    """Where the order is. What goes wrong is an outcome; no error leaves."""
    given = {"order_number": query.order_number} | ({"email": query.email} if query.email else {})
    try:
        found = _ask(query, asker, endpoint)
    except EgressRefused as refusal:
        return used(SPEC, given, outcome="refused", problem=str(refusal))
    except httpx2.TimeoutException:
        return used(SPEC, given, outcome="timeout", problem=f"No answer came within {endpoint.seconds:g} seconds.")
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        return used(SPEC, given, outcome="unreachable", problem=f"No whole answer came ({type(error).__name__}).")
    except AnswerTooLong as error:
        return used(SPEC, given, outcome="bad_answer", problem=str(error))
    except NotUnderstood as problem:
        return used(SPEC, given, outcome="bad_answer", problem=str(problem))
    if found is None:
        use = used(SPEC, given, outcome="not_found", evidence=f"Order system: {query.order_number} is not found.")
        template = "order_not_found" if query.email else "order_number_not_found"
        use["parts"] = [TextPart(template=template, values={"order": query.order_number})]
        use["asks_again"] = [slots.ORDER_NUMBER, *([slots.EMAIL] if query.email else [])]
        return use
    use = used(SPEC, given, outcome="ok", evidence=_evidence(found, language))
    use["parts"] = _parts(found, language)
    return use


def _ask(query: OrderQuery, asker: Asker, endpoint: Endpoint) -> Order | None:
    """One exchange. Raises NotUnderstood, EgressRefused, AnswerTooLong, httpx2.HTTPError, httpx2.InvalidURL."""
    now = timezone.now()
    data = {
        "order_number": query.order_number,
        "email": query.email,
        "customer": {"id": asker.customer_id, "platform": asker.platform},
    }
    body = json.dumps({"type": "order.status", "timestamp": now.isoformat(), "data": data}).encode()
    signed = signing.signed((endpoint.secret,), id=f"look_{uuid.uuid4().hex}", at=int(now.timestamp()), body=body)
    found = http.exchange(
        _connections(),
        "POST",
        endpoint.url,
        deadline=time.monotonic() + endpoint.seconds,
        connect=min(CONNECT_SECONDS, endpoint.seconds),
        limit=LARGEST_ANSWER,
        headers={**signed, "Content-Type": "application/json"},
        content=body,
    )
    if found.status != 200:
        raise NotUnderstood(f"It answered HTTP {found.status} instead of 200.")
    try:
        return read(strict_json.read_object(found.body), query.order_number)
    except Unreadable as problem:
        raise NotUnderstood(problem.sentence) from problem


def read(answer: Mapping[str, Any], asked: str) -> Order | None:
    """The order in an answer, None where it says that there is none. Raises NotUnderstood."""
    if answer.get("found") is False:
        return None
    order = answer.get("order")
    if answer.get("found") is not True or not isinstance(order, dict):
        raise NotUnderstood("“found” must be true with an “order”, or false.")
    number, status = order.get("number"), order.get("status")
    if not isinstance(number, str) or number.upper() != asked:
        raise NotUnderstood("It speaks of another order than the one that was asked for.")
    if status not in STATUSES:
        raise NotUnderstood(f"“status” is none of {', '.join(STATUSES)}.")
    carrier, expected = order.get("carrier") or "", order.get("expected_on")
    if not isinstance(carrier, str) or (carrier and not _CARRIER.fullmatch(carrier)):
        raise NotUnderstood("“carrier” is no name of at most 40 letters, without digits.")
    try:
        expected_on = date.fromisoformat(expected) if expected is not None else None
    except (TypeError, ValueError):
        raise NotUnderstood("“expected_on” is no day as in 2026-11-28.") from None
    return Order(number=asked, status=str(status), expected_on=expected_on, carrier=carrier)


def _parts(order: Order, language: str) -> list[TextPart]:
    parts = [TextPart(template=f"order_{order.status}", values={"order": order.number})]
    if order.carrier and order.status in {"shipped", "out_for_delivery", "delayed"}:
        parts.append(TextPart(template="order_carrier", values={"carrier": order.carrier}))
    if order.expected_on is not None and order.status not in {"delivered", "cancelled", "returned"}:
        parts.append(TextPart(template="order_expected", values={"date": telling.day(order.expected_on, language)}))
    return parts


def _evidence(order: Order, language: str) -> str:
    expected = order.expected_on
    said = f", expected on {expected.isoformat()} ({telling.day(expected, language)})" if expected else ""
    return f"Order system: {order.number} is {order.status}{said}{f', by {order.carrier}' if order.carrier else ''}."


@functools.cache
def _connections() -> httpx2.Client:
    """This process's client."""
    return http.client()
