"""How the REST doors answer when something is refused, and everything when there is no such address or when we are broken."""

import json
import sys
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.views.defaults import page_not_found, server_error
from rest_framework.exceptions import ParseError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from core import audit, problems
from core.doors import OlderDoor
from core.exceptions import NotAllowed, RuleBroken

# There what is posted twice is sent twice.
OLDER_NO_DATABASE = (
    "The database does not answer just now. See in a few seconds whether it was done, and only then try again."
)


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """409 for a broken rule, 403 for what the policy refuses, 400 for what is no JSON, else as DRF; the body is JSON."""
    if isinstance(error, RuleBroken):
        return Response({"detail": str(error)}, status=409)
    if isinstance(error, NotAllowed):
        return Response({"detail": str(error)}, status=403)
    if isinstance(error, ParseError) and isinstance(error.__context__, json.JSONDecodeError):
        wrong = error.__context__
        detail = f"The request is no valid JSON: see line {wrong.lineno}, column {wrong.colno}."
        return Response({"detail": detail}, status=400)
    return exception_handler(error, context)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A page for people, and a problem for programs that call an address of `/api/` which is none."""
    return (
        problems.nothing_here(request.path) if request.path.startswith("/api/") else page_not_found(request, exception)
    )


def broken(request: HttpRequest) -> HttpResponse:
    """A page for people; for programs a problem below `/api/`, and the older project's form at its addresses.

    503 where only the database did not answer, or a row was not to be had in time: the same may succeed in a moment.
    """
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return _unavailable(request)
    request_id = audit.origin.get().request_id
    if request.path.startswith("/api/"):
        return problems.broken(request_id)
    if _is_older(request):
        detail = f"It is our mistake and it has been noted. Try again in a moment. Request {request_id}."
        return JsonResponse({"detail": detail}, status=500)
    return server_error(request)


def _unavailable(request: HttpRequest) -> HttpResponse:
    answered: HttpResponse
    if request.path.startswith("/api/"):
        answered = problems.unavailable()
    elif _is_older(request):
        answered = JsonResponse({"detail": OLDER_NO_DATABASE}, status=503)
    else:
        answered = HttpResponse(loader.render_to_string("503.html"), status=503)
    answered["Retry-After"] = str(problems.RETRY_SECONDS)
    return answered


def _is_older(request: HttpRequest) -> bool:
    door = getattr(request.resolver_match.func, "cls", None) if request.resolver_match is not None else None
    return isinstance(door, type) and issubclass(door, OlderDoor)
