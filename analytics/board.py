"""The dashboard as it is drawn: figures with their words, their urgency, and the way to their rows."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from analytics import chart, metrics, wording
from analytics.filters import Filters, Period
from analytics.scope import Kind, Scope
from conversations.models import Conversation
from conversations.types import Priority, ReasonCategory
from core.policy import Action, allows


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Where a figure's rows are, and what leads there."""

    url: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure. ``kind`` is ok, warn or danger where it asks for eyes."""

    key: str
    label: str
    value: str
    url: str
    unit: str = ""
    note: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One summand of a balance."""

    key: str
    label: str
    number: int
    url: str
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What came in, and what became of it: the terms must add up to the total."""

    title: str
    total: Term
    terms: list[Term]

    @property
    def difference(self) -> int:
        """What is missing from the terms, or too much."""
        return self.total.number - sum(term.number for term in self.terms)

    @property
    def holds(self) -> bool:
        """Whether nothing is unaccounted for."""
        return self.difference == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A part of a whole, with its bar."""

    label: str
    number: int
    fraction: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Everything that the live part of the page shows."""

    now: datetime
    period: str
    owners: list[Tile]
    deliveries: list[Tile]
    chart: chart.Chart
    chart_in: Link
    chart_out: Link
    balances: list[Balance]
    reasons: list[Share]
    escalations: list[Term]
    figures: list[Tile] = field(default_factory=list)
    intents: list[Share] = field(default_factory=list)
    shows_figures: bool = False


def rows_url(key: str, filters: Filters, part: str = "") -> str:
    """The address of a metric's list."""
    query = filters.query(part=part)
    return reverse("dashboard-rows", args=[key]) + (f"?{query}" if query else "")


def period_words(period: Period) -> str:
    """The period at the end of a sentence."""
    return {Period.TODAY: _("today"), Period.DAY: _("in 24 hours"), Period.WEEK: _("in 7 days")}[period]


def read(scope: Scope) -> Board:
    """The figures of a scope. At most 12 queries, however many rows there are."""
    in_hour = chart.draw(
        metrics.minutes(scope), first=scope.hour_began, url=lambda minute: rows_url("messages", scope.filters, minute)
    )
    escalations, reasons = metrics.escalations(scope)
    shows_figures = allows(scope.who, Action.VIEW_ANALYTICS)
    raised = escalations["escalations-raised"]
    return Board(
        now=scope.now,
        period=period_words(scope.filters.period),
        owners=_owners(scope, escalations),
        deliveries=_deliveries(scope),
        chart=in_hour,
        chart_in=Link(url=rows_url("messages-in", scope.filters), text=str(in_hour.total_in)),
        chart_out=Link(url=rows_url("messages-out", scope.filters), text=str(in_hour.total_out)),
        balances=_balances(scope),
        reasons=_shares(
            scope,
            "escalations-raised",
            [(key, str(ReasonCategory(key).label), number) for key, number in reasons],
            raised,
        ),
        escalations=[
            _term(scope, "escalations-open", _("open"), escalations, kind="warn"),
            _term(scope, "escalations-claimed", _("claimed"), escalations),
            _term(scope, "escalations-raised", _("raised"), escalations),
        ],
        figures=_figures(scope) if shows_figures else [],
        intents=_intents(scope) if shows_figures else [],
        shows_figures=shows_figures,
    )


def _tile(scope: Scope, key: str, label: str, number: int, *, kind: str = "", note: str = "") -> Tile:
    return Tile(
        key=key,
        label=label,
        value=f"{number:,}",
        url=rows_url(key, scope.filters),
        kind=kind if number else "",
        note=note,
    )


def _owners(scope: Scope, escalations: dict[str, int]) -> list[Tile]:
    found = metrics.counts(Kind.CONVERSATION, scope)
    late = escalations["escalations-late"]
    return [
        _tile(scope, "with-bot", _("With the bot"), found["with-bot"]),
        _tile(scope, "waiting-for-person", _("Waiting for a person"), found["waiting-for-person"], kind="warn"),
        _tile(scope, "with-person", _("With a person"), found["with-person"]),
        _tile(scope, "closed", _("Closed, not reopened"), found["closed"], note=period_words(scope.filters.period)),
        _oldest_wait(scope, found["unanswered"]),
        _tile(scope, "unanswered", _("Awaiting an answer"), found["unanswered"], note=_("whoever answers")),
        _tile(scope, "escalations-open", _("Escalations open"), escalations["escalations-open"], kind="warn"),
        _tile(scope, "escalations-late", _("Answers overdue"), late, kind="danger", note=_("past their target")),
    ]


def _oldest_wait(scope: Scope, number: int) -> Tile:
    """The longest wait leads to its conversation; where that may not be read, to the list it is the first of."""
    conversation = metrics.oldest_wait(scope) if number else None
    if conversation is None or conversation.waiting_since is None:
        return Tile(
            key="oldest-wait",
            label=_("Longest wait"),
            value="–",
            note=_("nobody waits"),
            url=rows_url("unanswered", scope.filters),
        )
    waited = scope.now - conversation.waiting_since
    value, unit = wording.length(waited)
    return Tile(
        key="oldest-wait",
        label=_("Longest wait"),
        value=value,
        unit=unit,
        note=conversation.customer.display_name if scope.may_read(conversation) else _("in another team"),
        url=conversation_url(conversation) if scope.may_read(conversation) else rows_url("unanswered", scope.filters),
        kind=_wait_kind(waited),
    )


