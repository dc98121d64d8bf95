"""Reading JSON that strangers send: bounded before it is parsed, strict while it is."""

import json
import math
import re
from typing import Any, NoReturn

from core.exceptions import Unreadable
from core.text import clean_text

MAX_DEPTH = 32
MAX_KEYS = 1_000
MAX_DIGITS = 20
MAX_SHOWN = 40
BOM = b"\xef\xbb\xbf"

# A string is skipped as one piece, even one that never ends: each byte is looked at once, whatever the body is.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


def within_limits(raw: bytes) -> str:
    """The name of the limit that ``raw`` exceeds (``depth`` or ``keys``), or an empty text. Never recurses."""
    deep = raw.count(b"{") + raw.count(b"[") > MAX_DEPTH
    many = raw.count(b":") > MAX_KEYS
    if not deep and not many:
        return ""
    bare = _STRING.sub(b"", raw)
    if deep and _depth(bare) > MAX_DEPTH:
        return "depth"
    if many and bare.count(b":") > MAX_KEYS:
        return "keys"
    return ""


def _depth(bare: bytes) -> int:
    deepest = depth = 0
    for bracket in _BRACKET.findall(bare):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
        if deepest > MAX_DEPTH:
            break
    return deepest


def read_object(raw: bytes) -> dict[str, Any]:
    """The JSON object in ``raw``. Raises Unreadable: utf8, depth, keys, json, duplicate-key, number or schema."""
    raw = raw.removeprefix(BOM)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable("utf8", f"see byte {error.start + 1}") from error
    if limit := within_limits(raw):
        raise Unreadable(limit, f"at most {MAX_DEPTH} levels" if limit == "depth" else f"at most {MAX_KEYS:,}")
    if not text.strip():
        raise Unreadable("schema", "it is empty, and a JSON object belongs there")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_constant,
        )
    except json.JSONDecodeError as error:
        raise Unreadable("json", f"see line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise Unreadable("depth", f"at most {MAX_DEPTH} levels") from error
    if not isinstance(value, dict):
        raise Unreadable("schema", "a JSON object belongs there, such as {}")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise Unreadable("duplicate-key", clean_text(twice)[:MAX_SHOWN])
    return found


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_DIGITS:
        raise Unreadable("number", f"more than {MAX_DIGITS} digits")
    return int(digits)


def _number(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise Unreadable("number", "it is too large")
    return value


def _constant(name: str) -> NoReturn:
    raise Unreadable("number", name)
