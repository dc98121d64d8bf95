"""Sending, and not sending twice."""

from datetime import timedelta
from itertools import product

import pytest
from django.utils import timezone

from conversations import services as conversations
from conversations.exceptions import DeliveryNotDecidable
from conversations.models import Conversation, Delivery, DeliveryAttempt, Escalation, Message
from conversations.types import SendOutcome
from tests.conversations.talk import (
    answer,
    claimed_delivery,
    fresh,
    person,
    send,
    settle,
    write,
    wrote,
)
from tests.factories import make_conversation, make_delivery

pytestmark = pytest.mark.django_db


@pytest.fixture
def answered() -> Conversation:
    conversation = wrote()
    answer(conversation)
    return conversation


def state() -> str:
    return Delivery.objects.order_by("out_seq").last().state  # type: ignore[union-attr]


def due_now() -> None:
    Delivery.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))


def test_a_claimed_delivery_is_nobody_elses(answered: Conversation) -> None:
    claimed_delivery(answered)

    assert conversations.claim_delivery(answered.pk) is None


def test_an_accepted_message_is_sent_and_carries_the_platforms_id(answered: Conversation) -> None:
    delivery = send(answered, platform_message_id="p-9")

    assert delivery.state == Delivery.State.SENT
    assert delivery.message.platform_message_id == "p-9"
    assert DeliveryAttempt.objects.get().outcome == "ok"
    assert fresh(answered).window_used == 1


def test_an_id_that_another_message_has_is_not_given_twice(answered: Conversation) -> None:
    Message.objects.filter(direction="in").update(platform_message_id="p-9")

    delivery = send(answered, platform_message_id="p-9")

    assert (delivery.state, delivery.platform_message_id) == (Delivery.State.SENT, "p-9")
    assert delivery.message.platform_message_id is None


def test_screens_are_told_that_it_is_being_sent_where_a_person_wrote_or_it_is_tried_again(
    answered: Conversation,
) -> None:
    before = fresh(answered).version
    claimed = claimed_delivery(answered)
    assert fresh(answered).version == before
    settle(claimed, SendOutcome.RETRY, evidence="503")
    due_now()
    before = fresh(answered).version

    settle(claimed_delivery(answered), SendOutcome.OK, platform_message_id="p-1")
    assert fresh(answered).version == before + 2
    make_delivery(fresh(answered), author="human")
    before = fresh(answered).version
    claimed_delivery(answered)

    assert fresh(answered).version == before + 1


def test_whoever_settles_knows_whether_there_may_be_more_to_send(answered: Conversation) -> None:
    claimed = claimed_delivery(answered)
    later = make_delivery(fresh(answered), author="human")

    first = settle(claimed, SendOutcome.OK, platform_message_id="p-1")
    last = settle(claimed_delivery(answered), SendOutcome.OK, platform_message_id="p-2")

    assert first is not None
    assert first.may_go_on
    assert last is not None
    assert not last.may_go_on
    later.refresh_from_db()
    assert later.state == Delivery.State.SENT


def test_a_late_result_changes_nothing(answered: Conversation) -> None:
    slow = claimed_delivery(answered)
    Delivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    conversations.release_expired_sends()

    assert settle(slow, SendOutcome.OK, platform_message_id="late") is None
    assert state() == Delivery.State.UNKNOWN


def test_a_dead_senders_message_is_in_doubt_and_never_sent_again_unasked(answered: Conversation) -> None:
    claimed_delivery(answered)
    Delivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    assert conversations.release_expired_sends() == 1
    assert state() == Delivery.State.UNKNOWN
    assert conversations.claim_delivery(answered.pk) is None


def test_a_message_that_the_platform_does_not_have_is_sent_again(answered: Conversation) -> None:
    settle(claimed_delivery(answered), SendOutcome.AMBIGUOUS, evidence="timeout")
    doubt = conversations.unknown_deliveries()[0]

    conversations.settle_unknown(doubt.delivery_id, verdict="absent")
    due_now()

    assert send(answered).state == Delivery.State.SENT
    assert Delivery.objects.get().attempts == 2


