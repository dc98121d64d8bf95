"""The dashboard's doors: who may open which, and what they find."""

import csv
import io
import re
from datetime import timedelta
from html import unescape
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from analytics import files, rows
from analytics.board import read
from analytics.filters import Filters, Period
from analytics.metrics import METRICS
from analytics.scope import Scope
from conversations.models import Conversation, Message
from core.models import AuditEvent, User
from core.policy import Action, Role, allows
from tests.analytics.history import history_until_now, listed, signed_in
from tests.factories import make_account, make_channel, make_conversation, make_message, make_team, make_user

pytestmark = pytest.mark.django_db
STAFF = [role for role in Role if role != Role.API_CLIENT]


@pytest.mark.parametrize("role", STAFF)
@pytest.mark.parametrize(
    ("path", "actions"),
    [
        ("/dashboard/", [Action.VIEW_DASHBOARD]),
        ("/dashboard/tiles/", [Action.VIEW_DASHBOARD]),
        ("/dashboard/rows/with-bot/", [Action.VIEW_DASHBOARD]),
        ("/dashboard/rows/runs/", [Action.VIEW_DASHBOARD, Action.VIEW_ANALYTICS]),
        ("/dashboard/rows/with-bot/csv/", [Action.VIEW_DASHBOARD, Action.EXPORT_ANALYTICS]),
        ("/dashboard/rows/runs/csv/", [Action.VIEW_DASHBOARD, Action.VIEW_ANALYTICS, Action.EXPORT_ANALYTICS]),
    ],
)
def test_each_door_opens_for_those_whom_the_policy_lets_in(role: Role, path: str, actions: list[Action]) -> None:
    who = make_user(role=role, team=make_team())

    response = signed_in(who).get(path)

    assert response.status_code == (200 if all(allows(who, action) for action in actions) else 403)


@pytest.mark.parametrize("path", ["/dashboard/", "/dashboard/rows/with-bot/", "/dashboard/rows/with-bot/csv/"])
def test_strangers_are_asked_to_sign_in_and_come_back(path: str) -> None:
    response = Client().get(path)

    assert response.status_code == 302
    assert response.headers["Location"] == f"/accounts/login/?next={path}"


def test_an_open_page_whose_session_ended_is_told_so() -> None:
    assert Client().get("/dashboard/tiles/").status_code == 401


def test_people_who_were_dismissed_get_in_nowhere() -> None:
    who = make_user(role=Role.ADMIN)
    client = signed_in(who)
    User.objects.filter(pk=who.pk).update(is_active=False)

    assert client.get("/dashboard/tiles/").status_code == 401


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_the_dashboard_changes_nothing(method: str) -> None:
    client = signed_in(make_user(role=Role.ADMIN))

    assert getattr(client, method)("/dashboard/").status_code == 405


def test_every_tile_leads_to_as_many_rows_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "PAGE_SIZE", 500)
    who = history_until_now().people[Role.SUPERVISOR]
    client = signed_in(who)
    page = client.get("/dashboard/?period=7d").content.decode()

    terms = re.findall(r'data-key="([a-z-]+)" href="([^"]+)"[^>]*><strong[^>]*>(\d+)', page)
    tiles = re.findall(r'href="([^"]+)" data-key="([a-z-]+)".*?class="tile-value">([\d,]+)<', page, flags=re.DOTALL)
    shares = re.findall(r'class="share" href="([^"]+)".*?class="share-number">(\d+)', page, flags=re.DOTALL)
    numbers = [(url, number) for _, url, number in terms]
    numbers += [(url, number) for url, key, number in tiles if key in METRICS]
    numbers += shares

    assert len(numbers) > 30
    for url, number in numbers:
        rows_page = client.get(unescape(url)).content.decode()
        assert f'data-number="{number}"' in rows_page, url
        assert listed(rows_page) == int(number), url


def test_the_longest_wait_opens_its_conversation() -> None:
    history = history_until_now()
    oldest = Conversation.objects.exclude(waiting_since=None).order_by("waiting_since", "pk").first()
    assert oldest is not None

    page = signed_in(history.people[Role.ADMIN]).get("/dashboard/").content.decode()

    assert f'href="/workspace/c/{oldest.public_id}/" data-key="oldest-wait"' in page


