"""TikTok's lists as the events that its webhooks would have been.

Source of the lists' form: TikTok's pages of conversation/list and content/list. Types and roles are in upper case there
and in lower case in webhooks; at most the twenty newest messages of a thread can be read.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from integrations.parsing import is_identifier
from integrations.platforms.base import MissedEvent, Session

RECEIVED, SAID = "im_receive_msg", "im_send_msg"
_NAMES = {"from": "sender", "to": "recipient"}
_TAKEN_OVER = (
    "conversation_id",
    "message_id",
    "timestamp",
    "message_tag",
    "referenced_message_info",
    "auto_message_type",
)


def moment(milliseconds: object) -> datetime | None:
    """The instant a number of milliseconds means, or None where it cannot be one."""
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
    except (OverflowError, ValueError, OSError):
        return None


def threads_since(listed: Mapping[str, Any], since: datetime) -> list[str]:
    """The conversations of a list in which something was said since then."""
    found = []
    for item in _objects(listed.get("conversations")):
        updated = moment(item.get("update_time"))
        if is_identifier(item.get("conversation_id")) and updated is not None and updated >= since:
            found.append(str(item["conversation_id"]))
    return found


def said_since(
    listed: Mapping[str, Any], session: Session, thread_key: str, since: datetime, *, by_us_too: bool = False
) -> list[MissedEvent]:
    """The messages since then as events: those that the API did not send, or all."""
    events = []
    for item in _objects(listed.get("messages")):
        said_at = moment(item.get("timestamp"))
        if said_at is None or said_at < since or not is_identifier(item.get("message_id")):
            continue
        is_ours = _id_of(item.get("from_user")) == session.external_id
        if is_ours and _source(item) == "API" and not by_us_too:
            continue
        events.append(
            MissedEvent(
                message_id=str(item["message_id"]),
                event_key=f"msg:{item['message_id']}",
                conv_key=thread_key,
                body=_body(item, session, SAID if is_ours else RECEIVED, said_at),
                said_at=said_at,
            )
        )
    return events


def _body(item: Mapping[str, Any], session: Session, event: str, said_at: datetime) -> bytes:
    kind = str(item.get("message_type", "")).lower() or "other"
    content: dict[str, Any] = {name: item[key] for name, key in _NAMES.items() if key in item}
    content |= {name: item[name] for name in _TAKEN_OVER if name in item}
    for side in ("from_user", "to_user"):
        content[side] = {"id": _id_of(item.get(side)), "role": _role(item.get(side))}
    content |= {"type": kind, kind: item.get(kind, {})}
    envelope = {
        "client_key": session.client_key,
        "event": event,
        "create_time": int(said_at.timestamp()),
        "user_openid": session.external_id,
        "content": json.dumps(content, ensure_ascii=False),
    }
    return json.dumps(envelope, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _id_of(person: object) -> object:
    return person.get("id") if isinstance(person, dict) else None


def _role(person: object) -> str:
    return str(person.get("role", "")).lower() if isinstance(person, dict) else ""


def _source(item: Mapping[str, Any]) -> object:
    tag = item.get("message_tag")
    return tag.get("source") if isinstance(tag, dict) else None
