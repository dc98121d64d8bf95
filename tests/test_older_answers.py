"""The older project's clients once more: each answer whole, with its status, its members in their order, and its times."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from conversations import services as conversations
from conversations.models import Conversation, Delivery, Escalation, Message
from core import audit
from core.models import AuditEvent
from core.policy import Role
from tests.conversations.talk import answer, fresh, person, wrote
from tests.factories import make_conversation, make_escalation, make_message, make_release
from tests.rest import Caller, with_key

pytestmark = pytest.mark.django_db

BEGAN = datetime(2026, 1, 1, 10, tzinfo=UTC)
CLOSED = datetime(2026, 1, 2, 8, 30, 0, 120, tzinfo=UTC)
NOTHING = 999_999


@pytest.fixture
def admin() -> Caller:
    return with_key(role=Role.ADMIN)


def is_exactly(answer: Any, body: Any, *, status: int = 200) -> bool:
    """Whether the answer is this JSON: the members in this order, each number and word of this very kind."""
    assert json.dumps(answer.json()) == json.dumps(body)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/json")
    return True


def told(moment: datetime) -> str:
    """A time as it is answered: UTC, microseconds where it has any, and Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def whole(conversation: Conversation, **members: Any) -> dict[str, Any]:
    """A conversation without messages that the bot has, in the documented order, but for ``members``."""
    row = fresh(conversation)
    return {
        "id": row.pk, "user_id": row.customer_id, "platform": "tiktok", "platform_conversation_id": row.thread_key,
        "status": "active", "escalated": False, "escalation_reason": None, "created_at": told(row.created_at),
        "updated_at": told(row.updated_at), "closed_at": None, "messages": [],
    } | members  # fmt: skip


def test_the_open_doors_answer_so(client: Client) -> None:
    root = {"name": "supportagent", "version": settings.VERSION, "status": "running"}

    assert is_exactly(client.get("/", headers={"accept": "application/json"}), root)
    assert is_exactly(client.get("/health"), {"status": "healthy", "environment": "production"})


def test_a_conversation_is_answered_whole(admin: Caller) -> None:
    make_release()
    conversation = make_conversation(thread_key="c1", created_at=BEGAN)
    asked = make_message(
        conversation, "Wo ist mein Paket? 📦", intent="track-parcel", sentiment_score=-0.25, created_at=BEGAN
    )
    said = make_message(
        conversation, "Soon.", sender="bot", response_time_ms=1500, created_at=BEGAN + timedelta(seconds=1.5)
    )

    expected = whole(
        conversation,
        created_at="2026-01-01T10:00:00Z",
        messages=[
            {
                "id": asked.pk, "conversation_id": conversation.pk, "content": "Wo ist mein Paket? 📦", "sender_type": "user",
                "intent": "support", "sentiment_score": -0.25, "response_time_ms": None, "created_at": "2026-01-01T10:00:00Z",
            },
            {
                "id": said.pk, "conversation_id": conversation.pk, "content": "Soon.", "sender_type": "agent", "intent": None,
                "sentiment_score": None, "response_time_ms": 1500, "created_at": "2026-01-01T10:00:01.500000Z",
            },
        ],
    )  # fmt: skip
    assert is_exactly(admin.get(f"/conversations/{conversation.pk}"), expected)
    assert is_exactly(admin.get("/conversations"), [expected])
    assert is_exactly(admin.get("/conversations", offset=1), [])


def test_who_wrote_is_one_of_three(admin: Caller) -> None:
    conversation = make_conversation()
    for sender in Message.Sender.values:
        make_message(conversation, sender=sender)

    messages = admin.get(f"/conversations/{conversation.pk}").json()["messages"]

    assert [each["sender_type"] for each in messages] == ["user", "agent", "human", "agent"]


