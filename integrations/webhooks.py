"""The door platforms knock on: verify, keep, answer 200. Nothing else happens before the event is on disk."""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from django.conf import settings
from django.db import Error as AnyDatabaseError
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import Counter
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from core import bells, live
from core.crashpoints import crash_point
from core.text import clean_text
from integrations import keys
from integrations.exceptions import (
    InvalidChallenge,
    InvalidSignature,
    KeysUnavailable,
    NoSignature,
    NotAnEvent,
    SignedAhead,
)
from integrations.models import PlatformAccount, WebhookEvent
from integrations.platforms import PLATFORMS, challenges, older
from integrations.platforms.base import AppKey, Glance, Platform, Proof
from integrations.services.missed import READ_BACK
from integrations.tasks import ingest_event

logger = logging.getLogger(__name__)

# Whoever tells the process's figures registers it.
counter = Counter(
    "webhook_answers_total",
    "Answers to platforms: stored, repeated, conflict, refused (ahead: of a time to come), failed (it is sent again).",
    ["platform", "result"],
    registry=None,
)

_Found = TypeVar("_Found")
RETRY_AFTER = "5"
KEPT_HEADERS = ("Content-Type", "User-Agent")
JSON_TYPES = ("", "application/json")

_COLUMNS = "source, event_key, platform, body, body_sha256, headers, conv_key, is_late, state, reason, attempts, received_at, next_attempt_at"
# The values come as parameters; only the clock's spelling differs between the two databases.
_INSERT = (
    f"INSERT INTO integrations_webhookevent ({_COLUMNS}) "  # noqa: S608  (two constants)
    "VALUES (%s, %s, %s, %s, %s, %s{json}, %s, %s, %s, %s, 0, {now}, {now}) "
    "ON CONFLICT (source, event_key) DO NOTHING RETURNING id"
)
_SPELLING = {
    "postgresql": {"json": "::jsonb", "now": "statement_timestamp()"},
    "sqlite": {"json": "", "now": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')"},
}
_KNOWN_BODY = "SELECT body_sha256 FROM integrations_webhookevent WHERE source = %s AND event_key = %s"


class TooLarge(Exception):
    """The body is longer than any event may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """How an event is filed. An empty key stands for one of the body's own."""

    source: str
    event_key: str
    conv_key: str
    is_late: bool = False


class OnlyJson(BaseContentNegotiation):
    """Whatever the sender says it accepts, it gets JSON: a 406 would only make it send again."""

    def select_parser(self, request: Request, parsers: object) -> None:
        """None: the door reads the raw bytes itself."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """The one there is."""
        first = next(iter(renderers))
        return first, str(first.media_type)


class PlatformDoor(APIView):
    """Takes in what one platform sends. Authentic traffic is never refused for its rate or its content.

    ``client_key`` is in the address where each account has one of its own.
    """

    authentication_classes = []
    permission_classes = []
    throttle_classes = []
    parser_classes = []
    renderer_classes = [JSONRenderer]
    content_negotiation_class = OnlyJson
    http_method_names = ["get", "head", "post"]
    platform_name = ""

    def get(self, request: Request, scope: str = "") -> HttpResponse:
        """Whoever sets up the webhook may look whether somebody is there. Needs no database once the keys are known."""
        platform = PLATFORMS[self.platform_name]

        def known() -> tuple[AppKey, ...]:
            # An app may be new: whoever adds one has it looked at in the same minute.
            keys.reread(platform.name)
            return _keys(platform, scope)

        try:
            return JsonResponse(platform.answer_challenge(request.GET.dict(), known))
        except InvalidChallenge as problem:
            return _refuse(400, str(problem))
        except KeysUnavailable:
            return _later()

    def post(self, request: Request, scope: str = "") -> HttpResponse:
        """200 once the event is committed; 401 forged, 413 and 415 not an event, 503 could not be kept.

        ``scope`` is whose address it is, where an app or an account has one of its own.
        """
        response = self._take(PLATFORMS[self.platform_name], request, scope)
        if response.status_code != 200:
            # The counts of what is kept tell how it was kept.
            counter.labels(self.platform_name, "failed" if response.status_code == 503 else "refused").inc()
        return response

    def _take(self, platform: Platform, request: Request, scope: str) -> HttpResponse:
        if not _is_plain_json(request):
            return _refuse(415, "Send JSON, uncompressed.")
        try:
            body = read_body(request)
            if older.is_signed_so(platform.name, request.headers):
                return _take_older(platform, request, body)
            proof, glance = _authenticate(platform, request, body, scope)
            kept = _Kept(
                source=f"{platform.name}:{proof.client_keys[0]}",
                event_key=proof.event_key or glance.event_key,
                conv_key=glance.conv_key,
                is_late=proof.late,
            )
            _keep(platform, request, body, kept)
            return JsonResponse({"status": "accepted"})
        except TooLarge:
            return _refuse(413, f"An event has at most {settings.WEBHOOK_MAX_BYTES:,} bytes.")
        except UnreadablePostError:
            return _refuse(400, "The body ended early.")
        except NotAnEvent as error:
            return _refuse(422, [{"loc": ["body", name], "msg": fault} for name, fault in error.faults.items()])
        except SignedAhead as error:
            counter.labels(platform.name, "ahead").inc()
            return _refuse(401, str(error))
        except InvalidSignature as error:
            return _refuse(401, str(error))
        except (AnyDatabaseError, KeysUnavailable):
            logger.exception("An event of %s could not be kept; the platform will send it again.", platform.name)
            return _later()


@require_safe
def verify_challenge(request: HttpRequest) -> HttpResponse:
    """The older address for a challenge; answers as every door does."""
    try:
        return JsonResponse(challenges.echo(request.GET.dict()))
    except InvalidChallenge as problem:
        return _refuse(400, str(problem))


def read_body(request: HttpRequest) -> bytes:
    """The raw body. Raises TooLarge before more is read than an event may have, UnreadablePostError if it ends early."""
    limit: int = settings.WEBHOOK_MAX_BYTES
    announced = request.META.get("CONTENT_LENGTH") or ""
    if not announced and "HTTP_TRANSFER_ENCODING" in request.META and "wsgi.input" in request.META:
        # In pieces, so nobody knows its length: Django would take it for empty, the server knows where it ends.
        body: bytes = request.META["wsgi.input"].read(limit + 1)
    else:
        length = announced or "0"
        if not length.isascii() or not length.isdigit() or int(length[:12]) > limit:
            raise TooLarge
        body = request.read(limit + 1)
        if announced and len(body) < int(announced):
            raise UnreadablePostError
    if len(body) > limit:
        raise TooLarge
    return body


def _is_plain_json(request: HttpRequest) -> bool:
    media_type = (request.META.get("CONTENT_TYPE") or "").partition(";")[0].strip().lower()
    return media_type in JSON_TYPES and request.headers.get("Content-Encoding", "identity") == "identity"


def _keys(platform: Platform, scope: str) -> tuple[AppKey, ...]:
    """The keys that count at an address; all of the platform's where it is nobody's own. Raises KeysUnavailable."""
    return tuple(key for key in keys.app_keys(platform.name) if scope in {"", key.client_key})


def _authenticate(platform: Platform, request: HttpRequest, body: bytes, scope: str) -> tuple[Proof, Glance]:
    """Which of our apps the event is for, proved. Raises InvalidSignature and KeysUnavailable."""
    return _proved(platform, lambda: _prove(platform, request, body, scope))


def _proved(platform: Platform, prove: Callable[[], _Found]) -> _Found:
    """What ``prove`` finds; where no key fits, once more if there are others. Raises InvalidSignature and KeysUnavailable."""
    try:
        return prove()
    except NoSignature:
        raise
    except InvalidSignature:
        if keys.reread(platform.name):
            return prove()
        if not keys.are_from_database(platform.name):
            # Nobody is called a forger while the accounts' own keys were never seen.
            raise KeysUnavailable from None
        raise


def _prove(platform: Platform, request: HttpRequest, body: bytes, scope: str) -> tuple[Proof, Glance]:
    """The proof narrowed to the app that the event names, for an app vouches for its own events only."""
    proof = platform.authenticate(request.headers, body, _keys(platform, scope), now=time.time())
    glance = platform.glance(body)
    if not glance.client_key:
        return proof, glance
    if glance.client_key not in proof.client_keys:
        raise InvalidSignature("Invalid signature")
    return replace(proof, client_keys=(glance.client_key,)), glance


def _take_older(platform: Platform, request: HttpRequest, body: bytes) -> HttpResponse:
    """An event in the older project's shape. Raises InvalidSignature, NotAnEvent and KeysUnavailable.

    Its answers are that project's: one that came before is told the number under which it is kept.
    """
    scope = _proved(
        platform,
        lambda: older.authenticate(platform.name, request.headers, body, keys.older_keys(platform.name)),
    )
    event = older.read(platform.name, body)
    kept = _Kept(
        source=f"{PlatformAccount.OLDER}{platform.name}:{scope}",
        event_key=older.event_key(platform.name, event, timezone.now()),
        conv_key=event["conversation_id"],
    )
    if _keep(platform, request, body, kept):
        return JsonResponse({"status": "accepted"})
    known = WebhookEvent.objects.filter(source=kept.source, event_key=kept.event_key)
    return JsonResponse({"status": "accepted", "internal_id": known.values_list("pk", flat=True).first()})


def _keep(platform: Platform, request: HttpRequest, body: bytes, kept: _Kept) -> bool:
    """One row, committed by the one statement that writes it, then a bell. Whether it is the first of its key."""
    digest = hashlib.sha256(body).hexdigest()
    source, event_key = kept.source, kept.event_key or f"sha256:{digest}"
    names = (*KEPT_HEADERS, *platform.kept_headers)
    headers = {name: clean_text(request.headers[name], limit=300) for name in names if name in request.headers}
    row = (platform.name, body, digest, json.dumps(headers), kept.conv_key, kept.is_late)
    crash_point("ingress.before_insert")
    with connection.cursor() as cursor:
        pk = _insert(cursor, source, event_key, row, WebhookEvent.State.RECEIVED, "")
        is_conflict = pk is None and _keep_conflict(cursor, source, event_key, row)
    crash_point("ingress.after_commit_before_200")
    if pk is not None:
        bells.ring(ingest_event, pk, place=f"{source} {kept.conv_key or pk}")
    counter.labels(platform.name, "stored" if pk is not None else "conflict" if is_conflict else "repeated").inc()
    return pk is not None


def _insert(
    cursor: CursorWrapper, source: str, event_key: str, row: tuple[Any, ...], state: WebhookEvent.State, reason: str
) -> int | None:
    """The new row's pk, or None if the key is taken."""
    cursor.execute(_INSERT.format(**_SPELLING[connection.vendor]), (source, event_key, *row, state.value, reason))
    found = cursor.fetchone()
    return int(found[0]) if found else None


def _keep_conflict(cursor: CursorWrapper, source: str, event_key: str, row: tuple[Any, ...]) -> bool:
    """Keep a second body that came under a known key, for people to see; False for a repetition of the same body."""
    digest = row[2]
    cursor.execute(_KNOWN_BODY, (source, event_key))
    known = cursor.fetchone()
    if known is None or known[0] in {digest, READ_BACK}:
        return False
    own_key = f"conflict:{hashlib.sha256(f'{event_key} {digest}'.encode()).hexdigest()}"
    reason = f"conflict: {event_key}"[:250] + " came before with another body."
    _insert(cursor, source, own_key, row, WebhookEvent.State.CONFLICT, reason)
    live.ring_operations()
    logger.warning("Two different bodies came under one event key from %s.", source)
    return True


def _refuse(status: int, detail: object) -> HttpResponse:
    return JsonResponse({"detail": detail}, status=status)


def _later() -> HttpResponse:
    response = _refuse(503, "The event could not be kept. Send it again.")
    response["Retry-After"] = RETRY_AFTER
    return response
