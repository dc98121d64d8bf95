"""What every request gets on its way in and every answer on its way out."""

import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.urls import Resolver404, resolve

from core import audit
from core.browser_features import permissions_policy
from core.following import HEADER, following
from supportagent import content_policy, counters

Answer = Callable[[HttpRequest], HttpResponseBase]
DOORS = "/webhooks/"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
PERMISSIONS_POLICY = permissions_policy()


class RequestOriginMiddleware:
    """Gives each request an id, tells the audit trail and the logs where it came from, and counts it."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the request's id in ``X-Request-ID``."""
        started = time.monotonic()
        with origin_of(request.META) as request_id:
            response = self.get_response(request)
        response[HEADER] = request_id
        route = request.resolver_match.route if request.resolver_match else "none"
        counters.count_request(request.method, str(route), response.status_code, time.monotonic() - started)
        return response


@contextmanager
def origin_of(meta: Mapping[str, Any]) -> Iterator[str]:
    """Let the audit trail and the logs know where the request came from while the block runs; gives the request's id.

    ``meta`` is what WSGI tells of the request.
    """
    request_id = _request_id(meta)
    origin = audit.origin.set(audit.Origin(address=address_of(meta), request_id=request_id))
    try:
        with following([request_id]):
            yield request_id
    finally:
        audit.origin.reset(origin)


def address_of(meta: Mapping[str, Any]) -> str:
    """Who called, as far as it can be trusted.

    Behind ``settings.TRUSTED_PROXIES`` proxies of ours each has appended the address it saw, so the one that counts
    stands that many places from the end; what stands before it, anybody may have written.
    """
    direct = str(meta.get("REMOTE_ADDR", ""))
    proxies = settings.TRUSTED_PROXIES
    if proxies < 1:
        return direct[:45]
    seen = [part.strip() for part in meta.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    return (seen[-proxies] if len(seen) >= proxies else direct)[:45]


def _request_id(meta: Mapping[str, Any]) -> str:
    given = str(meta.get("HTTP_X_REQUEST_ID", ""))
    if settings.TRUSTED_PROXIES and _REQUEST_ID.fullmatch(given):
        return given
    return uuid.uuid4().hex


class SecurityHeadersMiddleware:
    """The headers that Django and django-csp do not set, and the one place where the content policy is wider."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the headers; a view that set one itself is left alone."""
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        embeds = request.path_info.endswith("/embed.js")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "cross-origin" if embeds else "same-origin")
        if _carries_credentials(request):
            response.headers.setdefault("Cache-Control", "no-store")
        match = request.resolver_match
        if match is not None and "admin" in match.app_names:
            # django-csp reads this attribute; there is no public way to widen a policy for a third party's views.
            response._csp_update = content_policy.ADMIN  # type: ignore[attr-defined]
        return response


def _carries_credentials(request: HttpRequest) -> bool:
    return (
        settings.SESSION_COOKIE_NAME in request.COOKIES
        or "Authorization" in request.headers
        or "X-API-Key" in request.headers
    )


class SynchronousMiddleware:
    """Keeps the whole chain in one thread under ASGI.

    Innermost and synchronous only, it makes Django run every middleware above it synchronously too: one hop between
    threads for a request instead of two for each middleware.
    """

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on."""
        return self.get_response(request)


class DoorMiddleware:
    """Leads what platforms call straight to its view: what comes after this is for people and their browsers."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The view's own answer. An address that is none is answered as everywhere."""
        if not request.path_info.startswith(DOORS):
            return self.get_response(request)
        try:
            found = resolve(request.path_info)
        except Resolver404:
            return self.get_response(request)
        request.resolver_match = found
        response: HttpResponse = found.func(request, *found.args, **found.kwargs)
        if isinstance(response, SimpleTemplateResponse):
            response.render()
        response.headers.setdefault("Content-Length", str(len(response.content)))
        return response
