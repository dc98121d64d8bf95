"""What TikTok's events say. One event a POST; its ``content`` is JSON within JSON."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from conversations.types import Channel, InboundAttachment, InboundMessage, OutboundEcho
from core.text import clean_text, one_line
from integrations.exceptions import Unreadable
from integrations.parsing import clean_json, identifier, is_identifier, read_object, within_limits
from integrations.platforms.base import Glance, Ignored, Opened, ParsedItem, RawEvent, ReadReceipt, Referral

KINDS = frozenset({"text", "image", "share_post", "video", "sticker", "emoji", "reaction", "template"})
UNSUPPORTED = "unsupported"
WITHOUT_WORDS = {"sticker": "sticker", "emoji": "emoji", "reaction": "reaction"}
MAX_NAME = 200
MAX_URL = 1_000
MAX_TEXT = 1_000_000
EARLIEST = datetime(2016, 1, 1, tzinfo=UTC)
_SURROGATE = re.compile("[\ud800-\udfff]")

IGNORED_EVENTS = {
    "im_receive_msg_eu": "eu: somebody in the EEA, Switzerland or the UK wrote; TikTok passes on neither text nor sender.",
    "im_auto_message_config_update": "auto-message: an automatic message was changed in TikTok.",
    "im_auto_message_audit_update": "auto-message: TikTok reviewed an automatic message.",
    "im_receive_high_intent_comment": "comment: TikTok sees an intent to buy in a comment; comments are not answered here.",
    "comment.update": "comment: a comment changed; comments are not answered here.",
}


def glance(body: bytes) -> Glance:
    """The app, the message and the thread an event names, as far as can be told without trusting it; never raises."""
    envelope = _tolerant(body)
    content = envelope.get("content")
    if isinstance(content, str):
        content = _tolerant(content.encode("utf-8", "surrogatepass"))
    inner = content if isinstance(content, dict) else {}
    message_id, conversation_id = inner.get("message_id"), inner.get("conversation_id")
    client_key = envelope.get("client_key")
    return Glance(
        client_key=client_key if isinstance(client_key, str) else "",
        event_key=f"msg:{message_id}" if is_identifier(message_id) else "",
        conv_key=str(conversation_id) if is_identifier(conversation_id) else "",
    )


def _tolerant(raw: bytes) -> dict[str, Any]:
    if within_limits(raw):
        return {}
    try:
        found = json.loads(raw.decode("utf-8-sig", "surrogatepass"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def open_envelope(raw: RawEvent) -> Opened:
    """The envelope, strictly read. Raises Unreadable."""
    envelope = read_object(raw.body)
    return Opened(
        external_account_id=identifier(envelope, "user_openid"),
        envelope=envelope,
        late=raw.late,
        received_at=raw.received_at,
    )


def parse(opened: Opened, channel: Channel) -> list[ParsedItem]:
    """What the event says. Raises Unreadable."""
    event = opened.envelope.get("event")
    if not isinstance(event, str) or not event:
        raise Unreadable("schema", "event is missing")
    if event in IGNORED_EVENTS:
        return [Ignored(reason=IGNORED_EVENTS[event])]
    reader = READERS.get(event)
    if reader is None:
        return [Ignored(reason=f"type: the event {one_line(clean_text(event), 60)!r} is not known here.")]
    return [reader(_content(opened.envelope), opened, channel)]


def _content(envelope: dict[str, Any]) -> dict[str, Any]:
    content = envelope.get("content")
    if isinstance(content, dict):
        return content
    if not isinstance(content, str):
        raise Unreadable("schema", "content is missing")
    try:
        return read_object(_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", content).encode())
    except Unreadable as error:
        raise Unreadable(error.code, f"content: {error.detail}" if error.detail else "content") from error


def _received(content: dict[str, Any], opened: Opened, channel: Channel) -> ParsedItem:
    """A customer's message."""
    customer_id = identifier(content, "from_user", "id")
    if customer_id == opened.external_account_id:
        return Ignored(reason="own: the business wrote to itself.")
    kind, text, attachments = _substance(content)
    sent_at, suspect = _sent_at(content, opened)
    username = _name(content.get("from"))
    return InboundMessage(
        channel=channel,
        source_id=identifier(content, "message_id"),
        thread_key=identifier(content, "conversation_id"),
        customer_id=customer_id,
        customer_name=username,
        customer_username=username,
        text=text,
        kind=kind,
        attachments=attachments,
        reply_to=_quoted(content),
        sent_at=sent_at,
        late=opened.late,
        needs_no_answer=WITHOUT_WORDS.get(kind, ""),
        details=_details(content, time_suspect=suspect),
    )


def _sent(content: dict[str, Any], opened: Opened, channel: Channel) -> ParsedItem:
    """Something the business said. The customer is whom it went to: ``unique_identifier`` is not, on an echo."""
    kind, text, _ = _substance(content)
    sent_at, _ = _sent_at(content, opened)
    tag = content.get("message_tag")
    return OutboundEcho(
        channel=channel,
        source_id=identifier(content, "message_id"),
        thread_key=identifier(content, "conversation_id"),
        customer_id=identifier(content, "to_user", "id"),
        customer_name=_name(content.get("to")),
        text=text,
        kind=kind,
        by_api=isinstance(tag, dict) and tag.get("source") == "API",
        automatic=bool(content.get("auto_message_type")),
        sent_at=sent_at,
    )