def test_a_doubt_nobody_can_settle_waits_for_a_person(answered: Conversation) -> None:
    settle(claimed_delivery(answered), SendOutcome.AMBIGUOUS, evidence="timeout")
    conversations.settle_unknown(Delivery.objects.get().pk, verdict="unreadable")

    assert state() == Delivery.State.NEEDS_REVIEW
    assert Escalation.objects.get().reason == "delivery_failed"


@pytest.mark.parametrize(
    ("decision", "expected"), [("arrived", "sent"), ("send_again", "pending"), ("drop", "cancelled")]
)
def test_a_person_decides_what_is_in_doubt(answered: Conversation, decision: str, expected: str) -> None:
    settle(claimed_delivery(answered), SendOutcome.AMBIGUOUS, evidence="timeout")
    delivery = Delivery.objects.get()
    conversations.settle_unknown(delivery.pk, verdict="unreadable")
    dana = person()

    conversations.decide_delivery(delivery, dana, decision)  # type: ignore[arg-type]

    assert state() == expected
    with pytest.raises(DeliveryNotDecidable):
        conversations.decide_delivery(delivery, dana, "drop")


def test_a_refused_answer_calls_a_person_with_the_words_as_a_suggestion(answered: Conversation) -> None:
    settle(claimed_delivery(answered), SendOutcome.REFUSED, evidence="The customer blocked us.")

    escalation = Escalation.objects.get()
    assert state() == Delivery.State.DEAD
    assert escalation.suggestion == "It is on its way."
    assert answered.messages.get(direction="in").disposition == "handed_over"


@pytest.mark.parametrize("found_out_by", ["the answer", "looking"])
def test_the_bots_words_that_did_not_arrive_are_not_tried_again_once_a_person_answers(
    answered: Conversation, found_out_by: str
) -> None:
    on_its_way = claimed_delivery(answered)
    conversations.take_over(answered, person())

    if found_out_by == "the answer":
        settle(on_its_way, SendOutcome.RETRY, evidence="too many requests")
    else:
        settle(on_its_way, SendOutcome.AMBIGUOUS, evidence="timeout")
        conversations.settle_unknown(on_its_way.delivery_id, verdict="absent")

    assert state() == Delivery.State.CANCELLED
    asked = Message.objects.get(direction="in")
    assert (asked.disposition, asked.disposition_id) == ("handed_over", Escalation.objects.get().pk)
    assert fresh(answered).waiting_since == asked.created_at


def test_what_a_cancelled_answer_was_to_answer_waits_for_the_person(answered: Conversation) -> None:
    conversations.take_over(answered, person())

    assert state() == Delivery.State.CANCELLED
    asked = Message.objects.get(direction="in")
    assert (asked.disposition, asked.disposition_id) == ("handed_over", Escalation.objects.get().pk)
    assert fresh(answered).waiting_since == asked.created_at


def test_an_answer_that_closing_kept_back_is_not_counted_as_given(answered: Conversation) -> None:
    conversations.resolve(answered, person())

    assert state() == Delivery.State.CANCELLED
    assert Message.objects.get(direction="in").disposition == Message.Disposition.IGNORED


def test_a_retry_waits_as_long_as_the_platform_asks(answered: Conversation) -> None:
    settle(claimed_delivery(answered), SendOutcome.RETRY, retry_after=50.0, evidence="too many requests")

    delivery = Delivery.objects.get()
    assert delivery.state == Delivery.State.RETRY_WAIT
    assert delivery.next_attempt_at > timezone.now() + timedelta(seconds=40)


def test_a_platform_that_is_away_for_ten_minutes_and_asks_for_seconds_gets_the_answer_when_it_is_back(
    answered: Conversation,
) -> None:
    away = 0.0
    while away < 600:
        settle(claimed_delivery(answered), SendOutcome.RETRY, retry_after=5.0, evidence="503")
        away += (Delivery.objects.get().next_attempt_at - timezone.now()).total_seconds()
        due_now()

    assert Delivery.objects.get().attempts < 8
    assert send(answered).state == Delivery.State.SENT


