"""The flat events of the older open project, for the senders that a house brings along.

An event names neither itself nor an account: the secret that signed it tells whose it is, and its content, with its time,
is its id. ``X-Signature`` is the plain hex HMAC-SHA256 of the raw body, or of the body as that project writes it anew
(its fields in order, no spaces, what is absent as null). Source: the older project's webhook routes, commit 68ab53d.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from conversations.types import Channel, InboundAttachment, InboundMessage
from core.text import clean_text
from integrations.exceptions import InvalidSignature, NoSignature, NotAnEvent, Unreadable
from integrations.models import PlatformAccount
from integrations.parsing import clean_json, is_identifier, read_object
from integrations.platforms.base import AppKey, Opened, ParsedItem, RawEvent

HEADER = "X-Signature"
MOST_FILES = 10
MAX_TEXT, MAX_URL = 1_000_000, 1_000
EARLIEST = datetime(2016, 1, 1, tzinfo=UTC)
# Without a time of its own, the same words are a repetition within so many seconds, and said again afterwards.
REPEATED_WITHIN = 600
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The names of an event's fields in their order, and which of them hold what. ``own_header`` is the platform's proof."""

    sender: str
    text: str
    files: str
    own_header: str

    @property
    def texts(self) -> tuple[str, ...]:
        """The fields that must be there."""
        return ("event_type", self.sender, self.text, "conversation_id")


SHAPES = {
    "tiktok": Shape(sender="user_id", text="message", files="media_url", own_header="Tiktok-Signature"),
    "linkedin": Shape(sender="sender_id", text="message_text", files="attachments", own_header="X-Li-Signature"),
}


def is_signed_so(platform: str, headers: Mapping[str, str]) -> bool:
    """Whether the sender proves itself as the older project's do, and not as the platform does."""
    shape = SHAPES.get(platform)
    return shape is not None and HEADER in headers and shape.own_header not in headers


def authenticate(platform: str, headers: Mapping[str, str], body: bytes, keys: Sequence[AppKey]) -> str:
    """The scope of the account whose secret signed the body, in either of its spellings. Raises InvalidSignature."""
    given = headers[HEADER].strip().lower()
    if not _DIGEST.fullmatch(given):
        raise NoSignature("Invalid signature")
    spellings = [body]
    # Whoever signed the raw body of none is told what is wrong with it; nobody else is.
    with suppress(NotAnEvent):
        spellings.append(canonical(platform, body))
    for key in keys:
        for spelling in spellings:
            if hmac.compare_digest(hmac.new(key.secret.encode(), spelling, hashlib.sha256).hexdigest(), given):
                return key.client_key
    raise InvalidSignature("Invalid signature")


def canonical(platform: str, body: bytes) -> bytes:
    """The event as the older project writes it anew, which is what its own clients sign. Raises NotAnEvent."""
    return json.dumps(read(platform, body), separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def read(platform: str, body: bytes) -> dict[str, Any]:
    """The event's fields in their order, what it does not know left out. Raises NotAnEvent with each fault."""
    shape = SHAPES[platform]
    try:
        given = read_object(body)
    except Unreadable as problem:
        raise NotAnEvent({"body": str(problem)}) from problem
    faults = {
        name: "Input should be a valid string" if name in given else "Field required"
        for name in shape.texts
        if not isinstance(given.get(name), str)
    }
    faults |= {
        name: "Give an id of 1 to 255 characters"
        for name in (shape.sender, "conversation_id")
        if name not in faults and not is_identifier(given[name])
    }
    timestamp, files = _number(given.get("timestamp")), given.get(shape.files)
    if given.get("timestamp") is not None and timestamp is None:
        faults["timestamp"] = "Input should be a valid integer"
    if files is not None and not _are_files(shape, files):
        faults[shape.files] = (
            "Input should be a valid string" if platform == "tiktok" else "Input should be a valid list"
        )
    if faults:
        raise NotAnEvent(faults)
    return {name: given[name] for name in shape.texts} | {"timestamp": timestamp, shape.files: files}


def event_key(platform: str, event: Mapping[str, Any], received_at: datetime) -> str:
    """The event's id: what it says, and when; where it gives no time, in which ten minutes it came."""
    shape = SHAPES[platform]
    parts = [event["conversation_id"], event[shape.sender], event[shape.text], event[shape.files]]
    moment = event["timestamp"]
    if moment is None:
        parts.append(f"came {int(received_at.timestamp()) // REPEATED_WITHIN}")
    else:
        parts.append(moment)
    return "older:" + hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class OlderEvents:
    """Reads the kept flat events of one platform."""

    def __init__(self, platform: str) -> None:
        self._platform = platform

    def open(self, raw: RawEvent) -> tuple[Opened, ...]:
        """The event; whose it is, its source says. Raises Unreadable."""
        try:
            event = read(self._platform, raw.body)
        except NotAnEvent as problem:
            raise Unreadable("schema", str(problem)) from problem
        return (Opened(external_account_id="", envelope=event, late=raw.late, received_at=raw.received_at),)

    def parse(self, opened: Opened, account: PlatformAccount, channel: Channel) -> list[ParsedItem]:
        """The customer's message."""
        shape, event = SHAPES[self._platform], opened.envelope
        files = tuple(_file(url) for url in _listed(event[shape.files]))
        text = clean_text(event[shape.text], limit=MAX_TEXT)
        sent_at, is_suspect = _moment(event["timestamp"], opened.received_at)
        return [
            InboundMessage(
                channel=channel,
                source_id=event_key(self._platform, event, opened.received_at),
                thread_key=event["conversation_id"],
                customer_id=event[shape.sender],
                text=text,
                kind="text" if text.strip() or not files else files[0].kind,
                attachments=files,
                sent_at=sent_at,
                late=opened.late,
                details={"item": clean_json(event)} | ({"ts_suspect": True} if is_suspect else {}),
            )
        ]


READERS = {f"{PlatformAccount.OLDER}{platform}": OlderEvents(platform) for platform in SHAPES}
"""By the first part of an event's source."""


def _number(value: object) -> int | None:
    """A whole number in the spellings that the older project takes for one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return int(value) if isinstance(value, str) and _NUMBER.fullmatch(value.strip()) else None


def _are_files(shape: Shape, files: object) -> bool:
    if shape.files == "media_url":
        return isinstance(files, str)
    return isinstance(files, list) and all(isinstance(url, str) for url in files)


def _listed(files: str | list[str] | None) -> list[str]:
    return [url for url in ([files] if isinstance(files, str) else files or []) if url][:MOST_FILES]


def _file(url: str) -> InboundAttachment:
    """A file that is named. Where it lies is the sender's word, so it is shown and never fetched."""
    return InboundAttachment(kind="file", url=clean_text(url, limit=MAX_URL))


def _moment(timestamp: int | None, received_at: datetime) -> tuple[datetime | None, bool]:
    """When it was said, and whether a time was given that cannot be one. Order never depends on it."""
    if timestamp is None:
        return None, False
    try:
        moment = datetime.fromtimestamp(timestamp, tz=UTC)
    except (OverflowError, ValueError, OSError):
        return None, True
    return (moment, False) if EARLIEST <= moment <= received_at + timedelta(days=1) else (None, True)
