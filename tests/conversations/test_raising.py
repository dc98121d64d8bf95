"""Danger and haste in conversations that people or a switch own: raised, told once, and never talked over."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from django.test import TestCase
from django.utils import timezone

from conversations import services as conversations
from conversations.models import Conversation, Escalation, Message, Promise
from conversations.types import Channel, HandOver, ReasonCategory
from conversations.wording import DANGER, HANDED_OVER, HOLDING
from core.models import AuditEvent
from tests.conversations.talk import (
    TIKTOK,
    answer,
    answered_after,
    claimed_turn,
    commit,
    fresh,
    inbound_message,
    person,
    wrote,
)
from tests.conversations.talk import write as write_to

pytestmark = pytest.mark.django_db

OFF = replace(TIKTOK, bot_enabled=False)
LEAKS = {
    "en": "Help, the gas is leaking",
    "de": "Hilfe, hier tritt Gas aus",
    "es": "Ayuda, hay una fuga de gas",
    "it": "Aiuto, c'è una fuga di gas",
    "nl": "Help, er lekt gas",
}


def write(text: str, *, thread: str = "thread-1", channel: Channel = TIKTOK) -> Message:
    message = write_to(text, thread=thread, channel=channel)
    assert message is not None
    return message


def said(conversation: Conversation) -> list[str]:
    return list(conversation.messages.filter(sender_type="system").order_by("seq").values_list("text", flat=True))


def waiting() -> Conversation:
    """A conversation that waits for a person at normal priority, whose customer was told so."""
    conversation = wrote("I have a question about my invoice")
    answer(
        conversation, HandOver(reason=ReasonCategory.LOW_CONFIDENCE, detail="Not sure.", customer_text="One moment.")
    )
    return fresh(conversation)


@pytest.mark.parametrize("language", sorted(LEAKS))
def test_danger_in_a_conversation_that_waits_is_raised_and_told_once(language: str) -> None:
    conversation = waiting()
    Escalation.objects.update(snoozed_until=timezone.now() + timedelta(hours=4))
    due_before = Escalation.objects.get().due_at

    for _ in range(3):
        write(LEAKS[language])

    escalation = Escalation.objects.get()
    assert (escalation.priority, fresh(conversation).priority) == ("first", "first")
    assert escalation.snoozed_until is None
    assert escalation.detail == "Words of danger to people stand in a message. Not sure."
    assert escalation.due_at is not None
    assert due_before is not None
    assert escalation.due_at < due_before
    assert said(conversation) == ["One moment.", DANGER[language]]
    event = AuditEvent.objects.get(action="escalation.raise")
    assert (event.actor_kind, event.before, event.after) == (
        "system",
        {"priority": "normal"},
        {"priority": "first", "reason": "danger"},
    )


def test_the_queue_and_the_platform_hear_of_it() -> None:
    conversation = waiting()

    with TestCase.captureOnCommitCallbacks() as told:
        write(LEAKS["en"])

    assert fresh(conversation).version > conversation.version
    bells = [each.keywords for each in told if isinstance(each, partial)]
    assert bells == [{"received": False, "queued": True}]


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("This is URGENT", "An urgent word stands in a message."),
        ("Mein Konto wurde gehackt", "Words of a hacked account or of theft stand in a message."),
        ("Es urgente", "An urgent word stands in a message."),
        ("È urgente", "An urgent word stands in a message."),
        ("Dit is dringend", "An urgent word stands in a message."),
    ],
)
def test_haste_and_theft_are_raised_and_nothing_more_is_said(text: str, detail: str) -> None:
    conversation = waiting()

    write(text)

    escalation = Escalation.objects.get()
    assert (escalation.priority, escalation.detail) == ("high", f"{detail} Not sure.")
    assert said(conversation) == ["One moment."]


def test_nobody_talks_over_a_person_who_has_the_conversation() -> None:
    conversation = wrote()
    conversations.take_over(conversation, person())

    write(LEAKS["en"])

    assert Escalation.objects.get().priority == "first"
    assert said(conversation) == []


def test_nor_over_one_who_answered_and_put_it_back() -> None:
    conversation, dana = wrote(), person()
    conversations.take_over(conversation, dana)
    conversations.reply(conversation, "I am looking.", dana)
    conversations.assign(conversation, None, dana)

    write(LEAKS["en"])

    assert Escalation.objects.get().priority == "first"
    assert said(conversation) == []


def test_a_person_who_steps_in_on_danger_speaks_for_themselves() -> None:
    conversation = wrote(LEAKS["en"])

    conversations.take_over(conversation, person())

    assert Escalation.objects.get().priority == "first"
    assert said(conversation) == []


def test_where_each_message_needs_a_persons_word_danger_is_raised_and_nothing_said() -> None:
    careful = replace(TIKTOK, needs_approval=True)
    conversation = wrote(channel=careful)
    answer(conversation)

    write(LEAKS["en"], channel=careful)

    assert Escalation.objects.get().priority == "first"
    assert said(conversation) == []


@pytest.mark.parametrize("language", sorted(LEAKS))
def test_danger_on_an_account_whose_bot_is_off_comes_first(language: str) -> None:
    message = write(LEAKS[language], channel=OFF)
    write(LEAKS[language], channel=OFF)

    escalation = Escalation.objects.get()
    assert (escalation.reason, escalation.priority) == ("danger", "first")
    assert escalation.detail.endswith("The bot is switched off for this account.")
    assert said(message.conversation) == [DANGER[language]]


def test_who_writes_where_the_bot_is_off_is_told_once_that_a_person_answers() -> None:
    answered_after(12, 12, 12, 12, 12, now=timezone.now())

    message = write("Hello, a question", thread="off", channel=OFF)
    write("Are you there?", thread="off", channel=OFF)

    assert said(message.conversation) == [f"{HANDED_OVER['en']} At present an answer takes about 15 minutes."]
    promise = Promise.objects.get()
    assert promise.is_answer
    assert promise.due_at > timezone.now() + timedelta(minutes=14)


def test_thanks_on_such_an_account_are_not_answered() -> None:
    message = write("Thanks!", channel=OFF)

    assert said(message.conversation) == []


@pytest.mark.parametrize(
    ("locale", "language"), [("de-DE", "de"), ("es", "es"), ("it", "it"), ("nl-BE", "nl"), ("", "en")]
)
def test_it_is_told_in_the_customers_language(locale: str, language: str) -> None:
    inbound = replace(inbound_message("???  12345", thread="t", channel=OFF), locale=locale)

    message = conversations.receive(inbound)

    assert message is not None
    assert said(message.conversation) == [HANDED_OVER[language]]


def test_a_time_that_does_not_fit_is_left_out() -> None:
    answered_after(12, 12, 12, 12, 12, now=timezone.now())

    message = write("Hello", thread="off", channel=replace(OFF, text_limit=80))

    assert said(message.conversation) == [HANDED_OVER["en"]]
    assert not Promise.objects.exists()


def test_what_came_after_a_turns_words_is_heard_when_it_hands_over() -> None:
    conversation = wrote("I want a person")
    Conversation.objects.update(supersedes=2)
    turn = claimed_turn(fresh(conversation))
    write(LEAKS["en"])

    commit(turn, HandOver(reason=ReasonCategory.ASKED, detail="Asked.", customer_text="One moment."))

    escalation = Escalation.objects.get()
    assert (escalation.reason, escalation.priority) == ("asked_for_person", "first")
    assert said(conversation) == [DANGER["en"]]


def test_danger_that_the_bot_fails_on_five_times_comes_first() -> None:
    conversation = wrote(LEAKS["en"])
    Conversation.objects.update(attempts=4)

    assert conversations.fail_turn(claimed_turn(fresh(conversation)), error="Broken", run_id=1)

    escalation = Escalation.objects.get()
    assert (escalation.reason, escalation.priority) == ("bot_failed", "first")
    assert said(conversation) == [DANGER["en"]]


def test_a_bot_that_failed_says_the_time_too() -> None:
    answered_after(12, 12, 12, 12, 12, now=timezone.now())
    conversation = wrote(thread="fails")
    Conversation.objects.filter(pk=conversation.pk).update(attempts=4)

    assert conversations.fail_turn(claimed_turn(fresh(conversation)), error="Broken", run_id=1)

    assert said(conversation) == [f"{HOLDING['en']} At present an answer takes about 15 minutes."]
    assert Promise.objects.get(conversation=conversation).is_answer
