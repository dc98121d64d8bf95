"""A customer who floods, and a customer who is a machine."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from conversations import services as conversations
from conversations.models import Conversation, Escalation, Message
from conversations.types import Channel, MessageFacts, Reply, TurnResult
from conversations.wording import HANDED_OVER
from tests.factories import make_channel, make_inbound

pytestmark = pytest.mark.django_db

FACTS = MessageFacts()


@pytest.fixture
def channel() -> Channel:
    """One that waits for nothing, so that the pace alone delays a turn."""
    return make_channel(debounce_seconds=0)


def writes(channel: Channel, text: str) -> Message:
    """The message as it is kept."""
    message = conversations.receive(make_inbound(channel, text))
    assert message is not None
    message.refresh_from_db()
    return message


def bot_answers(conversation_id: int) -> bool:
    """Whether the bot had a turn now."""
    turn = conversations.claim_turn(conversation_id, owner="test")
    if turn is None:
        return False
    result = conversations.commit_turn(turn, Reply(text="Here you are."), run_id=1, facts=FACTS)
    return result is TurnResult.REPLIED


def test_the_seventh_answer_waits_until_the_first_is_a_minute_old_and_answers_everything(channel: Channel) -> None:
    for number in ["one", "two", "three", "four", "five", "six"]:
        assert bot_answers(writes(channel, f"Question {number}").conversation_id)

    later = [writes(channel, f"And {number}") for number in ["this", "that", "these", "those"]]

    conversation = Conversation.objects.get()
    first = Message.objects.filter(sender_type=Message.Sender.BOT).earliest("seq")
    assert conversation.ready_at == first.created_at + timedelta(minutes=1)
    assert not bot_answers(conversation.pk)

    Conversation.objects.update(ready_at=timezone.now() - timedelta(seconds=1))
    assert bot_answers(conversation.pk)
    answers = Message.objects.filter(pk__in=[message.pk for message in later]).values_list("disposition_id").distinct()
    assert answers.count() == 1


def test_what_is_urgent_does_not_wait_for_the_pace(channel: Channel) -> None:
    for number in ["one", "two", "three", "four", "five", "six"]:
        assert bot_answers(writes(channel, f"Question {number}").conversation_id)

    writes(channel, "This is an emergency")

    assert bot_answers(Conversation.objects.get().pk)


def test_how_many_are_enough_is_a_setting(channel: Channel, settings: Settings) -> None:
    settings.BOT_TURNS_PER_MINUTE = 2

    answered = [bot_answers(writes(channel, text).conversation_id) for text in ("One", "Two", "Three")]

    assert answered == [True, True, False]


def test_messages_that_came_during_the_last_answer_keep_the_pace(channel: Channel, settings: Settings) -> None:
    settings.BOT_TURNS_PER_MINUTE = 1
    conversation_id = writes(channel, "One").conversation_id
    turn = conversations.claim_turn(conversation_id, owner="test")
    assert turn is not None
    Conversation.objects.update(supersedes=9)
    writes(channel, "Two")

    conversations.commit_turn(turn, Reply(text="Here you are."), run_id=1, facts=FACTS)

    assert not bot_answers(conversation_id)


@pytest.mark.parametrize(
    "text",
    [
        "I am away until Monday. This is an automatic reply.",
        "Automatic reply: thank you for your message",
        "Dies ist eine automatische Antwort.",
        "Abwesenheitsnotiz: Ich bin im Urlaub.",
        "Esta es una respuesta automática.",
        "Questa è una risposta automatica.",
        "Dit is een automatisch antwoord.",
    ],
)
def test_an_answering_machine_gets_no_answer(channel: Channel, text: str) -> None:
    bot_answers(writes(channel, "Where is my parcel?").conversation_id)

    message = writes(channel, text)

    assert (message.disposition, message.disposition_reason) == (Message.Disposition.IGNORED, "automatic reply")
    assert not bot_answers(message.conversation_id)
    assert not Escalation.objects.exists()


@pytest.mark.parametrize(
    "text",
    ["Is this an automatic reply?", "Do you reply automatically?", "I am out of office on Monday, deliver Tuesday"],
)
def test_a_person_who_speaks_of_machines_gets_an_answer(channel: Channel, text: str) -> None:
    bot_answers(writes(channel, "Where is my parcel?").conversation_id)

    assert bot_answers(writes(channel, text).conversation_id)


def test_an_automatic_reply_as_the_first_word_is_answered(channel: Channel) -> None:
    assert bot_answers(writes(channel, "This is an automatic reply.").conversation_id)


def test_a_machine_that_says_one_thing_is_answered_six_times_and_then_goes_to_people(
    channel: Channel, settings: Settings
) -> None:
    settings.BOT_TURNS_PER_MINUTE = 100
    for number in range(6):
        assert bot_answers(writes(channel, "We received your message!" + "!" * number).conversation_id)

    message = writes(channel, "WE received your message")

    assert message.disposition == Message.Disposition.HANDED_OVER
    assert Escalation.objects.get().detail.startswith("Loop:")
    assert Message.objects.filter(sender_type=Message.Sender.BOT).count() == 6
    assert Message.objects.get(sender_type=Message.Sender.SYSTEM).text == HANDED_OVER["en"]


def test_a_person_who_asks_much_is_no_machine(channel: Channel, settings: Settings) -> None:
    settings.BOT_TURNS_PER_MINUTE = 100
    for text in ("Hi", "Where is it?", "Hi", "Where is it?", "Hi", "Where is my parcel then?", "Hi", "Hi"):
        assert bot_answers(writes(channel, text).conversation_id)

    assert not Escalation.objects.exists()
