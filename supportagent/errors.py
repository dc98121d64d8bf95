"""How the REST doors answer when something is refused, and everything when there is no such address."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.defaults import page_not_found
from rest_framework.exceptions import ParseError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from core import problems
from core.exceptions import NotAllowed, RuleBroken


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