def test_what_people_have_had_stays_escalated_as_it_did(admin: Caller) -> None:
    dana = person()
    live, back, closed, plain = (wrote(thread=name) for name in ("live", "back", "closed", "plain"))
    for each in (live, back, closed):
        admin.post(f"/admin/escalate/{each.pk}", {"reason": f"About {each.thread_key}"})
    conversations.hand_back(back, dana)
    conversations.resolve(closed, dana)
    conversations.resolve(plain, dana)
    Conversation.objects.filter(pk=closed.pk).update(closed_at=CLOSED)

    found = {row["platform_conversation_id"]: row for row in admin.get("/conversations").json()}

    assert {name: (row["status"], row["escalated"], row["escalation_reason"]) for name, row in found.items()} == {
        "live": ("escalated", True, "About live"),
        "back": ("active", True, "About back"),
        "closed": ("closed", True, "About closed"),
        "plain": ("closed", False, None),
    }
    assert found["closed"]["closed_at"] == "2026-01-02T08:30:00.000120Z"
    assert found["back"]["closed_at"] is None
    # The lists, the status and the figures count the same ones.
    assert {row["platform_conversation_id"] for row in admin.get("/conversations", escalated="true").json()} == {
        "live", "back", "closed",
    }  # fmt: skip
    assert [row["platform_conversation_id"] for row in admin.get("/conversations", escalated="false").json()] == [
        "plain"
    ]
    status = admin.get("/agent/status").json()
    assert (status["active_conversations"], status["escalated_conversations"]) == (1, 3)
    assert admin.get("/analytics/metrics").json()["escalation_rate"] == 75.0
    assert admin.get("/analytics/escalations").json()["total_escalations"] == 3


def test_each_deed_is_answered_whole(admin: Caller) -> None:
    conversation = wrote()
    answer(conversation)
    bot = Message.objects.get(sender_type="bot")
    override = {"new_content": "Better.", "reason": None}

    replaced = admin.post(f"/admin/override/{bot.pk}", override, method="PUT")
    escalated = admin.post(f"/admin/escalate/{conversation.pk}", {"reason": " Wants a person "})
    sent = admin.post("/messages/send", {"conversation_id": conversation.pk, "platform": "tiktok", "message": "Hello"})

    assert is_exactly(
        replaced,
        {"status": "success", "message_id": bot.pk, "original_content": "It is on its way."} | override,
    )
    assert is_exactly(
        escalated,
        {"status": "success", "conversation_id": conversation.pk, "escalated": True, "reason": " Wants a person "},
    )
    human = Message.objects.get(sender_type="human")
    job_id = str(Delivery.objects.get(message=human).public_id)
    assert is_exactly(sent, {"success": True, "message_id": human.pk, "job_id": job_id, "error": None}, status=202)


@pytest.mark.parametrize("reason", ["", "word " * 400])
def test_a_reason_may_be_any_text(admin: Caller, reason: str) -> None:
    conversation = wrote()

    escalated = admin.post(f"/admin/escalate/{conversation.pk}", {"reason": reason})

    assert (escalated.status_code, escalated.json()["reason"]) == (200, reason)
    assert len(Escalation.objects.get().detail) <= 300


def test_what_is_not_sent_is_answered_whole(admin: Caller) -> None:
    conversation = wrote()
    conversations.resolve(conversation, person())

    refused = admin.post("/messages/send", {"conversation_id": conversation.pk, "platform": "tiktok", "message": "Hi"})

    error = "This conversation is closed. Reopen it to write."
    assert is_exactly(refused, {"success": False, "message_id": None, "job_id": None, "error": error}, status=202)


def test_the_log_is_answered_whole(admin: Caller) -> None:
    audit.record(None, "deed.done", make_release())
    event = AuditEvent.objects.get(action="deed.done")

    line = f"{event.at:%Y-%m-%d %H:%M:%S} | INFO | {event}"
    assert is_exactly(admin.get("/admin/logs", limit=1), {"logs": [line], "count": 1, "level": "INFO"})
    assert is_exactly(admin.get("/admin/logs", level="DEBUG"), {"logs": [], "count": 0, "level": "DEBUG"})


