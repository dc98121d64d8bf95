"""Requests that are nearly right: recorded events, changed by the grammar of JSON, byte by byte, and in their headers."""

import copy
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.fuzz.doors import Door, Json
from tests.hostile.cases import CASES, raw

MOST_BYTES = 300_000
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**31, 2**63, 2**64, 10**19, -(10**18), 1e308, -0.0, 1e-320, "", " ", "0", "null", "\x00", "a\x00b",
    "\ud800", "\udc00x", "\uffff\U0010ffff", "\u202ecod", "\u200b", "\ufeff", "e" + "\u0301" * 300, "\u0301\u0316" * 2_000, "x" * 256,
    "x" * 70_000, "\r\n[ERROR] x\x1b[31m", "{{7*7}}${7*7}", "<script>alert(1)</script>", "' OR 1=1 --", "../../etc/passwd", "%s%n%d",
    "https://evil.example/", "👩‍👩‍👧‍👦" * 50, "\U000e0041" * 40, [], {}, [[]], [None], {"": ""}, {"\x00": "\x00"}, {"id": {"id": {"id": 1}}},
    ["x"] * 500, {str(n): n for n in range(300)}, {"__proto__": {}, "constructor": 1}, "im_receive_msg", "2026-11-22T00:00:00Z",
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One request at a door. ``chunked`` sends the body in pieces without saying its length."""

    door: str
    path: str
    body: bytes
    method: str = "POST"
    headers: list[tuple[str, str]] = field(default_factory=list)
    chunked: bool = False


class Mutator:
    """Makes attempts at these doors; the same seed makes the same ones, but for the time in their signatures."""

    def __init__(self, seed: int, doors: Sequence[Door]) -> None:
        self._dice = random.Random(seed)
        self._doors = doors
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
        door = dice.choice(self._doors)
        body = dice.choice(self._bodies) if self._bodies and dice.random() < 0.05 else self._event(door)
        for _ in range(dice.choice((0, 0, 0, 1, 1, 2))):
            body = dice.choice(self._by_bytes)(body)[:MOST_BYTES]
        attempt = Attempt(door=door.name, path=door.path, body=body, chunked=dice.random() < 0.05)
        attempt.headers = [("Content-Type", "application/json"), *door.proved(body, 0, dice)]
        if dice.random() < 0.12:
            self._spoil(door, attempt)
        return attempt

    def _event(self, door: Door) -> bytes:
        """A body of the door's shape, its fields changed by the grammar."""
        dice = self._dice
        whole, part = door.made(dice)
        for _ in range(dice.choice((0, 0, 1, 1, 2, 3))):
            dice.choice(self._by_grammar)(part if dice.random() < 0.8 else whole)
        return door.spelled(whole, part, dice).encode("utf-8", "surrogatepass")

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
        is_known = self._bodies and self._dice.random() < 0.3
        other = self._dice.choice(self._bodies) if is_known else self._event(self._dice.choice(self._doors))
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

    def _spoil(self, door: Door, attempt: Attempt) -> None:
        dice, now = self._dice, int(time.time())
        kind = dice.randrange(8)
        if kind == 0:
            attempt.headers[1:] = door.odd(attempt.body, dice)
        elif kind == 1:
            at = now + dice.choice((-90_000, -301, 301, 10**8, -now + 1))
            attempt.headers[1:] = door.proved(attempt.body, at, dice)
        elif kind == 2:
            attempt.headers[0] = ("Content-Type", dice.choice((
                "text/plain", "", "application/json; charset=utf-16", "multipart/form-data; boundary=", "application/x-www-form-urlencoded",
                "APPLICATION/JSON", "application/json;" * 50, "é/ü", "application/json; charset=\x7f",
            )))  # fmt: skip
        elif kind == 3:
            attempt.headers.append(("Content-Encoding", dice.choice(("gzip", "br", "identity", "x" * 300, ""))))
        elif kind == 4:
            attempt.path = dice.choice(door.paths)
        elif kind == 5:
            attempt.method = dice.choice(("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "post", "FOO"))
        elif kind == 6:
            attempt.headers += [(dice.choice(("User-Agent", "X-Tt-Logid", "Accept", "X-Request-ID", "Cookie", "X-Forwarded-For", "Accept-Language", "Origin")),
                                 dice.choice(("é" * 40, "x" * 4_000, "\x1b[31m", "\t", "a\x80b", "*/*;q=nonsense", "=;=;=", "1e400")))]  # fmt: skip
        else:
            attempt.headers += [(f"X-Header-{number}", "x") for number in range(dice.choice((10, 60)))]
