"""How an event gets in, whichever server took the request: verify, keep, answer. Nothing else happens before it is on disk."""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections
from django.db import Error as AnyDatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.utils import timezone
from prometheus_client import Counter

from core import bells, following, live
from core.crashpoints import crash_point
from core.patience import within
from core.text import clean_text
from integrations import keys
from integrations.exceptions import InvalidSignature, KeysUnavailable, NoSignature, NotAnEvent, SignedAhead
from integrations.models import PlatformAccount, WebhookEvent
from integrations.platforms import older
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
# A database that is silent for so long is given up: with a new connection's time the platform has its 503 within five seconds.
KEPT_WITHIN_SECONDS = 2.5
# A connection that was kept and is broken says so at once.
BROKEN_WITHIN_SECONDS = 0.4
KEPT_HEADERS = ("Content-Type", "User-Agent")
JSON_TYPES = ("", "application/json")
# The digits of a length that may be read as a number at all.
LONGEST_LENGTH = 12

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
_INSERTS = {vendor: _INSERT.format(**spelling) for vendor, spelling in _SPELLING.items()}
_KNOWN_BODY = "SELECT body_sha256 FROM integrations_webhookevent WHERE source = %s AND event_key = %s"


class TooLarge(Exception):
    """The body is longer than any event may be."""


class EndedEarly(Exception):
    """The body is shorter than was announced."""


class Body(Protocol):
    """What a body is read from."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the sender is told: ``told`` as JSON."""

    status: int
    told: Mapping[str, object]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """How an event is filed. An empty key stands for one of the body's own."""

    source: str
    event_key: str
    conv_key: str
    is_late: bool = False


def take_in(platform: Platform, headers: Mapping[str, str], read: Callable[[], bytes], scope: str) -> Answer:
    """200 once the event is committed; 401 forged, 413 and 415 not an event, 503 could not be kept.

    ``headers`` knows names in any case; ``read`` gives the raw body, or raises TooLarge or EndedEarly. ``scope`` is whose address
    it is, where an app or an account has one of its own.
    """
    answer = _take(platform, headers, read, scope)
    if answer.status != 200:
        # The counts of what is kept tell how it was kept.
        counter.labels(platform.name, "failed" if answer.status == 503 else "refused").inc()
    return answer


def _take(platform: Platform, headers: Mapping[str, str], read: Callable[[], bytes], scope: str) -> Answer:
    if not _is_plain_json(headers):
        return refusal(415, "Send JSON, uncompressed.")
    try:
        body = read()
        if older.is_signed_so(platform.name, headers):
            return _take_older(platform, headers, body)
        proof, glance = _authenticate(platform, headers, body, scope)
        kept = _Kept(
            source=f"{platform.name}:{proof.client_keys[0]}",
            event_key=proof.event_key or glance.event_key,
            conv_key=glance.conv_key,
            is_late=proof.late,
        )
        _keep(platform, headers, body, kept)
        return ACCEPTED
    except TooLarge:
        return refusal(413, f"An event has at most {settings.WEBHOOK_MAX_BYTES:,} bytes.")
    except EndedEarly:
        return refusal(400, "The body ended early.")
    except NotAnEvent as error:
        return refusal(422, [{"loc": ["body", name], "msg": fault} for name, fault in error.faults.items()])
    except SignedAhead as error:
        counter.labels(platform.name, "ahead").inc()
        return refusal(401, str(error))
    except InvalidSignature as error:
        return refusal(401, str(error))
    except (AnyDatabaseError, KeysUnavailable):
        logger.exception("An event of %s could not be kept; the platform will send it again.", platform.name)
        return later()


def body_of(meta: Mapping[str, Any], stream: Body) -> bytes:
    """The raw body. Raises TooLarge before more is read than an event may have, EndedEarly if it ends early.

    ``meta`` are the request's headers as WSGI names them.
    """
    limit: int = settings.WEBHOOK_MAX_BYTES
    announced = meta.get("CONTENT_LENGTH") or ""
    if not announced and "wsgi.input" in meta and "HTTP_TRANSFER_ENCODING" not in meta:
        return b""
    # In pieces nobody knows its length, and the server knows where it ends.
    length = _announced(announced) if announced else limit + 1
    try:
        body = stream.read(length)
    except OSError:
        raise EndedEarly from None
    if announced and len(body) < length:
        raise EndedEarly
    if len(body) > limit:
        raise TooLarge
    return body


def _announced(length: str) -> int:
    digits = length.lstrip("0") or "0"
    if not digits.isascii() or not digits.isdigit() or len(digits) > LONGEST_LENGTH:
        raise TooLarge
    if int(digits) > settings.WEBHOOK_MAX_BYTES:
        raise TooLarge
    return int(digits)


def _is_plain_json(headers: Mapping[str, str]) -> bool:
    media_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return media_type in JSON_TYPES and headers.get("Content-Encoding", "identity") == "identity"