def test_the_agents_doors_are_answered_whole(admin: Caller) -> None:
    make_release()
    make_escalation()

    status, trained = admin.get("/admin/agent/status"), admin.post("/admin/agent/train")
    configured = admin.post("/agent/configure?config_key=bot.enabled&config_value=false")

    counted = {"total_conversations": 1, "active_conversations": 0, "escalated_conversations": 1}
    stamp = {name: status.json()[name] for name in ("timestamp",)}
    assert is_exactly(status, {"status": "healthy", "uptime_seconds": None} | counted | stamp)
    said = {name: trained.json()[name] for name in ("message", "timestamp")}
    assert is_exactly(trained, {"status": "success"} | said)
    assert all(is_a_time(each.json()["timestamp"]) for each in (status, trained))
    assert is_exactly(configured, {"status": "success", "config_key": "bot.enabled", "config_value": "false"})


def test_figures_are_answered_whole(admin: Caller) -> None:
    make_release()
    conversation = make_conversation(created_at=BEGAN)
    make_message(conversation, intent="track-parcel", sentiment_score=1.0, created_at=BEGAN)
    make_message(conversation, sender="bot", response_time_ms=1500, created_at=BEGAN)
    make_escalation(conversation, reason="urgent")
    period = {"start_date": "2026-01-01", "end_date": "2026-01-01T23:59:59+14:00"}
    later = period | {"end_date": "2026-01-02T00:00:00"}

    assert is_exactly(
        admin.get("/analytics/metrics", **later),
        {
            "average_response_time_ms": 1500.0, "total_messages": 2, "total_conversations": 1, "escalation_rate": 100.0,
            "average_sentiment": 1.0,
        },
    )  # fmt: skip
    assert is_exactly(
        admin.get("/analytics/conversations", **later),
        {"insights": [{"intent": "support", "count": 1, "percentage": 100.0}], "total_conversations": 1},
    )
    assert is_exactly(
        admin.get("/analytics/escalations", **later),
        {"total_escalations": 1, "escalation_rate": 100.0, "top_reasons": [{"reason": "urgent", "count": 1}]},
    )
    # A time with another offset is the same moment, told in UTC.
    assert is_exactly(
        admin.get("/analytics/ab_tests", **period),
        {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-01-01T09:59:59Z", "variants": []},
    )
    assert is_exactly(
        admin.get("/analytics/metrics", **period),
        {
            "average_response_time_ms": 0.0, "total_messages": 0, "total_conversations": 0, "escalation_rate": 0.0,
            "average_sentiment": None,
        },
    )  # fmt: skip


@pytest.mark.parametrize(
    ("method", "address", "status", "detail"),
    [
        ("GET", f"/conversations/{NOTHING}", 404, f"Conversation {NOTHING} not found"),
        ("POST", f"/admin/escalate/{NOTHING}", 404, f"Conversation {NOTHING} not found"),
        ("PUT", f"/admin/override/{NOTHING}", 404, f"Message {NOTHING} not found"),
        ("GET", "/messages/conversations", 404, "Not found."),
        ("DELETE", "/conversations", 405, 'Method "DELETE" not allowed.'),
    ],
)
def test_refusals_are_one_detail(admin: Caller, method: str, address: str, status: int, detail: str) -> None:
    body = {"reason": "x", "new_content": "x"}
    refused = admin.get(address) if method == "GET" else admin.post(address, body, method=method)

    assert is_exactly(refused, {"detail": detail}, status=status)


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({"platform": "tiktok", "message": "Hi"}, [(["body", "conversation_id"], "This field is required.")]),
        ({"conversation_id": "x", "platform": "tiktok", "message": "Hi"}, [(["body", "conversation_id"], "A valid integer is required.")]),
    ],
)  # fmt: skip
def test_a_body_that_does_not_fit_is_told_whole(admin: Caller, body: Any, faults: list[tuple[list[str], str]]) -> None:
    refused = admin.post("/messages/send", body)

    detail = [{"type": "value_error", "loc": loc, "msg": words} for loc, words in faults]
    assert is_exactly(refused, {"detail": detail}, status=422)


def is_a_time(text: str) -> bool:
    """Whether it is a moment of UTC, in the spelling of all the others."""
    return told(datetime.fromisoformat(text)) == text
