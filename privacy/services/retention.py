"""Letting go of what is older than it may be: class by class, in small steps, and only what nothing waits for."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from agent.models import AgentRun, Approval, Dialogue, Replay, SpendLedger, ToolCall
from conversations.models import Attachment, Conversation, Customer, Delivery, Message, Note, SeenKey
from core import audit, leases
from integrations.models import EventDelivery, IdentifiedPerson, Visitor, WebhookEvent
from privacy import folder
from privacy.models import Erasure
from privacy.services.changes import empty_log_of_changes
from privacy.services.exporting import remove_expired

BATCH = 500
LEASE_SECONDS = 120.0
# Files without a row are young while the transaction that writes their row is open.
STRAY_AFTER = timedelta(days=1)
_LEADS = Q(platform="linkedin", event_key__startswith="lead:")

Rows = QuerySet[Any]
Remove = Callable[[list[int]], None]


@dataclass(frozen=True, slots=True)
class Rule:
    """What of one table is too old, and how it goes: ``kind`` names the setting that says how old it may be."""

    kind: str
    label: str
    older: Callable[[datetime], Rows]
    remove: Remove


def count_old(now: datetime | None = None) -> dict[str, int]:
    """How many rows of each table, and files, are too old now; of the audit trail so many as one run lets go. Changes nothing."""
    now = now or timezone.now()
    old = {rule.label: rule.older(cutoff).count() for rule, cutoff in _in_force(now)}
    days = settings.RETENTION_DAYS["audit"]
    old["core.auditevent"] = audit.count_to_trim(now - timedelta(days=days), most=BATCH) if days else 0
    old["files without a row"] = sum(1 for _ in _stray_files())
    old["exported files"] = folder.count_dead(timezone.now())
    return old


def apply_retention(*, seconds: float = 45.0, now: datetime | None = None) -> dict[str, int]:
    """Let go of what is too old, for at most ``seconds``; how many rows of each table went. The rest goes next time.

    In one process at a time; another gets an empty answer.
    """
    gone: dict[str, int] = {}
    with leases.held("retention", seconds=LEASE_SECONDS) as is_ours:
        if not is_ours:
            return gone
        ends = time.monotonic() + seconds
        for rule, cutoff in _in_force(now or timezone.now()):
            gone[rule.label] = _apply(rule, cutoff, ends)
        gone["core.auditevent"] = _trim_audit(now or timezone.now())
        gone["files without a row"] = _remove_stray_files(ends)
        gone["exported files"] = remove_expired()
        empty_log_of_changes()
    return gone


def _in_force(now: datetime) -> list[tuple[Rule, datetime]]:
    days = settings.RETENTION_DAYS
    return [(rule, now - timedelta(days=days[rule.kind])) for rule in RULES if days[rule.kind]]


def _apply(rule: Rule, cutoff: datetime, ends: float) -> int:
    """The oldest rows first, so many at a time; rows that cannot go now are not met again."""
    gone = last = 0
    while time.monotonic() < ends:
        pks = list(rule.older(cutoff).filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH])
        if not pks:
            break
        rule.remove(pks)
        gone, last = gone + len(pks), pks[-1]
    return gone


def _old_messages(cutoff: datetime) -> Rows:
    under_way = Delivery.objects.filter(message=OuterRef("pk"), state__in=Delivery.MOVING)
    found = Message.objects.filter(created_at__lt=cutoff).exclude(disposition=Message.Disposition.UNDECIDED)
    return found.filter(~Exists(under_way))


def _old_conversations(cutoff: datetime) -> Rows:
    silent = Q(last_message_at__lt=cutoff) | Q(last_message_at=None, created_at__lt=cutoff)
    return Conversation.objects.filter(silent, ~Exists(Message.objects.filter(conversation=OuterRef("pk"))))


def _old_customers(cutoff: datetime) -> Rows:
    has_talk = Conversation.objects.filter(customer=OuterRef("pk"))
    is_noted = Erasure.objects.filter(customer=OuterRef("pk"))
    return Customer.objects.filter(~Exists(has_talk), ~Exists(is_noted), created_at__lt=cutoff)


def _old_events(cutoff: datetime) -> Rows:
    return _events(cutoff).exclude(_LEADS)


def _old_leads(cutoff: datetime) -> Rows:
    """Answers to lead forms, which stand in their events alone: people's words, as messages are."""
    return _events(cutoff).filter(_LEADS)


def _events(cutoff: datetime) -> Rows:
    return WebhookEvent.objects.filter(received_at__lt=cutoff).exclude(state=WebhookEvent.State.RECEIVED)


