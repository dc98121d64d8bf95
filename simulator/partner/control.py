"""What can be seen of the partners: who they are, what their customers wrote, what they took and were asked, what they refused."""

import json
from typing import Any

from simulator.http.messages import Request, Response, json_response
from simulator.http.routing import Router
from simulator.partner import books, partners
from simulator.store import Transaction
from simulator.world import World

SHOWN = 50


class Control:
    """The partners' looks, as JSON."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add(self, router: Router) -> None:
        """Put the paths on the router."""
        router.add("GET", "/_sim/partners", self.look)
        router.add("GET", "/_sim/partner-books", self.look_at_books)

    def look(self, _request: Request) -> Response:
        """Every partner with the newest of what its customers wrote and of what it took, newest first."""
        with self._world.store.reading() as transaction:
            listed = [_partner(transaction, name) for name in partners.names(transaction)]
        return json_response({"partners": listed})

    def look_at_books(self, _request: Request) -> Response:
        """Every partner that has orders in its books, with these and what it was asked, newest first."""
        with self._world.store.reading() as transaction:
            listed = [_books(transaction, name) for name in partners.names(transaction)]
        return json_response({"statuses": books.STATUSES, "partners": [each for each in listed if each["orders"]]})


def _partner(transaction: Transaction, name: str) -> dict[str, Any]:
    taken = transaction.all(
        "SELECT at, name, conversation_id, message_id, detail FROM truth WHERE kind = 'accepted' AND account = ?"
        " ORDER BY id DESC LIMIT ?",
        (name, SHOWN),
    )
    said = transaction.all(
        "SELECT created_at, state, body FROM webhook WHERE client_key = ? AND event_type = ? ORDER BY id DESC LIMIT ?",
        (name, partners.EVENTS, SHOWN),
    )
    refused = transaction.number(
        "SELECT count(*) FROM truth WHERE kind = 'call' AND name = 'partner' AND status = 401 AND account = ?", (name,)
    )
    return {
        "name": name,
        "has_customers": partners.posts_to(transaction, name) is not None,
        "has_orders": bool(books.listed(transaction, name)),
        "taken": [{**dict(row), "detail": json.loads(row["detail"])} for row in taken],
        "said": [
            {"at": row["created_at"], "state": row["state"], "data": json.loads(row["body"])["data"]} for row in said
        ],
        "refused": refused,
    }


def _books(transaction: Transaction, name: str) -> dict[str, Any]:
    asked = transaction.all(
        "SELECT at, status, detail FROM truth WHERE kind = 'call' AND name = ? AND account = ? ORDER BY id DESC LIMIT ?",
        (books.ASKED, name, SHOWN),
    )
    return {
        "name": name,
        "orders": books.listed(transaction, name),
        "asked": [{"at": row["at"], "status": row["status"], **json.loads(row["detail"])} for row in asked],
    }
