"""Reading back: conversations, the last twenty messages, the account."""

import time
import zlib
from collections.abc import Mapping
from typing import Any

from simulator.store import Transaction
from simulator.tiktok import threads
from simulator.tiktok.apps import Account
from simulator.tiktok.call import Call
from simulator.tiktok.errors import invalid_param
from simulator.tiktok.threads import KNOWN_TYPES, Conversation, Message
from simulator.world import World

NEWEST = 20
ACCESSIBLE_SECONDS = 90 * 86_400
PAGE_LIMIT = 100
IMAGE_LIVES = 86_400


def conversation_list(call: Call) -> Mapping[str, Any]:
    """Conversations of the last 90 days, newest first."""
    kind = call.choice("conversation_type", frozenset({"SINGLE", "STRANGER"}))
    limit = _number(call, "limit", PAGE_LIMIT)
    cursor = _number(call, "cursor", 0)
    if not 1 <= limit <= PAGE_LIMIT:
        raise invalid_param("limit")
    rows = call.transaction.all(
        "SELECT id FROM conversation WHERE business_id = ? AND kind = ? AND update_time_ms > ?"
        " ORDER BY update_time_ms DESC, id LIMIT ? OFFSET ?",
        (call.business().business_id, kind, int((time.time() - ACCESSIBLE_SECONDS) * 1000), limit + 1, cursor),
    )
    # A hundred in all, however one pages.
    page = rows[: min(limit, max(0, PAGE_LIMIT - cursor))]
    found = [threads.find(call.transaction, row["id"]) for row in page]
    return {
        "conversations": [_conversation(each) for each in found if each is not None],
        "has_more": len(rows) > len(page) and cursor + len(page) < PAGE_LIMIT,
        "cursor": cursor + len(page),
    }


def content_list(call: Call) -> Mapping[str, Any]:
    """The twenty newest messages, newest first, and who takes part."""
    conversation = call.conversation("conversation_id")
    account = call.business()
    everything = threads.messages(call.transaction, conversation.id, newest=NEWEST * 5)
    reactions = _reactions(everything, conversation)
    shown = [message for message in everything if message.type != "reaction"][-NEWEST:]
    return {
        "messages": [
            _message(account, conversation, message) | _reacted(reactions.get(message.message_id))
            for message in reversed(shown)
        ],
        "participants": [
            {
                "role": "BUSINESS_ACCOUNT",
                "id": account.business_id,
                "display_name": account.display_name,
                "profile_image": profile_image(call.world, account.business_id),
            },
            {
                "role": "PERSONAL_ACCOUNT",
                "id": conversation.customer.id,
                "display_name": conversation.customer.display_name,
                "profile_image": profile_image(call.world, conversation.customer.id),
                "is_follower": conversation.customer.is_follower,
            },
        ],
    }


def business_get(call: Call) -> Mapping[str, Any]:
    """The account's own names and picture."""
    account = call.business()
    known = {
        "username": account.username,
        "display_name": account.display_name,
        "profile_image": profile_image(call.world, account.business_id),
    }
    wanted = call.texts("fields") if "fields" in call.parameters else list(known)
    if set(wanted) - set(known):
        raise invalid_param("fields")
    return {name: known[name] for name in wanted}


def profile_image(world: World, owner: str) -> str:
    """A link to a picture that expires."""
    seed = zlib.crc32(owner.encode()) % 1_000_000
    return f"{world.base_url}/media/avatar/{seed}.png?x-expires={int(time.time()) + IMAGE_LIVES}"


def last_conversations(transaction: Transaction, *, limit: int) -> list[Conversation]:
    """The conversations of every account, newest first."""
    rows = transaction.all("SELECT id FROM conversation ORDER BY update_time_ms DESC LIMIT ?", (limit,))
    found = [threads.find(transaction, row["id"]) for row in rows]
    return [each for each in found if each is not None]


def _conversation(conversation: Conversation) -> Mapping[str, Any]:
    return {
        "conversation_id": conversation.id,
        "update_time": conversation.update_time_ms,
        "referral": conversation.referrals,
    }


def _message(account: Account, conversation: Conversation, message: Message) -> dict[str, Any]:
    incoming = message.direction == "in"
    person = {"role": "PERSONAL_ACCOUNT", "id": conversation.customer.id}
    business = {"role": "BUSINESS_ACCOUNT", "id": account.business_id}
    known = message.type in KNOWN_TYPES
    shown: dict[str, Any] = {
        "sender": conversation.customer.username if incoming else account.username,
        "recipient": account.username if incoming else conversation.customer.username,
        "conversation_id": conversation.id,
        "message_id": message.message_id,
        "timestamp": message.at_ms,
        "message_tag": {"source": message.source},
        "message_type": message.type.upper() if known else "OTHER",
        "from_user": person if incoming else business,
        "to_user": business if incoming else person,
    }
    if known:
        shown[message.type] = message.content
    if message.referenced_message_id:
        shown["referenced_message_info"] = {"referenced_message_id": message.referenced_message_id}
    if message.auto_message_type:
        shown["auto_message_type"] = message.auto_message_type
    return shown


def _reactions(messages: list[Message], conversation: Conversation) -> dict[str, list[dict[str, Any]]]:
    """The reactions that stand, by the message they are about."""
    standing: dict[str, list[dict[str, Any]]] = {}
    for message in messages:
        if message.type != "reaction":
            continue
        for each in message.content:
            about = standing.setdefault(each["original_msg_id"], [])
            about[:] = [kept for kept in about if kept["emoji"] != each.get("emoji")]
            if each["operation"] == "ADD":
                about.append(
                    {
                        "type": each["type"],
                        "emoji": each.get("emoji"),
                        "unique_identifier": conversation.customer.id,
                        "timestamp": message.at_ms,
                    }
                )
    return standing


def _reacted(reactions: list[dict[str, Any]] | None) -> dict[str, Any]:
    return {"reactions": reactions} if reactions else {}


def _number(call: Call, name: str, default: int) -> int:
    value = str(call.parameters.get(name, default))
    if not value.isascii() or not value.isdigit():
        raise invalid_param(name)
    return int(value)
