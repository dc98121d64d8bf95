"""The outbox: every webhook that was ever due, and what became of it."""

import dataclasses
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator import truth
from simulator.store import Transaction

if TYPE_CHECKING:
    from simulator.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWebhook:
    """A webhook to deliver. Those of one lane are delivered one after the other.

    ``variant`` is ``honest`` or the fault that made it; a ``forged`` one is tried once.
    """

    client_key: str
    event_type: str
    event: str
    business_id: str
    conversation_id: str | None
    message_id: str | None
    lane: str
    body: bytes
    due_at: float
    variant: str = "honest"
    signed_at: int | None = None

    def changed(self, **changes: Any) -> "NewWebhook":
        """The same webhook with some of it changed."""
        return dataclasses.replace(self, **changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One row of the outbox."""

    id: int
    client_key: str
    event_type: str
    event: str
    business_id: str
    conversation_id: str | None
    message_id: str | None
    lane: str
    body: bytes
    variant: str
    signed_at: int | None
    attempts: int
    created_at: float
    due_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try: the HTTP status (0 when none came), the reason in words, how long it took."""

    status: int
    error: str | None
    milliseconds: int
    signed_at: int


def add(world: "World", transaction: Transaction, webhook: NewWebhook) -> None:
    """Write a webhook down; it is delivered once the transaction is committed.

    Like the platform, nothing is kept for an app that has registered no address.
    """
    registered = transaction.number(
        "SELECT count(*) FROM registration WHERE client_key = ? AND event_type = ?",
        (webhook.client_key, webhook.event_type),
    )
    cursor = transaction.execute(
        "INSERT INTO webhook (client_key, event_type, event, business_id, conversation_id, message_id, lane, body,"
        " variant, signed_at, state, created_at, due_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            webhook.client_key,
            webhook.event_type,
            webhook.event,
            webhook.business_id,
            webhook.conversation_id,
            webhook.message_id,
            webhook.lane,
            webhook.body,
            webhook.variant,
            webhook.signed_at,
            "pending" if registered else "unregistered",
            time.time(),
            webhook.due_at,
        ),
    )
    if registered:
        webhook_id = int(cursor.lastrowid or 0)
        transaction.after_commit(
            lambda: world.senders.queue(webhook_id, app=webhook.client_key, lane=webhook.lane, due_at=webhook.due_at)
        )


def repeat(world: "World", transaction: Transaction, since: float) -> int:
    """Put every webhook that was taken since then into the outbox once more, in its lane and order; how many."""
    rows = transaction.all(
        "SELECT client_key, event_type, event, business_id, conversation_id, message_id, lane, body, variant FROM webhook"
        " WHERE state = 'acked' AND variant IN ('honest', 'reorder') AND first_ack_at >= ? ORDER BY id",
        (since,),
    )
    now = time.time()
    for row in rows:
        # One that overtook others had left its lane by a word behind the lane's name.
        lane = row["lane"].rpartition(" ")[0] if row["variant"] == "reorder" else row["lane"]
        again = dict(row) | {"lane": lane, "variant": "repeated"}
        add(world, transaction, NewWebhook(**again, due_at=now))
    return len(rows)


def pending(transaction: Transaction) -> list[tuple[int, str, str, float]]:
    """Id, app, lane and due time of everything not delivered yet, oldest first."""
    rows = transaction.all("SELECT id, client_key, lane, due_at FROM webhook WHERE state = 'pending' ORDER BY id")
    return [(row["id"], row["client_key"], row["lane"], row["due_at"]) for row in rows]


def find(transaction: Transaction, webhook_id: int) -> Webhook | None:
    """A webhook that is still to be delivered, or None."""
    row = transaction.one(
        "SELECT id, client_key, event_type, event, business_id, conversation_id, message_id, lane, body, variant,"
        " signed_at, attempts, created_at, due_at FROM webhook WHERE id = ? AND state = 'pending'",
        (webhook_id,),
    )
    return Webhook(**dict(row)) if row else None


def record(transaction: Transaction, webhook: Webhook, attempt: Attempt, *, state: str, due_at: float) -> None:
    """Write one attempt into the row and the truth log."""
    now = time.time()
    transaction.execute(
        "UPDATE webhook SET state = ?, attempts = attempts + 1, due_at = ?, signed_at = coalesce(signed_at, ?),"
        " first_ack_at = CASE WHEN ? = 'acked' THEN ? ELSE first_ack_at END WHERE id = ?",
        (state, due_at, attempt.signed_at, state, now, webhook.id),
    )
    detail: dict[str, object] = {
        "webhook": webhook.id,
        "attempt": webhook.attempts + 1,
        "variant": webhook.variant,
        "state": state,
        "ms": attempt.milliseconds,
    }
    if attempt.error:
        detail["error"] = attempt.error
    if state == "pending":
        detail["again_in"] = round(due_at - now, 2)
    truth.append(
        transaction,
        kind="webhook",
        name=webhook.event,
        status=attempt.status,
        account=webhook.business_id,
        conversation_id=webhook.conversation_id,
        message_id=webhook.message_id,
        detail=detail,
    )


def counts(transaction: Transaction) -> dict[str, int]:
    """How many webhooks are in each state, and how many attempts they took."""
    rows = transaction.all("SELECT state, count(*) AS number FROM webhook GROUP BY state")
    found = {"pending": 0, "acked": 0, "dropped": 0, "unregistered": 0}
    found |= {str(row["state"]): int(row["number"]) for row in rows}
    found["attempts"] = transaction.number("SELECT sum(attempts) FROM webhook")
    return found


def acked(transaction: Transaction, *, after: int, limit: int) -> list[dict[str, Any]]:
    """Webhooks that were answered with 200, by id past ``after``, with the time of that answer."""
    rows = transaction.all(
        "SELECT id, event, variant, conversation_id, message_id, first_ack_at FROM webhook"
        " WHERE state = 'acked' AND id > ? ORDER BY id LIMIT ?",
        (after, limit),
    )
    return [dict(row) for row in rows]
