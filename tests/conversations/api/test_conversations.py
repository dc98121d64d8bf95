"""Conversations over REST: read within one's reach, and changed by the services alone."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.models import Conversation, Delivery, Escalation, Message, Note
from core.models import AuditEvent
from core.policy import Role
from tests.conversations.talk import WEBCHAT, answer, claimed_delivery, fresh, wrote
from tests.factories import make_channel, make_conversation, make_message, make_team, make_user
from tests.rest import Caller, signed_in, with_key

pytestmark = pytest.mark.django_db

LIST = "/api/v1/conversations/"


def at(conversation: Conversation, deed: str = "") -> str:
    """A conversation's address, or that of a deed."""
    return f"{LIST}{conversation.public_id}/{deed and deed + '/'}"


def talked(**values: object) -> Conversation:
    """A conversation in which a customer has written."""
    conversation = make_conversation(**values)  # type: ignore[arg-type]
    make_message(conversation)
    return conversation


def test_a_conversation_is_told_by_uuids_and_the_words_of_programs() -> None:
    conversation = talked()

    told = with_key("conversations:read").get(at(conversation)).json()

    assert told["id"] == str(conversation.public_id)
    assert (told["status"], told["mode"]) == ("active", "bot")
    assert told["customer"] == {"id": str(conversation.customer.public_id), "name": "Ada Marsh"}
    assert told["assignee"] is None


def test_a_list_comes_in_pages_that_neither_repeat_nor_skip() -> None:
    expected = [str(talked().public_id) for _ in range(5)][::-1]
    caller = with_key("conversations:read")

    seen: list[str] = []
    address: str | None = LIST + "?page_size=2"
    pages = 0
    while address is not None and pages < 9:
        page = caller.get(address).json()
        seen += [row["id"] for row in page["results"]]
        address = page["next"]
        pages += 1

    assert (seen, pages) == (expected, 3)


def test_the_number_of_queries_does_not_grow_with_the_rows() -> None:
    caller = with_key("conversations:read")
    talked()
    caller.get(LIST)
    with CaptureQueriesContext(
        connection,
    ) as few:
        caller.get(LIST)
    for _ in range(20):
        talked()

    with CaptureQueriesContext(connection) as many:
        answered = caller.get(LIST).json()

    assert len(answered["results"]) == 21
    # The key, the call counted, the page.
    assert len(many) == len(few) == 3


def test_filters_narrow_and_an_unknown_one_is_refused() -> None:
    waiting = talked()
    closed = talked(mode=Conversation.Mode.CLOSED)
    caller = with_key("conversations:read")

    def ids(**query: str) -> list[str]:
        return [row["id"] for row in caller.get(LIST, **query).json()["results"]]

    assert ids(status="closed") == [str(closed.public_id)]
    assert ids(customer=str(waiting.customer.public_id)) == [str(waiting.public_id)]
    assert ids(last_message_since="2100-01-01T00:00:00Z") == []
    for bad in (
        {"ordering": "customer__user__password"},
        {"_connector": "OR 1=1--"},
        {"status": "nearly"},
        {"cursor": "garbage"},
    ):
        refused = caller.get(LIST, **bad)
        assert (refused.status_code, refused.headers["Content-Type"]) == (400, "application/problem+json"), bad


def test_another_teams_conversation_does_not_exist_for_an_agent_and_for_a_key_of_a_team() -> None:
    mine, theirs = make_team(), make_team()
    own = talked(channel=make_channel(team_id=mine.pk))
    foreign = talked(channel=make_channel(team_id=theirs.pk))

    for caller in (signed_in(Role.AGENT, team=mine), with_key("conversations:read", "messages:send", team=mine)):
        assert [row["id"] for row in caller.get(LIST).json()["results"]] == [str(own.public_id)]
        assert caller.get(at(foreign)).status_code == 404
        assert caller.post(at(foreign, "reply"), {"text": "Hi"}).status_code == 404
    assert not Message.objects.filter(direction="out").exists()


@pytest.mark.parametrize("caller", ["nobody", "a wrong key"])
def test_nobody_is_told_how_to_say_who_they_are(caller: str) -> None:
    refused = (Caller() if caller == "nobody" else Caller(key="sak_00000000_nothing")).get(LIST)

    assert refused.status_code == 401
    assert "key" in refused.json()["detail"]
    assert refused.headers["WWW-Authenticate"] == "Bearer"


def test_a_key_that_reads_does_not_write() -> None:
    conversation = talked()

    refused = with_key("conversations:read").post(at(conversation, "reply"), {"text": "Hi"})

    assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
    assert not Message.objects.filter(direction="out").exists()


def test_a_session_without_its_token_changes_nothing() -> None:
    conversation = talked()
    caller = signed_in()
    caller.client.handler.enforce_csrf_checks = True

    assert caller.post(at(conversation, "reply"), {"text": "Hi"}).status_code == 403
    assert not Message.objects.filter(direction="out").exists()


def test_a_reply_by_a_key_takes_over_from_the_bot() -> None:
    conversation = wrote()
    answer(conversation)

    sent = with_key("messages:send").post(at(conversation, "reply"), {"text": "Hello from the CRM."})

    assert sent.status_code == 201
    message = Message.objects.get(sender_type="human")
    assert sent.json()["id"] == str(message.public_id)
    assert sent.json()["state"] == "pending"
    assert fresh(conversation).mode == Conversation.Mode.HUMAN
    assert list(Delivery.objects.order_by("out_seq").values_list("author", "state")) == [
        ("bot", "cancelled"),
        ("human", "pending"),
    ]
    assert AuditEvent.objects.get(action="conversation.reply").actor_kind == "key"


