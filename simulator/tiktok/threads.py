"""Customers, conversations and messages: the record TikTok keeps, and the window a business may answer in."""

import json
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.settings import Settings
from simulator.store import Transaction
from simulator.tiktok import ids
from simulator.tiktok.apps import Account

KNOWN_TYPES = frozenset({"text", "image", "share_post", "video", "sticker", "emoji", "reaction", "template"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A personal account. ``id`` is the identifier that stays the same for every business."""

    id: str
    username: str
    display_name: str
    is_follower: bool
    scripted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One customer and one business."""

    id: str
    business_id: str
    customer: Customer
    kind: str
    update_time_ms: int
    window_opened_at: float | None
    window_used: int
    referrals: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One entry of a thread. ``direction`` is ``in`` (from the customer) or ``out``; ``content`` is what its type
    carries, for example ``{"body": …}``."""

    message_id: str
    conversation_id: str
    direction: str
    source: str
    type: str
    content: Any
    at_ms: int
    referenced_message_id: str | None = None
    auto_message_type: str | None = None


def ensure_customer(
    transaction: Transaction,
    username: str,
    *,
    display_name: str | None = None,
    is_follower: bool = False,
    scripted: bool = False,
) -> Customer:
    """The customer with this user name, created when new."""
    name = display_name or username.replace(".", " ").replace("_", " ").title()
    transaction.execute(
        "INSERT INTO customer VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (username) DO NOTHING",
        (ids.user_id(), username, name, int(is_follower), int(scripted), time.time()),
    )
    return _customer(transaction.all("SELECT * FROM customer WHERE username = ?", (username,))[0])


def ensure_conversation(transaction: Transaction, account: Account, customer: Customer) -> Conversation:
    """The one conversation of this customer with this business, created when new."""
    now = time.time()
    transaction.execute(
        "INSERT INTO conversation (id, business_id, customer_id, created_at, update_time_ms)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (business_id, customer_id) DO NOTHING",
        (ids.opaque_id(), account.business_id, customer.id, now, int(now * 1000)),
    )
    row = transaction.all(
        "SELECT * FROM conversation WHERE business_id = ? AND customer_id = ?", (account.business_id, customer.id)
    )[0]
    return _conversation(row, customer)


def find(transaction: Transaction, conversation_id: object) -> Conversation | None:
    """The conversation with this id, or None."""
    if not isinstance(conversation_id, str):
        return None
    row = transaction.one("SELECT * FROM conversation WHERE id = ?", (conversation_id,))
    if row is None:
        return None
    customer = transaction.all("SELECT * FROM customer WHERE id = ?", (row["customer_id"],))[0]
    return _conversation(row, _customer(customer))


def add_message(
    transaction: Transaction,
    conversation: Conversation,
    *,
    direction: str,
    source: str,
    message_type: str,
    content: object,
    referenced_message_id: str | None = None,
    auto_message_type: str | None = None,
) -> Message:
    """Write a message into the thread; a customer's opens a new window, a business's answers the request.

    Times within a thread strictly grow, so that the thread has one order.
    """
    last = transaction.number("SELECT update_time_ms FROM conversation WHERE id = ?", (conversation.id,))
    message = Message(
        message_id=ids.opaque_id(),
        conversation_id=conversation.id,
        direction=direction,
        source=source,
        type=message_type,
        content=content,
        at_ms=max(int(time.time() * 1000), last + 1),
        referenced_message_id=referenced_message_id,
        auto_message_type=auto_message_type,
    )
    transaction.execute(
        "INSERT INTO message (message_id, conversation_id, direction, source, type, content, at_ms,"
        " referenced_message_id, auto_message_type) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            message.message_id,
            conversation.id,
            direction,
            source,
            message_type,
            json.dumps(content),
            message.at_ms,
            referenced_message_id,
            auto_message_type,
        ),
    )
    _touch(transaction, message)
    return message


def _touch(transaction: Transaction, message: Message) -> None:
    if message.direction == "in":
        transaction.execute(
            "UPDATE conversation SET update_time_ms = ?, window_opened_at = ?, window_used = 0 WHERE id = ?",
            (message.at_ms, time.time(), message.conversation_id),
        )
    else:
        transaction.execute(
            "UPDATE conversation SET update_time_ms = ?, kind = 'SINGLE' WHERE id = ?",
            (message.at_ms, message.conversation_id),
        )


def messages(transaction: Transaction, conversation_id: str, *, newest: int | None = None) -> list[Message]:
    """The thread in its order; with ``newest``, only that many of the last."""
    rows = transaction.all(
        "SELECT * FROM message WHERE conversation_id = ? ORDER BY seq DESC LIMIT ?",
        (conversation_id, -1 if newest is None else newest),
    )
    return [message_from(row) for row in reversed(rows)]


def find_message(transaction: Transaction, message_id: object) -> Message | None:
    """The message with this id, or None."""
    if not isinstance(message_id, str):
        return None
    row = transaction.one("SELECT * FROM message WHERE message_id = ?", (message_id,))
    return message_from(row) if row else None


def message_from(row: sqlite3.Row) -> Message:
    """A message from its row."""
    return Message(
        message_id=row["message_id"],
        conversation_id=row["conversation_id"],
        direction=row["direction"],
        source=row["source"],
        type=row["type"],
        content=json.loads(row["content"]),
        at_ms=row["at_ms"],
        referenced_message_id=row["referenced_message_id"],
        auto_message_type=row["auto_message_type"],
    )


def window_left(conversation: Conversation, settings: Settings) -> int:
    """How many more messages the business may send now."""
    opened = conversation.window_opened_at
    if opened is None or time.time() - opened > settings.window_hours * 3600:
        return 0
    return max(0, settings.window_messages - conversation.window_used)


def use_window(transaction: Transaction, conversation: Conversation) -> None:
    """Count one message of the business against the window."""
    transaction.execute("UPDATE conversation SET window_used = window_used + 1 WHERE id = ?", (conversation.id,))


def add_referral(transaction: Transaction, conversation: Conversation, kind: str, entry: Mapping[str, Any]) -> None:
    """Remember how the customer arrived; ``kind`` is ``ad`` or ``short_link``."""
    referrals = {**conversation.referrals, kind: [*conversation.referrals.get(kind, []), dict(entry)]}
    transaction.execute("UPDATE conversation SET referrals = ? WHERE id = ?", (json.dumps(referrals), conversation.id))


def _conversation(row: sqlite3.Row, customer: Customer) -> Conversation:
    return Conversation(
        id=row["id"],
        business_id=row["business_id"],
        customer=customer,
        kind=row["kind"],
        update_time_ms=row["update_time_ms"],
        window_opened_at=row["window_opened_at"],
        window_used=row["window_used"],
        referrals=json.loads(row["referrals"]),
    )


def _customer(row: sqlite3.Row) -> Customer:
    return Customer(
        id=row["id"],
        username=row["username"],
        display_name=row["display_name"],
        is_follower=bool(row["is_follower"]),
        scripted=bool(row["scripted"]),
    )
