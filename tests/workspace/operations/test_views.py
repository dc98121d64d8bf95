"""The operators' doors: who may open which, what they show of strangers' bytes, and what a press does."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations.models import Delivery, Note
from core.models import AuditEvent, WorkerHeartbeat
from core.policy import Role
from integrations.models import PlatformAccount, WebhookEvent
from tests.factories import make_account, make_api_key, make_delivery, make_escalation, make_event, make_team, make_user
from workspace.models import DrillRun
from workspace.operations import board
from workspace.operations.filters import Filters

pytestmark = pytest.mark.django_db
State = WebhookEvent.State
OPERATORS = {Role.ADMIN, Role.SUPERVISOR}
STAFF = [role for role in Role if role != Role.API_CLIENT]
SECRET = b'{"event": "x", "text": "my parcel <script>alert(1)</script> never came"}'


def signed_in(role: Role = Role.SUPERVISOR) -> Client:
    client = Client()
    client.force_login(make_user(role=role, team=make_team()))
    return client


def told(response: Any) -> str:
    """What a page says to the person, notices included."""
    return unescape(response.content.decode())


def tokens(client: Client, path: str = "/operations/events/?period=all") -> list[str]:
    return re.findall(r'name="event" value="([^"]+)"', client.get(path).content.decode())


@pytest.mark.parametrize("role", STAFF)
def test_each_door_opens_for_supervisors_and_admins_only(role: Role) -> None:
    event, delivery = make_event(state=State.DEAD), make_delivery(state="dead")
    run = DrillRun.objects.create()
    client = signed_in(role)
    shown = ["", "board/", "events/", f"events/{event.pk}/", "sends/", f"drills/{run.public_id}/"]
    done = ["events/decide/", f"events/{event.pk}/reveal/", f"sends/{delivery.public_id}/", "drills/"]

    answers = [client.get(f"/operations/{path}").status_code for path in shown]
    answers += [client.post(f"/operations/{path}", {"deed": "none"}).status_code for path in done]

    assert (403 in answers) == (role not in OPERATORS)
    assert (set(answers) == {403}) == (role not in OPERATORS)


@pytest.mark.parametrize("path", ["/operations/", "/operations/events/", "/operations/sends/"])
def test_strangers_are_asked_to_sign_in(path: str) -> None:
    answer = Client().get(path)

    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/accounts/login/?next={path}"
    assert Client().get("/operations/board/").status_code == 401


def test_an_api_key_opens_none_of_it() -> None:
    _, key = make_api_key(scopes=("operations:read",))

    assert Client().get("/operations/", headers={"authorization": f"Bearer {key}"}).status_code == 302


@pytest.mark.parametrize("role", STAFF)
def test_the_way_there_is_shown_to_those_who_may_go(role: Role) -> None:
    page = signed_in(role).get("/workspace/").content.decode()

    assert ('href="/operations/"' in page) == (role in OPERATORS)


@pytest.mark.parametrize(
    "query",
    ["period=year", "state=lost", "account=x", "account=²", "after=never", "after=2026-01-01T00:00:00~1", "source=%00"],
)
def test_an_address_that_says_nothing_is_answered_400(query: str) -> None:
    assert signed_in().get(f"/operations/events/?{query}").status_code == 400


def test_the_page_shows_what_needs_somebody() -> None:
    make_event(state=State.QUARANTINED)
    make_delivery(state="needs_review")
    make_escalation(reason="bot_failed")
    make_account(name="Northwind", state=PlatformAccount.State.RECONNECT, state_reason="The token ran out.")
    make_account(name="Borealis", state_reason="The refresh token runs out on 1 May 2027.")
    make_account(name="Acme", state_reason="LinkedIn notifies nobody.", notified_problem="LinkedIn notifies nobody.")

    page = told(signed_in().get("/operations/"))

    assert 'data-balance="holds"' in page
    assert "Northwind must be connected again" in page
    assert "The token ran out." in page
    assert "Borealis must be connected again soon" in page
    assert "The refresh token runs out on 1 May 2027." in page
    assert "Acme is not told at once what happens" in page
    for key in ("quarantined", "sends-to-decide", "turns-given-up", "accounts"):
        assert re.search(rf'data-key="{key}" data-kind="(warn|danger)"', page), key


@pytest.mark.parametrize(
    ("added", "compared", "words"),
    [
        (timedelta(minutes=3), None, "It never answered since the account was added"),
        (timedelta(days=9), timedelta(hours=1), "Its platform does not answer us"),
        (timedelta(days=9), timedelta(minutes=9), ""),
        (timedelta(seconds=20), None, ""),
    ],
)
def test_an_account_that_cannot_be_reached_is_no_connected_one(
    added: timedelta, compared: timedelta | None, words: str
) -> None:
    now = timezone.now()
    make_account(name="Northwind", read_back_to=compared and now - compared)
    PlatformAccount.objects.update(created_at=now - added)

    page = told(signed_in().get("/operations/"))

    assert ("Northwind cannot be reached" in page) is bool(words)
    assert ("Every account is connected" in page) is not bool(words)
    assert words in page


def test_an_account_that_a_restore_keeps_silent_is_shown_with_how_far_it_is() -> None:
    account = make_account(name="Northwind")
    WorkerHeartbeat.objects.create(
        process="sweeper:here:1", kind="sweeper", at=timezone.now(), details={"compared": {str(account.pk): [12, 90]}}
    )

    page = told(signed_in().get("/operations/"))

    assert "Northwind says nothing yet" in page
    assert "12 of 90 threads are compared" in page


def test_it_asks_the_same_few_questions_however_much_there_is() -> None:
    def questions() -> int:
        with CaptureQueriesContext(connection) as asked:
            board.read(Filters(), now=timezone.now())
        return len(asked)

    make_event(state=State.DEAD)
    make_delivery(state="dead")
    few = questions()
    for _ in range(8):
        make_event(state=State.QUARANTINED)
        make_delivery(state="needs_review")
        make_account(state=PlatformAccount.State.RECONNECT)

    assert questions() == few <= 20


def test_a_list_asks_the_same_few_questions_however_long_it_is() -> None:
    client = signed_in()

    def questions(path: str) -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(path).status_code == 200
        return len(asked)

    make_event(state=State.DEAD)
    make_delivery(state="dead")
    few = [questions("/operations/events/"), questions("/operations/sends/")]
    for _ in range(12):
        make_event(state=State.DEAD)
        make_delivery(state="needs_review")

    assert [questions("/operations/events/"), questions("/operations/sends/")] == few


def test_a_long_list_is_walked_to_its_end() -> None:
    made = {make_event(state=State.DEAD).pk for _ in range(120)}
    client, path, seen = signed_in(), "/operations/events/?state=dead", []

    while path:
        page = client.get(path).content.decode()
        seen += [int(pk) for pk in re.findall(r'data-event="(\d+)"', page)]
        onward = re.search(r'href="([^"]+)" rel="next"', page)
        path = unescape(onward.group(1)) if onward else ""

    assert len(seen) == 120
    assert set(seen) == made


def test_a_body_is_shown_as_text_masked_and_cut_to_size() -> None:
    event = make_event(state=State.QUARANTINED, body=SECRET)
    huge = make_event(state=State.QUARANTINED, body=b'{"a": "' + b"z" * 200_000)
    broken = make_event(state=State.QUARANTINED, body=b"\xff\x00\xfe not JSON")
    client = signed_in()

    page = client.get(f"/operations/events/{event.pk}/").content.decode()
    long = client.get(f"/operations/events/{huge.pk}/").content

    assert "my parcel" not in page
    assert "<script>alert" not in page
    assert len(long) < 60_000
    assert b"more bytes are not shown" in long
    assert "\\xff" in client.get(f"/operations/events/{broken.pk}/").content.decode()


def test_a_body_is_unmasked_on_request_which_is_noted_and_stays_text() -> None:
    event = make_event(state=State.QUARANTINED, body=SECRET)

    page = signed_in().post(f"/operations/events/{event.pk}/reveal/").content.decode()

    assert "my parcel &lt;script&gt;alert(1)&lt;/script&gt; never came" in page
    assert AuditEvent.objects.get().action == "event.reveal"


def test_chosen_events_are_taken_in_again() -> None:
    first, second = make_event(state=State.DEAD), make_event(state=State.QUARANTINED)
    make_event(state=State.CONFLICT)
    client = signed_in()
    chosen = [token for token in tokens(client) if token.split("~")[1] != "conflict"]

    answer = client.post("/operations/events/decide/", {"deed": "replay", "event": chosen}, follow=True)

    assert "2 events are being taken in again." in told(answer)
    assert set(WebhookEvent.objects.filter(state=State.RECEIVED)) == {first, second}


def test_the_same_form_sent_twice_moves_nothing_twice() -> None:
    make_event(state=State.DEAD)
    client = signed_in()
    form = {"deed": "drop", "event": tokens(client), "reason": "A test.", "next": "/operations/events/"}

    client.post("/operations/events/decide/", form)
    again = client.post("/operations/events/decide/", form, follow=True)

    assert "It has been dealt with meanwhile." in told(again)
    assert AuditEvent.objects.filter(action="event.drop").count() == 1


def test_a_whole_list_is_moved_without_ticking_each() -> None:
    account = make_account()
    for _ in range(60):
        make_event(account, state=State.QUARANTINED)
    other = make_event(state=State.QUARANTINED)

    form = {"deed": "replay", "all": "1", "state": "quarantined", "period": "all", "account": str(account.pk)}
    answer = signed_in().post("/operations/events/decide/", form, follow=True)

    assert "60 events are being taken in again." in told(answer)
    other.refresh_from_db()
    assert other.state == State.QUARANTINED


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"deed": "replay"}, "Choose at least one event first."),
        ({"deed": "drop", "all": "1"}, "Write why it may be dropped"),
    ],
)
def test_a_form_that_lacks_something_says_what(form: dict[str, str], said: str) -> None:
    make_event(state=State.DEAD)

    answer = signed_in().post("/operations/events/decide/", form, follow=True)

    assert said in told(answer)
    assert WebhookEvent.objects.get().state == State.DEAD


@pytest.mark.parametrize(
    "form",
    [
        {"deed": "explode"},
        {"deed": "drop", "reason": "x", "event": "1"},
        {"deed": "replay", "event": "1~dead~yesterday"},
        {"deed": "replay", "event": f"{10**30}~dead~2026-01-01T00:00:00+00:00"},
        {"deed": "replay", "all": "1", "state": "lost"},
    ],
)
def test_a_form_that_nobody_was_shown_is_answered_400(form: dict[str, str]) -> None:
    assert signed_in().post("/operations/events/decide/", form).status_code == 400


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example/", "/accounts/logout/", "/operations/../x"]
)
def test_a_form_leads_back_to_these_pages_only(wanted: str) -> None:
    answer = signed_in().post("/operations/events/decide/", {"deed": "replay", "next": wanted})

    assert answer.headers["Location"].startswith("/operations/")


@pytest.mark.parametrize(
    ("decision", "more", "state"),
    [
        ("arrived", {}, "sent"),
        ("send_again", {"sure": "1"}, "pending"),
        ("drop", {"reason": "The customer called."}, "cancelled"),
    ],
)
def test_a_reply_in_doubt_is_decided_about(decision: str, more: dict[str, str], state: str) -> None:
    delivery = make_delivery(state="needs_review", fence=3)
    form = {"decision": decision, "fence": "3", **more}

    signed_in().post(f"/operations/sends/{delivery.public_id}/", form)

    delivery.refresh_from_db()
    assert delivery.state == state
    audited = AuditEvent.objects.get()
    assert audited.action == f"delivery.{decision}"
    assert (audited.reason, "reason_characters" in audited.after) == ("", decision == "drop")
    assert Note.objects.filter(text__contains="The customer called.").exists() == (decision == "drop")


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"decision": "send_again", "fence": "1"}, "It may arrive twice."),
        ({"decision": "drop", "fence": "1"}, "Write why it may be dropped"),
        ({"decision": "arrived", "fence": "0"}, "no longer waiting for a decision"),
    ],
)
def test_what_must_not_be_done_lightly_is_asked_for(form: dict[str, str], said: str) -> None:
    delivery = make_delivery(state="needs_review", fence=1)

    answer = signed_in().post(f"/operations/sends/{delivery.public_id}/", form, follow=True)

    assert said in told(answer)
    delivery.refresh_from_db()
    assert delivery.state == Delivery.State.NEEDS_REVIEW


@pytest.mark.parametrize("form", [{}, {"decision": "arrived", "fence": "²"}, {"decision": "maybe", "fence": "1"}])
def test_a_decision_that_is_none_is_answered_400(form: dict[str, str]) -> None:
    delivery = make_delivery(state="dead")

    assert signed_in().post(f"/operations/sends/{delivery.public_id}/", form).status_code == 400