def test_what_would_be_too_old_by_the_next_try_is_given_up_when_it_is_too_old(answered: Conversation) -> None:
    settle(claimed_delivery(answered), SendOutcome.RETRY, retry_after=200_000.0, evidence="a day's limit")
    delivery = Delivery.objects.get()
    assert delivery.next_attempt_at == delivery.expires_at

    # SQLite's clock goes in milliseconds, and within the same one nothing is over yet.
    over = timezone.now() - timedelta(seconds=1)
    Delivery.objects.update(next_attempt_at=over, expires_at=over)

    assert conversations.claim_delivery(answered.pk) is None
    assert state() == Delivery.State.DEAD


def test_a_lost_sign_in_counts_no_attempt(answered: Conversation) -> None:
    settle(claimed_delivery(answered), SendOutcome.REAUTH, evidence="token revoked")

    assert Delivery.objects.get().attempts == 0


def test_what_we_put_off_ourselves_counts_no_attempt_and_waits_as_long_as_was_said(answered: Conversation) -> None:
    began = timezone.now()
    settle(claimed_delivery(answered), SendOutcome.RETRY, retry_after=40.0, is_counted=False, evidence="no calls left")

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.reason) == ("retry_wait", 0, "no calls left")
    assert 39 < (delivery.next_attempt_at - began).total_seconds() < 60


def test_twelve_failures_are_the_end(answered: Conversation) -> None:
    for _ in range(12):
        due_now()
        settle(claimed_delivery(answered), SendOutcome.RETRY, evidence="503")

    assert state() == Delivery.State.DEAD
    assert Escalation.objects.count() == 1


def test_the_second_reply_waits_for_the_first(answered: Conversation) -> None:
    write("And when?")
    answer(answered)
    first = claimed_delivery(answered)

    assert conversations.claim_delivery(answered.pk) is None
    settle(first, SendOutcome.AMBIGUOUS, evidence="timeout")
    assert conversations.claim_delivery(answered.pk) is None
    conversations.settle_unknown(first.delivery_id, verdict="arrived", platform_message_id="p1")
    assert claimed_delivery(answered).delivery_id != first.delivery_id


def test_a_persons_words_pass_a_failed_bot_message_and_the_bots_wait_for_the_hand_back(answered: Conversation) -> None:
    settle(claimed_delivery(answered), SendOutcome.REFUSED, evidence="refused")
    dana = person()
    conversations.reply(answered, "I am Dana.", dana)
    assert send(answered).author == Delivery.Author.HUMAN

    conversations.hand_back(answered, dana)
    write("Thanks, and the price?")
    answer(answered)

    assert send(answered, platform_message_id="p2").author == Delivery.Author.BOT


def test_what_the_window_forbids_is_given_up_before_it_is_sent(answered: Conversation) -> None:
    Conversation.objects.update(window_used=10)

    assert conversations.claim_delivery(answered.pk) is None
    assert state() == Delivery.State.DEAD
    assert "10 messages" in Delivery.objects.get().reason


def test_due_sends_name_the_conversation_once_and_leave_out_what_is_held_up(answered: Conversation) -> None:
    write("And when?")
    answer(answered)

    assert conversations.due_sends() == [answered.pk]
    claimed_delivery(answered)
    assert conversations.due_sends() == []


def test_what_waits_is_tried_at_once_when_its_account_works_again(answered: Conversation) -> None:
    settle(claimed_delivery(answered), SendOutcome.REAUTH, evidence="token revoked")
    assert conversations.claim_delivery(answered.pk) is None

    assert conversations.wake_deliveries(answered.account_id) == 1
    assert send(answered).state == Delivery.State.SENT


def test_one_conversations_line_and_everybodys_line_have_the_same_head() -> None:
    states, authors = Delivery.State.values, (Delivery.Author.BOT, Delivery.Author.HUMAN)
    for state, author, next_author, mode, unblocked in product(states, authors, authors, ("bot", "human"), (0, 1)):
        conversation = make_conversation(mode=mode, unblocked_out_seq=unblocked)
        make_delivery(conversation, author=author, state=state)
        make_delivery(conversation, author=next_author)
        heads = conversations.due_sends()

        claimed = conversations.claim_delivery(conversation.pk)

        case = (state, author, next_author, mode, unblocked)
        assert (conversation.pk in heads) is (claimed is not None), case
        Delivery.objects.all().delete()
