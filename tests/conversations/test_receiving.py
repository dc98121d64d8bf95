"""Taking in messages, echoes and receipts."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from conversations import services as conversations
from conversations.models import Conversation, Customer, Delivery, Episode, Escalation, Message
from conversations.types import EchoMeaning, InboundAttachment, OutboundEcho, SendOutcome
from tests.conversations.talk import (
    TIKTOK,
    answer,
    claimed_delivery,
    fresh,
    inbound_message,
    person,
    send,
    settle,
    write,
    wrote,
)

pytestmark = pytest.mark.django_db


def echo(conversation: Conversation, text: str, *, by_api: bool = True, source_id: str = "echo-1") -> EchoMeaning:
    return conversations.record_echo(
        OutboundEcho(
            channel=TIKTOK,
            source_id=source_id,
            thread_key=conversation.thread_key,
            customer_id=conversation.customer.external_id,
            text=text,
            by_api=by_api,
        )
    )


def test_receiving_the_same_message_again_changes_nothing() -> None:
    first = write("Hello", source_id="m-1")
    second = write("Hello", source_id="m-1")

    assert first is not None
    assert second is None
    assert Message.objects.count() == 1
    assert Conversation.objects.get().last_in_seq == 1


def test_two_messages_of_a_customer_share_one_thread_and_one_episode() -> None:
    write("Hello")
    write("Are you there?")

    conversation = Conversation.objects.get()
    assert Customer.objects.count() == 1
    assert [m.seq for m in conversation.messages.all()] == [1, 2]
    assert Episode.objects.count() == 1
    assert conversation.owes_an_answer


def test_what_a_database_refuses_is_cleaned_before_it_is_stored() -> None:
    message = write("a\x00b\ud800c\r\nd")

    assert message is not None
    assert Message.objects.get().text == "ab\N{REPLACEMENT CHARACTER}c\nd"


@pytest.mark.parametrize(("locale", "language"), [("", "de"), ("es-ES", "")])
def test_a_first_word_is_taken_for_what_most_write_here(locale: str, language: str) -> None:
    channel = replace(TIKTOK, languages=("de", "en"))

    pk = conversations.ensure_conversation(channel, thread_key="t", customer_id="c", locale=locale)

    assert Conversation.objects.get(pk=pk).language == language


def test_a_picture_is_kept_with_the_message_and_waits_to_be_fetched() -> None:
    inbound = replace(
        inbound_message("", thread="t"), kind="image", attachments=(InboundAttachment(kind="image", media_id="m1"),)
    )
    message = conversations.receive(inbound)

    assert message is not None
    attachment = message.attachments.get()
    assert (attachment.media_id, attachment.state) == ("m1", "waiting")
    assert Conversation.objects.get().last_customer_line == "[picture]"


def test_a_message_while_people_answer_belongs_to_the_live_escalation() -> None:
    conversation = wrote()
    conversations.take_over(conversation, person())

    message = write("And another thing")

    assert message is not None
    assert message.disposition == Message.Disposition.HANDED_OVER
    assert message.disposition_id == Escalation.objects.get().pk
    assert not fresh(conversation).owes_an_answer


def test_thanks_after_closing_leaves_it_closed_and_a_question_reopens_it_with_the_bot() -> None:
    conversation = wrote()
    conversations.resolve(conversation, person())

    thanks = write("Thank you!! 🙏")
    assert thanks is not None
    assert thanks.disposition == Message.Disposition.IGNORED
    assert fresh(conversation).mode == Conversation.Mode.CLOSED

    question = write("One more question: where is it?")
    assert question is not None
    assert question.disposition == Message.Disposition.UNDECIDED
    assert fresh(conversation).mode == Conversation.Mode.BOT
    assert list(Episode.objects.order_by("number").values_list("number", "outcome")) == [(1, "resolved"), (2, "")]


def test_a_known_id_is_our_own_echo() -> None:
    conversation = wrote()
    answer(conversation)
    send(conversation, platform_message_id="echo-1")

    assert echo(conversation, "It is on its way.") is EchoMeaning.DUPLICATE
    assert Message.objects.count() == 2


def test_an_echo_before_the_send_returns_is_ours_and_proves_the_arrival_of_a_send_in_doubt() -> None:
    conversation = wrote()
    answer(conversation)
    claimed = claimed_delivery(conversation)

    assert echo(conversation, "It is on its way.") is EchoMeaning.OURS
    settle(claimed, SendOutcome.AMBIGUOUS, evidence="timeout")

    delivery = Delivery.objects.get()
    assert delivery.state == Delivery.State.SENT
    assert delivery.platform_message_id == "echo-1"


def test_an_echo_settles_a_send_that_is_in_doubt() -> None:
    conversation = wrote()
    answer(conversation)
    settle(claimed_delivery(conversation), SendOutcome.AMBIGUOUS, evidence="timeout")

    assert echo(conversation, "It is on its way.") is EchoMeaning.OURS
    assert Delivery.objects.get().state == Delivery.State.SENT
    assert conversation.messages.get(direction="out").platform_message_id == "echo-1"


def test_a_colleague_in_the_app_silences_the_bot() -> None:
    conversation = wrote()
    answer(conversation)

    assert echo(conversation, "Hi, Tom here.", by_api=False) is EchoMeaning.COLLEAGUE

    conversation = fresh(conversation)
    assert conversation.mode == Conversation.Mode.HUMAN
    assert Delivery.objects.get().state == Delivery.State.CANCELLED
    assert conversation.messages.last().sender_type == Message.Sender.HUMAN  # type: ignore[union-attr]
    assert Escalation.objects.get().reason == "colleague"


def test_a_receipt_marks_what_was_sent_before_it_and_counts_once() -> None:
    conversation = wrote()
    answer(conversation)
    send(conversation)
    later = timezone.now() + timedelta(seconds=1)

    arguments = {"account_id": 7, "thread_key": conversation.thread_key, "key": "read-1", "up_to": later}
    assert conversations.record_read(**arguments) is True  # type: ignore[arg-type]
    assert conversations.record_read(**arguments) is False  # type: ignore[arg-type]
    assert Delivery.objects.get().read_at == later
    assert fresh(conversation).read_to_seq == 2


def test_an_account_whose_bot_is_off_goes_to_people_at_once() -> None:
    inbound = inbound_message("Hello", thread="t")
    message = conversations.receive(replace(inbound, channel=replace(TIKTOK, bot_enabled=False)))

    assert message is not None
    assert message.disposition == Message.Disposition.HANDED_OVER
    assert Escalation.objects.get().reason == "policy"
    assert message.conversation.deliveries.get().author == Delivery.Author.SYSTEM
