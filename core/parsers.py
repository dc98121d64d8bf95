"""How REST reads a body: JSON as strict as the webhooks' own, of at most 1 MiB."""

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

from core.exceptions import Unreadable
from core.strict_json import read_object


class BodyTooLarge(APIException):
    """The body is larger than REST takes."""

    status_code = 413
    default_code = "body-too-large"


class StrictJSONParser(BaseParser):
    """One JSON object: UTF-8, bounded in depth, fields and digits, no field twice, no NaN."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The object. Raises ParseError and BodyTooLarge, which say where it went wrong."""
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(most + 1)
        if len(raw) > most:
            raise BodyTooLarge(f"A body has at most {most:,} bytes. Send less in one call.")
        if not raw.strip():
            return {}
        try:
            return read_object(raw)
        except Unreadable as error:
            raise ParseError(error.sentence) from error
