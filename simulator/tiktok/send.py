"""Sending: what a business may say, when, and the echo that follows."""

import time
from collections.abc import Mapping
from typing import Any

from simulator import truth
from simulator.tiktok import events, threads
from simulator.tiktok.call import Call
from simulator.tiktok.errors import ApiError, Code, invalid_param
from simulator.tiktok.threads import Conversation

MESSAGE_TYPES = frozenset({"TEXT", "IMAGE", "SHARE_POST", "TEMPLATE", "SENDER_ACTION"})
QUOTABLE = frozenset({"text", "image", "share_post"})
TEXT_LIMIT = 6_000
CARD_TITLE_LIMIT = 40
BUTTON_ID_LIMIT = 40
BUTTON_TITLE_LIMIT = {"QA_BUTTON_CARD": 20, "QA_LINK_CARD": 40}


def send(call: Call) -> Mapping[str, Any]:
    """Accept a message, or a sender action, which answers an empty message id."""
    message_type = call.choice("message_type", MESSAGE_TYPES)
    if "direct_reply" in call.parameters:
        # Only businesses registered in Vietnam, Indonesia or Thailand may; these accounts are not.
        raise ApiError(Code.NO_PERMISSION)
    call.choice("recipient_type", frozenset({"CONVERSATION"}))
    conversation = call.conversation("recipient")
    if message_type == "SENDER_ACTION":
        _sender_action(call, conversation)
        return {"message": {"message_id": ""}}
    content = _content(call, message_type)
    referenced = _referenced(call, message_type, conversation)
    _spend_window(call, conversation)
    message = threads.add_message(
        call.transaction,
        conversation,
        direction="out",
        source="API",
        message_type=message_type.lower(),
        content=content,
        referenced_message_id=referenced,
    )
    call.noted["message_id"] = message.message_id
    truth.append(
        call.transaction,
        kind="accepted",
        name="send",
        account=conversation.business_id,
        conversation_id=conversation.id,
        message_id=message.message_id,
        detail={"type": message.type, "content": content, "at_ms": message.at_ms, "referenced": referenced},
    )
    events.announce_message(call.world, call.transaction, call.business(), conversation, message)
    call.transaction.after_commit(lambda: call.world.typing.stop(conversation.id))
    return {"message": {"message_id": message.message_id}}


def _sender_action(call: Call, conversation: Conversation) -> None:
    action = call.choice("sender_action", frozenset({"TYPING", "MARK_READ"}))
    if call.world.knobs.now.sender_actions_count:
        _spend_window(call, conversation)
    if action == "TYPING":
        call.transaction.after_commit(lambda: call.world.typing.start(conversation.id))
        return
    now_ms = int(time.time() * 1000)
    call.transaction.execute("UPDATE conversation SET business_read_ms = ? WHERE id = ?", (now_ms, conversation.id))
    content = events.parties(call.business(), conversation, to_business=False)
    content |= {"timestamp": now_ms, "read": {"last_read_timestamp": now_ms}}
    events.announce(
        call.world,
        call.transaction,
        call.business(),
        event="im_mark_read_msg",
        content=content,
        conversation_id=conversation.id,
    )


def _spend_window(call: Call, conversation: Conversation) -> None:
    if threads.window_left(conversation, call.world.knobs.now) < 1:
        raise ApiError(Code.MESSAGE_RULES)
    threads.use_window(call.transaction, conversation)


def _content(call: Call, message_type: str) -> Mapping[str, Any]:
    match message_type:
        case "TEXT":
            return _text(call)
        case "IMAGE":
            return _image(call)
        case "SHARE_POST":
            return _share_post(call)
        case _:
            return _template(call.mapping("template"))


def _text(call: Call) -> Mapping[str, Any]:
    body = call.mapping("text").get("body")
    if not isinstance(body, str) or not body or len(body) > TEXT_LIMIT or "image" in call.parameters:
        raise invalid_param("text")
    return {"body": body}


def _image(call: Call) -> Mapping[str, Any]:
    media_id = call.mapping("image").get("media_id")
    row = call.transaction.one("SELECT business_id, expires_at FROM media WHERE media_id = ?", (str(media_id),))
    if row is None or row["business_id"] != call.business().business_id or row["expires_at"] < time.time():
        raise invalid_param("media_id")
    if "text" in call.parameters:
        raise invalid_param("text")
    if not call.world.knobs.now.send_images:
        raise ApiError(Code.MESSAGE_RULES)
    return {"media_id": media_id}


def _share_post(call: Call) -> Mapping[str, Any]:
    item_id = call.mapping("share_post").get("item_id")
    if not isinstance(item_id, str) or not item_id.isdigit():
        raise invalid_param("item_id")
    return {"video_id": item_id, "embed_url": f"https://www.tiktok.com/player/v1/{item_id}"}


def _template(template: Mapping[str, Any]) -> Mapping[str, Any]:
    kind, title, buttons = (template.get("type"), template.get("title"), template.get("buttons"))
    if kind not in BUTTON_TITLE_LIMIT:
        raise invalid_param("template.type")
    if not isinstance(title, str) or not 0 < len(title) <= CARD_TITLE_LIMIT:
        raise invalid_param("template.title")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
        raise invalid_param("template.buttons")
    for button in buttons:
        if not isinstance(button, dict) or button.get("type") != "REPLY":
            raise invalid_param("template.buttons")
        label, button_id = button.get("title"), button.get("id", "")
        if not isinstance(label, str) or not 0 < len(label) <= BUTTON_TITLE_LIMIT[kind]:
            raise invalid_param("template.buttons.title")
        if not isinstance(button_id, str) or len(button_id) > BUTTON_ID_LIMIT:
            raise invalid_param("template.buttons.id")
    return {"type": kind, "title": title, "buttons": buttons}


def _referenced(call: Call, message_type: str, conversation: Conversation) -> str | None:
    if call.parameters.get("referenced_message_info") is None:
        return None
    referenced = call.mapping("referenced_message_info").get("referenced_message_id")
    quoted = threads.find_message(call.transaction, referenced)
    if quoted is None or quoted.conversation_id != conversation.id:
        raise invalid_param("referenced_message_id")
    if message_type != "TEXT" or quoted.type not in QUOTABLE:
        raise invalid_param("referenced_message_info")
    return quoted.message_id
