"""Every step of a message's way goes on when the database ends its transaction for another's sake."""

from collections.abc import Callable

import pytest

from conversations import services as conversations
from conversations.models import Conversation, Delivery, Message
from conversations.types import SendOutcome
from integrations import services as integrations
from integrations.models import WebhookEvent
from integrations.services import sending
from tests.conversations.talk import claimed_delivery, claimed_turn, commit, person, settle, wrote
from tests.deadlocks import giving_way
from tests.integrations.tiktok import keep, text_event, tiktok_account

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]
TIMES = 2


def give_way(deed: Callable[[], object]) -> object:
    """What the deed comes to, when the conversation's row twice belongs to another."""
    with giving_way("conversations_conversation", times=TIMES):
        return deed()


def test_an_event_is_taken_in_and_counts_no_failure() -> None:
    tiktok_account()
    integrations.ingest_event(keep(text_event("Where is my order?", message_id="m-0")).pk)
    event = keep(text_event("It is late.", message_id="m-1"))

    give_way(lambda: integrations.ingest_event(event.pk))

    event.refresh_from_db()
    assert (event.state, event.attempts) == (WebhookEvent.State.INGESTED, 0)
    assert list(Message.objects.values_list("text", flat=True)) == ["Where is my order?", "It is late."]


def test_a_turn_is_committed_once() -> None:
    conversation = wrote()
    turn = claimed_turn(conversation)

    give_way(lambda: commit(turn))

    assert Delivery.objects.filter(conversation=conversation).count() == 1


def test_a_send_is_claimed_once() -> None:
    account = tiktok_account()
    conversation = wrote()
    commit(claimed_turn(conversation))

    claimed = give_way(lambda: sending._claim(account, conversation.pk))

    assert claimed is not None
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.fence) == (Delivery.State.SENDING, 1, 1)


def test_a_sends_result_is_written_once() -> None:
    conversation = wrote()
    commit(claimed_turn(conversation))
    claimed = claimed_delivery(conversation)

    give_way(lambda: settle(claimed, SendOutcome.OK, platform_message_id="platform-1"))

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempt_log.count()) == (Delivery.State.SENT, 1)


def test_a_person_takes_over() -> None:
    conversation, dana = wrote(), person()

    give_way(lambda: conversations.take_over(conversation, dana))

    conversation.refresh_from_db()
    assert (conversation.mode, conversation.assignee) == (Conversation.Mode.HUMAN, dana)
    assert conversation.escalations.count() == 1
