"""What people do in TikTok's own app: customers write, read and arrive; a colleague answers by hand."""

import base64
import binascii
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator import truth
from simulator.store import Transaction
from simulator.tiktok import apps, events, media, pictures, threads
from simulator.tiktok.apps import Account
from simulator.tiktok.threads import Conversation, Message
from simulator.world import World

SHARED_VIDEO = "7380000000000000042"


class CannotSay(ValueError):
    """The order does not say who should say what to whom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing said: its type, what the type carries, and what it answers."""

    type: str
    content: Any
    referenced_message_id: str | None = None
    extra: Mapping[str, Any] | None = None


def account_for(transaction: Transaction, business_id: object) -> Account:
    """The business meant; without an id, the only or first one. Raises CannotSay."""
    if business_id is None:
        known = apps.accounts(transaction)
        if not known:
            raise CannotSay("There is no business account yet.")
        return known[0]
    account = apps.account(transaction, str(business_id))
    if account is None:
        raise CannotSay("There is no business account with this business_id.")
    return account


def conversation_for(
    transaction: Transaction, *, business_id: object, user: object, conversation_id: object = None
) -> tuple[Account, Conversation]:
    """The conversation meant, by its id or by business and user name (created when new). Raises CannotSay."""
    if conversation_id is not None:
        conversation = threads.find(transaction, conversation_id)
        if conversation is None:
            raise CannotSay("There is no conversation with this conversation_id.")
        return account_for(transaction, conversation.business_id), conversation
    if not isinstance(user, str) or not user:
        raise CannotSay("user is missing: the user name of the customer.")
    account = account_for(transaction, business_id)
    return account, threads.ensure_conversation(transaction, account, threads.ensure_customer(transaction, user))


def line_from(world: World, transaction: Transaction, account: Account, order: Mapping[str, Any]) -> Line:
    """What an order says to say. Raises CannotSay."""
    referenced = order.get("referenced")
    if referenced is not None and threads.find_message(transaction, referenced) is None:
        raise CannotSay("referenced is no message.")
    kinds = [
        name
        for name in ("text", "image", "sticker", "share_post", "reaction", "emoji", "video", "type")
        if name in order
    ]
    if len(kinds) != 1:
        raise CannotSay("Say exactly one of text, image, sticker, share_post, reaction, emoji, video or type.")
    kind, value = kinds[0], order[kinds[0]]
    extra = None
    if kind == "type":
        kind, content = str(value), order.get("content", {})
    else:
        content = _content(world, transaction, account, kind, value)
    if isinstance(order.get("button_id"), str):
        extra = {
            "reply_source_payload": {
                "reply_source_msg_id": str(order.get("button_of", "")),
                "reply_source_unique_id": order["button_id"],
            }
        }
    return Line(type=kind, content=content, referenced_message_id=referenced, extra=extra)


def say(world: World, transaction: Transaction, account: Account, conversation: Conversation, line: Line) -> Message:
    """A customer says something."""
    return _write(world, transaction, account, conversation, line, direction="in", source="APP")


def write_as_colleague(
    world: World,
    transaction: Transaction,
    account: Account,
    conversation: Conversation,
    line: Line,
    *,
    source: str = "APP",
    auto_message_type: str | None = None,
) -> Message:
    """A colleague, or an automatic message of TikTok's, writes to the customer without the API."""
    return _write(
        world,
        transaction,
        account,
        conversation,
        line,
        direction="out",
        source=source,
        auto_message_type=auto_message_type,
    )


def read(
    world: World, transaction: Transaction, account: Account, conversation: Conversation, at_ms: int | None
) -> int:
    """The customer has read the thread up to a moment (milliseconds; None: now); answers it."""
    mark = int(time.time() * 1000) if at_ms is None else at_ms
    transaction.execute("UPDATE conversation SET customer_read_ms = ? WHERE id = ?", (mark, conversation.id))
    content = events.parties(account, conversation, to_business=True)
    content |= {"timestamp": mark, "read": {"last_read_timestamp": mark}}
    _did(transaction, "read", account, conversation, {"at_ms": mark})
    events.announce(
        world, transaction, account, event="im_mark_read_msg", content=content, conversation_id=conversation.id
    )
    return mark


