"""What a handler is given and what it answers, including the ways in which an answer can go wrong on the wire."""

import enum
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any


class InvalidBody(ValueError):
    """The body is not the JSON object it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. ``path`` is still percent-encoded, because ids contain slashes."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Message
    body: bytes

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object (an empty body is an empty object). Raises InvalidBody."""
        if not self.body:
            return {}
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise InvalidBody("The body is not valid JSON.") from error
        if not isinstance(value, dict):
            raise InvalidBody("The body must be a JSON object.")
        return value


class Delivery(enum.Enum):
    """How the answer travels."""

    WHOLE = "whole"
    HALF = "half"
    RESET = "reset"
    SILENT = "silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer. ``stream`` is sent piece by piece until it ends; ``hold`` seconds pass before a SILENT close."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    delivery: Delivery = Delivery.WHOLE
    hold: float = 0.0
    stream: Iterable[bytes] | None = None


def json_response(value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer. Escaped to ASCII, so that any text a customer typed can travel."""
    body = json.dumps(value, separators=(",", ":")).encode()
    return Response(status=status, body=body, headers=headers or {})


def text_response(text: str, *, status: int = 200) -> Response:
    """A plain text answer."""
    return Response(status=status, body=text.encode(), content_type="text/plain; charset=utf-8")
