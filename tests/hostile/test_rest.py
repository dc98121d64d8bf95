"""What people and programs try at REST, the sign-in and the admin who are known, or pretend to be."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client
from django.urls import reverse

from conversations import services as conversations
from conversations.models import Conversation, Delivery, Message
from conversations.types import MessageFacts, Reply
from core.paging import LARGEST_SIZE
from core.policy import Role
from tests.access.doors import DOORS, Given
from tests.access.rows import rows_of, shared_rows
from tests.factories import (
    make_account,
    make_channel,
    make_conversation,
    make_message,
    make_release,
    make_team,
    make_user,
)  # fmt: skip
from tests.hostile.asking import PRODUCTION, settings_say
from tests.hostile.cases import covers
from tests.rest import Caller, signed_in, with_key

pytestmark = pytest.mark.django_db
API = "/api/v1"
LISTS = ["conversations", "messages", "customers", "escalations", "deliveries", "runs"]


def conversation_of(team: Any = None) -> Conversation:
    """A conversation with one message, of an account of this team."""
    found = make_conversation(channel=make_channel(make_account(team=team or make_team())))
    make_message(found)
    return found


# --- Other people's rows ---------------------------------------------------------------------------------------------


@covers("A-001")
@pytest.mark.parametrize(
    "door", [door for door in DOORS if door.about == "row"], ids=lambda door: f"{door.method}-{door.name}"
)
def test_another_teams_row_answers_like_one_that_is_not_there(door: Any) -> None:
    agent = make_user(role=Role.AGENT, team=make_team())
    caller = Caller(user=agent)
    given = Given(team=rows_of(make_team()), shared=shared_rows(), user=agent)
    if not door.opens(Role.AGENT, own=True):
        pytest.skip("not for agents, wherever the row is")

    address = reverse(door.name, kwargs=door.address(given))
    if door.method == "GET":
        answer = caller.get(address, **door.query(given))
    elif door.people_only:
        answer = caller.client.post(address, door.body(given))
    else:
        answer = caller.post(address, door.body(given), method=door.method)

    assert answer.status_code == 404


@covers("A-002")
def test_lists_narrowed_to_another_teams_conversation_are_empty() -> None:
    foreign = conversation_of()
    agent = signed_in(Role.AGENT, team=make_team())

    for name in ("messages", "escalations", "deliveries", "runs"):
        answer = agent.get(f"{API}/{name}", conversation=str(foreign.public_id))
        assert (answer.status_code, answer.json()["results"]) == (200, [])


@covers("A-002")
def test_a_message_is_found_below_its_own_conversation_only() -> None:
    team = make_team()
    mine, other = conversation_of(team), conversation_of(team)
    agent = signed_in(Role.AGENT, team=team)
    message = Message.objects.get(conversation=other)

    for name in ("workspace-why", "workspace-reveal"):
        address = reverse(name, args=[mine.public_id, message.public_id])
        assert (agent.client.get if name == "workspace-why" else agent.client.post)(address).status_code == 404


@covers("A-004")
def test_whoever_counts_through_the_numbers_finds_their_own_rows_only() -> None:
    team = make_team()
    mine = {conversation_of(team).pk for _ in range(3)}
    others = {conversation_of().pk for _ in range(3)}
    caller = with_key("conversations:read", team=team)

    found = {
        number
        for number in range(min(mine | others) - 2, max(mine | others) + 3)
        if caller.get(f"/conversations/{number}").status_code == 200
    }

    assert found == mine
    listed = caller.get(f"{API}/conversations").json()["results"]
    assert all(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", row["id"]) for row in listed)


# --- Fields, filters, sizes ------------------------------------------------------------------------------------------


@covers("A-005")
@pytest.mark.parametrize(
    "extra", [{"mode": "bot"}, {"epoch": 0}, {"customer": 5}, {"escalated": False}, {"created_at": "1970-01-01"}]
)
def test_what_no_form_has_changes_nothing(extra: dict[str, Any]) -> None:
    found = conversation_of()
    before = Conversation.objects.filter(pk=found.pk).values().get()
    caller = signed_in(Role.ADMIN)

    for method in ("PATCH", "PUT", "DELETE"):
        assert caller.post(f"{API}/conversations/{found.public_id}", extra, method=method).status_code == 405
    for deed in ("reply", "note", "take-over", "hand-back", "close", "escalate"):
        answer = caller.post(f"{API}/conversations/{found.public_id}/{deed}", {"text": "a", "detail": "a"} | extra)
        assert answer.status_code == 400, deed
        assert next(iter(extra)) in answer.content.decode()

    assert Conversation.objects.filter(pk=found.pk).values().get() == before


@covers("A-007", "A-008", "A-010", "A-011")
@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    "query",
    [
        {"_connector": "OR 1=1--"}, {"_negated": "1"}, {"filter": '{"__class__": 1}'}, {"pk__in": "1"}, {"__class__": "x"},
        {"ordering": "customer__user__password"}, {"ordering": "(select 1)"}, {"ordering": "a.b"}, {"order_by": "pk"},
        {"page_size": "0"}, {"page_size": "-1"}, {"page_size": "1e9"}, {"page": "1000000000"},
        {"offset": "10000000"}, {"cursor": "garbage"}, {"cursor": "\x00"},
        {"fields": ",".join(f"f{n}" for n in range(500))}, {"id__in": ",".join(str(n) for n in range(500))},
    ],
    ids=lambda query: next(iter(query)),
)  # fmt: skip
def test_a_list_is_asked_by_its_own_words_only(name: str, query: dict[str, str]) -> None:
    answer = signed_in(Role.ADMIN).get(f"{API}/{name}", **query)

    assert answer.status_code == 400
    assert next(iter(query)) in answer.content.decode()


@covers("A-010")
def test_a_page_holds_no_more_than_its_most() -> None:
    conversation = conversation_of()
    Message.objects.bulk_create(
        Message(conversation=conversation, account_id=conversation.account_id, seq=10 + number, direction="out",
                sender_type="bot", text="a")
        for number in range(LARGEST_SIZE + 5)
    )  # fmt: skip

    answer = signed_in(Role.ADMIN).get(f"{API}/messages", page_size="1000000").json()

    assert (len(answer["results"]), LARGEST_SIZE, bool(answer["next"])) == (200, 200, True)


# --- Methods, sites, proxies -----------------------------------------------------------------------------------------


@covers("A-016")
@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_no_header_and_no_field_makes_one_method_another(header: str) -> None:
    found = conversation_of()
    caller = signed_in(Role.ADMIN)
    address = f"{API}/conversations/{found.public_id}"

    read = caller.client.get(address, headers={header: "DELETE"})
    posted = caller.client.post(address, {"_method": "DELETE"}, headers={header: "DELETE"})

    assert (read.status_code, posted.status_code) == (200, 405)
    assert Conversation.objects.filter(pk=found.pk).exists()


@covers("A-017")
@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_no_other_site_is_told_that_it_may_read(origin: str) -> None:
    make_release()
    account = make_account(platform="webchat", origins=["https://shop.example"])
    admin = Client()
    admin.force_login(make_user(role=Role.ADMIN))
    given = Given(team=rows_of(make_team()), shared=shared_rows(), user=make_user(role=Role.ADMIN))
    addresses = [reverse(door.name, kwargs=door.address(given)) for door in DOORS]
    addresses += [
        "/",
        "/health/live",
        "/health/ready",
        "/api/schema/",
        "/webhooks/tiktok",
        "/admin/",
        "/accounts/login/",
    ]
    addresses += [f"/chat/{account.public_key}/{page}" for page in ("", "session", "messages", "seen")]

    for address in addresses:
        for answer in (
            admin.get(address, headers={"origin": origin}),
            admin.options(address, headers={"origin": origin}),
        ):
            assert not {name for name in answer.headers if name.lower().startswith("access-control-")}, address


@covers("A-020")
@pytest.mark.parametrize(
    ("variables", "is_believed"),
    [
        ({}, False),
        ({"TRUSTED_PROXIES": "1"}, True),
        (PRODUCTION, True),
        (PRODUCTION | {"TRUSTED_PROXIES": "0"}, False),
    ],
    ids=["make run", "make run behind a proxy", "production", "production without a proxy"],
)
def test_a_caller_says_for_themselves_that_they_came_by_https_only_where_a_proxy_of_ours_overwrites_it(
    variables: dict[str, str], is_believed: bool, tmp_path: Path
) -> None:
    ask = 'from django.test import RequestFactory as R; print(R().get("/", headers={"x-forwarded-proto": "https"}).is_secure())'

    assert settings_say(tmp_path, ask, **variables) == str(is_believed)


# --- Bot and people --------------------------------------------------------------------------------------------------


@covers("A-025")
def test_a_reply_while_the_bot_thinks_drops_what_the_bot_thought() -> None:
    conversation = conversation_of()
    turn = conversations.claim_turn(conversation.pk, owner="test")
    assert turn is not None

    answer = signed_in(Role.SUPERVISOR).post(
        f"{API}/conversations/{conversation.public_id}/reply", {"text": "I am here."}
    )
    conversations.commit_turn(turn, Reply(text="The bot's."), run_id=1, facts=MessageFacts())

    assert answer.status_code == 201
    assert [(row.author, row.message.text) for row in Delivery.objects.all()] == [("human", "I am here.")]


# --- What is said of mistakes of ours ----------------------------------------------------------------------------------


@covers("A-026")
@pytest.mark.parametrize(
    "error", [DatabaseError("no such column: pg_secret_column"), RuntimeError("/srv/secret.py v5.2")]
)
@pytest.mark.parametrize(
    "address", [f"{API}/conversations", "/conversations", "/workspace/", "/admin/conversations/message/"]
)
def test_a_mistake_of_ours_tells_an_id_and_nothing_else(
    address: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = signed_in(Role.ADMIN)

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("django.db.models.query.QuerySet._fetch_all", fail)
    monkeypatch.setattr("django.db.models.query.QuerySet.count", fail)
    answer = caller.get(address)

    assert answer.status_code == 500
    told = answer.content.decode()
    assert answer.headers["X-Request-ID"]
    for secret in ("pg_secret_column", "secret.py", "Traceback", "SELECT", "django", "Error("):
        assert secret not in told


# --- The admin -----------------------------------------------------------------------------------------------------------


@covers("A-045")
@pytest.mark.parametrize("address", ["/admin/", "/dashboard/", "/workspace/", "/operations/", "/accounts/login/"])
def test_no_site_frames_a_page_of_staff(address: str) -> None:
    answer = signed_in(Role.ADMIN).get(address)

    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"


@covers("A-046")
def test_an_action_of_the_admin_takes_what_was_ticked_and_no_whole_table() -> None:
    admin = signed_in(Role.ADMIN).client
    found = [conversation_of() for _ in range(55)]
    fields = {"action": "resolve", "_selected_action": [found[0].pk], "select_across": "1"}

    answer = admin.post("/admin/conversations/conversation/", fields, follow=True)

    assert not Conversation.objects.filter(mode=Conversation.Mode.CLOSED).exists()
    assert "50 rows at most" in answer.content.decode()
