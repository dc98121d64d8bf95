"""Lists as files: every row that the filters leave, as CSV or as lines of JSON, for whoever may export conversations."""

import json
from collections.abc import Iterator
from typing import Any, ClassVar, cast

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from core.doors import Listed, Rows
from core.rates import record_export
from core.sheets import Cell, as_csv
from core.streaming import streamed_file

# So many rows are held at once. Each may be as long as a message can be, four bytes a character: 65 MB then.
CHUNK = 250
# What stands in the address beside the filters: which of the two forms is wanted.
BESIDE_FILTERS = frozenset({"format"})


class CsvFile(JSONRenderer):
    """What a caller chooses who wants CSV. Refusals are JSON all the same."""

    media_type = "text/csv"
    format = "csv"


class JsonLines(JSONRenderer):
    """What a caller chooses who wants lines of JSON."""

    media_type = "application/jsonl"
    format = "jsonl"


class Exported(Listed):
    """A list that can be had as a file."""

    # Names the file, and with ``.exported`` the event in the audit trail.
    file_name: ClassVar[str]

    @extend_schema(
        responses={(200, CsvFile.media_type): OpenApiTypes.STR, (200, JsonLines.media_type): OpenApiTypes.STR}
    )
    @action(detail=False, renderer_classes=[CsvFile, JsonLines], pagination_class=None)
    def export(self, request: Request) -> StreamingHttpResponse:
        """Every row that the filters leave as one file, the newest first: CSV, or with `format=jsonl` a line of JSON a row.

        A row has the fields that it has in the list; in CSV those of a thing within it follow its name (`customer_name`), and
        lists are JSON. Each file is noted in the audit trail, and there are a few in an hour for a key or a person
        (`EXPORTS_PER_HOUR`): after them 429, with `Retry-After`.
        """
        rows = self.narrow(self.get_queryset(), self.wanted(BESIDE_FILTERS))
        form = str(cast("Any", request).accepted_renderer.format)
        filters = {name: words for name, words in request.query_params.items() if name not in BESIDE_FILTERS}
        asked = {"format": form, "filters": filters, "rows": rows.count()}
        record_export(self.who, f"{self.file_name}.exported", self.who, after=asked)
        is_csv = form == CsvFile.format
        return streamed_file(
            self._csv(rows) if is_csv else self._json_lines(rows),
            request,
            name=f"{self.file_name}-{timezone.now():%Y-%m-%d-%H%M}.{form}",
            content_type=f"{CsvFile.media_type}; charset=utf-8" if is_csv else JsonLines.media_type,
        )

    def _pages(self, rows: QuerySet[Any]) -> Iterator[Rows]:
        """The rows as they are answered. By their keys, so that a conversation in which somebody writes is not skipped."""
        rows = rows.order_by("-pk")
        found = Rows(rows[:CHUNK])
        while found:
            yield self.shown(found)
            found = Rows(rows.filter(pk__lt=found[-1].pk)[:CHUNK]) if len(found) == CHUNK else []

    def _json_lines(self, rows: QuerySet[Any]) -> Iterator[bytes]:
        written = JSONRenderer()
        for page in self._pages(rows):
            yield b"".join(written.render(row) + b"\n" for row in page)

    def _csv(self, rows: QuerySet[Any]) -> Iterator[bytes]:
        paths = list(_paths(cast("serializers.Serializer[Any]", self.get_serializer())))
        yield as_csv([["_".join(path) for path in paths]]).encode()
        for page in self._pages(rows):
            yield as_csv([[_cell(row, path) for path in paths] for row in page], is_start=False).encode()


def _paths(serializer: serializers.Serializer[Any]) -> Iterator[tuple[str, ...]]:
    """The way to each field; a thing within the row has a column for each of its own."""
    for name, field in serializer.fields.items():
        if isinstance(field, serializers.Serializer):
            yield from ((name, *rest) for rest in _paths(field))
        else:
            yield (name,)


def _cell(row: Any, path: tuple[str, ...]) -> Cell:
    value = row
    for name in path:
        # A thing that is not there has no fields.
        value = None if value is None else value[name]
    if value is None:
        return ""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return value
    return json.dumps(value, ensure_ascii=False)
