"""Looks at the truth: the log, the threads, the counters, and a stream that says when to look again."""

import json
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from simulator import truth
from simulator.http.messages import Request, Response, json_response
from simulator.store import Transaction
from simulator.tiktok import apps, reading, threads
from simulator.tiktok.threads import Conversation, Message
from simulator.webhooks import outbox
from simulator.world import World

if TYPE_CHECKING:
    from simulator.scripted.player import Player

LOG_LIMIT = 1_000
CONVERSATION_LIMIT = 300
ACKED_LIMIT = 200_000
HEARTBEAT_SECONDS = 15.0
# A burst of changes is one push.
GATHER_SECONDS = 0.08


class Looks:
    """The handlers behind GET under ``/_sim``."""

    def __init__(self, world: World, player: "Player") -> None:
        self._world = world
        self._player = player

    def log(self, request: Request) -> Response:
        """Truth-log rows past ``after``, or the ``last`` so many; ``kind`` and ``limit`` narrow them."""
        limit = _number(request.query.get("limit"), LOG_LIMIT)
        with self._world.store.reading() as transaction:
            if "last" in request.query:
                rows = truth.newest(transaction, limit=_number(request.query["last"], 50))
            else:
                after = _number(request.query.get("after"), 0)
                rows = truth.after(transaction, after, limit=limit, kind=request.query.get("kind"))
        return json_response({"rows": rows, "next": rows[-1]["id"] if rows else None})

    def conversations(self, request: Request) -> Response:
        """Conversations, newest first, as the customers' list shows them."""
        limit = _number(request.query.get("limit"), CONVERSATION_LIMIT)
        with self._world.store.reading() as transaction:
            found = reading.last_conversations(transaction, limit=limit)
            listed = [self._conversation(transaction, each) for each in found]
        return json_response({"conversations": listed})

    def messages(self, request: Request, conversation_id: str) -> Response:
        """The whole thread of a conversation, or its ``last`` so many messages."""
        newest = _number(request.query["last"], 200) if "last" in request.query else None
        with self._world.store.reading() as transaction:
            conversation = threads.find(transaction, conversation_id)
            if conversation is None:
                return json_response({"error": "There is no such conversation."}, status=404)
            answer = {
                "conversation": self._conversation(transaction, conversation),
                "messages": [_message(each) for each in threads.messages(transaction, conversation_id, newest=newest)],
            }
        return json_response(answer)

    def media(self, _request: Request, media_id: str) -> Response:
        """A file of a thread, for the page."""
        with self._world.store.reading() as transaction:
            row = transaction.one("SELECT bytes, content_type FROM media WHERE media_id = ?", (media_id,))
        if row is None:
            return json_response({"error": "There is no such file."}, status=404)
        headers = {"Cache-Control": "private, max-age=86400", "X-Content-Type-Options": "nosniff"}
        return Response(body=row["bytes"], content_type=row["content_type"], headers=headers)

    def apps(self, _request: Request) -> Response:
        """Apps and accounts, without their secrets."""
        with self._world.store.reading() as transaction:
            listed = [
                {
                    "client_key": row["client_key"],
                    "redirect_uri": row["redirect_uri"],
                    "callback_url": apps.callback_url(transaction, row["client_key"], apps.DIRECT_MESSAGE),
                    "accounts": [
                        {
                            "business_id": each.business_id,
                            "display_name": each.display_name,
                            "username": each.username,
                            "avatar": reading.profile_image(self._world, each.business_id),
                        }
                        for each in apps.accounts(transaction, row["client_key"])
                    ],
                }
                for row in transaction.all(
                    "SELECT client_key, redirect_uri FROM app"
                    " WHERE client_key NOT IN (SELECT client_id FROM linkedin_app) ORDER BY rowid"
                )
            ]
        return json_response({"apps": listed})

    def state(self, request: Request) -> Response:
        """Counters; with the acknowledged webhooks and their first-ack times unless ``acked=0``."""
        with self._world.store.reading() as transaction:
            answer: dict[str, Any] = {
                "now": time.time(),
                "webhooks": outbox.counts(transaction) | {"in_flight": self._world.senders.in_flight},
                "recent": self._recent(transaction),
                "paused": self._world.senders.paused,
                "sends": {
                    "accepted": transaction.number("SELECT count(*) FROM truth WHERE kind = 'accepted'"),
                    "refused": transaction.number(
                        "SELECT count(*) FROM truth WHERE kind = 'call' AND name = 'send' AND code <> 0"
                    ),
                },
                "calls": transaction.number("SELECT count(*) FROM truth WHERE kind = 'call'"),
                "faults_applied": transaction.number("SELECT count(*) FROM truth WHERE kind = 'fault'"),
                "conversations": transaction.number("SELECT count(*) FROM conversation"),
                "customers": transaction.number("SELECT count(*) FROM customer"),
                "messages_in": transaction.number("SELECT count(*) FROM message WHERE direction = 'in'"),
                "last_log_id": transaction.number("SELECT max(id) FROM truth"),
                "scripted": self._player.as_json(transaction),
                "rules": len(self._world.faults.as_json()),
            }
            if request.query.get("acked") != "0":
                after = _number(request.query.get("acked_after"), 0)
                answer["acked"] = outbox.acked(transaction, after=after, limit=ACKED_LIMIT)
        return json_response(answer)

    def faults(self, _request: Request) -> Response:
        """The fault rules in force."""
        return json_response({"rules": self._world.faults.as_json()})

    def settings(self, _request: Request) -> Response:
        """The knobs as they stand."""
        return json_response(self._world.knobs.as_json())

    def stream(self, _request: Request) -> Response:
        """Server-sent events: one ``change`` whenever something happened."""
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return Response(content_type="text/event-stream", headers=headers, stream=self._changes())

    def _changes(self) -> Iterator[bytes]:
        bell, stopping = self._world.store.bell, self._world.stopping
        seen = bell.version
        yield b"retry: 1000\n\n"
        while not stopping.is_set():
            version = bell.wait(since=seen, seconds=HEARTBEAT_SECONDS)
            if version == seen:
                yield b": still here\n\n"
                continue
            stopping.wait(GATHER_SECONDS)
            seen = bell.version
            yield (b"event: change\ndata: " + json.dumps({"version": seen}).encode() + b"\n\n")

    def _recent(self, transaction: Transaction) -> list[int]:
        """How the product answered the last few honest webhooks, oldest first."""
        rows = transaction.all(
            "SELECT status FROM truth WHERE id > (SELECT max(id) FROM truth) - 500 AND +kind = 'webhook'"
            " AND json_extract(detail, '$.variant') = 'honest' ORDER BY id DESC LIMIT 5"
        )
        return [int(row["status"]) for row in reversed(rows)]

    def _conversation(self, transaction: Transaction, conversation: Conversation) -> Mapping[str, Any]:
        settings = self._world.knobs.now
        last = threads.messages(transaction, conversation.id, newest=1)
        row = transaction.one(
            "SELECT business_read_ms, customer_read_ms FROM conversation WHERE id = ?", (conversation.id,)
        )
        unread = transaction.number(
            "SELECT count(*) FROM message WHERE conversation_id = ? AND direction = 'out' AND at_ms > ?",
            (conversation.id, row["customer_read_ms"] if row else 0),
        )
        opened = conversation.window_opened_at
        return {
            "conversation_id": conversation.id,
            "business_id": conversation.business_id,
            "user": conversation.customer.username,
            "user_id": conversation.customer.id,
            "display_name": conversation.customer.display_name,
            "avatar": reading.profile_image(self._world, conversation.customer.id),
            "scripted": conversation.customer.scripted,
            "kind": conversation.kind,
            "update_time": conversation.update_time_ms,
            "typing_until": int(self._world.typing.until(conversation.id) * 1000),
            "business_read": row["business_read_ms"] if row else 0,
            "customer_read": row["customer_read_ms"] if row else 0,
            "unread": unread,
            "window": {
                "left": threads.window_left(conversation, settings),
                "until": int((opened + settings.window_hours * 3600) * 1000) if opened else None,
            },
            "last": _message(last[0]) if last else None,
        }


def _message(message: Message) -> Mapping[str, Any]:
    return {
        "message_id": message.message_id,
        "direction": message.direction,
        "source": message.source,
        "type": message.type,
        "content": message.content,
        "at_ms": message.at_ms,
        "referenced_message_id": message.referenced_message_id,
        "auto_message_type": message.auto_message_type,
    }


def _number(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() else default
