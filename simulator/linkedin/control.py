"""Orders and looks under ``/_sim/linkedin``: play a commenter or a colleague, mention the Page, look at the threads."""

import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from simulator import truth
from simulator.http.messages import InvalidBody, Request, Response, json_response
from simulator.http.routing import Router
from simulator.linkedin import comments, hooks, pages, subscribers, tokens
from simulator.linkedin.comments import Comment
from simulator.linkedin.hooks import Challenger
from simulator.linkedin.pages import Page
from simulator.store import Transaction
from simulator.tiktok.apps import InvalidConfig
from simulator.world import World

FAR_AHEAD = 10.0**12
MOST_COMMENTS = 100
LEAD_ACTIONS = ("CREATED", "DELETED")
Order = Mapping[str, Any]


class CannotDo(ValueError):
    """An order that cannot be carried out, in words."""


class Control:
    """The handlers. Each answers a JSON object."""

    def __init__(self, world: World, challenger: Challenger) -> None:
        self._world = world
        self._challenger = challenger

    def add(self, router: Router) -> None:
        """Put every path on the router."""
        router.add("GET", "/_sim/linkedin", self.look)
        router.add("POST", "/_sim/linkedin/challenge", self.challenge)
        orders: tuple[tuple[str, Callable[[Transaction, Page, Order], dict[str, Any]]], ...] = (
            ("comment", self._comment),
            ("colleague", self._colleague),
            ("mention", self._mention),
            ("lead", self._lead),
            ("event", self._event),
            ("tokens", self._tokens),
            ("subscription", self._subscription),
        )
        for name, order in orders:
            router.add("POST", f"/_sim/linkedin/{name}", self._ordered(name, order))
        router.add("POST", "/_sim/linkedin/apps", self.load)

    def load(self, request: Request) -> Response:
        """Create or update apps and Pages: ``{"apps": […]}`` as in the file's ``linkedin``."""
        try:
            with self._world.store.transaction() as transaction:
                found = pages.load(transaction, request.json_object().get("apps"), self._world.knobs.now)
        except (InvalidBody, InvalidConfig) as error:
            return json_response({"error": str(error)}, status=400)
        return json_response({"apps": found})

    def challenge(self, _request: Request) -> Response:
        """Ask every app now, as LinkedIn does every two hours."""
        return json_response({"challenges": self._challenger.ask_those_due(now=FAR_AHEAD)})

    def look(self, _request: Request) -> Response:
        """Pages with their posts and everything under them, and how the webhooks stand."""
        with self._world.store.reading() as transaction:
            apps = [dict(row) for row in transaction.all("SELECT client_id, state, misses FROM linkedin_app")]
            listed = [dict(row) for row in transaction.all("SELECT organization, name FROM linkedin_page")]
            posts = [
                dict(row) | {"comments": [_shown(transaction, each) for each in _under(transaction, row["activity"])]}
                for row in transaction.all("SELECT * FROM linkedin_post ORDER BY at_ms DESC, activity LIMIT 100")
            ]
            messages = [
                dict(row) for row in transaction.all("SELECT * FROM linkedin_message ORDER BY id DESC LIMIT 100")
            ]
            notified = [dict(row) for row in transaction.all("SELECT * FROM linkedin_subscription")]
        found = {"apps": apps, "pages": listed, "posts": posts, "messages": messages, "subscriptions": notified}
        return json_response(found)

    def _ordered(
        self, name: str, order: Callable[[Transaction, Page, Order], dict[str, Any]]
    ) -> Callable[[Request], Response]:
        def handle(request: Request) -> Response:
            if request.body and not request.headers.get("Content-Type", "").startswith("application/json"):
                return json_response({"error": "Orders are JSON (Content-Type: application/json)."}, status=415)
            try:
                given = request.json_object()
                with self._world.store.transaction() as transaction:
                    page = _page(transaction, given.get("organization"))
                    truth.append(transaction, kind="control", name=f"linkedin {name}")
                    return json_response(order(transaction, page, given))
            except (CannotDo, InvalidBody) as error:
                return json_response({"error": str(error)}, status=400)

        return handle

    def _comment(self, transaction: Transaction, page: Page, order: Order) -> dict[str, Any]:
        """A member comments; ``texts`` makes a batch."""
        texts = order.get("texts", [order.get("text")])
        if not isinstance(texts, list) or not 0 < len(texts) <= MOST_COMMENTS:
            raise CannotDo(f"texts is a list of 1 to {MOST_COMMENTS}.")
        user = str(order.get("user") or "Jane Kerr")
        made = [self._write(transaction, page, order, text, _urn(user), user, "customer") for text in texts]
        comments.announce(self._world, transaction, page, made)
        return {"comments": [each.urn for each in made], "author": _urn(user)}

    def _colleague(self, transaction: Transaction, page: Page, order: Order) -> dict[str, Any]:
        """A colleague comments as the Page, on LinkedIn itself."""
        made = self._write(transaction, page, order, order.get("text"), page.organization, page.name, "business")
        comments.announce(self._world, transaction, page, [made])
        return {"comments": [made.urn]}

    def _write(
        self, transaction: Transaction, page: Page, order: Order, text: object, actor: str, name: str, kind: str
    ) -> Comment:
        if not isinstance(text, str) or not text.strip():
            raise CannotDo("text is missing.")
        parent = comments.named(transaction, str(order["parent"])) if order.get("parent") else None
        if order.get("parent") and parent is None:
            raise CannotDo("There is no such comment.")
        row = transaction.one(
            "SELECT activity FROM linkedin_post WHERE organization = ? AND (? IS NULL OR activity = ?)"
            " ORDER BY at_ms DESC, activity DESC LIMIT 1",
            (page.organization, order.get("post"), order.get("post")),
        )
        activity = parent.activity if parent else str(row["activity"]) if row else ""
        if not activity:
            raise CannotDo("There is no such post.")
        return comments.write(
            transaction, activity=activity, parent=parent, actor=actor, name=name, text=text, kind=kind
        )

    def _mention(self, transaction: Transaction, page: Page, order: Order) -> dict[str, Any]:
        """A member writes a post that speaks of the Page."""
        text, user = order.get("text"), str(order.get("user") or "Jane Kerr")
        if not isinstance(text, str) or not text.strip():
            raise CannotDo("text is missing.")
        return {"post": comments.mention(self._world, transaction, page, author=_urn(user), text=text)}

    def _lead(self, transaction: Transaction, page: Page, order: Order) -> dict[str, Any]:
        """A member answers a lead form of the Page, or takes the answer back (``action``: DELETED); the answer's URN."""
        action = str(order.get("action") or "CREATED")
        if action not in LEAD_ACTIONS:
            raise CannotDo(f"action is {' or '.join(LEAD_ACTIONS)}.")
        response = str(order.get("response") or f"urn:li:leadGenFormResponse:{uuid.uuid4()}-1")
        body = {
            "type": "LEAD_ACTION",
            "leadGenFormResponse": response,
            "leadGenForm": "urn:li:leadGenForm:9001",
            "owner": {"organization": page.organization},
            "associatedEntity": {"associatedCreative": "urn:li:sponsoredCreative:501"},
            "leadType": "SPONSORED",
            "leadAction": action,
            "occurredAt": int(time.time() * 1000),
        }
        hooks.post(self._world, transaction, page, body, event="LEAD_ACTION", now=time.time())
        return {"response": response}

    def _event(self, transaction: Transaction, page: Page, order: Order) -> dict[str, Any]:
        """Any webhook, word for word, as of something LinkedIn has not thought of yet."""
        body = order.get("body")
        if not isinstance(body, dict):
            raise CannotDo("body is an object.")
        hooks.post(self._world, transaction, page, body, event=str(body.get("type", "event")), now=time.time())
        return {"queued": True}

    def _tokens(self, transaction: Transaction, page: Page, order: Order) -> dict[str, Any]:
        """End the Page's tokens."""
        if order.get("action") not in {"expire", "revoke"}:
            raise CannotDo("action is expire or revoke.")
        return {"ended": tokens.end(transaction, page.organization, str(order["action"]))}

    def _subscription(self, transaction: Transaction, page: Page, order: Order) -> dict[str, Any]:
        """Take away what notifies of the Page, or let it end ``in_seconds``, or have it go to another ``webhook``."""
        application, in_seconds = subscribers.application_of(transaction, page.client_id), order.get("in_seconds")
        if isinstance(order.get("webhook"), str):
            until = time.time() + self._world.knobs.now.linkedin_subscription_seconds
            subscribers.subscribe(transaction, application, page.organization, webhook=order["webhook"], until=until)
            return {"changed": 1}
        if isinstance(in_seconds, int | float):
            return {"changed": subscribers.let_end(transaction, page.organization, at=time.time() + in_seconds)}
        return {"changed": subscribers.end(transaction, page.organization)}


def _page(transaction: Transaction, organization: str | None) -> Page:
    found = pages.page(transaction, organization)
    if found is None:
        raise CannotDo("There is no such Page.")
    return found


def _urn(user: str) -> str:
    return "urn:li:person:" + "".join(sign for sign in user.title() if sign.isascii() and sign.isalnum())


def _under(transaction: Transaction, activity: str) -> list[Comment]:
    return comments.under(transaction, activity, None)


def _shown(transaction: Transaction, comment: Comment) -> dict[str, Any]:
    replies = comments.under(transaction, comment.activity, comment.id)
    own = {
        "urn": comment.urn,
        "name": comment.name,
        "actor": comment.actor,
        "text": comment.text,
        "at_ms": comment.at_ms,
    }
    return own | {"replies": [_shown(transaction, each) for each in replies]}