def test_whoever_may_not_read_a_conversation_sees_the_row_and_nothing_of_it() -> None:
    team, other = make_team(), make_team()
    viewer = make_user(role=Role.VIEWER, team=team)
    theirs = make_conversation(channel=make_channel(make_account(team=other)))
    make_message(theirs, "My card number is 4111")

    page = signed_in(viewer).get("/dashboard/rows/with-bot/").content.decode()
    board = signed_in(viewer).get("/dashboard/").content.decode()

    assert listed(page) == 1
    assert "In another team" in page
    for secret in ("4111", "Ada Marsh", str(theirs.public_id)):
        assert secret not in page
        assert secret not in board


def test_an_agent_finds_only_their_own_teams_and_what_is_assigned_to_them() -> None:
    team, other = make_team("Berlin"), make_team("Madrid")
    agent = make_user(team=team)
    mine = make_conversation(channel=make_channel(make_account(team=team)))
    assigned = make_conversation(channel=make_channel(make_account(team=other)), mode="human", assignee=agent)
    foreign = make_conversation(channel=make_channel(make_account(team=other)))
    for conversation in (mine, assigned, foreign):
        make_message(conversation)

    client = signed_in(agent)
    with_bot = client.get("/dashboard/rows/with-bot/").content.decode()
    with_person = client.get("/dashboard/rows/with-person/").content.decode()

    assert str(mine.public_id) in with_bot
    assert str(foreign.public_id) not in with_bot
    assert str(assigned.public_id) in with_person
    assert "Madrid" not in client.get("/dashboard/").content.decode()


def test_what_customers_write_is_text() -> None:
    message = make_message(make_conversation(), "<script>alert(1)</script><b>hello</b>")
    message.conversation.customer.name = "<img src=x>"
    message.conversation.customer.save()

    client = signed_in(make_user(role=Role.ADMIN))
    pages = client.get("/dashboard/").content.decode() + client.get("/dashboard/rows/with-bot/").content.decode()

    assert "<script>alert" not in pages
    assert "<img src=x>" not in pages
    assert "&lt;b&gt;hello&lt;/b&gt;" in pages


@pytest.mark.parametrize(
    "address",
    [
        "/dashboard/?platform=fax",
        "/dashboard/?account=1",
        "/dashboard/?team=x",
        "/dashboard/?period=year",
        "/dashboard/tiles/?account='",
        "/dashboard/rows/with-bot/?after=yesterday",
        "/dashboard/rows/with-bot/?after=2026-01-01T00:00:00~1",
        "/dashboard/rows/with-bot/?part=urgent",
        "/dashboard/rows/escalations-raised/csv/?part=none",
    ],
)
def test_an_address_that_makes_no_sense_is_refused(address: str) -> None:
    assert signed_in(make_user(role=Role.ADMIN)).get(address).status_code == 400


def test_an_unknown_figure_is_not_found() -> None:
    assert signed_in(make_user(role=Role.ADMIN)).get("/dashboard/rows/no-such-figure/").status_code == 404


def test_an_account_that_is_not_there_has_no_rows() -> None:
    who = history_until_now(8).people[Role.ADMIN]

    page = signed_in(who).get(f"/dashboard/rows/with-bot/?account={uuid4()}").content.decode()

    assert listed(page) == 0
    assert "Nothing here" in page


def test_a_file_holds_the_listed_rows_and_is_audited(settings: Settings) -> None:
    settings.EXPORTS_PER_HOUR = len(METRICS)
    who = history_until_now().people[Role.SUPERVISOR]
    client = signed_in(who)
    scope = Scope(who=who, filters=Filters(period=Period.WEEK), now=timezone.now())

    for key, metric in METRICS.items():
        response = client.get(f"/dashboard/rows/{key}/csv/?period=7d")
        lines = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))

        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert f'filename="{key}-' in response.headers["Content-Disposition"]
        assert len(lines) - 1 == metric.rows(scope).count(), key
        assert {len(line) for line in lines} == {len(lines[0])}, key
        event = AuditEvent.objects.filter(action="analytics.exported").order_by("-id").first()
        assert event is not None
        assert (event.actor_id, event.after) == (
            who.pk,
            {"metric": key, "filters": "period=7d", "rows": len(lines) - 1},
        )


def test_a_refused_file_leaves_no_trace_of_an_export() -> None:
    agent = history_until_now(4).people[Role.AGENT]

    signed_in(agent).get("/dashboard/rows/with-bot/csv/")

    assert not AuditEvent.objects.filter(action="analytics.exported").exists()


