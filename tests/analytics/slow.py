"""Every figure once more, in plain Python over all rows: what the fast ones are held against."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from agent.models import AgentRun
from conversations.models import Conversation, Delivery, Episode, Escalation, Message
from core.models import User
from core.policy import Role
from integrations.models import PlatformAccount, WebhookEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Who asks, and for what: primary keys, None for all. ``since`` begins the period."""

    who: User
    now: datetime
    since: datetime
    platform: str | None = None
    account: PlatformAccount | None = None
    team_id: int | None = None


def figures(question: Question) -> dict[str, set[int]]:
    """The primary keys that each figure counts, by the figure's key."""
    counted = {row.pk: row for row in Conversation.objects.all() if _counts(question, row)}
    return {
        **_conversations(question, counted.values()),
        **_messages(question, _of(Message, question, counted)),
        **_escalations(question, _of(Escalation, question, counted)),
        **_deliveries(question, _of(Delivery, question, counted)),
        **_episodes(question, _of(Episode, question, counted)),
        **_runs(question, _of(AgentRun, question, counted)),
        **_events(question),
    }


def nearest_rank(values: Iterable[timedelta], share: float) -> timedelta | None:
    """The smallest value that ``share`` of them do not exceed."""
    in_order = sorted(values)
    return in_order[math.ceil(share * len(in_order)) - 1] if in_order else None


def sees_everything(who: User) -> bool:
    """Whether the matrix lets this role's dashboard reach beyond their own."""
    return who.role in (Role.ADMIN, Role.SUPERVISOR, Role.VIEWER)


def _counts(question: Question, row: Conversation) -> bool:
    mine = row.team_id in question.who.policy_team_ids or row.assignee_id == question.who.pk
    return (
        row.last_message_at is not None
        and (sees_everything(question.who) or mine)
        and question.platform in (None, row.platform)
        and (question.account is None or row.account_id == question.account.pk)
        and question.team_id in (None, row.team_id)
    )


def _of(model: Any, question: Question, counted: dict[int, Conversation]) -> list[Any]:
    asks_for_all = sees_everything(question.who) and not (question.platform or question.account or question.team_id)
    return [row for row in model.objects.all() if asks_for_all or row.conversation_id in counted]


def _keys(rows: Iterable[Any], fits: Callable[[Any], bool]) -> set[int]:
    return {row.pk for row in rows if fits(row)}


def _all(rows: Iterable[Any]) -> set[int]:
    return {row.pk for row in rows}


def _conversations(question: Question, rows: Iterable[Conversation]) -> dict[str, set[int]]:
    rows = list(rows)
    return {
        "with-bot": _keys(rows, lambda row: row.mode == "bot"),
        "waiting-for-person": _keys(rows, lambda row: row.mode == "human" and row.assignee_id is None),
        "with-person": _keys(rows, lambda row: row.mode == "human" and row.assignee_id is not None),
        "closed": _keys(rows, lambda row: row.mode == "closed" and row.closed_at >= question.since),
        "unanswered": _keys(rows, lambda row: row.mode != "closed" and row.waiting_since is not None),
    }


def _messages(question: Question, rows: list[Message]) -> dict[str, set[int]]:
    first_minute = question.now.replace(second=0, microsecond=0) - timedelta(minutes=59)
    hour = [row for row in rows if row.created_at >= first_minute]
    inbound = [row for row in rows if row.direction == "in" and row.created_at >= question.since]
    found = {
        "messages": _all(hour),
        "messages-in": _keys(hour, lambda row: row.direction == "in"),
        "messages-out": _keys(hour, lambda row: row.direction == "out"),
        "received": _all(inbound),
        "intents": _keys(inbound, lambda row: row.intent != ""),
    }
    ends = {
        "answered": "answered",
        "handed-over": "handed_over",
        "needs-no-answer": "ignored",
        "given-up": "dead",
        "undecided": "undecided",
    }
    for key, disposition in ends.items():
        found[key] = {row.pk for row in inbound if row.disposition == disposition}
    return found


def _escalations(question: Question, rows: list[Escalation]) -> dict[str, set[int]]:
    return {
        "escalations-open": _keys(rows, lambda row: row.state == "open"),
        "escalations-claimed": _keys(rows, lambda row: row.state == "claimed"),
        "escalations-late": _keys(
            rows, lambda row: row.state != "closed" and row.due_at is not None and row.due_at < question.now
        ),
        "escalations-raised": _keys(rows, lambda row: row.created_at >= question.since),
    }


def _deliveries(question: Question, rows: list[Delivery]) -> dict[str, set[int]]:
    return {
        "sends-waiting": _keys(rows, lambda row: row.state in ("pending", "sending", "retry_wait")),
        "sends-unknown": _keys(rows, lambda row: row.state == "unknown"),
        "sends-to-decide": _keys(rows, lambda row: row.state == "needs_review"),
        "sends-failed": _keys(rows, lambda row: row.state == "dead" and row.created_at >= question.since),
    }


def _episodes(question: Question, rows: list[Episode]) -> dict[str, set[int]]:
    begun = [row for row in rows if row.started_at >= question.since]
    answered = [row for row in begun if row.first_bot_reply_at is not None]
    return {
        "episodes": _all(begun),
        "bot-answered": _all(answered),
        "involved": _keys(begun, lambda row: bool(row.first_bot_reply_at or row.first_escalated_at)),
        "without-person": _keys(
            answered,
            lambda row: not (row.first_human_reply_at or row.first_escalated_at or row.asked_for_person_at),
        ),
    }


def _runs(question: Question, rows: list[AgentRun]) -> dict[str, set[int]]:
    begun = [row for row in rows if row.started_at >= question.since]
    return {
        "runs": _all(begun),
        "runs-with-model": _keys(begun, lambda row: row.tokens_in + row.tokens_out + row.cost_micros > 0),
    }


def _events(question: Question) -> dict[str, set[int]]:
    rows = [row for row in WebhookEvent.objects.all() if row.received_at >= question.since]
    if not sees_everything(question.who):
        rows = []
    if question.platform:
        rows = [row for row in rows if row.platform == question.platform]
    if question.account or question.team_id:
        meant = [
            account.source
            for account in PlatformAccount.objects.all()
            if question.account in (None, account) and question.team_id in (None, account.team_id)
        ]
        rows = [row for row in rows if row.source in meant]
    found = {"events": {row.pk for row in rows}}
    for state, name in (
        ("ingested", "ingested"),
        ("ignored", "ignored"),
        ("quarantined", "quarantined"),
        ("conflict", "conflict"),
        ("dead", "dead"),
        ("received", "waiting"),
    ):
        found[f"events-{name}"] = {row.pk for row in rows if row.state == state}
    return found
