"""Repeated calls: done once, answered alike. Seen through the door of replies."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from conversations.models import Conversation, Message
from core import idempotency
from core.models import IdempotentCall
from tests.conversations.talk import WEBCHAT, fresh, wrote
from tests.rest import signed_in, with_key


def address(conversation: Conversation, deed: str = "reply") -> str:
    return f"/api/v1/conversations/{conversation.public_id}/{deed}/"


def replies() -> int:
    return Message.objects.filter(sender_type="human").count()


@pytest.mark.django_db
def test_a_repeated_call_does_nothing_twice_and_is_answered_alike() -> None:
    conversation, caller = wrote(), with_key("messages:send")

    first = caller.post(address(conversation), {"text": "Hi"}, key="a")
    # The same door, spelt the other way.
    second = caller.post(address(conversation).rstrip("/"), {"text": "Hi"}, key="a")

    assert replies() == 1
    assert (second.status_code, second.json()) == (first.status_code, first.json()) == (201, first.json())
    assert second.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers


@pytest.mark.django_db
def test_another_body_with_the_same_key_is_refused() -> None:
    conversation, caller = wrote(), with_key("messages:send")
    caller.post(address(conversation), {"text": "Hi"}, key="a")

    refused = caller.post(address(conversation), {"text": "Something else"}, key="a")

    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency-key-reused")
    assert replies() == 1


@pytest.mark.django_db
def test_a_key_is_its_callers_own_and_its_addresss() -> None:
    one, other = wrote(channel=WEBCHAT), wrote(thread="thread-2", channel=WEBCHAT)
    first, second = with_key("messages:send"), with_key("messages:send")

    statuses = [
        first.post(address(one), {"text": "Hi"}, key="a").status_code,
        second.post(address(one), {"text": "Hi"}, key="a").status_code,
        first.post(address(other), {"text": "Hi"}, key="a").status_code,
    ]

    assert (statuses, replies()) == ([201, 201, 201], 3)


@pytest.mark.django_db
def test_while_the_first_is_being_worked_on_the_second_is_told_to_wait() -> None:
    conversation, caller = wrote(), with_key("messages:send")
    caller.post(address(conversation), {"text": "Hi"}, key="a")
    IdempotentCall.objects.update(status=None, answer="", lease_until=timezone.now() + timedelta(minutes=1))

    refused = caller.post(address(conversation), {"text": "Hi"}, key="a")

    assert (refused.status_code, refused.headers["Retry-After"]) == (409, "1")
    assert refused.json()["code"] == "idempotency-key-in-use"


@pytest.mark.django_db
def test_a_call_whose_process_died_is_made_again() -> None:
    conversation, caller = wrote(), with_key("messages:send")
    caller.post(address(conversation), {"text": "Hi"}, key="a")
    Message.objects.filter(sender_type="human").delete()
    IdempotentCall.objects.update(status=None, answer="", lease_until=timezone.now() - timedelta(seconds=1))

    again = caller.post(address(conversation), {"text": "Hi"}, key="a")

    assert (again.status_code, replies()) == (201, 1)


@pytest.mark.django_db
@pytest.mark.parametrize(("deed", "body", "status"), [("close", {"wrong": 1}, 400), ("reply", {"text": "Hi"}, 409)])
def test_what_was_refused_is_not_kept_and_may_be_tried_again(deed: str, body: dict[str, Any], status: int) -> None:
    conversation = wrote()
    signed_in().post(address(conversation, "take-over"))
    caller = with_key("messages:send", "conversations:manage")

    first = caller.post(address(conversation, deed), body, key="a")

    assert first.status_code == status
    assert not IdempotentCall.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["x" * 256, "ä", "a\tb"])
def test_a_key_that_could_be_misread_is_refused(key: str) -> None:
    conversation = wrote()

    refused = with_key("messages:send").post(address(conversation), {"text": "Hi"}, key=key)

    assert (refused.status_code, replies()) == (400, 0)


@pytest.mark.django_db
def test_answers_go_after_a_day() -> None:
    conversation, caller = wrote(channel=WEBCHAT), with_key("messages:send")
    caller.post(address(conversation), {"text": "Hi"}, key="old")
    IdempotentCall.objects.update(created_at=timezone.now() - timedelta(hours=25))
    caller.post(address(conversation), {"text": "Hi"}, key="new")

    gone = idempotency.forget_old_calls()

    assert gone == 1
    assert IdempotentCall.objects.get().key == "new"
    assert caller.post(address(conversation), {"text": "Hi"}, key="old").status_code == 201


@pytest.mark.django_db
def test_what_is_kept_holds_no_words() -> None:
    conversation, caller = wrote("My name is Marigold"), with_key("messages:send", "notes:write")

    caller.post(address(conversation), {"text": "Dear Marigold"}, key="a")
    caller.post(address(conversation, "note"), {"text": "Marigold again"}, key="b")

    assert "Marigold" not in "".join(IdempotentCall.objects.values_list("answer", flat=True))


@pytest.mark.django_db
def test_the_database_keeps_no_answer_of_a_refusal() -> None:
    row = IdempotentCall(
        caller="key:1",
        key="a",
        method="POST",
        path="/",
        body_sha256="0",
        lease_until=timezone.now(),
        status=409,
        answer="{}",
    )

    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


@pytest.mark.django_db(transaction=True)
def test_of_calls_at_once_one_is_done() -> None:
    conversation = wrote(channel=WEBCHAT)
    caller = with_key("messages:send")
    together = threading.Barrier(4)
    key = str(uuid.uuid4())

    def call(_: int) -> tuple[int, str]:
        together.wait(10)
        try:
            answer = caller.client.post(
                address(conversation),
                '{"text": "Hi"}',
                content_type="application/json",
                headers=caller.headers | {"idempotency-key": key},
            )
            return answer.status_code, answer.json().get("id", "")
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(call, range(4)))

    assert replies() == 1
    assert {status for status, _ in answers} <= {201, 409}
    assert len({found for status, found in answers if status == 201}) == 1
    assert fresh(conversation).last_seq == 2
