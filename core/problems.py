"""Refusals of `/api/v1/` as RFC 9457 problem details: what is wrong, and what to do about it."""

import logging
import math
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from rest_framework.exceptions import (
    APIException,
    AuthenticationFailed,
    NotAuthenticated,
    PermissionDenied,
    ValidationError,
)
from rest_framework.response import Response
from rest_framework.views import exception_handler

from core.exceptions import NotAllowed, RuleBroken, TooManyExports
from core.text import clean_text

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
TYPES = "urn:supportagent:problem:"
RETRY_SECONDS = 5
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


def problem(
    status: int, detail: str, *, code: str = "", headers: dict[str, str] | None = None, **members: Any
) -> Response:
    """A problem details answer. ``code`` is the short name that programs branch on; members are added as they are."""
    return Response(
        _details(status, detail, code=code, **members), status=status, headers=headers, content_type=CONTENT_TYPE
    )


def nothing_here(path: str) -> HttpResponse:
    """The answer to an address that is none of ours."""
    detail = f"There is no address {clean_text(path, limit=200)}. `/api/docs/` lists all there are."
    return JsonResponse(_details(404, detail, code="no-such-address"), status=404, content_type=CONTENT_TYPE)


def broken(request_id: str) -> HttpResponse:
    """The answer to a call that ended in a mistake of ours; ``request_id`` finds it in our logs."""
    detail = (
        "It is our mistake and it has been noted. Try again in a moment, with the same Idempotency-Key where the call has one; "
        f"if it stays so, tell whoever runs this the request's id: {request_id}."
    )
    return JsonResponse(_details(500, detail, code="", request_id=request_id), status=500, content_type=CONTENT_TYPE)


def _details(status: int, detail: str, *, code: str, **members: Any) -> dict[str, Any]:
    title = HTTPStatus(status).phrase
    code = code or title.lower().replace(" ", "-")
    return {"type": TYPES + code, "title": title, "status": status, "code": code, "detail": detail, **members}


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """The problem that an error of a door is told as; None for what nobody foresaw."""
    if isinstance(error, RuleBroken):
        return problem(409, str(error), code=_WORD.sub("-", type(error).__name__).lower())
    if isinstance(error, NotAllowed):
        return problem(403, str(error), code="not-allowed")
    if isinstance(error, TooManyExports):
        seconds = math.ceil((error.again_at - timezone.now()).total_seconds())
        return problem(429, str(error), code="too-many-exports", headers={"Retry-After": str(max(1, seconds))})
    if isinstance(error, RequestDataTooBig):
        return problem(413, "The body is too large. Send less in one call.", code="body-too-large")
    if isinstance(error, OperationalError | InterfaceError):
        logger.warning("The database did not answer a REST call: %s", str(error).partition("\n")[0])
        connection.close_if_unusable_or_obsolete()
        return problem(
            503,
            "The database does not answer just now, and nothing was changed. Try again in a few seconds.",
            headers={"Retry-After": str(RETRY_SECONDS)},
        )
    found = exception_handler(error, context)
    if found is None:
        return None
    kept = {name: found[name] for name in ("Retry-After", "WWW-Authenticate", "Allow") if name in found}
    if isinstance(error, ValidationError):
        wrong = list(_wrong_fields(error.detail))
        told = "; ".join(f"{each['field']}: {each['detail']}" if each["field"] else each["detail"] for each in wrong)
        return problem(
            found.status_code, told or "The request does not fit.", code="invalid", headers=kept, errors=wrong
        )
    return problem(found.status_code, _words(error, found), code=_code(error), headers=kept)


def _words(error: Exception, found: Response) -> str:
    if isinstance(error, NotAuthenticated):
        return "Say who calls: send an API key as “Authorization: Bearer sak_…”, or sign in."
    said = found.data.get("detail") if isinstance(found.data, dict) else None
    if isinstance(error, APIException) and said:
        return str(said)
    return {404: "There is nothing at this address that you may see. Check the id."}.get(
        found.status_code, "The request cannot be answered."
    )


def _code(error: Exception) -> str:
    if isinstance(error, AuthenticationFailed):
        return "key-not-valid"
    if isinstance(error, PermissionDenied):
        return "not-allowed"
    code = getattr(error, "default_code", "")
    return str(code).replace("_", "-")


def _wrong_fields(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Each wrong field by its path, with what is wrong about it."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            own = "" if name == "non_field_errors" else str(name)
            yield from _wrong_fields(inner, ".".join(part for part in (path, own) if part))
    elif isinstance(detail, list):
        for place, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            yield from _wrong_fields(inner, f"{path}.{place}" if nested and path else path)
    else:
        # It may repeat what was sent, which need not be anything that can be written.
        yield {"field": clean_text(path, limit=200), "detail": clean_text(str(detail), limit=500)}
