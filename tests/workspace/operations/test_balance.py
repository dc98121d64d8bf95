"""The ingestion balance: what was received is in one of the ends, or the page says that it is not."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from conversations.models import Message
from integrations.models import WebhookEvent
from tests.factories import make_account, make_channel, make_conversation, make_event, make_message
from workspace.operations import balance
from workspace.operations.balance import Line
from workspace.operations.filters import Filters, Period

pytestmark = pytest.mark.django_db
State = WebhookEvent.State


def numbers(line: Line) -> dict[str, int]:
    return {"received": line.received.number, **{term.key: term.number for term in line.terms}}


def read(period: Period = Period.HOUR) -> list[Line]:
    return balance.read(Filters(period=period), now=timezone.now())


def stored() -> WebhookEvent:
    message = make_message(make_conversation())
    return make_event(state=State.INGESTED, message_id=message.pk)


def test_every_end_is_counted_and_nothing_is_left_over() -> None:
    account = make_account()
    for state in (State.RECEIVED, State.IGNORED, State.QUARANTINED, State.CONFLICT, State.DEAD, State.DEAD):
        make_event(account, state=state)
    make_event(account, state=State.INGESTED, reason="referral")

    total = read()[0]

    assert numbers(total) == {
        "received": 7, "stored": 1, "ignored": 1, "refused": 1, "quarantined": 1, "dead": 2, "waiting": 1,
    }  # fmt: skip
    assert total.difference == 0


def test_an_event_whose_message_is_gone_is_the_difference() -> None:
    stored()
    lost = stored()
    Message.objects.filter(pk__in=[lost.message_id]).delete()

    total, *accounts = read()

    assert numbers(total)["stored"] == 1
    assert total.difference == 1
    assert sorted(line.difference for line in accounts) == [0, 1]


def test_each_account_has_its_line_and_the_busiest_comes_first() -> None:
    quiet, busy = make_account(name="Quiet"), make_account(name="Busy")
    make_event(quiet, state=State.IGNORED)
    for _ in range(2):
        make_event(busy, state=State.IGNORED, account_id_hint=busy.pk)

    lines = read()

    assert [(line.title, line.received.number) for line in lines] == [("All accounts", 3), ("Busy", 2), ("Quiet", 1)]


def test_accounts_that_share_an_app_are_told_apart_once_an_event_was_read() -> None:
    north = make_account(name="North", client_key="one-app")
    south = make_account(name="South", client_key="one-app")
    make_event(north, state=State.IGNORED, account_id_hint=south.pk)
    make_event(north, state=State.QUARANTINED)

    titles = {line.title for line in read()}

    assert titles == {"All accounts", "South", "North, South: account not known yet"}


@pytest.mark.parametrize(("period", "number"), [("hour", 1), ("24h", 2), ("7d", 3), ("all", 4)])
def test_it_is_asked_over_a_time(period: str, number: int) -> None:
    for hours in (0, 5, 50, 500):
        make_event(state=State.IGNORED, received_at=timezone.now() - timedelta(hours=hours))

    assert read(Period(period))[0].received.number == number


def test_every_number_leads_to_as_many_rows() -> None:
    north = make_account(client_key="one-app")
    make_account(client_key="one-app")
    alone = make_account()
    for account in (north, alone):
        for state in State.values:
            make_event(account, state=state)
        make_event(account, state=State.IGNORED, account_id_hint=account.pk)
    now = timezone.now()

    for line in balance.read(Filters(), now=now):
        for term in (line.received, *line.terms):
            query = dict(part.split("=") for part in term.url.partition("?")[2].split("&") if part)
            asked = Filters(
                state=query.get("state", ""),
                account=int(query["account"]) if "account" in query else None,
                source=query.get("source", "").replace("%3A", ":"),
            )
            assert asked.events(now).count() == term.number, term.url


def test_it_asks_few_questions_however_much_there_is(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(8):
        account = make_account()
        make_channel(account)
        for state in State.values:
            make_event(account, state=state)

    with django_assert_max_num_queries(3):
        read(Period.ALL)
