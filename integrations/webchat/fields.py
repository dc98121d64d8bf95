"""Single fields of what a chat page sends, judged."""

import uuid
from collections.abc import Mapping
from typing import Any

from core.text import clean_text, truncate
from integrations.webchat.exceptions import FieldWrong

LARGEST = 2**53


def short_text(body: Mapping[str, Any], name: str, *, limit: int) -> str:
    """An optional text, cleaned and cut; empty where it is absent or something else."""
    value = body.get(name)
    return truncate(clean_text(value), limit) if isinstance(value, str) else ""


def number(source: Mapping[str, Any], name: str) -> int | None:
    """An optional whole number from 0 on. Raises FieldWrong."""
    value = source.get(name)
    if value is None or value == "":
        return None
    try:
        found = int(value)
    except (TypeError, ValueError) as error:
        raise FieldWrong(name, "a whole number") from error
    if not 0 <= found <= LARGEST:
        raise FieldWrong(name, "a whole number from 0 on")
    return found


def message_id(body: Mapping[str, Any]) -> uuid.UUID:
    """The page's own id of a message. Raises FieldWrong."""
    try:
        return uuid.UUID(str(body.get("client_msg_id")))
    except ValueError as error:
        raise FieldWrong("client_msg_id", "a UUID") from error
