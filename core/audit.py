"""The audit trail: who did what. Events are appended in the transaction of the deed and sealed into a chain after it."""

import hashlib
import json
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction

from core.models import ApiKey, AuditEvent, AuditSeal, User
from core.redaction import redact

GENESIS = "0" * 64
TRIMMED = "audit.trimmed"
SEALS_PER_PASS = 500
# Numbers are given out before they are committed, so an event may turn up behind the newest seal. This far back is
# looked each time; whatever took longer to commit is found when all are looked at.
LOOK_BACK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the present request came from."""

    address: str = ""
    request_id: str = ""


NOWHERE = Origin()
origin: ContextVar[Origin] = ContextVar("audit_origin", default=NOWHERE)


def record(
    actor: User | ApiKey | None,
    action: str,
    target: models.Model,
    *,
    reason: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """Append one event; ``actor`` None is the product itself, a ``target`` without a key is nobody. Never put message text or secrets into it.

    It outlives the people it is about, so numbers and addresses of theirs in a ``reason`` are masked.
    """
    where = origin.get()
    kind = "user" if isinstance(actor, User) else "key" if isinstance(actor, ApiKey) else "system"
    return AuditEvent.objects.create(
        actor_kind=kind,
        actor_id=actor.pk if actor else None,
        actor_name=actor.display_name if actor else "system",
        action=action,
        target_kind=target._meta.label_lower,
        target_id="" if target.pk is None else str(target.pk),
        address=where.address,
        request_id=where.request_id,
        reason=redact(reason)[:300],
        before=dict(before or {}),
        after=dict(after or {}),
    )


@transaction.atomic
def seal(*, look_back: int | None = LOOK_BACK) -> int:
    """Chain the events that are not sealed yet, oldest first; returns how many. Safe to run twice at once.

    ``look_back`` is how many numbers behind the newest seal to begin; None looks at every event there is.
    """
    last = AuditSeal.objects.order_by("-position").first()
    position, previous = (last.position, last.hash) if last else (0, GENESIS)
    begin = last.event_id - look_back if last and look_back is not None else 0
    # Each side has its bound, or PostgreSQL reads every seal there is.
    sealed = AuditSeal.objects.filter(event_id=models.OuterRef("id"), event_id__gt=begin)
    waiting = AuditEvent.objects.filter(~models.Exists(sealed), id__gt=begin)
    links = []
    for event in waiting.order_by("id")[:SEALS_PER_PASS]:
        position, digest = position + 1, event_hash(event, previous)
        links.append(AuditSeal(event=event, position=position, previous_hash=previous, hash=digest))
        previous = digest
    AuditSeal.objects.bulk_create(links)
    return len(links)


@transaction.atomic
def trim(before: datetime, *, most: int) -> int:
    """Let go of the oldest sealed events from before then, at most so many; returns how many.

    The database lets none go that is younger than a year. What the chain begins with from now on is written into it,
    so that a missing beginning can be told from one that was let go. The newest seal always stays.
    """
    links = _to_trim(before, most)
    if not links:
        return 0
    events = [link.event_id for link in links]
    AuditSeal.objects.filter(pk__in=events).delete()
    AuditEvent.objects.filter(pk__in=events).delete()
    last = links[-1]
    record(None, TRIMMED, last, after={"position": last.position, "hash": last.hash})
    return len(links)


def count_to_trim(before: datetime, *, most: int) -> int:
    """How many ``trim`` would let go of now. Changes nothing."""
    return len(_to_trim(before, most))


def _to_trim(before: datetime, most: int) -> list[AuditSeal]:
    newest = AuditSeal.objects.order_by("-position").values_list("position", flat=True).first()
    old = AuditSeal.objects.filter(event__at__lt=before, position__lt=newest or 0).order_by("position")
    # Only a whole beginning: an older event behind a younger one stays until that one goes.
    links = list(old[:most])
    first = AuditSeal.objects.order_by("position").values_list("position", flat=True).first() or 0
    return [link for place, link in enumerate(links) if link.position == first + place]


def broken_links() -> list[int]:
    """Positions at which the chain does not hold; empty is intact."""
    broken, previous = [], _beginning()
    for link in AuditSeal.objects.select_related("event").order_by("position").iterator():
        if link.previous_hash != previous or link.hash != event_hash(link.event, previous):
            broken.append(link.position)
        previous = link.hash
    return broken


def _beginning() -> str:
    """The hash that the first link has to follow."""
    first = AuditSeal.objects.order_by("position").values_list("position", flat=True).first() or 1
    if first == 1:
        return GENESIS
    trims = AuditEvent.objects.filter(action=TRIMMED).order_by("-id")
    return next((str(trim.after["hash"]) for trim in trims.iterator() if trim.after["position"] == first - 1), GENESIS)


def event_hash(event: AuditEvent, previous: str) -> str:
    """SHA-256 over the previous link and every field of the event, as canonical JSON."""
    fields = {field.attname: getattr(event, field.attname) for field in event._meta.concrete_fields}
    text = json.dumps(fields, sort_keys=True, default=str, ensure_ascii=True)
    return hashlib.sha256((previous + text).encode()).hexdigest()
