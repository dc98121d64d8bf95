"""Partners: what they are told of us, what they post, and what they take."""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from simulator import truth
from simulator.faults import PARTNER, Rule
from simulator.http.messages import Delivery, InvalidBody, Request, Response, json_response
from simulator.partner import signature
from simulator.store import Transaction
from simulator.tiktok import apps, pictures
from simulator.tiktok.apps import InvalidConfig
from simulator.tiktok.customers import CannotSay
from simulator.webhooks import outbox
from simulator.webhooks.outbox import NewWebhook, Webhook
from simulator.webhooks.sender import Outgoing
from simulator.world import World

EVENTS = "EVENTS"
CREATED, REPLY = "message.created", "message.reply"
PATH = "/partner/{name}"
FILE = f"{PATH}/files/picture.png"


def load(transaction: Transaction, raw_partners: object) -> int:
    """Create or update partners from their JSON list: ``name``, ``secrets``, ``webhook_url``. Raises InvalidConfig."""
    if not isinstance(raw_partners, list) or not all(isinstance(each, Mapping) for each in raw_partners):
        raise InvalidConfig("partners must be a list of objects.")
    for raw in raw_partners:
        name, secrets, url = raw.get("name"), raw.get("secrets"), raw.get("webhook_url")
        if not isinstance(name, str) or not name or not isinstance(secrets, list) or not secrets:
            raise InvalidConfig("A partner has a name and a list of secrets, each whsec_ and base64.")
        transaction.execute(
            "INSERT INTO app (client_key, client_secret) VALUES (?, ?)"
            " ON CONFLICT (client_key) DO UPDATE SET client_secret = excluded.client_secret",
            (name, " ".join(map(str, secrets))),
        )
        if isinstance(url, str):
            apps.register(transaction, name, EVENTS, url)
    return len(raw_partners)


def names(transaction: Transaction) -> list[str]:
    """Every partner, by name. Apps of platforms have secrets of another form."""
    rows = transaction.all("SELECT client_key FROM app WHERE client_secret LIKE 'whsec_%' ORDER BY client_key")
    return [str(row["client_key"]) for row in rows]


def posts_to(transaction: Transaction, name: str) -> str | None:
    """Where a partner posts what its customers write; None for one that only takes."""
    return apps.callback_url(transaction, name, EVENTS)


def prepare(transaction: Transaction, webhook: Webhook, signed_at: int) -> Outgoing | None:
    """Where a partner posts and with which headers, or None when nobody listens."""
    url = posts_to(transaction, webhook.client_key)
    if url is None:
        return None
    signed = signature.headers(
        secrets_of(transaction, webhook.client_key), name=webhook.message_id or "", body=webhook.body, at=signed_at
    )
    return Outgoing(url=url, headers={"Content-Type": "application/json", "User-Agent": "partner/1", **signed})


def say(world: World, transaction: Transaction, order: Mapping[str, Any]) -> Mapping[str, Any]:
    """A partner's customer says something: ``partner``, ``user``, ``text``; ``conversation_id``, ``id``, ``attachments``."""
    partner, user = order.get("partner"), order.get("user")
    if not isinstance(partner, str) or not secrets_of(transaction, partner):
        raise CannotSay("partner is missing: the name of a partner that was loaded.")
    if not isinstance(user, str) or not user:
        raise CannotSay("user is missing: the partner's id of the customer.")
    message_id = str(order.get("id") or f"m-{uuid.uuid4()}")
    thread = str(order.get("conversation_id") or f"c-{user}")
    moment = datetime.now(UTC).isoformat()
    data = {
        "id": message_id,
        "conversation_id": thread,
        "customer": {"id": user, "name": str(order.get("name") or user), "locale": str(order.get("locale") or "en")},
        "text": str(order.get("text") or ""),
        "attachments": order.get("attachments") or [],
        "sent_at": moment,
    }
    event = {"type": CREATED, "timestamp": moment, "data": data}
    truth.append(
        transaction,
        kind="customer",
        name=CREATED,
        account=partner,
        conversation_id=thread,
        message_id=message_id,
        detail={"text": data["text"]},
    )
    honest = NewWebhook(
        client_key=partner,
        event_type=EVENTS,
        event=CREATED,
        business_id=partner,
        conversation_id=thread,
        message_id=message_id,
        lane=f"{partner} {thread}",
        body=json.dumps(event).encode(),
        due_at=time.time(),
    )
    outbox.add(world, transaction, honest)
    repeated = world.faults.strike(("webhook",), account=partner, kinds=frozenset({"duplicate"}))
    if repeated is not None:
        detail = {"rule": repeated.id, "where": repeated.where}
        truth.append(transaction, kind="fault", name=repeated.kind, account=partner, detail=detail)
        for number in range(repeated.copies):
            # At the same time, so beside the thread's own lane.
            outbox.add(world, transaction, honest.changed(variant="duplicate", lane=f"{message_id} {number}"))
    return {"conversation_id": thread, "message_id": message_id}