def conversation_url(conversation: Conversation) -> str:
    """A conversation's place in the workspace."""
    return f"/workspace/c/{conversation.public_id}/"


def _wait_kind(waited: timedelta) -> str:
    targets = settings.RESPONSE_TARGET_MINUTES
    if waited > timedelta(minutes=targets[Priority.NORMAL]):
        return "danger"
    return "warn" if waited > timedelta(minutes=targets[Priority.HIGH]) else ""


def _deliveries(scope: Scope) -> list[Tile]:
    found = metrics.counts(Kind.DELIVERY, scope)
    return [
        _tile(scope, "sends-waiting", _("Waiting"), found["sends-waiting"], note=_("to be sent")),
        _tile(
            scope, "sends-unknown", _("Unknown"), found["sends-unknown"], kind="warn", note=_("the platform is asked")
        ),
        _tile(
            scope,
            "sends-to-decide",
            _("Needs a decision"),
            found["sends-to-decide"],
            kind="warn",
            note=_("by a person"),
        ),
        _tile(
            scope,
            "sends-failed",
            _("Failed"),
            found["sends-failed"],
            kind="danger",
            note=period_words(scope.filters.period),
        ),
    ]


def _balances(scope: Scope) -> list[Balance]:
    messages = metrics.counts(Kind.MESSAGE, scope)
    balances = [
        Balance(
            title=_("Customers' messages"),
            total=_term(scope, "received", _("received"), messages),
            terms=[
                _term(scope, "answered", _("answered"), messages),
                _term(scope, "handed-over", _("handed over"), messages),
                _term(scope, "needs-no-answer", _("need no answer"), messages),
                _term(scope, "undecided", _("being worked on"), messages),
                _term(scope, "given-up", _("given up"), messages, kind="danger"),
            ],
        )
    ]
    if not scope.is_whole:
        return balances
    events = metrics.counts(Kind.EVENT, scope)
    balances.insert(
        0,
        Balance(
            title=_("Events from the platforms"),
            total=_term(scope, "events", _("received"), events),
            terms=[
                _term(scope, "events-ingested", _("taken in"), events),
                _term(scope, "events-ignored", _("ignored"), events),
                _term(scope, "events-quarantined", _("quarantined"), events, kind="warn"),
                _term(scope, "events-conflict", _("in conflict"), events, kind="warn"),
                _term(scope, "events-dead", _("given up"), events, kind="danger"),
                _term(scope, "events-waiting", _("still waiting"), events),
            ],
        ),
    )
    return balances


def _term(scope: Scope, key: str, label: str, found: dict[str, int], *, kind: str = "") -> Term:
    return Term(
        key=key, label=label, number=found[key], url=rows_url(key, scope.filters), kind=kind if found[key] else ""
    )


def _figures(scope: Scope) -> list[Tile]:
    episodes = metrics.counts(Kind.EPISODE, scope)
    answered, involved, alone = (episodes[key] for key in ("bot-answered", "involved", "without-person"))
    half, most = metrics.first_response(scope, answered)
    runs = metrics.spend(scope)
    period = period_words(scope.filters.period)
    share = wording.share(alone, involved)
    return [
        _response_tile(scope, "first-response-half", _("First answer, median"), half, answered),
        _response_tile(scope, "first-response-most", _("First answer, 95 %"), most, answered),
        Tile(
            key="without-person",
            label=_("No person needed"),
            value=share or "–",
            unit="%" if share else "",
            note=_("%(part)d of %(whole)d episodes") % {"part": alone, "whole": involved},
            url=rows_url("without-person", scope.filters),
        ),
        _tile(scope, "episodes", _("Episodes begun"), episodes["episodes"], note=period),
        _tile(scope, "runs", _("Answers worked out"), runs["runs"], note=period),
        Tile(
            key="cost",
            label=_("Language models"),
            value=wording.dollars(runs["cost-micros"]),
            note=_("%(tokens)s tokens, %(runs)s answers")
            % {"tokens": f"{runs['tokens']:,}", "runs": f"{runs['runs-with-model']:,}"},
            url=rows_url("runs-with-model", scope.filters),
        ),
    ]


def _response_tile(scope: Scope, key: str, label: str, response: timedelta | None, number: int) -> Tile:
    value, unit = wording.length(response) if response is not None else ("–", "")
    note = _("over %(number)d episodes") % {"number": number}
    return Tile(key=key, label=label, value=value, unit=unit, note=note, url=rows_url("bot-answered", scope.filters))


def _intents(scope: Scope) -> list[Share]:
    found = metrics.intents(scope)
    return _shares(
        scope,
        "intents",
        [(key, wording.humanise(key), number) for key, number in found],
        sum(number for _, number in found),
    )


def _shares(scope: Scope, key: str, parts: list[tuple[str, str, int]], whole: int) -> list[Share]:
    return [
        Share(label=label, number=number, fraction=f"{number / whole:.4f}", url=rows_url(key, scope.filters, part))
        for part, label, number in parts
    ]