def _old_event_deliveries(cutoff: datetime) -> Rows:
    return EventDelivery.objects.filter(created_at__lt=cutoff).exclude(state=EventDelivery.State.SENDING)


def _old_traces(cutoff: datetime) -> Rows:
    ended = AgentRun.objects.filter(started_at__lt=cutoff).exclude(state=AgentRun.State.RUNNING)
    return ended.exclude(draft="", envelope={}, trace={}, error="")


def _old_spending(cutoff: datetime) -> Rows:
    """Of single customers and conversations, of whom each has a row a day; what an account and all together cost is kept."""
    single = Q(scope__startswith="customer:") | Q(scope__startswith="conversation:")
    return SpendLedger.objects.filter(single, day__lt=cutoff.date(), reserved=0)


def _delete(model: type[models.Model]) -> Remove:
    def remove(pks: list[int]) -> None:
        model._default_manager.filter(pk__in=pks).delete()

    return remove


def _delete_messages(pks: list[int]) -> None:
    """Messages go with their deliveries and attachments, and then the files, which no transaction can hold."""
    files = list(Attachment.objects.filter(message__in=pks).exclude(file="").values_list("file", flat=True))
    Message.objects.filter(pk__in=pks).delete()
    for name in files:
        default_storage.delete(name)


def _empty_traces(pks: list[int]) -> None:
    Replay.objects.filter(run__in=pks).delete()
    AgentRun.objects.filter(pk__in=pks).update(draft="", envelope={}, trace={}, error="")


RULES = (
    Rule("messages", "conversations.message", _old_messages, _delete_messages),
    Rule("messages", "conversations.note", lambda cutoff: Note.objects.filter(created_at__lt=cutoff), _delete(Note)),
    Rule("messages", "conversations.conversation", _old_conversations, _delete(Conversation)),
    Rule("messages", "conversations.customer", _old_customers, _delete(Customer)),
    Rule(
        "messages",
        "integrations.visitor",
        lambda cutoff: Visitor.objects.filter(last_seen_at__lt=cutoff),
        _delete(Visitor),
    ),
    Rule(
        "messages",
        "integrations.identifiedperson",
        lambda cutoff: IdentifiedPerson.objects.filter(proven_at__lt=cutoff),
        _delete(IdentifiedPerson),
    ),
    Rule("events", "integrations.webhookevent", _old_events, _delete(WebhookEvent)),
    Rule("messages", "answers to lead forms", _old_leads, _delete(WebhookEvent)),
    Rule("events", "integrations.eventdelivery", _old_event_deliveries, _delete(EventDelivery)),
    Rule(
        "events", "conversations.seenkey", lambda cutoff: SeenKey.objects.filter(seen_at__lt=cutoff), _delete(SeenKey)
    ),
    Rule("traces", "agent.agentrun", _old_traces, _empty_traces),
    Rule(
        "traces",
        "agent.toolcall",
        lambda cutoff: ToolCall.objects.filter(created_at__lt=cutoff),
        _delete(ToolCall),
    ),
    Rule("traces", "agent.spendledger", _old_spending, _delete(SpendLedger)),
    Rule(
        "messages",
        "agent.dialogue",
        lambda cutoff: Dialogue.objects.filter(updated_at__lt=cutoff),
        _delete(Dialogue),
    ),
    Rule(
        "messages",
        "agent.approval",
        lambda cutoff: Approval.objects.filter(created_at__lt=cutoff).exclude(state=Approval.State.WAITING),
        _delete(Approval),
    ),
)


def _trim_audit(now: datetime) -> int:
    days = settings.RETENTION_DAYS["audit"]
    return audit.trim(now - timedelta(days=days), most=BATCH) if days else 0


def _remove_stray_files(ends: float) -> int:
    """Remove attachments' files that no row names: a transaction that was undone, or a process that was killed, left them."""
    gone = 0
    for path in _stray_files(ends):
        path.unlink(missing_ok=True)
        gone += 1
    return gone


def _stray_files(ends: float = inf) -> Iterator[Path]:
    """Those files, one by one, until the monotonic clock says ``ends``."""
    root = Path(settings.MEDIA_ROOT)
    before = (timezone.now() - STRAY_AFTER).timestamp()
    for path in (root / "attachments").rglob("*"):
        if time.monotonic() > ends:
            return
        if not path.is_file() or path.stat().st_mtime > before:
            continue
        if not Attachment.objects.filter(file=path.relative_to(root).as_posix()).exists():
            yield path
