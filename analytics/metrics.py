"""Every figure of the dashboard, each defined once: the rows it counts. The number, the list and the file are those rows."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Aggregate, Count, F, Q, QuerySet, Sum, Window
from django.db.models.functions import RowNumber, TruncMinute
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analytics import wording
from analytics.scope import Kind, Scope
from conversations.models import Conversation, Delivery, Escalation, Message
from conversations.types import ReasonCategory
from core.policy import Action
from integrations.models import WebhookEvent

_Mode = Conversation.Mode
_State = Delivery.State
_Event = WebhookEvent.State
_Disposition = Message.Disposition
MOST_INTENTS = 8


class PartUnknown(Exception):
    """A metric was asked for a part that it does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """The rows of ``kind`` that fulfil ``condition``, in ``order`` (a column and the key that breaks ties).

    ``part`` narrows them to one reason, intent or minute, where the dashboard shows these apart.
    """

    key: str
    label: Promise
    kind: Kind
    condition: Callable[[Scope], Q]
    order: tuple[str, str] = ("-created_at", "-pk")
    of_period: bool = False
    action: Action = Action.VIEW_DASHBOARD
    part: Callable[[str], Q] | None = None

    def rows(self, scope: Scope, part: str = "") -> QuerySet[Any]:
        """The rows that the figure counts, without order. Raises PartUnknown."""
        found = scope.rows(self.kind).filter(self.condition(scope))
        if not part:
            return found
        if self.part is None:
            raise PartUnknown(part)
        return found.filter(self.part(part))

    def part_words(self, part: str) -> str:
        """What people call a part that `rows` has taken."""
        if self.part is _reason:
            return str(ReasonCategory(part).label)
        if self.part is _minute:
            return date_format(timezone.localtime(datetime.fromisoformat(part)), "H:i")
        return wording.humanise(part)


def _minute(text: str) -> Q:
    try:
        start = datetime.fromisoformat(text)
    except ValueError as error:
        raise PartUnknown(text) from error
    if start.tzinfo is None:
        raise PartUnknown(text)
    try:
        end = start + timedelta(minutes=1)
    except OverflowError as error:
        raise PartUnknown(text) from error
    return Q(created_at__gte=start, created_at__lt=end)


def _reason(text: str) -> Q:
    if text not in ReasonCategory.values:
        raise PartUnknown(text)
    return Q(reason=text)


def _inbound(disposition: str = "") -> Callable[[Scope], Q]:
    wanted = {"disposition": disposition} if disposition else {}
    return lambda scope: Q(direction=Message.Direction.INBOUND, created_at__gte=scope.since, **wanted)


def _event(state: str = "") -> Callable[[Scope], Q]:
    wanted = {"state": state} if state else {}
    return lambda scope: Q(received_at__gte=scope.since, **wanted)


def _conversations() -> list[Metric]:
    recent = ("-last_message_at", "-pk")
    kind = Kind.CONVERSATION
    return [
        Metric(key="with-bot", label=_("With the bot"), kind=kind, condition=lambda _: Q(mode=_Mode.BOT), order=recent),
        Metric(
            key="waiting-for-person",
            label=_("Waiting for a person"),
            kind=kind,
            condition=lambda _: Q(mode=_Mode.HUMAN, assignee__isnull=True),
            order=recent,
        ),
        Metric(
            key="with-person",
            label=_("With a person"),
            kind=kind,
            condition=lambda _: Q(mode=_Mode.HUMAN, assignee__isnull=False),
            order=recent,
        ),
        Metric(
            key="closed",
            label=_("Closed, not reopened"),
            kind=kind,
            condition=lambda scope: Q(mode=_Mode.CLOSED, closed_at__gte=scope.since),
            order=("-closed_at", "-pk"),
            of_period=True,
        ),
        Metric(
            key="unanswered",
            label=_("Customers waiting for an answer"),
            kind=kind,
            condition=lambda _: ~Q(mode=_Mode.CLOSED) & Q(waiting_since__isnull=False),
            order=("waiting_since", "pk"),
        ),
    ]


