"""What a signed webhook says. One event a POST; a customer's message is ``message.created``."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from conversations.types import Channel, InboundAttachment, InboundMessage
from core.text import clean_text, one_line
from integrations.exceptions import Unreadable
from integrations.parsing import clean_json, identifier, is_identifier, read_object, within_limits
from integrations.platforms.base import Glance, Ignored, Opened, ParsedItem, RawEvent

CREATED = "message.created"
KINDS = frozenset({"image", "video", "audio"})
MOST_ATTACHMENTS = 10
MAX_NAME = 200
MAX_LOCALE = 20
MAX_URL = 1_000
MAX_MEDIA_ID = 300
MAX_TEXT = 1_000_000
EARLIEST = datetime(2016, 1, 1, tzinfo=UTC)


def glance(body: bytes) -> Glance:
    """The thread an event names, as far as can be told without trusting it; never raises."""
    if within_limits(body):
        return Glance()
    try:
        found = json.loads(body.decode("utf-8-sig", "surrogatepass"))
    except (ValueError, RecursionError):
        return Glance()
    data = found.get("data") if isinstance(found, dict) else None
    thread_key = data.get("conversation_id") if isinstance(data, dict) else None
    return Glance(conv_key=str(thread_key) if is_identifier(thread_key) else "")


def open_envelope(raw: RawEvent) -> Opened:
    """The envelope, strictly read. The account is the one whose address it came to. Raises Unreadable."""
    return Opened(external_account_id="", envelope=read_object(raw.body), late=raw.late, received_at=raw.received_at)


def parse(opened: Opened, channel: Channel, *, own_origin: str) -> list[ParsedItem]:
    """What the event says; files at ``own_origin`` (scheme and host) are to be fetched. Raises Unreadable."""
    kind = opened.envelope.get("type")
    if not isinstance(kind, str) or not kind:
        raise Unreadable("schema", "type is missing")
    if kind != CREATED:
        return [Ignored(reason=f"type: the event {one_line(clean_text(kind), 60)!r} is not known here.")]
    data = opened.envelope.get("data")
    if not isinstance(data, dict):
        raise Unreadable("schema", "data is no object")
    text = _text(data.get("text"))
    attachments = _attachments(data.get("attachments"), own_origin)
    if not text.strip() and not attachments:
        return [Ignored(reason="empty: it has neither words nor files.")]
    sent_at, is_suspect = _sent_at(data.get("sent_at"), opened)
    return [
        InboundMessage(
            channel=channel,
            source_id=identifier(data, "id"),
            thread_key=identifier(data, "conversation_id"),
            customer_id=identifier(data, "customer", "id"),
            customer_name=_line(data["customer"], "name", MAX_NAME),
            locale=_line(data["customer"], "locale", MAX_LOCALE),
            text=text,
            kind="text" if text.strip() else attachments[0].kind,
            attachments=attachments,
            sent_at=sent_at,
            late=opened.late,
            details={"item": clean_json(data)} | ({"ts_suspect": True} if is_suspect else {}),
        )
    ]


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, or an empty text where it is none."""
    try:
        parts = urlsplit(url)
        # Asked for, a port that is none raises.
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}".lower() if has_host and parts.scheme in {"http", "https"} else ""


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unreadable("schema", "data.text is no text")
    # Whole: whoever keeps it cuts it, and says so.
    return clean_text(value, limit=MAX_TEXT)


def _attachments(value: object, own_origin: str) -> tuple[InboundAttachment, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Unreadable("schema", "data.attachments is no list of objects")
    return tuple(_attachment(item, own_origin) for item in value[:MOST_ATTACHMENTS])


def _attachment(item: dict[str, Any], own_origin: str) -> InboundAttachment:
    """A file that is named. Only what the account's own host serves will be fetched."""
    url, kind = item.get("url"), item.get("type")
    if not isinstance(url, str) or not url:
        raise Unreadable("schema", "data.attachments: a url is missing")
    cleaned = clean_text(url, limit=MAX_URL)
    is_ours = bool(own_origin) and len(cleaned) <= MAX_MEDIA_ID and origin_of(cleaned) == own_origin
    family = kind.partition("/")[0].strip().lower() if isinstance(kind, str) else ""
    return InboundAttachment(
        kind=family if family in KINDS else "file",
        media_id=cleaned if is_ours else "",
        url=cleaned,
        name=_line(item, "name", MAX_NAME),
    )


def _sent_at(value: object, opened: Opened) -> tuple[datetime | None, bool]:
    """When it was said, and whether a time was given that cannot be one. Order never depends on it."""
    given = opened.envelope.get("timestamp") if value is None else value
    if given is None:
        return None, False
    try:
        moment = datetime.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        return None, True
    is_possible = EARLIEST <= moment <= opened.received_at + timedelta(days=1)
    return (moment, False) if is_possible else (None, True)


def _line(source: Mapping[str, Any], name: str, limit: int) -> str:
    value = source.get(name)
    return one_line(clean_text(value), limit)[:limit] if isinstance(value, str) else ""
