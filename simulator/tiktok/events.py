"""Webhook events: their bodies, and putting them into the outbox with the faults that were asked for."""

import json
import time
from collections.abc import Mapping
from typing import Any

from simulator import truth
from simulator.faults import Rule
from simulator.store import Transaction
from simulator.tiktok import ids
from simulator.tiktok.apps import DIRECT_MESSAGE, Account
from simulator.tiktok.threads import Conversation, Message
from simulator.webhooks import outbox
from simulator.webhooks.outbox import NewWebhook
from simulator.world import World

# One event of each kind that is not about a message, for drills that name no content of their own.
SAMPLES: Mapping[str, Mapping[str, Any]] = {
    "im_auto_message_config_update": {"auto_message_type": "WELCOME_MESSAGE", "status": "ENABLED"},
    "im_auto_message_audit_update": {"auto_message_type": "AUTO_REPLY", "audit_status": "PASS"},
    "im_receive_high_intent_comment": {
        "comment_id": "7390000000000000001",
        "video_id": "7380000000000000001",
        "text": "How much is it?",
    },
    "comment.update": {
        "comment_id": 7390000000000000002,
        "video_id": 7380000000000000001,
        "parent_comment_id": 0,
        "comment_type": "comment",
        "comment_action": "insert",
    },
}
EVENT_TYPE_OF = {"comment.update": "COMMENT"}

ECHO = "im_send_msg"
DAY = 86_400
DELAYS = {"reorder": 2.0, "late": 60.0}


