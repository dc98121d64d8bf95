"""Long lists in stretches: each names the place where the next one begins, so that no page costs more than the first."""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Model, Q
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

USUAL_SIZE = 50
LARGEST_SIZE = 200
LARGEST_KEY = 2**63
PARAMETERS = frozenset({"cursor", "page_size"})


class CursorPages(BasePagination):
    """Newest first by the view's ``order_column`` (a time that is never empty, or ``pk``), and the primary key.

    One query a page; rows that arrive or go meanwhile neither repeat nor skip the others.
    """

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        """The rows of the page that the request asks for. Raises ValidationError for a cursor that is none of ours."""
        self._column = str(getattr(view, "order_column", "pk"))
        self._request = request
        size = _size(request.query_params.get("page_size", ""))
        cursor = request.query_params.get("cursor", "")
        if cursor:
            queryset = queryset.filter(_after(self._column, cursor))
        order = ("-pk",) if self._column == "pk" else (f"-{self._column}", "-pk")
        rows = list(queryset.order_by(*order)[: size + 1])
        self._last = rows[size - 1] if len(rows) > size else None
        return rows[:size]

    def get_paginated_response(self, data: Sequence[Any]) -> Response:
        """``results``, and in ``next`` the address of the following page, null on the last."""
        return Response({"next": self._next_address(), "results": data})

    def _next_address(self) -> str | None:
        if self._last is None:
            return None
        wanted = self._request.query_params.dict() | {"cursor": _cursor(self._column, self._last)}
        return f"{self._request.build_absolute_uri(self._request.path)}?{urlencode(wanted)}"

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """What `get_paginated_response` answers, for the OpenAPI document."""
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {
                "next": {
                    "type": "string",
                    "format": "uri",
                    "nullable": True,
                    "description": "The address of the following page; null on the last.",
                },
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """The two parameters, for the OpenAPI document."""
        return [
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "description": "Where the page begins: as it stands in `next` of the page before.",
                "schema": {"type": "string"},
            },
            {
                "name": "page_size",
                "in": "query",
                "required": False,
                "description": f"How many rows; more than {LARGEST_SIZE} are never answered.",
                "schema": {"type": "integer", "minimum": 1, "default": USUAL_SIZE},
            },
        ]


def _size(text: str) -> int:
    if not text:
        return USUAL_SIZE
    if not (text.isascii() and text.isdigit() and int(text[:18]) > 0):
        raise ValidationError({"page_size": f"Give a whole number from 1 to {LARGEST_SIZE}."})
    return min(int(text[:18]), LARGEST_SIZE)


def _cursor(column: str, row: Model) -> str:
    moment = "" if column == "pk" else getattr(row, column).isoformat()
    return base64.urlsafe_b64encode(f"{moment}~{row.pk}".encode()).decode().rstrip("=")


def _after(column: str, cursor: str) -> Q:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        moment, _separator, number = text.partition("~")
        pk = int(number)
        value = None if column == "pk" else datetime.fromisoformat(moment)
    except (ValueError, binascii.Error) as error:
        raise _wrong_cursor() from error
    if not 0 < pk < LARGEST_KEY or (value is not None and value.tzinfo is None):
        raise _wrong_cursor()
    if value is None:
        return Q(pk__lt=pk)
    # The first condition says nothing new, but lets the database begin at the right place of the index.
    return Q(**{f"{column}__lte": value}) & (Q(**{f"{column}__lt": value}) | Q(pk__lt=pk))


def _wrong_cursor() -> ValidationError:
    return ValidationError({"cursor": "This is no place in this list. Take the address in “next” as it stands."})
