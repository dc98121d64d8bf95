"""A figure for each promise: it is 0 while the promise holds, and counts what breaks it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agent.models import SpendLedger
from conversations.models import Delivery, DeliveryAttempt, Message
from integrations.models import WebhookEvent
from supportagent import heartbeats, promises
from tests.factories import make_conversation, make_delivery, make_escalation, make_event, make_message
from workspace.models import DrillRun

pytestmark = pytest.mark.django_db


def attempt(delivery: Delivery, *, seconds_ago: float, outcome: str = "ok") -> DeliveryAttempt:
    return DeliveryAttempt.objects.create(
        delivery=delivery, number=1, outcome=outcome, started_at=timezone.now() - timedelta(seconds=seconds_ago)
    )


def test_where_nothing_is_nothing_is_broken() -> None:
    assert promises.waits() == promises.Waits(event=0, message=0, send=0, unknown=0, review=0)
    assert promises.events_without_effect() == 0
    assert promises.takeover_violations() == 0
    assert promises.sends_out_of_order() == 0
    assert promises.spend_today() == {"spent": 0, "reserved": 0, "cap": 0, "scopes_over": 0}
    assert promises.left_alone() == {}
    assert promises.last_drill_held() is None


def test_waits_are_told_by_their_oldest() -> None:
    ago = timezone.now() - timedelta(seconds=500)
    make_event(received_at=ago)
    make_event()
    make_message(make_conversation(), created_at=ago)
    for state in ("pending", "needs_review"):
        Delivery.objects.filter(pk=make_delivery(state=state).pk).update(created_at=ago)
    make_delivery(state="unknown", unknown_since=ago)

    waits = promises.waits()

    for waited in (waits.event, waits.message, waits.send, waits.unknown, waits.review):
        assert waited == pytest.approx(500, abs=30)


def test_an_event_whose_message_is_not_there_is_counted() -> None:
    kept, lost = make_message(make_conversation()), make_message(make_conversation())
    for message in (kept, lost):
        make_event(state=WebhookEvent.State.INGESTED, message_id=message.pk)
    make_event(state=WebhookEvent.State.INGESTED, reason="referral")
    Message.objects.filter(pk__in=[lost.pk]).delete()

    assert promises.events_without_effect() == 1


@pytest.mark.parametrize(
    ("author", "seconds_ago", "violations"),
    [("bot", 60, 1), ("bot", 200, 0), ("bot", 98, 0), ("human", 60, 0), ("system", 60, 0)],
)
def test_a_send_of_the_bot_begun_while_people_answer_is_a_violation(
    author: str, seconds_ago: float, violations: int
) -> None:
    conversation = make_conversation()
    delivery = make_delivery(conversation, author=author, state="sent")
    make_escalation(conversation, created_at=timezone.now() - timedelta(seconds=100))
    attempt(delivery, seconds_ago=seconds_ago)

    assert promises.takeover_violations() == violations


def test_after_handing_back_the_bot_may_send() -> None:
    conversation = make_conversation()
    now = timezone.now()
    make_escalation(
        conversation,
        state="closed",
        outcome="handed_back",
        created_at=now - timedelta(seconds=300),
        closed_at=now - timedelta(seconds=100),
    )
    attempt(make_delivery(conversation, state="sent"), seconds_ago=50)

    assert promises.takeover_violations() == 0


def test_a_reply_begun_before_an_earlier_one_is_out_of_order() -> None:
    conversation = make_conversation()
    first, second = make_delivery(conversation, state="sent"), make_delivery(conversation, state="sent")
    attempt(first, seconds_ago=100)
    attempt(second, seconds_ago=90)
    assert promises.sends_out_of_order() == 0

    attempt(first, seconds_ago=80)

    assert promises.sends_out_of_order() == 1


def test_attempts_turns_and_calls_are_counted_by_kind_with_noughts() -> None:
    attempt(make_delivery(state="sent"), seconds_ago=10, outcome="ambiguous")
    attempt(make_delivery(state="sent"), seconds_ago=7200, outcome="ok")
    make_escalation(reason="bot_failed")

    assert promises.attempts_by_outcome()["ambiguous"] == 1
    assert promises.attempts_by_outcome()["ok"] == 0
    assert promises.answers_by_kind()["replied"] == 0
    assert promises.escalations_by_reason()["bot_failed"] == 1


def test_spend_is_told_in_dollars_against_the_cap() -> None:
    today = timezone.now().date()
    SpendLedger.objects.create(scope="global", day=today, spent=1_500_000, reserved=250_000, cap=20_000_000)
    SpendLedger.objects.create(scope="conversation:1", day=today, spent=3, cap=2)

    assert promises.spend_today() == {"spent": 1.5, "reserved": 0.25, "cap": 20.0, "scopes_over": 1}


def test_what_processes_leave_alone_is_told_while_they_live() -> None:
    heartbeats.beat("sweeper", {"breakers": ["openai:small", "Redis"]})

    assert promises.left_alone() == {"openai:small": 1, "Redis": 1}


@pytest.mark.parametrize(("state", "held"), [("held", 1), ("broken", 0), ("stopped", 0)])
def test_the_last_drill_counts(state: str, held: int) -> None:
    DrillRun.objects.create(state="held", ended_at=timezone.now())
    DrillRun.objects.create(state=state, ended_at=timezone.now())
    DrillRun.objects.create()

    assert promises.last_drill_held() == held
