"""Orders: play a customer or a colleague, set faults, turn knobs."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from simulator import truth
from simulator.faults import InvalidRule, parse_rule
from simulator.http.messages import InvalidBody, Request, Response, json_response
from simulator.partner import books, partners
from simulator.settings import InvalidSettings
from simulator.store import Transaction
from simulator.tiktok import apps, customers, events, grants, threads
from simulator.tiktok.apps import InvalidConfig
from simulator.tiktok.customers import CannotSay
from simulator.webhooks import outbox
from simulator.world import World

if TYPE_CHECKING:
    from simulator.scripted.player import Player

MAX_COUNT = 1_000
Order = Mapping[str, Any]


class Orders:
    """The handlers behind POST and DELETE under ``/_sim``. Each answers a JSON object."""

    def __init__(self, world: World, player: "Player") -> None:
        self._world = world
        self._player = player

    def say(self, request: Request) -> Response:
        """A customer says something, ``count`` times."""
        return self._in_transaction(request, self._say)

    def colleague(self, request: Request) -> Response:
        """A colleague writes in TikTok's own app."""
        return self._in_transaction(request, self._colleague)

    def read(self, request: Request) -> Response:
        """A customer reads."""
        return self._in_transaction(request, self._read)

    def referral(self, request: Request) -> Response:
        """A customer arrives by an advertisement or a short link."""
        return self._in_transaction(request, self._referral)

    def event(self, request: Request) -> Response:
        """Any webhook event, word for word."""
        return self._in_transaction(request, self._event)

    def customer(self, request: Request) -> Response:
        """A new customer, with a conversation but without a message."""
        return self._in_transaction(request, self._customer)

    def load_apps(self, request: Request) -> Response:
        """Create or update apps and accounts."""
        return self._in_transaction(
            request,
            lambda transaction, order: {"apps": apps.load(transaction, order.get("apps"), self._world.knobs.now)},
        )

    def load_partners(self, request: Request) -> Response:
        """Create or update partners by signed webhook."""
        return self._in_transaction(
            request, lambda transaction, order: {"partners": books.load(transaction, order.get("partners"))}
        )

    def partner_says(self, request: Request) -> Response:
        """A partner's customer says something."""
        return self._in_transaction(request, lambda transaction, order: partners.say(self._world, transaction, order))

    def book(self, request: Request) -> Response:
        """A partner writes an order into its books, or changes it."""
        return self._in_transaction(request, self._book)

    def tokens(self, request: Request) -> Response:
        """End an account's tokens: ``expire`` or ``revoke``."""
        return self._in_transaction(request, self._tokens)

    def add_faults(self, request: Request) -> Response:
        """Put fault rules in force."""
        return self._in_transaction(request, self._add_faults)

    def remove_faults(self, _request: Request, rule_id: str | None = None) -> Response:
        """Take one fault rule, or all, out of force."""
        if rule_id is not None and not rule_id.isdigit():
            return json_response({"error": "A rule is named by its number."}, status=404)
        removed = self._world.faults.remove(None if rule_id is None else int(rule_id))
        self._note("faults", {"removed": removed})
        return json_response({"removed": removed})

    def pause(self, _request: Request) -> Response:
        """Hold webhooks back."""
        self._world.senders.pause(paused=True)
        self._note("pause", {})
        return json_response({"paused": True})

    def resume(self, _request: Request) -> Response:
        """Let webhooks go."""
        self._world.senders.pause(paused=False)
        self._note("resume", {})
        return json_response({"paused": False})

    def hurry(self, _request: Request) -> Response:
        """Retry every waiting webhook now."""
        self._world.senders.hurry()
        self._note("hurry", {})
        return json_response({"hurried": True})

    def redeliver(self, request: Request) -> Response:
        """Send every webhook again that was taken in the last so many ``seconds``."""
        return self._in_transaction(request, self._redeliver)

    def settings(self, request: Request) -> Response:
        """Turn knobs."""
        return self._in_transaction(request, self._settings)

    def scripted(self, request: Request) -> Response:
        """Switch the scripted customers on or off, or change their pace."""
        return self._in_transaction(request, self._scripted)

    def _say(self, transaction: Transaction, order: Order) -> Order:
        if order.get("eu") is True:
            account = customers.account_for(transaction, order.get("business_id"))
            customers.write_from_europe(self._world, transaction, account)
            return {"conversation_id": None, "message_id": None, "message_ids": []}
        account, conversation = self._conversation(transaction, order)
        count = order.get("count", 1)
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MAX_COUNT:
            raise CannotSay(f"count is a number from 1 to {MAX_COUNT}.")
        said = []
        for _ in range(count):
            line = customers.line_from(self._world, transaction, account, order)
            said.append(customers.say(self._world, transaction, account, conversation, line).message_id)
        return {"conversation_id": conversation.id, "message_id": said[-1], "message_ids": said}

    def _colleague(self, transaction: Transaction, order: Order) -> Order:
        account, conversation = self._conversation(transaction, order)
        source, automatic = order.get("source", "APP"), order.get("auto_message_type")
        if source not in {"APP", "WEB", "OTHERS", "UNKNOWN_SOURCE"}:
            raise CannotSay("source is APP, WEB, OTHERS or UNKNOWN_SOURCE.")
        line = customers.line_from(self._world, transaction, account, order)
        message = customers.write_as_colleague(
            self._world,
            transaction,
            account,
            conversation,
            line,
            source=str(source),
            auto_message_type=automatic if isinstance(automatic, str) else None,
        )
        return {"conversation_id": conversation.id, "message_id": message.message_id}

    def _read(self, transaction: Transaction, order: Order) -> Order:
        account, conversation = self._conversation(transaction, order)
        at_ms = order.get("at")
        mark = customers.read(
            self._world, transaction, account, conversation, at_ms if isinstance(at_ms, int) else None
        )
        return {"conversation_id": conversation.id, "last_read_timestamp": mark}

    def _referral(self, transaction: Transaction, order: Order) -> Order:
        account, conversation = self._conversation(transaction, order)
        customers.arrive(self._world, transaction, account, conversation, order)
        return {"conversation_id": conversation.id}

    def _event(self, transaction: Transaction, order: Order) -> Order:
        event = order.get("event")
        if not isinstance(event, str) or not event:
            raise CannotSay("event is missing: the name of the webhook event.")
        content = order.get("content", events.SAMPLES.get(event, {}))
        if not isinstance(content, Mapping):
            raise CannotSay("content is an object.")
        account = customers.account_for(transaction, order.get("business_id"))
        message_id, conversation_id = (content.get("message_id"), content.get("conversation_id"))
        events.announce(
            self._world,
            transaction,
            account,
            event=event,
            content=content,
            conversation_id=conversation_id if isinstance(conversation_id, str) else None,
            message_id=message_id if isinstance(message_id, str) else None,
        )
        return {"event": event, "business_id": account.business_id}

    def _customer(self, transaction: Transaction, order: Order) -> Order:
        username, name = order.get("user"), order.get("display_name")
        if not isinstance(username, str) or not username:
            raise CannotSay("user is missing: the user name of the customer.")
        account = customers.account_for(transaction, order.get("business_id"))
        customer = threads.ensure_customer(
            transaction,
            username,
            display_name=name if isinstance(name, str) and name else None,
            is_follower=order.get("is_follower") is True,
        )
        conversation = threads.ensure_conversation(transaction, account, customer)
        return {"user_id": customer.id, "conversation_id": conversation.id}

    def _book(self, transaction: Transaction, order: Order) -> Order:
        partner = order.get("partner")
        if not isinstance(partner, str) or not partners.secrets_of(transaction, partner):
            raise CannotSay("partner is missing: the name of a partner that was loaded.")
        return {"order": books.book(transaction, partner, order)}

    def _tokens(self, transaction: Transaction, order: Order) -> Order:
        how = order.get("action")
        if how not in {"expire", "revoke"}:
            raise CannotSay("action is expire or revoke.")
        account = customers.account_for(transaction, order.get("business_id"))
        truth.append(transaction, kind="control", name="tokens", account=account.business_id, detail={"action": how})
        return {"ended": grants.end(transaction, business_id=account.business_id, how=str(how))}

    def _add_faults(self, transaction: Transaction, order: Order) -> Order:
        raw = order.get("rules", [])
        if not isinstance(raw, list):
            raise InvalidRule("rules is a list.")
        rules = [parse_rule(each) for each in raw]
        if isinstance(order.get("seed"), int):
            self._world.faults.seed(order["seed"])
        added = self._world.faults.add(rules, replace=order.get("replace") is True)
        truth.append(transaction, kind="control", name="faults", detail={"rules": raw})
        return {"ids": added}

    def _redeliver(self, transaction: Transaction, order: Order) -> Order:
        seconds = order.get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0:
            raise CannotSay("seconds is a number above 0.")
        repeated = outbox.repeat(self._world, transaction, time.time() - seconds)
        truth.append(transaction, kind="control", name="redeliver", detail={"seconds": seconds, "webhooks": repeated})
        return {"webhooks": repeated}

    def _settings(self, transaction: Transaction, order: Order) -> Order:
        self._world.knobs.change(order)
        truth.append(transaction, kind="control", name="settings", detail=order)
        return self._world.knobs.as_json()

    def _scripted(self, transaction: Transaction, order: Order) -> Order:
        self._player.change(order)
        truth.append(transaction, kind="control", name="scripted", detail=order)
        return self._player.as_json(transaction)

    def _conversation(self, transaction: Transaction, order: Order) -> tuple[apps.Account, threads.Conversation]:
        return customers.conversation_for(
            transaction,
            business_id=order.get("business_id"),
            user=order.get("user"),
            conversation_id=order.get("conversation_id"),
        )

    def _in_transaction(self, request: Request, work: Callable[[Transaction, Order], Order]) -> Response:
        if request.body and not request.headers.get("Content-Type", "").startswith("application/json"):
            return json_response({"error": "Orders are JSON (Content-Type: application/json)."}, status=415)
        try:
            order = request.json_object()
            with self._world.store.transaction() as transaction:
                answer = work(transaction, order)
        except (CannotSay, InvalidBody, InvalidConfig, InvalidRule, InvalidSettings) as error:
            return json_response({"error": str(error)}, status=400)
        return json_response(answer)

    def _note(self, name: str, detail: Mapping[str, object]) -> None:
        with self._world.store.transaction() as transaction:
            truth.append(transaction, kind="control", name=name, detail=detail)
