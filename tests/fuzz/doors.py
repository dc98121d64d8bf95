"""The doors that are tried: how each one's bodies look, what proves them, and where they go."""

import base64
import copy
import hashlib
import hmac
import json
import random
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
TIKTOK_KEY, BUSINESS = "7000000000000000001", "biz-open-id"
LINKEDIN_KEY, PAGE = "li-fuzz", "urn:li:organization:111"
SECRET = "only-for-the-fuzz"
THREADS = 2_000
Json = dict[str, Any]
Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One door. ``made`` gives a body as JSON and, within it, the part that is what somebody said.

    ``spelled`` makes text of both, ``proved`` the headers that prove a body at a time (0: now), and ``odd`` such headers,
    nearly right. ``paths`` are addresses nearly like its own.
    """

    name: str
    path: str
    paths: tuple[str, ...]
    made: Callable[[random.Random], tuple[Json, Json]]
    spelled: Callable[[Json, Json, random.Random], str]
    proved: Callable[[bytes, int, random.Random], Headers]
    odd: Callable[[bytes, random.Random], Headers]


def doors(*, events_id: str, events_secret: str, chat_key: str, chat_tokens: Sequence[str]) -> tuple[Door, ...]:
    """All of them, for the accounts of a running product."""
    return (tiktok(), linkedin(), events(events_id, events_secret), chat(chat_key, chat_tokens))


def tiktok() -> Door:
    """Events whose content is JSON within JSON; an HMAC of time and body."""
    seeds = recorded("tiktok")

    def made(dice: random.Random) -> tuple[Json, Json]:
        envelope = copy.deepcopy(dice.choice(seeds)) | {"client_key": TIKTOK_KEY, "user_openid": BUSINESS}
        content = envelope["content"]
        if "message_id" in content:
            content["message_id"] = base64.b64encode(dice.randbytes(9)).decode()
            content["conversation_id"] = f"thread-{dice.randrange(THREADS)}"
        return envelope, content

    def spelled(envelope: Json, _content: Json, dice: random.Random) -> str:
        # What the grammar left of it; rarely as it lies there, which TikTok would not send.
        content = envelope.get("content")
        if isinstance(content, dict) and dice.random() < 0.97:
            envelope["content"] = dump(content, dice)
        return dump(envelope, dice)

    def proved(body: bytes, at: int, _dice: random.Random) -> Headers:
        moment = at or int(time.time())
        return [("Tiktok-Signature", f"t={moment},s={hex_digest(SECRET.encode(), f'{moment}.'.encode() + body)}")]

    def odd(body: bytes, dice: random.Random) -> Headers:
        ((name, good),) = proved(body, 0, dice)
        now = int(time.time())
        return [(name, dice.choice((
            "", "t=", "t=1", f"t={now},s=", f"t={now},s={'0' * 64}", good.replace("s=", "S="), good[:-1], good + "0", f"{good},{good}",
            "t=99999999999999999999,s=" + "a" * 64, "s=" + "a" * 64, "x" * 5_000, good.replace("t=", "t=-"), "t=1e5,s=aa", "é=ü", ",,,,", "t=1,t=2,s=a",
        )))]  # fmt: skip

    paths = (
        "/webhooks/tiktok/", "/webhooks/tiktok?x=%00%ff", "/webhooks/%74iktok", "/webhooks/tiktok%2f..%2fadmin", "/webhooks/unknown",
        "/webhooks/tiktok/" + "a/" * 300, "/webhooks//tiktok", "/webhooks/verify", "/webhooks/tiktok?challenge=%3Cscript%3E",
    )  # fmt: skip
    return Door(name="tiktok", path="/webhooks/tiktok", paths=paths, made=made, spelled=spelled, proved=proved, odd=odd)


def linkedin() -> Door:
    """Batches of notifications; an HMAC of the body alone."""
    seeds = recorded("linkedin")

    def made(dice: random.Random) -> tuple[Json, Json]:
        batch = copy.deepcopy(dice.choice(seeds))
        said = batch["notifications"] if isinstance(batch.get("notifications"), list) else [batch]
        for each in said:
            each["notificationId"] = dice.randrange(10**12)
            comment = each.get("decoratedGeneratedActivity", {}).get("comment")
            if comment:
                number = 7 * 10**18 + dice.randrange(10**15)
                each["generatedActivity"] = f"urn:li:comment:(activity:7000000000000000000,{number})"
                comment["entity"] = f"urn:li:comment:(urn:li:activity:7000000000000000000,{number})"
                comment["owner"] = f"urn:li:person:{dice.randrange(THREADS)}"
        if dice.random() < 0.2:
            said *= dice.choice((2, 40))
        return batch, said[0]

    def spelled(batch: Json, _said: Json, dice: random.Random) -> str:
        return dump(batch, dice)

    def proved(body: bytes, _at: int, dice: random.Random) -> Headers:
        prefix = "hmacsha256=" if dice.random() < 0.5 else ""
        return [("X-LI-Signature", prefix + hex_digest(SECRET.encode(), b"hmacsha256=" + body))]

    def odd(body: bytes, dice: random.Random) -> Headers:
        good = hex_digest(SECRET.encode(), b"hmacsha256=" + body)
        return [("X-LI-Signature", dice.choice((
            "", "hmacsha256=", good[:-1], good + "0", "hmacsha512=" + good, "hmacsha256=hmacsha256=" + good, hex_digest(SECRET.encode(), body), "0" * 64,
            good.upper(), f" {good} ", f"{good},{good}", "x" * 5_000, "é" * 64, "\t",
        )))]  # fmt: skip

    code = "challengeCode"
    paths = (
        "/webhooks/linkedin/", f"/webhooks/linkedin?{code}=1", f"/webhooks/linkedin?{code}={uuid.UUID(int=7)}", f"/webhooks/linkedin?{code}=%00",
        f"/webhooks/linkedin?{code}=a&{code}=b", "/webhooks/linkedin/unknown", "/webhooks/LinkedIn", "/webhooks/linkedin/" + "a/" * 300,
    )  # fmt: skip
    return Door(
        name="linkedin", path="/webhooks/linkedin", paths=paths, made=made, spelled=spelled, proved=proved, odd=odd
    )


def events(public_id: str, secret: str) -> Door:
    """Signed events of a partner, by the Standard Webhooks scheme."""
    key = base64.b64decode(secret.removeprefix("whsec_"))

    def made(dice: random.Random) -> tuple[Json, Json]:
        data: Json = {
            "id": f"m-{dice.randrange(10**12)}", "conversation_id": f"c-{dice.randrange(THREADS)}", "text": "Where is my parcel?",
            "customer": {"id": f"u-{dice.randrange(THREADS)}", "name": "Ada Marsh", "locale": "en-GB"}, "sent_at": "2026-11-28T10:00:00+00:00",
            "attachments": [{"url": "https://evil.example/a.png", "type": "image/png", "name": "a.png"}],
        }  # fmt: skip
        return {"type": "message.created", "timestamp": "2026-11-28T10:00:01Z", "data": data}, data

    def spelled(event: Json, _data: Json, dice: random.Random) -> str:
        return dump(event, dice)

    def signature(name: str, moment: int, body: bytes) -> str:
        signed = f"{name}.{moment}.".encode() + body
        return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()

    def headers(name: str, moment: object, listed: str) -> Headers:
        return [("Webhook-Id", name), ("Webhook-Timestamp", str(moment)), ("Webhook-Signature", listed)]

    def proved(body: bytes, at: int, dice: random.Random) -> Headers:
        name, moment = f"evt-{dice.randrange(10**12)}", at or int(time.time())
        return headers(name, moment, signature(name, moment, body))

    def odd(body: bytes, dice: random.Random) -> Headers:
        now, name = int(time.time()), dice.choice(("", "a.b", "x" * 256, "é", "evt-1", "\x7f", "evt 1", '"'))
        good = signature(name, now, body)
        return headers(
            name,
            dice.choice((now, "", "1e9", -1, 10**30, "٣", now + 301, now - 301, f"{now}.0")),
            dice.choice((good, "", "v1,", "v1," + "A" * 43 + "=", "v9,x " + good, good.replace("v1", "v1a"), "v1," * 700, good[:-2], "é", " " * 50 + good)),
        )  # fmt: skip

    path = f"/webhooks/events/{public_id}"
    paths = (
        f"{path}/", f"{path}?x=%00", "/webhooks/events", "/webhooks/events/", f"/webhooks/events/{uuid.UUID(int=7)}", "/webhooks/events/%00",
        f"/webhooks/events/{public_id.upper()}", "/webhooks/events/" + "a" * 5_000, f"/webhooks/events/{public_id}%2f..%2ftiktok",
    )  # fmt: skip
    return Door(name="events", path=path, paths=paths, made=made, spelled=spelled, proved=proved, odd=odd)


def chat(key: str, tokens: Sequence[str]) -> Door:
    """A visitor's words; a token proves the visitor. A repeated id is a repeated message."""

    def made(dice: random.Random) -> tuple[Json, Json]:
        said: Json = {
            "client_msg_id": str(uuid.UUID(int=dice.getrandbits(128), version=4)),
            "text": "Is this in stock?",
        }
        return said, said

    def spelled(said: Json, _said: Json, dice: random.Random) -> str:
        return dump(said, dice)

    def proved(_body: bytes, _at: int, dice: random.Random) -> Headers:
        return [("Authorization", f"Bearer {dice.choice(tokens)}")]

    def odd(_body: bytes, dice: random.Random) -> Headers:
        good = dice.choice(tokens)
        return [("Authorization", dice.choice((
            "", "Bearer", "Bearer ", f"bearer {good}", f"Bearer {good[:-1]}", f"Bearer {good} {good}", f"Basic {good}", "Bearer " + "x" * 5_000,
            "Bearer \x00", "Bearer é", "Bearer null", f"Bearer {base64.urlsafe_b64encode(dice.randbytes(32)).decode()}",
        )))]  # fmt: skip

    base = f"/chat/{key}"
    paths = (
        f"{base}/session", f"{base}/session", f"{base}/seen", f"{base}/messages?after=-1", f"{base}/messages?after=9e9&before=%00", f"{base}/files",
        f"{base}/messages/", f"{base}/pictures/x", "/chat/unknown/messages", "/chat/%00/messages", "/chat/" + "a" * 5_000 + "/messages", "/chat//messages",
    )  # fmt: skip
    return Door(
        name="web chat", path=f"{base}/messages", paths=paths, made=made, spelled=spelled, proved=proved, odd=odd
    )


def recorded(platform: str) -> list[Json]:
    """A platform's events as they were recorded."""
    return [json.loads(file.read_text()) for file in sorted((FIXTURES / platform).glob("*.json"))]


def hex_digest(key: bytes, body: bytes) -> str:
    """An HMAC by SHA-256."""
    return hmac.new(key, body, hashlib.sha256).hexdigest()


def dump(value: Any, dice: random.Random) -> str:
    """The value as JSON, spelled in one of the usual ways."""
    return json.dumps(
        value,
        ensure_ascii=dice.random() < 0.7,
        separators=dice.choice(((",", ":"), (", ", ": "))),
        indent=dice.choice((None,) * 9 + (1,)),
    )