def _read(content: dict[str, Any], opened: Opened, channel: Channel) -> ParsedItem:
    """A receipt: a high-water mark of the whole thread."""
    if identifier(content, "from_user", "id") == opened.external_account_id:
        return Ignored(reason="receipt: the business read the thread.")
    thread_key = identifier(content, "conversation_id")
    read = content.get("read")
    stamp = read.get("last_read_timestamp") if isinstance(read, dict) else None
    up_to = _moment(stamp, opened, milliseconds=True)
    if up_to is None:
        raise Unreadable("schema", "read.last_read_timestamp is no time in milliseconds")
    return ReadReceipt(
        account_id=channel.account_id, thread_key=thread_key, key=f"read:{stamp}:{thread_key}", up_to=up_to
    )


def _referred(content: dict[str, Any], opened: Opened, channel: Channel) -> ParsedItem:
    """The customer came by an advertisement or a link."""
    thread_key = identifier(content, "conversation_id")
    referral = content.get("referral")
    stamp = content.get("timestamp", opened.envelope.get("create_time"))
    return Referral(
        channel=channel,
        thread_key=thread_key,
        customer_id=identifier(content, "from_user", "id"),
        customer_name=_name(content.get("from")),
        key=f"referral:{clean_text(str(stamp), limit=20)}:{thread_key}",
        subject=_came_by(referral if isinstance(referral, dict) else {}),
    )


READERS: dict[str, Callable[[dict[str, Any], Opened, Channel], ParsedItem]] = {
    "im_receive_msg": _received,
    "im_send_msg": _sent,
    "im_mark_read_msg": _read,
    "im_referral_msg": _referred,
}


def _substance(content: dict[str, Any]) -> tuple[str, str, tuple[InboundAttachment, ...]]:
    """The kind of a message, its words, and what came with it. What is not known is kept as unsupported."""
    kind = content.get("type")
    if not isinstance(kind, str) or not kind:
        raise Unreadable("schema", "type is missing")
    if kind not in KINDS:
        return UNSUPPORTED, "", ()
    part = content.get(kind)
    if kind == "text":
        body = part.get("body") if isinstance(part, dict) else None
        if not isinstance(body, str):
            raise Unreadable("schema", "text.body is missing")
        # Whole: whoever keeps it cuts it, and says so.
        return kind, clean_text(body, limit=MAX_TEXT), ()
    if kind == "reaction":
        return kind, _signs(part), ()
    details = part if isinstance(part, dict) else {}
    if kind == "template":
        return kind, _name(details.get("title")), ()
    media_id, url = details.get("media_id"), details.get("embed_url") or details.get("url")
    if not is_identifier(media_id) and not isinstance(url, str):
        return kind, "", ()
    attachment = InboundAttachment(
        kind=kind,
        media_id=str(media_id) if is_identifier(media_id) else "",
        url=clean_text(url, limit=MAX_URL) if isinstance(url, str) else "",
    )
    return kind, "", (attachment,)


def _signs(reactions: object) -> str:
    """The emoji a customer put below a message; one taken back says so."""
    signs = []
    for each in reactions if isinstance(reactions, list) else []:
        sign = _name(each.get("emoji")) if isinstance(each, dict) else ""
        if sign:
            signs.append(f"took back {sign}" if each.get("operation") == "REMOVE" else sign)
    return one_line(" ".join(signs), MAX_NAME)


def _moment(value: object, opened: Opened, *, milliseconds: bool) -> datetime | None:
    """The instant a number means, or None where it cannot be one. Order never depends on it."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    try:
        instant = datetime.fromtimestamp(value / 1000 if milliseconds else value, tz=UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return instant if EARLIEST <= instant <= opened.received_at + timedelta(days=1) else None


def _sent_at(content: dict[str, Any], opened: Opened) -> tuple[datetime | None, bool]:
    """When it was said, and whether a time was given that cannot be one."""
    stamps = ((content.get("timestamp"), True), (opened.envelope.get("create_time"), False))
    moments = [_moment(stamp, opened, milliseconds=milliseconds) for stamp, milliseconds in stamps]
    suspect = any(stamp is not None and moment is None for (stamp, _), moment in zip(stamps, moments, strict=True))
    return (None if suspect else moments[0] or moments[1]), suspect


def _details(content: dict[str, Any], *, time_suspect: bool) -> dict[str, Any]:
    """The item as it came, cleaned, with what staff should know of it on top."""
    details: dict[str, Any] = {"item": clean_json(content)}
    tapped = content.get("reply_source_payload")
    if isinstance(tapped, dict):
        details["button"] = clean_json(tapped.get("reply_source_unique_id"))
        details["button_of"] = clean_json(tapped.get("reply_source_msg_id"))
    if time_suspect:
        details["ts_suspect"] = True
    return details


def _quoted(content: dict[str, Any]) -> str:
    quoted = content.get("referenced_message_info")
    message_id = quoted.get("referenced_message_id") if isinstance(quoted, dict) else None
    return str(message_id) if is_identifier(message_id) else ""


def _name(value: object) -> str:
    return one_line(clean_text(value), MAX_NAME) if isinstance(value, str) else ""


def _came_by(referral: dict[str, Any]) -> str:
    """One line that says how the customer came."""
    ad, link = referral.get("ad"), referral.get("short_link")
    if isinstance(ad, dict):
        return _line("Came by the advertisement", ad.get("ad_name") or ad.get("ad_id"))
    if isinstance(link, dict):
        return _line("Came by the link", link.get("ref"))
    return "Came by an advertisement or a link"


def _line(how: str, name: object) -> str:
    shown = _name(name)
    return one_line(f"{how} {shown}" if shown else how, MAX_NAME)
