"""Number = listed rows = lines of the file = an independent recomputation, for every figure, filter and role."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from agent.models import AgentRun
from analytics import metrics, rows
from analytics.board import read
from analytics.filters import Filters, Period
from analytics.metrics import METRICS, PartUnknown
from analytics.scope import Kind, Scope
from conversations.models import Conversation, Episode, Escalation, Message
from core.models import User
from core.policy import Role
from tests.analytics.history import NOW, History, make_history
from tests.analytics.slow import Question, figures, nearest_rank

pytestmark = pytest.mark.django_db

ROLES = [Role.ADMIN, Role.SUPERVISOR, Role.AGENT, Role.VIEWER]
BEGINNINGS = {
    Period.TODAY: NOW.replace(hour=0, minute=0, second=0),
    Period.DAY: NOW - timedelta(hours=24),
    Period.WEEK: NOW - timedelta(days=7),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The same question in both tongues."""

    scope: Scope
    question: Question


def asked(history: History, who: User) -> Iterator[Asked]:
    """Every period, and every filter alone and with others."""
    tiktok, webchat, other, _ = history.accounts
    for period, platform, account, team in (
        *((period, "", None, None) for period in Period),
        (Period.WEEK, "tiktok", None, None),
        (Period.DAY, "", webchat, None),
        (Period.WEEK, "", None, history.madrid),
        (Period.TODAY, "webchat", tiktok, None),
        (Period.WEEK, "tiktok", other, history.madrid),
    ):
        filters = Filters(
            platform=platform,
            account=account.public_id if account else None,
            team=team.public_id if team else None,
            period=period,
        )
        question = Question(
            who=who,
            now=NOW,
            since=BEGINNINGS[period],
            platform=platform or None,
            account=account,
            team_id=team.pk if team else None,
        )
        yield Asked(scope=Scope(who=who, now=NOW, filters=filters), question=question)


@pytest.mark.parametrize("role", ROLES)
def test_every_number_is_its_rows_and_what_a_slow_count_finds(role: Role) -> None:
    history = make_history()

    seen: set[str] = set()
    for each in asked(history, history.people[role]):
        expected = figures(each.question)
        numbers = {key: value for kind in Kind for key, value in metrics.counts(kind, each.scope).items()}

        for key, metric in METRICS.items():
            listed = list(rows.ordered(metric, each.scope).values_list("pk", flat=True))
            assert set(listed) == expected[key], (key, each.scope.filters)
            assert numbers[key] == len(listed) == len(expected[key]), (key, each.scope.filters)
            seen |= {key} if listed else set()

    events = {key for key, metric in METRICS.items() if metric.kind == Kind.EVENT}
    assert seen == set(METRICS) - (events if role == Role.AGENT else set())


@pytest.mark.parametrize("role", ROLES)
def test_every_balance_holds(role: Role) -> None:
    history = make_history()

    for each in asked(history, history.people[role]):
        balances = read(each.scope).balances

        assert all(balance.holds for balance in balances), each.scope.filters
        assert len(balances) == (1 if role == Role.AGENT else 2)


@pytest.mark.parametrize("role", ROLES)
def test_reasons_intents_and_minutes_open_as_many_rows_as_they_say(role: Role) -> None:
    history = make_history()
    reasons, intents, minutes = METRICS["escalations-raised"], METRICS["intents"], METRICS["messages"]

    for each in asked(history, history.people[role]):
        expected = figures(each.question)
        totals, by_reason = metrics.escalations(each.scope)
        raised = Escalation.objects.filter(pk__in=expected["escalations-raised"])
        understood = Message.objects.filter(pk__in=expected["intents"])
        in_hour = Message.objects.filter(pk__in=expected["messages"])

        assert dict(by_reason) == Counter(row.reason for row in raised)
        assert totals["escalations-raised"] == sum(number for _, number in by_reason)
        assert all(reasons.rows(each.scope, reason).count() == number for reason, number in by_reason)
        assert dict(metrics.intents(each.scope)) == Counter(row.intent for row in understood)
        assert all(intents.rows(each.scope, intent).count() == number for intent, number in metrics.intents(each.scope))
        by_minute = metrics.minutes(each.scope)
        assert by_minute == Counter((row.direction, row.created_at.replace(second=0)) for row in in_hour)
        for minute in {start for _, start in by_minute}:
            number = sum(value for (_, start), value in by_minute.items() if start == minute)
            assert minutes.rows(each.scope, minute.isoformat()).count() == number