def test_a_reply_may_leave_the_bot_on() -> None:
    conversation = wrote()

    with_key("messages:send").post(at(conversation, "reply"), {"text": "Done.", "keep_bot": True})

    assert fresh(conversation).mode == Conversation.Mode.BOT


def test_a_colleagues_conversation_answers_409_and_names_them() -> None:
    conversation = wrote()
    dana = make_user(username="dana", role=Role.SUPERVISOR)
    Caller(user=dana).post(at(conversation, "take-over"))

    refused = signed_in().post(at(conversation, "reply"), {"text": "Hi"})

    assert (refused.status_code, refused.json()["code"]) == (409, "owned-by-colleague")
    assert "dana" in refused.json()["detail"]


def test_who_has_not_read_the_last_message_is_sent_back() -> None:
    conversation = wrote()

    refused = signed_in().post(at(conversation, "reply"), {"text": "Hi", "expected_last_seq": 0})

    assert (refused.status_code, refused.json()["code"]) == (409, "customer-wrote-meanwhile")


def test_fields_that_no_form_has_are_refused_and_nothing_is_done() -> None:
    conversation = wrote()

    refused = signed_in().post(at(conversation, "close"), {"mode": "bot", "epoch": 0, "customer": 5})

    assert refused.status_code == 400
    assert {each["field"] for each in refused.json()["errors"]} == {"mode", "epoch", "customer"}
    assert fresh(conversation).mode == Conversation.Mode.BOT


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"text": "a", "text": "b"}', b'{"text": NaN}', b"[" * 5000, b"\xff"])
def test_a_body_that_is_no_plain_object_is_told_what_is_wrong(body: bytes) -> None:
    refused = signed_in().post(at(wrote(), "reply"), body)

    assert (refused.status_code, refused.json()["code"]) == (400, "parse-error")


def test_too_large_a_body_is_refused_before_it_is_read_whole() -> None:
    body = b'{"text": "' + b"a" * 1_100_000 + b'"}'

    assert signed_in().post(at(wrote(), "reply"), body).status_code == 413
    assert signed_in().post(at(wrote(thread="2"), "reply"), body, key="one").status_code == 413


def test_a_message_under_way_is_named_when_one_takes_over() -> None:
    conversation = wrote()
    answer(conversation)
    claimed = claimed_delivery(conversation)

    taken = signed_in().post(at(conversation, "take-over")).json()

    assert taken["in_flight"] == [str(Delivery.objects.get(pk=claimed.delivery_id).public_id)]
    assert taken["status"] == "escalated"


def test_a_conversation_goes_to_people_back_to_the_bot_and_to_its_end() -> None:
    conversation = wrote()
    caller = with_key("conversations:manage", "notes:write")

    escalated = caller.post(at(conversation, "escalate"), {"detail": "Asks for a refund.", "priority": "high"})
    noted = caller.post(at(conversation, "note"), {"text": "Order 17."})
    back = caller.post(at(conversation, "hand-back"), {"note": "Refunded."})
    closed = caller.post(at(conversation, "close"))
    again = caller.post(at(conversation, "reopen"))

    assert [each.status_code for each in (escalated, noted, back, closed, again)] == [201, 201, 200, 200, 200]
    assert Escalation.objects.filter(public_id=escalated.json()["id"], priority="high").exists()
    assert list(Note.objects.order_by("id").values_list("text", flat=True)) == ["Order 17.", "Refunded."]
    assert [each.json()["status"] for each in (back, closed, again)] == ["active", "closed", "escalated"]
    assert set(AuditEvent.objects.values_list("action", flat=True)) >= {
        "conversation.escalate", "conversation.note", "conversation.hand_back", "conversation.resolve", "conversation.reopen",
    }  # fmt: skip


def test_notes_are_read_and_are_never_messages() -> None:
    conversation = wrote(channel=WEBCHAT)
    caller = signed_in()
    caller.post(at(conversation, "note"), {"text": "Careful."})

    notes = caller.get(at(conversation, "notes")).json()

    assert [note["text"] for note in notes] == ["Careful."]
    assert Message.objects.count() == 1


def test_a_supervisor_assigns_to_whoever_may_answer_there() -> None:
    team = make_team()
    conversation = talked(channel=make_channel(team_id=team.pk))
    colleague, stranger = make_user(team=team), make_user()
    caller = signed_in()

    given = caller.post(at(conversation, "assign"), {"to": str(colleague.public_id)})
    refused = caller.post(at(conversation, "assign"), {"to": str(stranger.public_id)})
    back = caller.post(at(conversation, "assign"), {"to": None})

    assert given.json()["assignee"] == str(colleague.public_id)
    assert refused.status_code == 400
    assert back.json()["assignee"] is None


def test_what_does_not_exist_is_404_with_words() -> None:
    missing = signed_in().get(f"{LIST}{uuid.uuid4()}/")

    assert (missing.status_code, missing.json()["title"]) == (404, "Not Found")


def test_an_address_answers_with_and_without_its_last_slash() -> None:
    conversation = wrote()
    caller = signed_in()

    assert caller.get(at(conversation).rstrip("/")).status_code == 200
    assert caller.post(at(conversation, "note").rstrip("/"), {"text": "Hm."}).status_code == 201


def test_calls_beyond_the_limit_wait_and_no_other_key_does(settings: object) -> None:
    settings.API_CALLS_PER_MINUTE = 2  # type: ignore[attr-defined]
    caller = with_key("conversations:read")

    statuses = [caller.get(LIST).status_code for _ in range(3)]
    refused = caller.get(LIST)

    assert statuses == [200, 200, 429]
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.json()["code"] == "throttled"
    assert with_key("conversations:read").get(LIST).status_code == 200