class Inbox:
    """A partner's own door. What it takes is in the truth log as ``accepted``, once for each id."""

    def __init__(self, world: World) -> None:
        self._world = world

    def take(self, request: Request, name: str) -> Response:
        """An event of ours: 200 once it is written down, 401 if it is not proved."""
        return under_faults(self._world, name, lambda: self._take(request, name))

    def picture(self, _request: Request, name: str) -> Response:
        """A file of the partner's that events may name."""
        return Response(body=pictures.photograph(len(name)), content_type="image/png")

    def _take(self, request: Request, name: str) -> Response:
        with self._world.store.transaction() as transaction:
            if not signature.is_right(secrets_of(transaction, name), dict(request.headers.items()), request.body):
                truth.append(transaction, kind="call", name="partner", status=401, account=name)
                return json_response({"error": "The signature is not right."}, status=401)
            try:
                event = request.json_object()
            except InvalidBody as error:
                return json_response({"error": str(error)}, status=400)
            identifier = request.headers["webhook-id"]
            is_known = transaction.number(
                "SELECT count(*) FROM truth WHERE kind = 'accepted' AND account = ? AND message_id = ?",
                (name, identifier),
            )
            raw = event.get("data")
            data: Mapping[str, Any] = raw if isinstance(raw, dict) else {}
            truth.append(
                transaction,
                kind="call" if is_known else "accepted",
                name=str(event.get("type")),
                status=200,
                account=name,
                conversation_id=str(data.get("conversation_id") or ""),
                message_id=identifier,
                detail=data,
            )
        return json_response({})


def under_faults(world: World, name: str, answer: Callable[[], Response]) -> Response:
    """What a partner's door answers, spoilt by the fault that strikes there now, if one does."""
    rule = world.faults.strike((PARTNER,), account=name)
    if rule is not None:
        with world.store.transaction() as transaction:
            detail = {"rule": rule.id, "where": rule.where}
            truth.append(transaction, kind="fault", name=rule.kind, account=name, detail=detail)
    is_done = rule is None or rule.accepted or rule.kind.endswith("after_accept")
    response = answer() if is_done else json_response({})
    return response if rule is None else _spoilt(response, rule)


def secrets_of(transaction: Transaction, name: str) -> list[str]:
    """With what a partner signs, and what is proved to it; none for one that is not known."""
    row = transaction.one("SELECT client_secret FROM app WHERE client_key = ?", (name,))
    secrets = str(row["client_secret"]).split() if row else []
    return [secret for secret in secrets if secret.startswith("whsec_")]


def _spoilt(response: Response, rule: Rule) -> Response:
    if rule.kind.startswith("http_"):
        headers = {"Retry-After": f"{rule.seconds:.0f}"} if rule.seconds is not None else {}
        return json_response({}, status=int(rule.kind.removeprefix("http_")), headers=headers)
    if rule.kind == "timeout_after_accept":
        return Response(delivery=Delivery.SILENT, hold=30.0 if rule.seconds is None else rule.seconds)
    return Response(status=response.status, delivery=Delivery.RESET)