@pytest.mark.parametrize("role", ROLES)
def test_response_times_costs_and_the_longest_wait_are_those_of_the_rows(role: Role) -> None:
    history = make_history()

    for each in asked(history, history.people[role]):
        expected = figures(each.question)
        responses = [
            row.first_bot_reply_at - row.started_at
            for row in Episode.objects.filter(pk__in=expected["bot-answered"])
            if row.first_bot_reply_at is not None
        ]
        runs = AgentRun.objects.filter(pk__in=expected["runs-with-model"])
        waiting = Conversation.objects.filter(pk__in=expected["unanswered"])
        longest = min((row.waiting_since for row in waiting if row.waiting_since), default=None)

        half, most = metrics.first_response(each.scope, len(responses))
        assert (half, most) == (nearest_rank(responses, 0.5), nearest_rank(responses, 0.95))
        spend = metrics.spend(each.scope)
        assert spend["tokens"] == sum(run.tokens_in + run.tokens_out for run in runs)
        assert spend["cost-micros"] == sum(run.cost_micros for run in runs)
        oldest = metrics.oldest_wait(each.scope)
        assert (oldest.waiting_since if oldest else None) == longest


def test_the_board_shows_what_the_metrics_say() -> None:
    history = make_history()
    scope = Scope(who=history.people[Role.SUPERVISOR], filters=Filters(), now=NOW)
    expected = figures(Question(who=history.people[Role.SUPERVISOR], now=NOW, since=BEGINNINGS[Period.TODAY]))

    board = read(scope)

    shown = {tile.key: tile.value for tile in [*board.owners, *board.deliveries, *board.figures]}
    for key in set(shown) & set(expected) - {"without-person"}:
        assert shown[key] == str(len(expected[key])), key
    assert shown["without-person"] == f"{100 * len(expected['without-person']) / len(expected['involved']):.0f}"
    assert (board.chart.total_in, board.chart.total_out) == (
        len(expected["messages-in"]),
        len(expected["messages-out"]),
    )
    for term in [term for balance in board.balances for term in [balance.total, *balance.terms]] + board.escalations:
        assert term.number == len(expected[term.key]), term.key


def test_a_balance_that_does_not_hold_says_by_how_much() -> None:
    history = make_history()
    balance = read(Scope(who=history.people[Role.ADMIN], filters=Filters(), now=NOW)).balances[0]

    broken = type(balance)(title=balance.title, total=balance.total, terms=balance.terms[1:])

    assert balance.holds
    assert not broken.holds
    assert broken.difference == balance.terms[0].number > 0


def test_a_person_whose_team_changes_sees_other_numbers() -> None:
    history = make_history()
    agent = history.people[Role.AGENT]
    agent.teams.set([history.madrid])
    moved = User.objects.get(pk=agent.pk)

    scope = Scope(who=moved, filters=Filters(period=Period.WEEK), now=NOW)
    expected = figures(Question(who=moved, now=NOW, since=BEGINNINGS[Period.WEEK]))

    assert {row.pk for row in METRICS["with-bot"].rows(scope)} == expected["with-bot"]
    assert expected["with-bot"]


@pytest.mark.parametrize(
    ("key", "part"),
    [
        ("escalations-raised", "no-such-reason"),
        ("messages", "yesterday"),
        ("messages", "2026-03-04T15:00"),
        ("with-bot", "urgent"),
    ],
)
def test_a_part_that_a_figure_does_not_have_is_refused(key: str, part: str) -> None:
    scope = Scope(who=make_history(4).people[Role.ADMIN], filters=Filters(), now=NOW)

    with pytest.raises(PartUnknown):
        METRICS[key].rows(scope, part)
