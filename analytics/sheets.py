"""How one row of each kind is shown: its facts on the screen, and its columns in a file."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from agent.models import AgentRun
from analytics import wording
from analytics.scope import Kind, Scope
from conversations.models import Conversation, Delivery, Episode, Escalation, Message
from conversations.types import Priority
from core.personal import masked
from core.text import one_line
from integrations.models import WebhookEvent

LONGEST_WORDS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row of some kind, the conversation it belongs to where it has one, and who looks."""

    item: Any
    conversation: Conversation | None
    scope: Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One fact under its heading. ``kind`` colours it: ok, warn, danger, info; ``at`` is a moment, for machines."""

    label: str
    text: str
    kind: str = ""
    numeric: bool = False
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """``heavy`` columns are never read for a list; ``file_columns`` are written as they are stored."""

    cells: Callable[[Entry], list[Cell]]
    line: Callable[[Entry], str]
    file_columns: tuple[str, ...]
    heavy: tuple[str, ...] = ()


def _when(label: str, moment: datetime | None, entry: Entry, kind: str = "") -> Cell:
    return Cell(label=label, text=wording.moment(moment, now=entry.scope.now), at=moment, numeric=True, kind=kind)


def _number(label: str, text: str) -> Cell:
    return Cell(label=label, text=text, numeric=True)


def _channel(entry: Entry) -> Cell:
    if entry.conversation is None:
        return Cell(label=_("Channel"), text="")
    parts = (wording.platform(entry.conversation.platform), entry.conversation.account_name)
    return Cell(label=_("Channel"), text=" · ".join(part for part in parts if part))


def _last_line(entry: Entry) -> str:
    return entry.conversation.last_customer_line if entry.conversation else ""


def _own_line(entry: Entry) -> str:
    message: Message = entry.item
    return masked(message.text) or wording.humanise(message.kind)


def _conversation(entry: Entry) -> list[Cell]:
    item: Conversation = entry.item
    conversation = entry.conversation or item
    words, kind = str(item.get_mode_display()), "info" if item.mode == Conversation.Mode.BOT else ""
    if item.mode == Conversation.Mode.HUMAN:
        words = conversation.assignee.display_name if conversation.assignee else _("Nobody yet")
        kind = "ok" if conversation.assignee else "warn"
    return [
        _channel(entry),
        Cell(label=_("Who answers"), text=words, kind=kind),
        Cell(label=_("Intent"), text=wording.humanise(item.last_intent)),
        _when(_("Waiting since"), item.waiting_since, entry),
        _when(_("Last message"), item.last_message_at, entry),
    ]


def _message(entry: Entry) -> list[Cell]:
    item: Message = entry.item
    kinds = {"": "", Message.Disposition.DEAD.value: "danger", Message.Disposition.UNDECIDED.value: "warn"}
    return [
        _channel(entry),
        Cell(label=_("From"), text=item.get_sender_type_display()),
        Cell(label=_("Intent"), text=wording.humanise(item.intent)),
        Cell(
            label=_("What became of it"),
            text=item.get_disposition_display() if item.disposition else "",
            kind=kinds.get(item.disposition, "ok"),
        ),
        _when(_("Time"), item.created_at, entry),
    ]


def _escalation(entry: Entry) -> list[Cell]:
    item: Escalation = entry.item
    kinds = {Escalation.State.OPEN.value: "warn", Escalation.State.CLAIMED.value: "info"}
    late = item.state != Escalation.State.CLOSED and item.due_at is not None and item.due_at < entry.scope.now
    return [
        _channel(entry),
        Cell(label=_("Reason"), text=item.get_reason_display()),
        Cell(
            label=_("Priority"),
            text=item.get_priority_display(),
            kind="danger" if item.priority in {Priority.FIRST, Priority.HIGH} else "",
        ),
        Cell(
            label=_("State"),
            text=item.get_outcome_display() or item.get_state_display(),
            kind=kinds.get(item.state, ""),
        ),
        _when(_("Answer due"), item.due_at, entry, "danger" if late else ""),
        _when(_("Raised"), item.created_at, entry),
    ]


def _delivery(entry: Entry) -> list[Cell]:
    item: Delivery = entry.item
    kinds = {
        Delivery.State.DEAD.value: "danger",
        Delivery.State.NEEDS_REVIEW.value: "warn",
        Delivery.State.UNKNOWN.value: "warn",
    }
    return [
        _channel(entry),
        Cell(label=_("Author"), text=item.get_author_display()),
        Cell(label=_("State"), text=item.get_state_display(), kind=kinds.get(item.state, "")),
        Cell(label=_("Why"), text=one_line(item.reason, LONGEST_WORDS)),
        _number(_("Attempts"), str(item.attempts)),
        _when(_("Written"), item.created_at, entry),
    ]


def _event(entry: Entry) -> list[Cell]:
    item: WebhookEvent = entry.item
    kinds = {
        WebhookEvent.State.DEAD.value: "danger",
        WebhookEvent.State.CONFLICT.value: "warn",
        WebhookEvent.State.QUARANTINED.value: "warn",
        WebhookEvent.State.INGESTED.value: "ok",
    }
    return [
        Cell(label=_("Platform"), text=wording.platform(item.platform)),
        Cell(label=_("State"), text=item.get_state_display(), kind=kinds.get(item.state, "")),
        Cell(label=_("Why"), text=one_line(item.reason, LONGEST_WORDS)),
        _number(_("Attempts"), str(item.attempts)),
        _when(_("Received"), item.received_at, entry),
    ]


def _episode(entry: Entry) -> list[Cell]:
    item: Episode = entry.item
    first = item.first_bot_reply_at
    person = ""
    if item.first_human_reply_at:
        person = _("answered")
    elif item.asked_for_person_at:
        person = _("asked for")
    elif item.first_escalated_at:
        person = _("called")
    return [
        _channel(entry),
        _number(_("Episode"), str(item.number)),
        _number(_("Bot's first answer after"), wording.span(first - item.started_at) if first else "–"),
        Cell(label=_("Person"), text=person),
        Cell(
            label=_("End"),
            text=item.get_outcome_display() if item.outcome else _("open"),
            kind="" if item.outcome else "info",
        ),
        _when(_("Begun"), item.started_at, entry),
    ]


def _run(entry: Entry) -> list[Cell]:
    item: AgentRun = entry.item
    kinds = {
        AgentRun.State.REPLIED.value: "ok",
        AgentRun.State.ESCALATED.value: "warn",
        AgentRun.State.FAILED.value: "danger",
        AgentRun.State.DEAD.value: "danger",
    }
    return [
        Cell(label=_("Intent"), text=wording.humanise(item.intent)),
        Cell(label=_("Outcome"), text=item.get_state_display(), kind=kinds.get(item.state, "")),
        Cell(label=_("Written by"), text=item.model or item.provider),
        _number(_("Tokens"), f"{item.tokens_in + item.tokens_out:,}"),
        _number(_("Cost"), wording.dollars(item.cost_micros)),
        _number(_("Took"), f"{item.duration_ms:,} ms" if item.duration_ms is not None else "–"),
        _when(_("Begun"), item.started_at, entry),
    ]


SHEETS: dict[Kind, Sheet] = {
    Kind.CONVERSATION: Sheet(
        cells=_conversation,
        line=_last_line,
        file_columns=("mode", "last_intent", "language", "waiting_since", "last_message_at", "closed_at"),
    ),
    Kind.MESSAGE: Sheet(
        cells=_message,
        line=_own_line,
        file_columns=("public_id", "seq", "direction", "sender_type", "intent", "disposition", "created_at"),
        heavy=("details", "sources"),
    ),
    Kind.ESCALATION: Sheet(
        cells=_escalation,
        line=_last_line,
        file_columns=("public_id", "reason", "priority", "state", "outcome", "due_at", "created_at", "closed_at"),
        heavy=("suggestion", "card"),
    ),
    Kind.DELIVERY: Sheet(
        cells=_delivery,
        line=_last_line,
        file_columns=("public_id", "author", "state", "reason", "attempts", "created_at"),
    ),
    Kind.EVENT: Sheet(
        cells=_event,
        line=_last_line,
        file_columns=("platform", "state", "reason", "attempts", "received_at"),
        heavy=("body", "headers"),
    ),
    Kind.EPISODE: Sheet(
        cells=_episode,
        line=_last_line,
        file_columns=("number", "started_at", "first_bot_reply_at", "first_human_reply_at", "ended_at", "outcome"),
    ),
    Kind.RUN: Sheet(
        cells=_run,
        line=_last_line,
        file_columns=(
            "public_id", "state", "intent", "provider", "model", "tokens_in", "tokens_out", "cost_micros", "duration_ms", "started_at",
        ),
        heavy=("envelope", "trace", "draft"),
    ),
}  # fmt: skip