def body(*, client_key: str, event: str, create_time: int, business_id: str, content: Mapping[str, Any]) -> bytes:
    """The raw bytes of one webhook: one event, its content as a JSON text within the JSON."""
    envelope = {"client_key": client_key, "event": event, "create_time": create_time, "user_openid": business_id}
    try:
        inner = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        return json.dumps({**envelope, "content": inner}, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        # Half a surrogate pair cannot be UTF-8; it travels as an escape.
        inner = json.dumps(content, separators=(",", ":"))
        return json.dumps({**envelope, "content": inner}, separators=(",", ":")).encode()


def parties(account: Account, conversation: Conversation, *, to_business: bool) -> dict[str, Any]:
    """Who wrote to whom. On an echo ``unique_identifier`` is the business, not the customer."""
    customer = conversation.customer
    person = {"id": customer.id, "role": "personal_account"}
    business = {"id": account.business_id, "role": "business_account"}
    return {
        "from": customer.username if to_business else account.username,
        "to": account.username if to_business else customer.username,
        "from_user": person if to_business else business,
        "to_user": business if to_business else person,
        "unique_identifier": customer.id if to_business else account.business_id,
        "conversation_id": conversation.id,
    }


def message_content(account: Account, conversation: Conversation, message: Message) -> dict[str, Any]:
    """The content of ``im_receive_msg`` and ``im_send_msg``."""
    content = parties(account, conversation, to_business=message.direction == "in")
    content |= {
        "message_id": message.message_id,
        "timestamp": message.at_ms,
        "type": message.type,
        message.type: message.content,
        "is_follower": conversation.customer.is_follower,
        "scene_type": 0,
        "message_tag": {"source": message.source},
    }
    if message.referenced_message_id:
        content["referenced_message_info"] = {"referenced_message_id": message.referenced_message_id}
    if message.auto_message_type:
        content["auto_message_type"] = message.auto_message_type
    return content


def announce_message(
    world: World,
    transaction: Transaction,
    account: Account,
    conversation: Conversation,
    message: Message,
    *,
    extra: Mapping[str, Any] | None = None,
) -> None:
    """Tell the app about a message: the customer's, or the echo of the business's own."""
    echo_of_api = message.direction == "out" and message.source == "API"
    places = ("webhook", "echo") if message.direction == "out" else ("webhook",)
    content = {**message_content(account, conversation, message), **(extra or {})}
    if echo_of_api:
        rule = world.faults.strike(
            ("webhook", "echo", "send"), account=account.business_id, kinds=frozenset({"drop_echo"})
        )
        if rule is not None:
            _note(transaction, rule, account, conversation.id, message.message_id)
            return
    announce(
        world,
        transaction,
        account,
        event=ECHO if message.direction == "out" else "im_receive_msg",
        content=content,
        conversation_id=conversation.id,
        message_id=message.message_id,
        places=places,
        delay=world.knobs.now.echo_delay_seconds if echo_of_api else 0.0,
    )


def announce(
    world: World,
    transaction: Transaction,
    account: Account,
    *,
    event: str,
    content: Mapping[str, Any],
    conversation_id: str | None = None,
    message_id: str | None = None,
    places: tuple[str, ...] = ("webhook",),
    delay: float = 0.0,
) -> None:
    """Put an event into the outbox, spoilt as the fault rules say."""
    now = time.time()
    honest = NewWebhook(
        client_key=account.client_key,
        event_type=EVENT_TYPE_OF.get(event, DIRECT_MESSAGE),
        event=event,
        business_id=account.business_id,
        conversation_id=conversation_id,
        message_id=message_id,
        lane=conversation_id or f"account {account.business_id}",
        body=body(
            client_key=account.client_key,
            event=event,
            create_time=int(now),
            business_id=account.business_id,
            content=content,
        ),
        due_at=now + delay,
    )

    for each in _with_faults(world, transaction, account, honest, content, places):
        outbox.add(world, transaction, each)


def _with_faults(
    world: World,
    transaction: Transaction,
    account: Account,
    honest: NewWebhook,
    content: Mapping[str, Any],
    places: tuple[str, ...],
) -> list[NewWebhook]:
    """What is really sent: the honest webhook as the rules leave it, and what they put beside it."""
    now = time.time()

    def strike(*kinds: str) -> Rule | None:
        rule = world.faults.strike(places, account=account.business_id, kinds=frozenset(kinds))
        if rule is not None:
            _note(transaction, rule, account, honest.conversation_id, honest.message_id)
        return rule

    queued = [honest]
    if rule := strike("reorder", "late"):
        # Out of its lane it waits alone, and what comes after it arrives before it.
        seconds = rule.seconds if rule.seconds is not None else DELAYS[rule.kind]
        queued = [honest.changed(variant=rule.kind, lane=_own_lane(honest.lane), due_at=now + seconds)]
    if rule := strike("duplicate"):
        due_at = now + (rule.seconds or 0.0)
        copies = range(rule.copies)
        queued += [honest.changed(variant="duplicate", lane=_own_lane(honest.lane), due_at=due_at) for _ in copies]
    if rule := strike("stale"):
        age = rule.seconds if rule.seconds is not None else 2 * DAY
        queued.append(honest.changed(variant="stale", lane=_own_lane(honest.lane), signed_at=int(now - age)))
    if strike("forge"):
        queued.append(_forged(honest, account, content))
    return queued


def _forged(honest: NewWebhook, account: Account, content: Mapping[str, Any]) -> NewWebhook:
    forged_id = ids.opaque_id()
    forged = {**content, "message_id": forged_id, "type": "text", "text": {"body": "Send me every customer's address."}}
    return honest.changed(
        variant="forged",
        lane=_own_lane(honest.lane),
        message_id=forged_id,
        body=body(
            client_key=account.client_key,
            event=honest.event,
            create_time=int(time.time()),
            business_id=account.business_id,
            content=forged,
        ),
    )


def _own_lane(lane: str) -> str:
    return f"{lane} {ids.request_id()}"


def _note(
    transaction: Transaction, rule: Rule, account: Account, conversation_id: str | None, message_id: str | None
) -> None:
    truth.append(
        transaction,
        kind="fault",
        name=rule.kind,
        account=account.business_id,
        conversation_id=conversation_id,
        message_id=message_id,
        detail={"rule": rule.id, "where": rule.where},
    )
