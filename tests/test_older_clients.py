"""The older project's clients: each of its requests as its collection records it, and the answer's exact shape.

Its webhooks are told elsewhere, and so are its OAuth addresses.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agent.models import AgentConfig, Release
from conversations.models import Conversation, Delivery, Escalation, Message, Note
from core import audit
from core.models import AuditEvent
from core.policy import Role
from tests.conftest import RungBell
from tests.conversations.talk import answer, fresh, send, wrote
from tests.factories import make_channel, make_conversation, make_escalation, make_message, make_release, make_team
from tests.rest import Caller, signed_in, with_key

pytestmark = pytest.mark.django_db

CONVERSATION = {
    "id": int, "user_id": int, "platform": str, "platform_conversation_id": str, "status": str, "escalated": bool,
    "escalation_reason": str, "created_at": datetime, "updated_at": datetime, "closed_at": datetime, "messages": list,
}  # fmt: skip
MESSAGE = {
    "id": int, "conversation_id": int, "content": str, "sender_type": str, "intent": str, "sentiment_score": float,
    "response_time_ms": int, "created_at": datetime,
}  # fmt: skip
NOTHING = 999_999


def same_shape(told: Mapping[str, Any], shape: Mapping[str, type]) -> bool:
    """Whether the members are exactly these, each null or of its type."""
    assert set(told) == set(shape)
    for name, kind in shape.items():
        value = told[name]
        if kind is datetime and value is not None:
            datetime.fromisoformat(value)
        elif value is not None:
            assert isinstance(value, kind), name
    return True


@pytest.fixture
def admin() -> Caller:
    return with_key(role=Role.ADMIN)


def test_the_front_door_and_the_health_are_open(client: Client) -> None:
    for address in ("/health", "/health/"):
        assert client.get(address).json() == {"status": "healthy", "environment": "production"}
    assert set(client.get("/").json()) == {"name", "version", "status"}


@pytest.mark.parametrize("address", ["/metrics", "/metrics/"])
def test_requests_are_counted_by_the_name_that_is_looked_for(admin: Caller, address: str) -> None:
    admin.get(address)

    assert "http_requests_total{" in admin.get(address).content.decode()


@pytest.mark.parametrize("accept", ["text/html", "application/x-whatever"])
@pytest.mark.parametrize("address", ["/conversations/", "/agent/status", "/metrics", "/health/ready"])
def test_what_a_program_says_it_accepts_is_not_asked(admin: Caller, address: str, accept: str) -> None:
    admin.headers["accept"] = accept

    assert admin.get(address).status_code == 200


def test_conversations_are_a_bare_list(admin: Caller) -> None:
    conversation = wrote("Where is it?")
    answer(conversation)
    make_escalation(make_conversation(), detail="Wants a refund.")

    told = admin.get("/conversations").json()

    assert admin.get("/conversations/").json() == told
    assert len(told) == 2
    assert all(same_shape(row, CONVERSATION) for row in told)
    assert all(same_shape(row, MESSAGE) for each in told for row in each["messages"])
    assert {row["intent"] for each in told for row in each["messages"]} - {None} == {"general"}
    by_id = {row["id"]: row for row in told}
    mine = by_id.pop(conversation.pk)
    assert (mine["status"], mine["escalated"], mine["escalation_reason"]) == ("active", False, None)
    assert [row["sender_type"] for row in mine["messages"]] == ["user", "agent"]
    escalated = by_id.popitem()[1]
    assert (escalated["status"], escalated["escalated"], escalated["escalation_reason"]) == (
        "escalated",
        True,
        "Wants a refund.",
    )


def test_a_list_costs_the_same_however_long_it_is(admin: Caller) -> None:
    for _ in range(8):
        make_message(make_conversation())
    admin.get("/conversations")

    with CaptureQueriesContext(connection) as asked:
        told = admin.get("/conversations", limit=5, offset=2)

    assert len(told.json()) == 5
    assert len(asked) == 5


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"status": "closed"}, 1), ({"status": "active"}, 1), ({"status": "escalated"}, 1), ({"status": "nonsense"}, 0),
        ({"platform": "tiktok"}, 3), ({"platform": "nonsense"}, 0), ({"escalated": "true"}, 1), ({"escalated": "false"}, 2),
        ({"priority": "high"}, 1), ({"assigned_to": str(NOTHING)}, 0), ({"limit": "2"}, 2), ({"offset": "2"}, 1),
    ],
)  # fmt: skip
def test_each_filter_narrows(admin: Caller, query: dict[str, str], found: int) -> None:
    make_conversation(mode=Conversation.Mode.CLOSED)
    make_conversation()
    make_escalation(priority="high")

    assert len(admin.get("/conversations", **query).json()) == found


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "101"}, {"limit": "x"}, {"offset": "10001"}, {"offset": "-1"}, {"priority": "top"}, {"priority": "first"},
        {"assigned_to": "dana"}, {"assigned_to": "9" * 30},
    ],
)  # fmt: skip
def test_a_filter_that_does_not_fit_is_told_as_before(admin: Caller, query: dict[str, str]) -> None:
    refused = admin.get("/conversations", **query)

    assert refused.status_code == 422
    assert refused.json()["detail"][0]["loc"] == ["query", next(iter(query))]


def test_one_conversation_is_found_by_its_number(admin: Caller) -> None:
    conversation = wrote()

    for address in (f"/conversations/{conversation.pk}", f"/conversations/{conversation.pk}/"):
        assert same_shape(admin.get(address).json(), CONVERSATION)
    missing = admin.get(f"/conversations/{NOTHING}")
    assert (missing.status_code, missing.json()) == (404, {"detail": f"Conversation {NOTHING} not found"})
    assert admin.get(f"/conversations/{'9' * 18}").status_code == 404


@pytest.mark.parametrize(
    "address", ["/messages/conversations", "/messages/conversations/1", "/messages/conversations/?limit=1"]
)
def test_the_old_path_is_not_there(admin: Caller, address: str) -> None:
    assert admin.get(address).status_code == 404


@pytest.mark.parametrize(
    ("method", "address", "name"),
    [
        ("GET", "/conversations/seven", "conversation_id"),
        ("GET", f"/conversations/{'9' * 19}", "conversation_id"),
        ("POST", "/admin/escalate/seven", "conversation_id"),
        ("PUT", "/admin/override/seven/", "message_id"),
    ],
)
def test_an_id_that_is_no_number_is_told_as_before(admin: Caller, method: str, address: str, name: str) -> None:
    answer = admin.get(address) if method == "GET" else admin.post(address, {"reason": "x"}, method=method)

    assert answer.status_code == 422
    (told,) = answer.json()["detail"]
    assert told["loc"] == ["path", name]
    assert "integer" in told["msg"]


def test_sending_answers_202_and_takes_over(admin: Caller) -> None:
    conversation = wrote()
    body = {"conversation_id": conversation.pk, "platform": "tiktok", "message": "Hello"}

    sent = admin.post("/messages/send", body)

    message = Message.objects.get(sender_type="human")
    assert (sent.status_code, sent.json()) == (
        202,
        {"success": True, "message_id": message.pk, "job_id": str(message.delivery.public_id), "error": None},
    )
    assert fresh(conversation).mode == Conversation.Mode.HUMAN


def test_what_cannot_be_sent_says_why_and_is_not_sent(admin: Caller) -> None:
    conversation = wrote()
    body = {"conversation_id": conversation.pk, "platform": "tiktok", "message": "Hello"}

    other = admin.post("/messages/send/", body | {"platform": "linkedin"})
    empty = admin.post("/messages/send/", body | {"message": ""})
    missing = admin.post("/messages/send/", body | {"conversation_id": NOTHING})
    half = admin.post("/messages/send/", {"platform": "tiktok"})

    assert [each.status_code for each in (other, empty, missing, half)] == [202, 202, 404, 422]
    assert not other.json()["success"]
    assert "tiktok" in other.json()["error"]
    assert not empty.json()["success"]
    assert missing.json() == {"detail": f"Conversation {NOTHING} not found"}
    assert Message.objects.count() == 1


@pytest.mark.parametrize("slash", ["", "/"])
def test_escalating_puts_it_into_the_queue(admin: Caller, slash: str) -> None:
    conversation = wrote()

    told = admin.post(f"/admin/escalate/{conversation.pk}{slash}", {"reason": "Wants a person"})

    assert told.json() == {
        "status": "success",
        "conversation_id": conversation.pk,
        "escalated": True,
        "reason": "Wants a person",
    }
    assert Escalation.objects.get().detail == "Wants a person"
    assert admin.post(f"/admin/escalate/{NOTHING}{slash}", {"reason": "x"}).status_code == 404
    assert AuditEvent.objects.filter(action="conversation.escalate", actor_kind="key").exists()


def test_overriding_replaces_what_was_not_sent(admin: Caller) -> None:
    conversation = wrote()
    answer(conversation)
    message = Message.objects.get(sender_type="bot")

    told = admin.post(f"/admin/override/{message.pk}", {"new_content": "Better."}, method="PUT")

    assert told.json() == {
        "status": "success",
        "message_id": message.pk,
        "original_content": "It is on its way.",
        "new_content": "Better.",
        "reason": None,
    }
    assert Message.objects.get(pk=message.pk).text == "Better."
    assert not Note.objects.exists()
    assert send(conversation).message.text == "Better."


def test_overriding_what_was_sent_leaves_a_correction_beside_it(admin: Caller) -> None:
    conversation = wrote()
    answer(conversation)
    message = send(conversation).message

    told = admin.post(f"/admin/override/{message.pk}/", {"new_content": "Better.", "reason": "Wrong"}, method="PUT")

    assert told.json()["reason"] == "Wrong"
    assert Message.objects.get(pk=message.pk).text == "It is on its way."
    assert Note.objects.get().text == f"Correction of message {message.seq}: Better.\nWrong"
    assert Delivery.objects.count() == 1
    assert AuditEvent.objects.get(action="message.override").after == {"replaced": False, "reason_characters": 5}


def test_only_the_bots_words_are_overridden(admin: Caller) -> None:
    conversation = wrote()
    inbound = Message.objects.get()
    admin.post("/messages/send", {"conversation_id": conversation.pk, "platform": "tiktok", "message": "Hello"})
    human = Message.objects.get(sender_type="human")

    assert admin.post(f"/admin/override/{inbound.pk}", {"new_content": "x"}, method="PUT").status_code == 404
    refused = admin.post(f"/admin/override/{human.pk}", {"new_content": "x"}, method="PUT")
    assert (refused.status_code, set(refused.json())) == (409, {"detail"})
    assert admin.post(f"/admin/override/{NOTHING}", {"new_content": "x"}, method="PUT").status_code == 404


def test_the_log_is_the_audit_trail(admin: Caller) -> None:
    for number in range(3):
        audit.record(None, f"deed.{number}", make_team())

    told = admin.get("/admin/logs", limit=2).json()

    assert (told["count"], told["level"]) == (2, "INFO")
    assert ["deed.1" in told["logs"][0], "deed.2" in told["logs"][1]] == [True, True]
    assert admin.get("/admin/logs/", level="ERROR").json() == {"logs": [], "count": 0, "level": "ERROR"}
    assert admin.get("/admin/logs/", limit=1001).status_code == 422


@pytest.mark.parametrize("address", ["/admin/agent/configure", "/agent/configure", "/agent/configure/"])
def test_configuring_writes_a_draft_and_changes_no_answer(admin: Caller, address: str) -> None:
    published = make_release(configs={"bot.enabled": "true"})

    told = admin.post(f"{address}?config_key=bot.enabled&config_value=false&description=Quiet")

    assert told.json() == {"status": "success", "config_key": "bot.enabled", "config_value": "false"}
    values = dict(AgentConfig.objects.filter(config_key="bot.enabled").values_list("release__state", "config_value"))
    assert values == {"published": "true", "draft": "false"}
    assert Release.objects.current().get() == published
    as_json = admin.post(address, {"config_key": "bot.enabled", "config_value": "false"})
    unknown = admin.post(f"{address}?config_key=nonsense&config_value=1")
    assert (as_json.status_code, unknown.status_code) == (422, 422)


def test_the_status_counts_conversations(admin: Caller) -> None:
    make_conversation()
    make_conversation(mode=Conversation.Mode.CLOSED)
    make_escalation()

    for address in ("/admin/agent/status", "/agent/status", "/agent/status/", "/admin/agent/status/"):
        told = admin.get(address).json()
        assert told.pop("timestamp")
        assert told == {
            "status": "healthy", "uptime_seconds": None, "total_conversations": 3, "active_conversations": 1,
            "escalated_conversations": 1,
        }  # fmt: skip


def test_training_fits_a_draft_in_a_worker(
    admin: Caller, bells: list[RungBell], django_capture_on_commit_callbacks: Any
) -> None:
    make_release()

    with django_capture_on_commit_callbacks(execute=True):
        told = admin.post("/admin/agent/train").json()

    draft = Release.objects.drafts().get()
    assert (told["status"], set(told)) == ("success", {"status", "message", "timestamp"})
    assert [(bell.task, bell.args) for bell in bells] == [("agent.tasks.refit", (draft.pk,))]


def test_figures_are_those_of_the_record(admin: Caller) -> None:
    make_release()
    conversation = make_conversation()
    make_message(conversation, intent="track-parcel", sentiment_score=0.5)
    make_message(conversation, "Soon.", sender="bot", response_time_ms=1500)
    make_escalation(make_conversation(), reason="urgent")

    assert admin.get("/analytics/metrics").json() == {
        "average_response_time_ms": 1500.0, "total_messages": 2, "total_conversations": 2, "escalation_rate": 50.0,
        "average_sentiment": 0.5,
    }  # fmt: skip
    assert admin.get("/analytics/conversations/").json() == {
        "insights": [{"intent": "support", "count": 1, "percentage": 100.0}],
        "total_conversations": 1,
    }
    assert admin.get("/analytics/escalations").json() == {
        "total_escalations": 1,
        "escalation_rate": 50.0,
        "top_reasons": [{"reason": "urgent", "count": 1}],
    }
    trials = admin.get("/analytics/ab_tests").json()
    assert (set(trials), trials["variants"]) == ({"start_date", "end_date", "variants"}, [])


def test_figures_of_a_period_without_anything_are_nought(admin: Caller) -> None:
    make_escalation()

    told = admin.get("/analytics/metrics", start_date="2020-01-01T00:00:00", end_date="2020-02-01T00:00:00").json()

    assert told == {
        "average_response_time_ms": 0.0, "total_messages": 0, "total_conversations": 0, "escalation_rate": 0.0,
        "average_sentiment": None,
    }  # fmt: skip
    assert admin.get("/analytics/metrics", start_date="yesterday").status_code == 422
    assert admin.get("/analytics/metrics", end_date="0001-01-01T00:00:00Z").status_code == 200


ASKED = [
    ("GET", "/conversations"), ("GET", "/conversations/1"), ("POST", "/messages/send"), ("GET", "/analytics/metrics"),
    ("GET", "/analytics/conversations"), ("GET", "/analytics/escalations"), ("GET", "/analytics/ab_tests"),
    ("POST", "/admin/escalate/1"), ("PUT", "/admin/override/1"), ("GET", "/admin/logs"), ("POST", "/admin/agent/configure"),
    ("GET", "/admin/agent/status"), ("POST", "/admin/agent/train"), ("POST", "/agent/train"), ("GET", "/agent/status"),
    ("GET", "/oauth/tiktok/start"), ("GET", "/oauth/linkedin/start"), ("GET", "/metrics"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "address"), ASKED)
@pytest.mark.parametrize("slash", ["", "/"])
def test_each_door_wants_somebody_with_the_right_to_it(method: str, address: str, slash: str) -> None:
    unknown = Caller().post(address + slash, method=method)
    wrong = with_key("notes:write").post(address + slash, method=method)

    assert (unknown.status_code, set(unknown.json())) == (401, {"detail"})
    assert (wrong.status_code, set(wrong.json())) == (403, {"detail"})


def test_another_teams_conversation_is_not_there() -> None:
    mine, theirs = make_team(), make_team()
    foreign = make_conversation(channel=make_channel(team_id=theirs.pk))
    agent = signed_in(Role.AGENT, team=mine)
    body = {"conversation_id": foreign.pk, "platform": "tiktok", "message": "Hello"}

    assert agent.get("/conversations").json() == []
    assert agent.get(f"/conversations/{foreign.pk}").status_code == 404
    assert agent.post("/messages/send", body).status_code == 404
    assert agent.post(f"/admin/escalate/{foreign.pk}", {"reason": "x"}).status_code == 404


def test_the_admin_of_django_is_where_it_was(client: Client) -> None:
    assert client.get("/admin/").status_code == 302
    assert client.get("/admin/core/auditevent/").status_code == 302