def test_a_file_holds_no_names_and_no_words() -> None:
    message = make_message(make_conversation(), "My secret wish")

    for key in ("with-bot", "received", "unanswered"):
        text = signed_in(make_user(role=Role.ADMIN)).get(f"/dashboard/rows/{key}/csv/").content.decode()
        assert str(message.conversation.public_id) in text
        assert "secret wish" not in text
        assert "Ada Marsh" not in text


def test_a_spreadsheet_computes_nothing_from_a_file() -> None:
    account = make_account(name='=HYPERLINK("http://evil.example")')
    conversation = make_conversation(channel=make_channel(account), last_intent="@SUM(A1)")
    make_message(conversation)

    text = signed_in(make_user(role=Role.ADMIN)).get("/dashboard/rows/with-bot/csv/").content.decode("utf-8-sig")

    line = next(csv.DictReader(io.StringIO(text)))
    assert line["account"] == '\'=HYPERLINK("http://evil.example")'
    assert line["last_intent"] == "'@SUM(A1)"


def test_a_file_that_would_be_cut_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LONGEST_FILE", 2)
    for _ in range(3):
        make_message(make_conversation())
    client = signed_in(make_user(role=Role.ADMIN))

    response = client.get("/dashboard/rows/with-bot/csv/?platform=tiktok", follow=True)

    assert response.redirect_chain == [("/dashboard/rows/with-bot/?platform=tiktok", 302)]
    assert "A file holds 2 rows at most" in response.content.decode()


def test_a_long_list_is_written_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "FILE_CHUNK", 3)
    conversation = make_conversation()
    for _ in range(7):
        make_message(conversation)
    scope = Scope(who=make_user(role=Role.ADMIN), filters=Filters(), now=timezone.now())

    lines = list(rows.records(METRICS["received"], scope))

    assert len(lines) == 8
    assert {line[3] for line in lines[1:]} == {str(row.public_id) for row in Message.objects.all()}


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.AGENT])
def test_the_live_part_costs_the_same_however_much_there_is(role: Role) -> None:
    who = history_until_now(10).people[role]
    client = signed_in(who)

    few = _queries(client, "/dashboard/tiles/?platform=tiktok")
    many_history = history_until_now(300)
    many = _queries(client, "/dashboard/tiles/?platform=tiktok")

    assert many_history.people
    assert few == many <= 15


@pytest.mark.parametrize(
    "key", ["with-bot", "received", "escalations-raised", "sends-waiting", "events", "episodes", "runs"]
)
def test_a_list_costs_the_same_however_long_it_is(key: str) -> None:
    who = history_until_now(12).people[Role.ADMIN]
    client = signed_in(who)

    few = _queries(client, f"/dashboard/rows/{key}/?period=7d")
    history_until_now(60)
    many = _queries(client, f"/dashboard/rows/{key}/?period=7d")

    assert few == many <= 8


def _queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_the_wall_shows_the_figures_and_nothing_to_press() -> None:
    client = signed_in(history_until_now(8).people[Role.SUPERVISOR])

    page = client.get("/dashboard/?wall=1&period=24h").content.decode()

    assert "is-wall" in page
    assert '<nav class="nav"' not in page
    assert "<select" not in page
    assert 'href="/dashboard/?period=24h"' in page
    assert "with-bot" in page


def test_the_same_figures_stand_on_the_page_and_in_its_live_part() -> None:
    who = history_until_now().people[Role.SUPERVISOR]
    client = signed_in(who)

    whole = client.get("/dashboard/?period=24h").content.decode()
    part = client.get("/dashboard/tiles/?period=24h").content.decode()

    def values(text: str) -> list[str]:
        return re.findall(r'class="tile-value">([^<]+)<', text)

    assert values(whole) == values(part)
    assert len(values(part)) > 15
    assert part.lstrip().startswith('<div id="board"')


def test_figures_are_drawn_when_nothing_has_happened_yet() -> None:
    who = make_user(role=Role.ADMIN)

    page = signed_in(who).get("/dashboard/").content.decode()
    board = read(Scope(who=who, filters=Filters(), now=timezone.now()))

    assert "nobody waits" in page
    assert "Nobody was called." in page
    assert all(balance.holds for balance in board.balances)
    assert board.chart.top == 2


def test_a_period_leaves_out_what_is_older() -> None:
    old = make_message(make_conversation(), created_at=timezone.now() - timedelta(hours=25))
    client = signed_in(make_user(role=Role.ADMIN))

    assert listed(client.get("/dashboard/rows/received/?period=24h").content.decode()) == 0
    assert str(old.conversation.public_id) in client.get("/dashboard/rows/received/?period=7d").content.decode()