def arrive(
    world: World, transaction: Transaction, account: Account, conversation: Conversation, order: Mapping[str, Any]
) -> None:
    """The customer comes by an advertisement or a short link; nothing is written yet."""
    now = time.time()
    if order.get("source", "short_link") == "ad":
        source, entry = (
            "ad",
            {
                "advertiser_id": "7100000000000000001",
                "ad_id": str(order.get("ad_id", "1800000000000001")),
                "timestamp": int(now),
                "ad_name": str(order.get("ad_name", "Autumn collection")),
                "embed_url": f"https://www.tiktok.com/player/v1/{SHARED_VIDEO}",
            },
        )
    else:
        source, entry = (
            "short_link",
            {
                "ref": str(order.get("ref", "newsletter")),
                "prefilled_message": str(order.get("prefilled_message", "I saw your newsletter")),
                "prefilled_message_audit_status": "PASS",
            },
        )
    threads.add_referral(transaction, conversation, source, entry)
    content = events.parties(account, conversation, to_business=True)
    # The list of conversations gives this time in seconds, the webhook in milliseconds.
    shown = entry | ({"timestamp": int(now * 1000)} if source == "ad" else {})
    content |= {"timestamp": int(now * 1000), "referral": {"source": source, source: shown}}
    _did(transaction, "referral", account, conversation, {"source": source})
    events.announce(
        world, transaction, account, event="im_referral_msg", content=content, conversation_id=conversation.id
    )


def write_from_europe(world: World, transaction: Transaction, account: Account) -> None:
    """Somebody in Europe writes: the business learns that, and nothing else."""
    content = {
        "to": account.username,
        "to_user": {"id": account.business_id, "role": "business_account"},
        "timestamp": int(time.time() * 1000),
    }
    truth.append(transaction, kind="customer", name="im_receive_msg_eu", account=account.business_id)
    events.announce(world, transaction, account, event="im_receive_msg_eu", content=content)


def _write(
    world: World,
    transaction: Transaction,
    account: Account,
    conversation: Conversation,
    line: Line,
    *,
    direction: str,
    source: str,
    auto_message_type: str | None = None,
) -> Message:
    message = threads.add_message(
        transaction,
        conversation,
        direction=direction,
        source=source,
        message_type=line.type,
        content=line.content,
        referenced_message_id=line.referenced_message_id,
        auto_message_type=auto_message_type,
    )
    truth.append(
        transaction,
        kind="customer" if direction == "in" else "business",
        name="say",
        account=account.business_id,
        conversation_id=conversation.id,
        message_id=message.message_id,
        detail={"type": message.type, "content": message.content, "at_ms": message.at_ms, "source": source},
    )
    events.announce_message(world, transaction, account, conversation, message, extra=line.extra)
    return message


def _content(world: World, transaction: Transaction, account: Account, kind: str, value: object) -> Any:
    given = value if isinstance(value, Mapping) else {}
    match kind:
        case "text":
            if not isinstance(value, str):
                raise CannotSay("text is a text.")
            return {"body": value}
        case "image":
            data, content_type = _picture(transaction, given)
            return {
                "media_id": media.keep(
                    transaction, business_id=account.business_id, content_type=content_type, data=data
                )
            }
        case "video":
            data = pictures.video()
            return {
                "media_id": media.keep(
                    transaction, business_id=account.business_id, content_type="video/mp4", data=data
                )
            }
        case "share_post":
            video_id = str(given.get("video_id", SHARED_VIDEO))
            return {"video_id": video_id, "embed_url": f"https://www.tiktok.com/player/v1/{video_id}"}
        case "reaction":
            return [_reaction(given)]
        case _:
            name = value if isinstance(value, str) and value in pictures.STICKERS else pictures.STICKERS[0]
            expires = f"?x-expires={int(time.time()) + media.KEPT_FOR}" if kind == "sticker" else ""
            return {"url": f"{world.base_url}/media/sticker/{name}.png{expires}"}


def _picture(transaction: Transaction, given: Mapping[str, Any]) -> tuple[bytes, str]:
    if "base64" not in given:
        return pictures.photograph(transaction.number("SELECT count(*) FROM media") % 8), "image/png"
    try:
        data = base64.b64decode(str(given["base64"]), validate=True)
    except (binascii.Error, ValueError) as error:
        raise CannotSay("image.base64 is not base64.") from error
    content_type = pictures.content_type(data)
    if content_type is None or len(data) > media.UPLOAD_LIMIT:
        raise CannotSay("image is a PNG or JPG of at most 3 MB.")
    return data, content_type


def _reaction(given: Mapping[str, Any]) -> dict[str, Any]:
    about = given.get("message_id")
    if not isinstance(about, str):
        raise CannotSay("reaction names the message_id it is about.")
    return {
        "operation": "REMOVE" if given.get("operation") == "REMOVE" else "ADD",
        "type": "EMOJI",
        "emoji": str(given.get("emoji", "❤️")),
        "original_msg_id": about,
    }


def _did(
    transaction: Transaction, name: str, account: Account, conversation: Conversation, detail: Mapping[str, object]
) -> None:
    truth.append(
        transaction,
        kind="customer",
        name=name,
        account=account.business_id,
        conversation_id=conversation.id,
        detail=detail,
    )