def _messages() -> list[Metric]:
    kind = Kind.MESSAGE

    def last_hour(direction: str) -> Callable[[Scope], Q]:
        return lambda scope: Q(direction=direction, created_at__gte=scope.hour_began)

    return [
        Metric(
            key="messages",
            label=_("Messages, last 60 minutes"),
            kind=kind,
            condition=lambda scope: Q(created_at__gte=scope.hour_began),
            part=_minute,
        ),
        Metric(
            key="messages-in",
            label=_("Messages from customers, last 60 minutes"),
            kind=kind,
            condition=last_hour(Message.Direction.INBOUND),
        ),
        Metric(
            key="messages-out",
            label=_("Messages to customers, last 60 minutes"),
            kind=kind,
            condition=last_hour(Message.Direction.OUTBOUND),
        ),
        Metric(key="received", label=_("Customers' messages"), kind=kind, condition=_inbound(), of_period=True),
        *(
            Metric(key=key, label=label, kind=kind, condition=_inbound(disposition), of_period=True)
            for key, label, disposition in (
                ("answered", _("Answered messages"), _Disposition.ANSWERED),
                ("handed-over", _("Messages handed over to people"), _Disposition.HANDED_OVER),
                ("needs-no-answer", _("Messages that need no answer"), _Disposition.IGNORED),
                ("given-up", _("Messages given up"), _Disposition.DEAD),
                ("undecided", _("Messages being worked on"), _Disposition.UNDECIDED),
            )
        ),
        Metric(
            key="intents",
            label=_("Messages by intent"),
            kind=kind,
            condition=lambda scope: _inbound()(scope) & ~Q(intent=""),
            of_period=True,
            action=Action.VIEW_ANALYTICS,
            part=lambda text: Q(intent=text),
        ),
    ]


def _escalations() -> list[Metric]:
    kind = Kind.ESCALATION
    return [
        Metric(
            key="escalations-open",
            label=_("Open escalations"),
            kind=kind,
            condition=lambda _: Q(state=Escalation.State.OPEN),
            order=("created_at", "pk"),
        ),
        Metric(
            key="escalations-claimed",
            label=_("Claimed escalations"),
            kind=kind,
            condition=lambda _: Q(state=Escalation.State.CLAIMED),
            order=("created_at", "pk"),
        ),
        Metric(
            key="escalations-late",
            label=_("Escalations past their answer time"),
            kind=kind,
            condition=lambda scope: ~Q(state=Escalation.State.CLOSED) & Q(due_at__lt=scope.now),
            order=("due_at", "pk"),
        ),
        Metric(
            key="escalations-raised",
            label=_("Escalations raised"),
            kind=kind,
            condition=lambda scope: Q(created_at__gte=scope.since),
            of_period=True,
            part=_reason,
        ),
    ]


def _deliveries() -> list[Metric]:
    kind = Kind.DELIVERY
    moving = [_State.PENDING, _State.SENDING, _State.RETRY_WAIT]
    return [
        Metric(
            key="sends-waiting",
            label=_("Replies waiting to be sent"),
            kind=kind,
            condition=lambda _: Q(state__in=moving),
        ),
        Metric(
            key="sends-unknown",
            label=_("Replies of which it is not known whether they arrived"),
            kind=kind,
            condition=lambda _: Q(state=_State.UNKNOWN),
        ),
        Metric(
            key="sends-to-decide",
            label=_("Replies that need a decision"),
            kind=kind,
            condition=lambda _: Q(state=_State.NEEDS_REVIEW),
        ),
        Metric(
            key="sends-failed",
            label=_("Replies that failed"),
            kind=kind,
            condition=lambda scope: Q(state=_State.DEAD, created_at__gte=scope.since),
            of_period=True,
        ),
    ]


def _events() -> list[Metric]:
    order = ("-received_at", "-pk")
    return [
        Metric(key=key, label=label, kind=Kind.EVENT, condition=_event(state), order=order, of_period=True)
        for key, label, state in (
            ("events", _("Events received"), ""),
            ("events-ingested", _("Events taken in"), _Event.INGESTED),
            ("events-ignored", _("Events ignored"), _Event.IGNORED),
            ("events-quarantined", _("Events quarantined"), _Event.QUARANTINED),
            ("events-conflict", _("Events in conflict"), _Event.CONFLICT),
            ("events-dead", _("Events given up"), _Event.DEAD),
            ("events-waiting", _("Events still waiting"), _Event.RECEIVED),
        )
    ]


def _figures() -> list[Metric]:
    answered = Q(first_bot_reply_at__isnull=False)
    # A bot that calls a person at once took part too.
    involved = answered | Q(first_escalated_at__isnull=False)
    alone = answered & Q(first_human_reply_at=None, first_escalated_at=None, asked_for_person_at=None)
    with_model = Q(tokens_in__gt=0) | Q(tokens_out__gt=0) | Q(cost_micros__gt=0)

    def begun(more: Q) -> Callable[[Scope], Q]:
        return lambda scope: Q(started_at__gte=scope.since) & more

    return [
        Metric(
            key=key,
            label=label,
            kind=kind,
            condition=begun(more),
            order=("-started_at", "-pk"),
            of_period=True,
            action=Action.VIEW_ANALYTICS,
        )
        for key, label, kind, more in (
            ("episodes", _("Episodes begun"), Kind.EPISODE, Q()),
            ("bot-answered", _("Episodes the bot answered in"), Kind.EPISODE, answered),
            ("involved", _("Episodes the bot took part in"), Kind.EPISODE, involved),
            ("without-person", _("Episodes the bot answered without a person"), Kind.EPISODE, alone),
            ("runs", _("Answers worked out"), Kind.RUN, Q()),
            ("runs-with-model", _("Answers that used a language model"), Kind.RUN, with_model),
        )
    ]