def keys_at(platform: Platform, scope: str) -> tuple[AppKey, ...]:
    """The keys that count at an address; all of the platform's where it is nobody's own. Raises KeysUnavailable."""
    return tuple(key for key in keys.app_keys(platform.name) if scope in {"", key.client_key})


def _authenticate(platform: Platform, headers: Mapping[str, str], body: bytes, scope: str) -> tuple[Proof, Glance]:
    """Which of our apps the event is for, proved. Raises InvalidSignature and KeysUnavailable."""
    return _proved(platform, lambda: _prove(platform, headers, body, scope))


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


def _prove(platform: Platform, headers: Mapping[str, str], body: bytes, scope: str) -> tuple[Proof, Glance]:
    """The proof narrowed to the app that the event names, for an app vouches for its own events only."""
    proof = platform.authenticate(headers, body, keys_at(platform, scope), now=time.time())
    glance = platform.glance(body)
    if not glance.client_key:
        return proof, glance
    if glance.client_key not in proof.client_keys:
        raise InvalidSignature("Invalid signature")
    return replace(proof, client_keys=(glance.client_key,)), glance


def _take_older(platform: Platform, headers: Mapping[str, str], body: bytes) -> Answer:
    """An event in the older project's shape. Raises InvalidSignature, NotAnEvent and KeysUnavailable.

    Its answers are that project's: one that came before is told the number under which it is kept.
    """
    scope = _proved(
        platform,
        lambda: older.authenticate(platform.name, headers, body, keys.older_keys(platform.name)),
    )
    event = older.read(platform.name, body)
    kept = _Kept(
        source=f"{PlatformAccount.OLDER}{platform.name}:{scope}",
        event_key=older.event_key(platform.name, event, timezone.now()),
        conv_key=event["conversation_id"],
    )
    if _keep(platform, headers, body, kept):
        return ACCEPTED
    known = WebhookEvent.objects.filter(source=kept.source, event_key=kept.event_key)
    return Answer(status=200, told={"status": "accepted", "internal_id": known.values_list("pk", flat=True).first()})


def _keep(platform: Platform, headers: Mapping[str, str], body: bytes, kept: _Kept) -> bool:
    """One row, committed by the one statement that writes it, then a bell. Whether it is the first of its key."""
    digest = hashlib.sha256(body).hexdigest()
    source, event_key = kept.source, kept.event_key or f"sha256:{digest}"
    names = (*KEPT_HEADERS, *platform.kept_headers)
    known = {name: clean_text(headers[name], limit=300) for name in names if name in headers}
    if followed := following.current():
        known[following.HEADER] = followed
    row = (platform.name, body, digest, json.dumps(known), kept.conv_key, kept.is_late)
    crash_point("ingress.before_insert")
    pk, is_conflict = _write(source, event_key, row)
    crash_point("ingress.after_commit_before_200")
    if pk is not None:
        bells.ring(ingest_event, pk, place=f"{source} {kept.conv_key or pk}")
    counter.labels(platform.name, "stored" if pk is not None else "conflict" if is_conflict else "repeated").inc()
    return pk is not None


def _write(source: str, event_key: str, row: tuple[Any, ...]) -> tuple[int | None, bool]:
    """The new row's pk, or whether another body came under its key before.

    A connection that was kept is not asked for a sign of life first, which would be another way to the database and back:
    if it is broken, that is known at once, and a new one is made.
    """
    database = connections[DEFAULT_DB_ALIAS]
    began = time.monotonic()
    was_kept = database.connection is not None
    # Django's own; the stubs do not know it.
    database.health_check_done = was_kept  # type: ignore[attr-defined]
    try:
        return _write_once(database, source, event_key, row)
    except (OperationalError, InterfaceError):
        is_broken = was_kept and time.monotonic() - began < BROKEN_WITHIN_SECONDS
        if not is_broken or database.in_atomic_block:
            raise
        database.close()
    return _write_once(database, source, event_key, row)


def _write_once(
    database: BaseDatabaseWrapper, source: str, event_key: str, row: tuple[Any, ...]
) -> tuple[int | None, bool]:
    with within(database, KEPT_WITHIN_SECONDS), database.cursor() as cursor:
        pk = _insert(cursor, source, event_key, row, WebhookEvent.State.RECEIVED, "")
        return pk, pk is None and _keep_conflict(cursor, source, event_key, row)


def _insert(
    cursor: CursorWrapper, source: str, event_key: str, row: tuple[Any, ...], state: WebhookEvent.State, reason: str
) -> int | None:
    """The new row's pk, or None if the key is taken."""
    cursor.execute(_INSERTS[cursor.db.vendor], (source, event_key, *row, state.value, reason))
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


def refusal(status: int, detail: object) -> Answer:
    """What the sender has to change."""
    return Answer(status=status, told={"detail": detail})


def later() -> Answer:
    """It is not the sender's fault."""
    return Answer(
        status=503, told={"detail": "The event could not be kept. Send it again."}, headers={"Retry-After": RETRY_AFTER}
    )


ACCEPTED = Answer(status=200, told={"status": "accepted"})
