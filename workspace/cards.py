"""What stands beside a conversation and waits for somebody: the hand-off, a decision, promises, a proposed reply."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from agent.services import approvals
from conversations.models import Conversation, Escalation
from core.personal import masked
from workspace import wording
from workspace.models import SuggestionOutcome

MOST_FACTS = 12
MOST_PROMISES = 5
LONGEST_FACT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A line of the hand-off card; ``seq`` is the message it was taken from, 0 where unknown."""

    label: str
    value: str
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOff:
    """What a person needs first."""

    reason: str
    detail: str
    wants: str
    tried: list[str]
    facts: list[Fact]
    missing: list[str]
    next_step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalCard:
    """Something that waits for a person's decision; ``facts`` are what it would be done with, addresses hidden."""

    id: str
    tool: str
    facts: list[Fact]
    reply: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseLine:
    """A promise that is open: what, by whom, and how it stands."""

    public_id: str
    text: str
    made_by: str
    due_at: datetime
    is_overdue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A reply the bot proposes while the customer waits; stale once the customer has written again."""

    escalation_id: str
    text: str
    is_stale: bool


def hand_off_of(escalation: Escalation | None) -> HandOff | None:
    """What a person needs first, from what the escalation holds."""
    if escalation is None:
        return None
    card = escalation.card if isinstance(escalation.card, dict) else {}
    return HandOff(
        reason=_(escalation.get_reason_display()),
        detail=masked(escalation.detail),
        wants=_words(card.get("wants")),
        tried=_list(card.get("tried")),
        facts=_facts(card.get("facts")),
        missing=_list(card.get("missing")),
        next_step=_words(card.get("next_step")),
    )


def _words(value: Any) -> str:
    return masked(value)[:LONGEST_FACT] if isinstance(value, str) else ""


def _list(value: Any) -> list[str]:
    if isinstance(value, str):
        return [_words(value)] if value else []
    return (
        [_words(each) for each in value if isinstance(each, str) and each][:MOST_FACTS]
        if isinstance(value, list)
        else []
    )


def _facts(value: Any) -> list[Fact]:
    given = [each for each in value if isinstance(each, dict)][:MOST_FACTS] if isinstance(value, list) else []
    return [
        Fact(
            label=wording.humanise(_words(each.get("label"))),
            value=masked(str(each.get("value", "")))[:LONGEST_FACT],
            seq=seq if isinstance(seq := each.get("seq"), int) else 0,
        )
        for each in given
    ]


def approval_of(conversation: Conversation) -> ApprovalCard | None:
    """What waits for a decision."""
    found = approvals.waiting_in(conversation)
    if found is None:
        return None
    return ApprovalCard(
        id=str(found.public_id),
        tool=_(found.get_tool_display()),
        facts=_facts([{"label": name, "value": value} for name, value in found.input.items()]),
        reply=masked(found.reply),
    )


def suggestion_of(conversation: Conversation, escalation: Escalation | None, *, is_whole: bool) -> Suggestion | None:
    """What the bot proposes to reply. ``is_whole`` is for those who may send it: it goes out as it stands on the card."""
    if escalation is None or not escalation.suggestion or conversation.waiting_since is None:
        return None
    if SuggestionOutcome.objects.filter(escalation=escalation, for_seq=escalation.suggestion_for_seq).exists():
        return None
    return Suggestion(
        escalation_id=str(escalation.public_id),
        text=escalation.suggestion if is_whole else masked(escalation.suggestion),
        is_stale=escalation.suggestion_for_seq < conversation.last_in_seq,
    )


def promises_of(conversation: Conversation) -> list[PromiseLine]:
    """The promises that are open, the first due first."""
    return [
        PromiseLine(
            public_id=str(each.public_id),
            text=masked(each.text),
            made_by=each.made_by,
            due_at=each.due_at,
            is_overdue=each.is_overdue,
        )
        for each in conversation.promises.open().order_by("due_at")[:MOST_PROMISES]
    ]
