"""Messages, customers, escalations and deliveries over REST."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations.models import Delivery, DeliveryAttempt, Escalation, Message, Note
from core.models import AuditEvent
from core.policy import Role
from tests.factories import (
    make_channel,
    make_conversation,
    make_customer,
    make_delivery,
    make_escalation,
    make_message,
    make_team,
    make_user,
)
from tests.rest import Caller, signed_in, with_key

pytestmark = pytest.mark.django_db
READ = "conversations:read"


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def fill(kind: str) -> None:
    """One more row of each kind, with what hangs on it."""
    delivery = make_delivery(state=Delivery.State.DEAD)
    DeliveryAttempt.objects.create(delivery=delivery, number=1, started_at=timezone.now(), outcome="definite_fail")
    make_escalation(make_conversation(), claimed_by=make_user())


@pytest.mark.parametrize(
    ("kind", "queries"), [("messages", 4), ("customers", 3), ("escalations", 3), ("deliveries", 4)]
)
def test_the_number_of_queries_does_not_grow_with_the_rows(kind: str, queries: int) -> None:
    caller = with_key(READ)
    for _ in range(3):
        fill(kind)
    caller.get(f"/api/v1/{kind}/")

    with CaptureQueriesContext(connection) as asked:
        answered = caller.get(f"/api/v1/{kind}/")

    assert len(ids(answered)) >= 3
    assert len(asked) == queries


def test_messages_of_a_conversation_are_followed_by_their_numbers() -> None:
    conversation = make_conversation()
    make_message(make_conversation())
    said = [make_message(conversation, text) for text in ("One", "Two", "Three")]
    caller = with_key(READ)

    after = ids(caller.get("/api/v1/messages/", conversation=str(conversation.public_id), after_seq=1))

    assert after == [str(said[2].public_id), str(said[1].public_id)]


def test_a_page_may_end_among_messages_of_one_moment() -> None:
    conversation, moment = make_conversation(), timezone.now()
    said = [make_message(conversation, str(number), created_at=moment) for number in range(5)]
    caller = with_key(READ)

    first = caller.get("/api/v1/messages/", page_size=3).json()
    second = caller.get(first["next"]).json()

    assert [row["id"] for row in first["results"] + second["results"]] == [str(each.public_id) for each in said[::-1]]
    assert second["next"] is None


def test_a_message_tells_whether_it_went_out() -> None:
    delivery = make_delivery(state=Delivery.State.SENT)

    told = with_key(READ).get(f"/api/v1/messages/{delivery.message.public_id}/").json()

    assert told["delivery"]["state"] == "sent"
    assert told["conversation"] == str(delivery.conversation.public_id)
    assert told["sender_type"] == "bot"


@pytest.mark.parametrize("kind", ["messages", "customers", "escalations", "deliveries"])
def test_rows_of_other_teams_are_not_there(kind: str) -> None:
    mine, theirs = make_team(), make_team()
    for team in (mine, theirs):
        conversation = make_conversation(channel=make_channel(team_id=team.pk), customer=make_customer())
        make_delivery(conversation)
        make_escalation(conversation)
    whole = {row["id"] for row in with_key(READ).get(f"/api/v1/{kind}/").json()["results"]}

    for caller in (signed_in(Role.VIEWER, team=mine), with_key(READ, team=mine)):
        seen = ids(caller.get(f"/api/v1/{kind}/"))
        assert len(seen) == 1
        hidden = (whole - set(seen)).pop()
        assert caller.get(f"/api/v1/{kind}/{hidden}/").status_code == 404


def test_an_escalation_is_claimed_by_a_person_and_not_by_a_key() -> None:
    escalation = make_escalation()
    address = f"/api/v1/escalations/{escalation.public_id}/claim/"

    assert with_key(role=Role.ADMIN).post(address).status_code == 409
    won, lost = signed_in().post(address), signed_in().post(address)

    assert (won.status_code, won.json()["state"]) == (200, "claimed")
    assert (lost.status_code, lost.json()["code"]) == (409, "owned-by-colleague")


def test_next_for_me_takes_the_most_urgent_and_is_empty_at_last() -> None:
    make_escalation(due_at=timezone.now() + timedelta(hours=1))
    soon = make_escalation(due_at=timezone.now() + timedelta(minutes=1))
    caller = signed_in()

    first = caller.post("/api/v1/escalations/claim-next/", key="a")
    repeated = caller.post("/api/v1/escalations/claim-next/", key="a")
    caller.post("/api/v1/escalations/claim-next/")
    empty = caller.post("/api/v1/escalations/claim-next/", key="b")
    empty_again = caller.post("/api/v1/escalations/claim-next/", key="b")

    assert first.json()["id"] == repeated.json()["id"] == str(soon.public_id)
    assert (empty.status_code, empty_again.status_code) == (204, 204)
    assert Escalation.objects.filter(state="claimed").count() == 2


def test_a_person_decides_about_a_message_in_doubt_once() -> None:
    delivery = make_delivery(state=Delivery.State.NEEDS_REVIEW)
    address = f"/api/v1/deliveries/{delivery.public_id}/decide/"
    caller = signed_in()

    stale = caller.post(address, {"decision": "arrived", "seen_fence": delivery.fence + 1})
    wrong = caller.post(address, {"decision": "burn"})
    done = caller.post(address, {"decision": "arrived", "reason": "I looked.", "seen_fence": delivery.fence})
    again = caller.post(address, {"decision": "drop"})

    assert [each.status_code for each in (stale, wrong, done, again)] == [409, 400, 200, 409]
    assert done.json()["state"] == "sent"
    assert Note.objects.get().text.endswith(": I looked.")
    assert AuditEvent.objects.get(action="delivery.arrived").after == {"state": "sent", "reason_characters": 9}


def test_nobody_decides_without_the_right() -> None:
    delivery = make_delivery(state=Delivery.State.DEAD)
    address = f"/api/v1/deliveries/{delivery.public_id}/decide/"

    assert with_key("messages:send", READ).post(address, {"decision": "drop"}).status_code == 403
    assert signed_in(Role.AGENT, team=make_team()).post(address, {"decision": "drop"}).status_code == 404
    assert Caller().post(address, {"decision": "drop"}).status_code == 401
    assert Message.objects.count() == 1


def test_a_customers_address_is_whole_for_a_key_with_the_scope_and_masked_for_others() -> None:
    customer = make_customer(email="ada@example.org", details_from="site")
    make_conversation(customer=customer)
    path = f"/api/v1/customers/{customer.public_id}/"

    for caller, email in (
        (with_key(READ, "personal:read"), "ada@example.org"),
        (with_key(READ), "[e-mail]"),
        (with_key(role=Role.ADMIN), "[e-mail]"),
        (signed_in(Role.ADMIN), "[e-mail]"),
    ):
        shown = caller.get(path).json()
        assert (shown["email"], shown["details_from"]) == (email, "site")
