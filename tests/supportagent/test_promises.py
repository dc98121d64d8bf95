"""A figure for each promise: it is 0 while the promise holds, and counts what breaks it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agent.llm import spend
from agent.models import SpendLedger
from conversations import services as conversations
from conversations.models import Conversation, Delivery, DeliveryAttempt, Escalation, Message
from core.policy import Role
from integrations.models import PlatformAccount, WebhookEvent
from supportagent import heartbeats, promises
from tests.factories import (
    make_account,
    make_conversation,
    make_delivery,
    make_escalation,
    make_event,
    make_message,
    make_user,
)
from workspace.models import DrillRun

pytestmark = pytest.mark.django_db


def attempt(delivery: Delivery, *, seconds_ago: float, outcome: str = "ok") -> DeliveryAttempt:
    return DeliveryAttempt.objects.create(
        delivery=delivery, number=1, outcome=outcome, started_at=timezone.now() - timedelta(seconds=seconds_ago)
    )


def test_where_nothing_is_nothing_is_broken() -> None:
    assert promises.waits() == promises.Waits(event=0, unasked=0, message=0, send=0, unknown=0, review=0)
    assert promises.events_without_effect() == 0
    assert promises.takeover_violations() == 0
    assert promises.sends_out_of_order() == 0
    assert promises.deliveries_sent_twice() == 0
    assert promises.spend_today() == {"spent": 0, "reserved": 0, "cap": 0, "scopes_over": 0, "accounts_near": 0}
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


def step_in(how: str, conversation: Conversation) -> None:
    """A person makes the conversation theirs."""
    colleague = make_user(role=Role.ADMIN)
    if how == "take over":
        conversations.take_over(conversation, colleague)
    elif how == "reply":
        conversations.reply(conversation, "I am at it.", colleague)
    else:
        conversations.claim(Escalation.objects.get(conversation=conversation), colleague)


@pytest.mark.parametrize("how", ["take over", "reply", "claim"])
def test_an_attempt_in_the_very_moment_after_a_person_stepped_in_is_a_violation(how: str) -> None:
    conversation = make_conversation()
    delivery = make_delivery(conversation, state="pending")
    if how == "claim":
        make_escalation(conversation)
    attempt(delivery, seconds_ago=0)
    step_in(how, conversation)
    assert promises.takeover_violations() == 0

    attempt(delivery, seconds_ago=0)

    assert promises.takeover_violations() == 1


@pytest.mark.parametrize("how", ["take over", "reply", "claim"])
@pytest.mark.parametrize("state", ["sending", "unknown"])
def test_what_was_on_its_way_when_a_person_stepped_in_is_none(how: str, state: str) -> None:
    conversation = make_conversation()
    delivery = make_delivery(conversation, state=state)
    if how == "claim":
        make_escalation(conversation)
    step_in(how, conversation)

    attempt(delivery, seconds_ago=0)

    assert promises.takeover_violations() == 0


def test_who_lets_the_bot_go_on_takes_nothing_over() -> None:
    conversation = make_conversation()
    make_escalation(conversation)
    conversations.reply(conversation, "From the shop's system.", make_user(role=Role.ADMIN), keep_bot=True)
    conversation.refresh_from_db()

    attempt(make_delivery(conversation, state="sent"), seconds_ago=0)

    assert promises.takeover_violations() == 0


def test_a_taking_over_that_ended_says_nothing_about_the_next_call_for_people() -> None:
    conversation = make_conversation()
    colleague = make_user(role=Role.ADMIN)
    conversations.take_over(conversation, colleague)
    conversations.hand_back(conversation, colleague)
    make_escalation(conversation)

    attempt(make_delivery(conversation, state="sent"), seconds_ago=0)

    assert promises.takeover_violations() == 0


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


@pytest.mark.parametrize(
    ("outcomes", "twice"),
    [(("ok", "ok"), 1), (("ambiguous", "ok"), 0), (("ambiguous", "ok", "ok"), 1), (("retry", "refused"), 0)],
)
def test_a_reply_that_was_taken_twice_is_counted_once(outcomes: tuple[str, ...], twice: int) -> None:
    delivery, other = make_delivery(state="sent"), make_delivery(state="sent")
    for outcome in outcomes:
        attempt(delivery, seconds_ago=60, outcome=outcome)
    attempt(other, seconds_ago=60)

    assert promises.deliveries_sent_twice() == twice


def test_what_was_taken_twice_long_ago_is_not_counted_any_more() -> None:
    delivery = make_delivery(state="sent")
    for _ in range(2):
        attempt(delivery, seconds_ago=3700)

    assert promises.deliveries_sent_twice() == 0


@pytest.mark.parametrize("may_repeat", ["honours_key", "resend_when_unsure"])
def test_where_a_repetition_is_known_by_its_key_or_was_chosen_nothing_is_wrong(may_repeat: str) -> None:
    account, delivery = make_account(), make_delivery(state="sent")
    PlatformAccount.objects.update(**{may_repeat: True})
    Delivery.objects.filter(pk=delivery.pk).update(account_id=account.pk)
    for _ in range(2):
        attempt(delivery, seconds_ago=60)
    assert promises.deliveries_sent_twice() == 0

    PlatformAccount.objects.update(**{may_repeat: False})

    assert promises.deliveries_sent_twice() == 1


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

    assert promises.spend_today() == {
        "spent": 1.5, "reserved": 0.25, "cap": 20.0, "scopes_over": 1, "accounts_near": 0,
    }  # fmt: skip


def test_one_call_above_a_cap_is_within_the_promise_and_more_is_not() -> None:
    held = spend.reserve([spend.Cap(scope="global", micros=1000)], 300)
    spend.settle(held, 1300)
    assert promises.spend_today()["scopes_over"] == 0

    SpendLedger.objects.update(spent=1301)

    assert promises.spend_today()["scopes_over"] == 1


def test_a_call_that_was_refused_makes_no_room_above_the_cap() -> None:
    caps = [spend.Cap(scope="global", micros=1000)]
    spend.settle(spend.reserve(caps, 300), 1200)
    with pytest.raises(spend.CapReached):
        spend.reserve(caps, 900)
    assert promises.spend_today()["scopes_over"] == 0

    SpendLedger.objects.update(spent=1301)

    assert promises.spend_today()["scopes_over"] == 1


@pytest.mark.parametrize(
    ("scope", "spent", "near"), [("account:7", 801, 1), ("account:7", 800, 0), ("customer:7", 1000, 0)]
)
def test_an_account_near_its_cap_is_told(scope: str, spent: int, near: int) -> None:
    today = timezone.now().date()
    SpendLedger.objects.create(scope=scope, day=today, spent=spent, cap=1000)
    SpendLedger.objects.create(scope="account:8", day=today - timedelta(days=1), spent=1000, cap=1000)
    SpendLedger.objects.create(scope="account:9", day=today, cap=0)

    assert promises.spend_today()["accounts_near"] == near


def test_what_processes_leave_alone_is_told_while_they_live() -> None:
    heartbeats.beat("sweeper", {"breakers": ["openai:small", "Redis"]})

    assert promises.left_alone() == {"openai:small": 1, "Redis": 1}


@pytest.mark.parametrize(("state", "held"), [("held", 1), ("broken", 0), ("stopped", 0)])
def test_the_last_drill_counts(state: str, held: int) -> None:
    DrillRun.objects.create(state="held", ended_at=timezone.now())
    DrillRun.objects.create(state=state, ended_at=timezone.now())
    DrillRun.objects.create()

    assert promises.last_drill_held() == held
