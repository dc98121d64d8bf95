"""Requests that are nearly right: recorded events, changed by the grammar of JSON, byte by byte, and in their headers."""

import base64
import copy
import hashlib
import hmac
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz.served import BUSINESS, CLIENT_KEY, SECRET
from tests.hostile.cases import CASES, raw

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "tiktok"
MOST_BYTES = 300_000
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**31, 2**63, 2**64, 10**19, -(10**18), 1e308, -0.0, 1e-320, "", " ", "0", "null", "\x00", "a\x00b",
    "\ud800", "\udc00x", "\uffff\U0010ffff", "\u202ecod", "\u200b", "\ufeff", "e" + "\u0301" * 300, "\u0301\u0316" * 2_000, "x" * 256,
    "x" * 70_000, "\r\n[ERROR] x\x1b[31m", "{{7*7}}${7*7}", "<script>alert(1)</script>", "' OR 1=1 --", "../../etc/passwd", "%s%n%d",
    "https://evil.example/", "👩‍👩‍👧‍👦" * 50, "\U000e0041" * 40, [], {}, [[]], [None], {"": ""}, {"\x00": "\x00"}, {"id": {"id": {"id": 1}}},
    ["x"] * 500, {str(n): n for n in range(300)}, {"__proto__": {}, "constructor": 1}, "im_receive_msg", "2026-11-22T00:00:00Z",
)  # fmt: skip
Json = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One request. ``chunked`` sends the body in pieces without saying its length."""

    body: bytes
    method: str = "POST"
    path: str = "/webhooks/tiktok"
    headers: list[tuple[str, str]] = field(default_factory=list)
    chunked: bool = False


class Mutator:
    """Makes attempts; the same seed makes the same ones, but for the time in their signatures."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._seeds: list[Json] = [json.loads(file.read_text()) for file in sorted(FIXTURES.glob("*.json"))]
        hostile = [
            raw(case) for name, case in CASES.items() if name[0] == "W" and {"body", "gen", "input_b64"} & set(case)
        ]
        self._bodies = [body for body in hostile if len(body) < MOST_BYTES]
        self._by_grammar: tuple[Callable[[Json], None], ...] = (
            self._replace, self._replace, self._remove, self._add, self._rename, self._swap, self._deepen,
        )  # fmt: skip
        self._by_bytes: tuple[Callable[[bytes], bytes], ...] = (
            self._flip, self._flip, self._cut, self._insert, self._repeat, self._splice, self._recode, self._double_key,
        )  # fmt: skip

    def attempt(self) -> Attempt:
        """The next request."""
        dice = self._dice
        body = dice.choice(self._bodies) if self._bodies and dice.random() < 0.05 else self._event()
        for _ in range(dice.choice((0, 0, 0, 1, 1, 2))):
            body = dice.choice(self._by_bytes)(body)[:MOST_BYTES]
        attempt = Attempt(body=body, chunked=dice.random() < 0.05)
        attempt.headers = [("Content-Type", "application/json"), ("Tiktok-Signature", signed(body))]
        if dice.random() < 0.12:
            self._spoil(attempt)
        return attempt

    def _event(self) -> bytes:
        """An event of TikTok's shape, its fields changed by the grammar."""
        dice = self._dice
        envelope = copy.deepcopy(dice.choice(self._seeds))
        envelope |= {"client_key": CLIENT_KEY, "user_openid": BUSINESS}
        content = envelope["content"]
        if "message_id" in content:
            content["message_id"] = base64.b64encode(dice.randbytes(9)).decode()
            content["conversation_id"] = f"thread-{dice.randrange(2_000)}"
        for _ in range(dice.choice((0, 0, 1, 1, 2, 3))):
            dice.choice(self._by_grammar)(content if dice.random() < 0.8 else envelope)
        content = envelope.get("content")
        if isinstance(content, dict) and dice.random() < 0.97:
            envelope["content"] = dump(content, dice)
        return dump(envelope, dice).encode("utf-8", "surrogatepass")

    # --- By the grammar ---

    def _somewhere(self, value: Json) -> tuple[Any, Any]:
        """A container within the value, and a key of it."""
        found: Any = value
        while True:
            keys = list(found) if isinstance(found, dict) else list(range(len(found)))
            if not keys:
                return value, next(iter(value), "x")
            key = self._dice.choice(keys)
            if not isinstance(found[key], dict | list) or not found[key] or self._dice.random() < 0.4:
                return found, key
            found = found[key]

    def _replace(self, value: Json) -> None:
        container, key = self._somewhere(value)
        container[key] = copy.deepcopy(self._dice.choice(ODD))

    def _remove(self, value: Json) -> None:
        container, key = self._somewhere(value)
        if isinstance(container, list) or key in container:
            del container[key]

    def _add(self, value: Json) -> None:
        for number in range(self._dice.choice((1, 3, 40, 1_200))):
            value[f"added {number}"] = copy.deepcopy(self._dice.choice(ODD[:20]))

    def _rename(self, value: Json) -> None:
        container, key = self._somewhere(value)
        if isinstance(container, dict) and key in container:
            container[self._dice.choice(("", key.upper(), f"{key} ", "\x00", "id"))] = container.pop(key)

    def _swap(self, value: Json) -> None:
        (one, first), (other, second) = self._somewhere(value), self._somewhere(value)
        if (isinstance(one, list) or first in one) and (isinstance(other, list) or second in other):
            # Copies: a value put into itself has no end.
            one[first], other[second] = copy.deepcopy(other[second]), copy.deepcopy(one[first])

    def _deepen(self, value: Json) -> None:
        container, key = self._somewhere(value)
        found: Any = container.get(key) if isinstance(container, dict) else container[key]
        for _ in range(self._dice.choice((1, 5, 29, 31, 40, 200))):
            found = [found] if self._dice.random() < 0.5 else {"a": found}
        container[key] = found

    # --- Byte by byte ---

    def _at(self, body: bytes) -> int:
        return self._dice.randrange(len(body) + 1)

    def _flip(self, body: bytes) -> bytes:
        changed = bytearray(body)
        for _ in range(self._dice.choice((1, 1, 3, 20))):
            if changed:
                changed[self._dice.randrange(len(changed))] = self._dice.randrange(256)
        return bytes(changed)

    def _cut(self, body: bytes) -> bytes:
        start = self._at(body)
        return body[:start] + body[start + self._dice.choice((1, 2, 10, len(body))) :]

    def _insert(self, body: bytes) -> bytes:
        start = self._at(body)
        extra = self._dice.choice(
            (
                b"\x00",
                b'"',
                b"\\",
                b"{",
                b"]",
                b",",
                b"\xff\xfe",
                b"\\ud800",
                b"\xed\xa0\x80",
                b"1e999",
                b"NaN",
                b" " * 2_000,
            )
        )
        return body[:start] + extra + body[start:]

    def _repeat(self, body: bytes) -> bytes:
        start = self._at(body)
        return body[:start] + body[start : start + 30] * self._dice.choice((2, 5, 300)) + body[start:]

    def _splice(self, body: bytes) -> bytes:
        other = self._dice.choice(self._bodies) if self._bodies and self._dice.random() < 0.3 else self._event()
        return body[: self._at(body)] + other[self._dice.randrange(len(other) + 1) :]

    def _recode(self, body: bytes) -> bytes:
        text = body.decode("utf-8", "replace")
        coding = self._dice.choice(("utf-16", "utf-8-sig", "utf-32", "utf-7", "latin-1"))
        return text.encode(coding, "replace")

    def _double_key(self, body: bytes) -> bytes:
        return (
            body.replace(b'{"', b'{"event":1,"event":2,"', 1)
            if self._dice.random() < 0.5
            else body.replace(b":", b"::", 1)
        )

    # --- Around the body ---

    def _spoil(self, attempt: Attempt) -> None:
        dice, now = self._dice, int(time.time())
        good = signed(attempt.body)
        kind = dice.randrange(8)
        if kind == 0:
            attempt.headers[1] = ("Tiktok-Signature", dice.choice((
                "", "t=", "t=1", f"t={now},s=", f"t={now},s={'0' * 64}", good.replace("s=", "S="), good[:-1], good + "0", f"{good},{good}",
                "t=99999999999999999999,s=" + "a" * 64, "s=" + "a" * 64, "x" * 5_000, good.replace("t=", "t=-"), "t=1e5,s=aa", "é=ü", ",,,,", "t=1,t=2,s=a",
            )))  # fmt: skip
        elif kind == 1:
            attempt.headers[1] = (
                "Tiktok-Signature",
                signed(attempt.body, at=now + dice.choice((-90_000, -301, 301, 10**8, -now))),
            )
        elif kind == 2:
            attempt.headers[0] = ("Content-Type", dice.choice((
                "text/plain", "", "application/json; charset=utf-16", "multipart/form-data; boundary=", "application/x-www-form-urlencoded",
                "APPLICATION/JSON", "application/json;" * 50, "é/ü", "application/json; charset=\x7f",
            )))  # fmt: skip
        elif kind == 3:
            attempt.headers.append(("Content-Encoding", dice.choice(("gzip", "br", "identity", "x" * 300, ""))))
        elif kind == 4:
            attempt.path = dice.choice((
                "/webhooks/tiktok/", "/webhooks/tiktok?x=%00%ff", "/webhooks/%74iktok", "/webhooks/tiktok%2f..%2fadmin", "/webhooks/unknown",
                "/webhooks/tiktok/" + "a/" * 300, "/webhooks//tiktok", "/webhooks/verify", "/webhooks/tiktok?challenge=%3Cscript%3E",
            ))  # fmt: skip
        elif kind == 5:
            attempt.method = dice.choice(("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "post", "FOO"))
        elif kind == 6:
            attempt.headers += [(dice.choice(("User-Agent", "X-Tt-Logid", "Accept", "X-Request-ID", "Cookie", "X-Forwarded-For", "Accept-Language")),
                                 dice.choice(("é" * 40, "x" * 4_000, "\x1b[31m", "\t", "a\x80b", "*/*;q=nonsense", "=;=;=", "1e400")))]  # fmt: skip
        else:
            attempt.headers += [(f"X-Header-{number}", "x") for number in range(dice.choice((10, 60)))]


def signed(body: bytes, *, at: int | None = None) -> str:
    """TikTok's header for a body."""
    moment = int(time.time()) if at is None else at
    return f"t={moment},s={hmac.new(SECRET.encode(), f'{moment}.'.encode() + body, hashlib.sha256).hexdigest()}"


def dump(value: Any, dice: random.Random) -> str:
    """The value as JSON, spelled in one of the usual ways."""
    return json.dumps(
        value,
        ensure_ascii=dice.random() < 0.7,
        separators=dice.choice(((",", ":"), (", ", ": "))),
        indent=dice.choice((None,) * 9 + (1,)),
    )
