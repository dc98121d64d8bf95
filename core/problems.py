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
NO_DATABASE = "The database does not answer just now. Try again in a few seconds, with the same Idempotency-Key where the call has one."
# Each code but those of the product's own rules, which have their names and 409; docs/api.md says what to do about each.
CODES = {
    "invalid": 400,
    "parse-error": 400,
    "key-not-valid": 401,
    "not-authenticated": 401,
    "not-allowed": 403,
    "no-such-address": 404,
    "not-found": 404,
    "method-not-allowed": 405,
    "not-acceptable": 406,
    "idempotency-key-in-use": 409,
    "body-too-large": 413,
    "unsupported-media-type": 415,
    "idempotency-key-reused": 422,
    "throttled": 429,
    "too-many-exports": 429,
    "internal-server-error": 500,
    "service-unavailable": 503,
}
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def problem(code: str, detail: str, *, headers: dict[str, str] | None = None, **members: Any) -> Response:
    """A problem details answer. ``code`` is one of CODES, which programs branch on; members are added as they are."""
    return _response(_details(code, detail, **members), headers)


def nothing_here(path: str) -> HttpResponse:
    """The answer to an address that is none of ours."""
    detail = f"There is no address {clean_text(path, limit=200)}. `/api/docs/` lists all there are."
    return JsonResponse(_details("no-such-address", detail), status=404, content_type=CONTENT_TYPE)


def broken(request_id: str) -> HttpResponse:
    """The answer to a call that ended in a mistake of ours; ``request_id`` finds it in our logs."""
    detail = (
        "It is our mistake and it has been noted. Try again in a moment, with the same Idempotency-Key where the call has one; "
        f"if it stays so, tell whoever runs this the request's id: {request_id}."
    )
    told = _details("internal-server-error", detail, request_id=request_id)
    return JsonResponse(told, status=500, content_type=CONTENT_TYPE)


def unavailable() -> HttpResponse:
    """The answer to a call whose database did not answer before any view was reached."""
    told = _details("service-unavailable", NO_DATABASE)
    return JsonResponse(told, status=503, content_type=CONTENT_TYPE)


def code_of(rule: type[RuleBroken]) -> str:
    """What programs call a rule: its name, in small letters."""
    return _WORD.sub("-", rule.__name__).lower()


def _details(code: str, detail: str, *, status: int = 0, **members: Any) -> dict[str, Any]:
    status = status or CODES[code]
    return {
        "type": TYPES + code,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        **members,
    }


def _response(told: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(told, status=told["status"], headers=headers, content_type=CONTENT_TYPE)


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """The problem that an error of a door is told as; None for what nobody foresaw."""
    if isinstance(error, RuleBroken):
        return _response(_details(code_of(type(error)), str(error), status=409))
    if isinstance(error, NotAllowed):
        return problem("not-allowed", str(error))
    if isinstance(error, TooManyExports):
        seconds = math.ceil((error.again_at - timezone.now()).total_seconds())
        return problem("too-many-exports", str(error), headers={"Retry-After": str(max(1, seconds))})
    if isinstance(error, RequestDataTooBig):
        return problem("body-too-large", "The body is too large. Send less in one call.")
    if isinstance(error, OperationalError | InterfaceError):
        logger.warning("The database did not answer a REST call: %s", str(error).partition("\n")[0])
        connection.close_if_unusable_or_obsolete()
        return problem(
            "service-unavailable",
            NO_DATABASE,
            headers={"Retry-After": str(RETRY_SECONDS)},
        )
    found = exception_handler(error, context)
    if found is None:
        return None
    kept = {name: found[name] for name in ("Retry-After", "WWW-Authenticate", "Allow") if name in found}
    if isinstance(error, ValidationError):
        wrong = list(_wrong_fields(error.detail))
        told = "; ".join(f"{each['field']}: {each['detail']}" if each["field"] else each["detail"] for each in wrong)
        return problem("invalid", told or "The request does not fit.", headers=kept, errors=wrong)
    return problem(_code(error, found), _words(error, found), headers=kept)


def _words(error: Exception, found: Response) -> str:
    if isinstance(error, NotAuthenticated):
        return "Say who calls: send an API key as “Authorization: Bearer sak_…”, or sign in."
    said = found.data.get("detail") if isinstance(found.data, dict) else None
    if isinstance(error, APIException) and said:
        return str(said)
    return {404: "There is nothing at this address that you may see. Check the id."}.get(
        found.status_code, "The request cannot be answered."
    )


def _code(error: Exception, found: Response) -> str:
    if isinstance(error, AuthenticationFailed):
        return "key-not-valid"
    if found.status_code in {403, 404}:
        return "not-allowed" if found.status_code == 403 else "not-found"
    return str(getattr(error, "default_code", "")).replace("_", "-")


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