METRICS: dict[str, Metric] = {
    metric.key: metric
    for metric in (*_conversations(), *_messages(), *_escalations(), *_deliveries(), *_events(), *_figures())
}


def counts(kind: Kind, scope: Scope, **sums: Aggregate) -> dict[str, int]:
    """The figures of all metrics of a kind by their keys, and ``sums`` over their rows, in one query."""
    conditions = {metric.key: metric.condition(scope) for metric in METRICS.values() if metric.kind == kind}
    wanted = {key.replace("-", "_"): Count("pk", filter=condition) for key, condition in conditions.items()}
    # The database looks only at rows that some metric counts, so that an index can lead it there.
    found = scope.rows(kind).filter(reduce(or_, conditions.values())).aggregate(**wanted, **sums)
    return {key.replace("_", "-"): number or 0 for key, number in found.items()}


def spend(scope: Scope) -> dict[str, int]:
    """The figures of runs, with ``tokens`` and ``cost-micros`` (millionths of a dollar) of those that used a model."""
    used = METRICS["runs-with-model"].condition(scope)
    return counts(
        Kind.RUN,
        scope,
        tokens=Sum(F("tokens_in") + F("tokens_out"), filter=used),
        cost_micros=Sum("cost_micros", filter=used),
    )


def escalations(scope: Scope) -> tuple[dict[str, int], list[tuple[str, int]]]:
    """The figures of escalations by key, and those raised in the period by reason, the commonest first; in one query."""
    keys = {metric.key: metric.condition(scope) for metric in METRICS.values() if metric.kind == Kind.ESCALATION}
    numbers = {key.replace("-", "_"): Count("pk", filter=condition) for key, condition in keys.items()}
    found = scope.rows(Kind.ESCALATION).filter(reduce(or_, keys.values())).order_by()
    by_reason = list(found.values("reason").annotate(**numbers))
    totals = {key: sum(row[key.replace("-", "_")] for row in by_reason) for key in keys}
    raised = [(row["reason"], row["escalations_raised"]) for row in by_reason if row["escalations_raised"]]
    return totals, sorted(raised, key=lambda pair: (-pair[1], pair[0]))


def intents(scope: Scope) -> list[tuple[str, int]]:
    """The commonest intents of the period, each with its messages."""
    rows = METRICS["intents"].rows(scope).order_by().values("intent").annotate(number=Count("pk"))
    return [(row["intent"], row["number"]) for row in rows.order_by("-number", "intent")[:MOST_INTENTS]]


def minutes(scope: Scope) -> dict[tuple[str, datetime], int]:
    """Messages by direction and by the minute in which they came, over the minutes that are shown."""
    found = scope.rows(Kind.MESSAGE).filter(created_at__gte=scope.hour_began).order_by()
    by_minute = found.annotate(minute=TruncMinute("created_at")).values_list("direction", "minute")
    return {(direction, minute): number for direction, minute, number in by_minute.annotate(number=Count("pk"))}


def oldest_wait(scope: Scope) -> Conversation | None:
    """The conversation whose customer has waited longest for an answer."""
    metric = METRICS["unanswered"]
    found: Conversation | None = metric.rows(scope).select_related("customer").order_by(*metric.order).first()
    return found


def first_response(scope: Scope, number: int) -> tuple[timedelta | None, timedelta | None]:
    """The bot's first response over ``number`` episodes, by nearest rank: half were as quick as the first, 95 % as the second."""
    if not number:
        return None, None
    half, most = math.ceil(0.5 * number), math.ceil(0.95 * number)
    placed = (
        METRICS["bot-answered"]
        .rows(scope)
        .annotate(response=F("first_bot_reply_at") - F("started_at"))
        .annotate(place=Window(RowNumber(), order_by=[F("response").asc(), F("pk").asc()]))
        .filter(place__in=[half, most])
        .order_by()
    )
    found = dict(placed.values_list("place", "response"))
    return found.get(half), found.get(most)
