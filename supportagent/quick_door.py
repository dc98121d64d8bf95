"""The quick way in for what platforms post: answered as by the views, without what only people and their pages need.

Django's chain and DRF's view take as long for an event as taking it in does. Here an address is looked up once, and so are the
headers that every answer of ours carries. Whatever is not plainly an event goes the usual way.
"""

import io
import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from http.client import responses
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.db import close_old_connections
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils.module_loading import import_string

from core.following import HEADER
from integrations import intake
from integrations.platforms import PLATFORMS
from integrations.platforms.base import Platform
from integrations.webhooks import PlatformDoor
from supportagent import counters
from supportagent.middleware import DOORS, origin_of
from supportagent.request_chain import MIDDLEWARE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

logger = logging.getLogger(__name__)

# Addresses that are remembered, nobody's too, and how long one of ours may be.
MOST_PLACES, LONGEST_PLACE = 1000, 300
# Who brings one of these is told not to keep the answer; that is for the usual way.
CREDENTIALS = frozenset({"HTTP_AUTHORIZATION", "HTTP_X_API_KEY", "HTTP_COOKIE"})
# What gives each answer its headers; the first gives it its id.
HEADERS_BY = MIDDLEWARE[1 : MIDDLEWARE.index("supportagent.middleware.DoorMiddleware")]


@dataclass(frozen=True, slots=True)
class Place:
    """Whose events an address takes."""

    platform: Platform
    scope: str
    route: str


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it goes over the wire."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Headers(Mapping[str, str]):
    """A request's headers by their names in any case, as WSGI tells them."""

    def __init__(self, meta: Mapping[str, Any]) -> None:
        self._meta = meta

    def __getitem__(self, name: str) -> str:
        bare = name.upper().replace("-", "_")
        return str(self._meta[bare if bare in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{bare}"])

    def __iter__(self) -> Iterator[str]:
        return (name.removeprefix("HTTP_").replace("_", "-").title() for name in self._meta if name.startswith("HTTP_"))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def reply(meta: Mapping[str, Any], path: str, stream: intake.Body) -> Reply | None:
    """The answer to an event; None where this is not plainly one. ``path`` is decoded."""
    if meta["REQUEST_METHOD"] != "POST" or not path.startswith(DOORS) or not CREDENTIALS.isdisjoint(meta):
        return None
    place = place_of(path) if len(path) <= LONGEST_PLACE else None
    if place is None:
        return None
    began = time.monotonic()
    with origin_of(meta) as request_id:
        try:
            answer = intake.take_in(place.platform, Headers(meta), lambda: intake.body_of(meta, stream), place.scope)
        except Exception:
            # Whatever it was: the platform sends it again, and it is on record.
            logger.exception("An event of %s could not be taken in.", place.platform.name)
            intake.counter.labels(place.platform.name, "failed").inc()
            answer = intake.later()
    body = json.dumps(answer.told).encode()
    headers = [
        *_usual_headers(is_secure=_is_secure(meta)),
        *answer.headers.items(),
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        (HEADER, request_id),
    ]
    counters.count_request("POST", place.route, answer.status, time.monotonic() - began)
    return Reply(answer.status, headers, body)


@lru_cache(maxsize=MOST_PLACES)
def place_of(path: str) -> Place | None:
    """Whose events an address takes, as the addresses of the views say."""
    try:
        found = resolve(path)
    except Resolver404:
        return None
    if getattr(found.func, "cls", None) is not PlatformDoor:
        return None
    platform = PLATFORMS[found.func.initkwargs["platform_name"]]  # type: ignore[attr-defined]
    return Place(platform, str(found.kwargs.get("scope", "")), str(found.route))


@cache
def _usual_headers(*, is_secure: bool) -> tuple[tuple[str, str], ...]:
    """What Django's chain adds to an answer of the door."""
    answer: Callable[[HttpRequest], HttpResponseBase] = _nothing
    for name in reversed(HEADERS_BY):
        answer = import_string(name)(answer)
    told: dict[str, Any] = {"REQUEST_METHOD": "POST", "PATH_INFO": DOORS, "wsgi.input": io.BytesIO()}
    told["wsgi.url_scheme"] = "https" if is_secure else "http"
    if is_secure and settings.SECURE_PROXY_SSL_HEADER:
        told |= [settings.SECURE_PROXY_SSL_HEADER]
    return tuple((name, value) for name, value in answer(WSGIRequest(told)).headers.items() if name != "Content-Type")


def _nothing(_: HttpRequest) -> HttpResponseBase:
    return JsonResponse({})


def _is_secure(meta: Mapping[str, Any]) -> bool:
    """As Django judges it."""
    forwarded = settings.SECURE_PROXY_SSL_HEADER
    if forwarded and forwarded[0] in meta:
        return bool(meta[forwarded[0]].partition(",")[0].strip() == forwarded[1])
    return bool(meta.get("wsgi.url_scheme") == "https")


class QuickDoor:
    """A WSGI application: events go the quick way, everything else to Django's."""

    def __init__(self, usual: WSGIHandler) -> None:
        self._usual = usual

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        # What is not ASCII stands there in a spelling of WSGI's own, and is no address of ours.
        path = environ.get("PATH_INFO", "")
        found = (
            reply(environ, path, environ["wsgi.input"]) if path.isascii() and not environ.get("SCRIPT_NAME") else None
        )
        if found is None:
            return self._usual(environ, start_response)
        close_old_connections()
        start_response(f"{found.status} {responses[found.status]}", found.headers)
        return [found.body]
