"""What strangers' JSON holds, made fit to be kept: clean texts, and ids byte for byte."""

import re
from typing import Any

from core.strict_json import MAX_DEPTH, MAX_KEYS, read_object, within_limits
from core.text import clean_text
from integrations.exceptions import Unreadable

__all__ = [
    "MANY_THREADS",
    "MAX_DEPTH",
    "MAX_KEYS",
    "clean_json",
    "identifier",
    "is_identifier",
    "read_object",
    "within_limits",
]

MAX_IDENTIFIER = 255
# What a lane's key begins with that stands for many threads, because only its platform knows whose each event is.
MANY_THREADS = "page:"

_FORBIDDEN_IN_IDENTIFIERS = re.compile("[\x00\ud800-\udfff]")


def clean_json(value: Any) -> Any:
    """The value with every text and key cleaned, so that both databases can hold it."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list):
        return [clean_json(item) for item in value]
    if isinstance(value, dict):
        return {clean_text(str(key)): clean_json(item) for key, item in value.items()}
    return value


def is_identifier(value: object) -> bool:
    """Whether this can be an id: a text of 1 to 255 characters that both databases hold byte for byte."""
    return isinstance(value, str) and 0 < len(value) <= MAX_IDENTIFIER and not _FORBIDDEN_IN_IDENTIFIERS.search(value)


def identifier(source: dict[str, Any], *path: str) -> str:
    """The id at ``path`` inside ``source``, exactly as it came. Raises Unreadable(schema) where there is none."""
    value: Any = source
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if not is_identifier(value):
        raise Unreadable("schema", f"{'.'.join(path)} is missing, empty or too long")
    return str(value)
