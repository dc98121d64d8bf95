"""A long thread stays within its budget: the newest lines word for word, and of all before what was told."""

import json
from typing import Any

import pytest
from pytest_django import Settings
from pytest_django.fixtures import DjangoAssertNumQueries

from agent import services
from agent.models import AgentRun, Release
from agent.revisiting import Recollection
from agent.runtime import Runtime
from agent.services.remembering import HISTORY_CHARACTERS, REMEMBERED_CHARACTERS, remember
from agent.services.replays import replay
from conversations import services as conversations
from conversations.models import Conversation, Message
from conversations.types import Talk
from tests.agent.providers import reply, serving
from tests.conversations.talk import write, wrote

pytestmark = pytest.mark.django_db

SIGNS_OF_A_PROMPT = 30_000


def thread_of(number: int, *, words: int = 20) -> Conversation:
    """A thread of so many messages by turns: the first tells an order's number, an early answer was about returns."""
    conversation = wrote("My order is TH1234567 and my number is +44 20 7946 0000")
    first = Message.objects.get()
    rows = [
        Message(
            conversation=conversation, episode_id=first.episode_id, account_id=first.account_id, seq=seq, direction="in" if seq % 2 else "out",
            sender_type="customer" if seq % 2 else "bot", text=f"Line {seq} " + "talk " * words,
            sources=[{"title": "Returns and exchanges", "article": "a", "passage": "p"}] if seq == 4 else [],
            disposition="ignored" if seq % 2 else "", created_at=first.created_at,
        )
        for seq in range(2, number + 1)
    ]  # fmt: skip
    Message.objects.bulk_create(rows)
    Message.objects.filter(pk=first.pk).update(disposition="ignored")
    Conversation.objects.filter(pk=conversation.pk).update(
        last_seq=number, last_in_seq=number - 1, answered_to_seq=number - 1
    )
    return conversation


def talk_of(conversation: Conversation) -> tuple[Talk, tuple[Any, ...]]:
    """The talk, and its lines as a brief has them."""
    talk = conversations.read_talk(conversation.pk)
    lines = tuple({"seq": line.seq, "sender": line.sender_type, "text": line.text} for line in talk.lines)
    return talk, lines


def test_of_200_messages_the_newest_stay_within_the_budget_and_the_first_leave_their_facts() -> None:
    talk, history = talk_of(thread_of(200))

    remembered = remember(talk, history)

    assert remembered is not None
    kept = history[-remembered["lines"] :]
    assert sum(len(line["text"]) for line in kept) <= HISTORY_CHARACTERS
    assert kept[-1]["text"].startswith("Line 200 ")
    assert {"label": "Order number", "value": "TH1234567", "seq": 1} in remembered["facts"]
    assert remembered["told"] == ["Returns and exchanges"]


def test_what_is_remembered_has_a_budget_too() -> None:
    conversation = thread_of(200)
    for seq in range(3, 160, 2):
        Message.objects.filter(conversation=conversation, seq=seq).update(text=f"and order AB{seq:07d}")
    talk, history = talk_of(conversation)

    remembered = remember(talk, history)

    assert remembered is not None
    assert sum(len(fact["label"]) + len(fact["value"]) for fact in remembered["facts"]) <= REMEMBERED_CHARACTERS
    assert remembered["facts"][0]["value"] == "AB0000159"


def test_a_short_thread_is_read_whole_and_costs_no_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    talk, history = talk_of(thread_of(6))

    with django_assert_num_queries(0):
        assert remember(talk, history) is None


def test_a_long_thread_costs_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    talk, history = talk_of(thread_of(200))

    with django_assert_num_queries(1):
        remember(talk, history)


def test_what_was_said_before_a_hand_back_is_not_remembered() -> None:
    conversation = thread_of(200)
    Conversation.objects.filter(pk=conversation.pk).update(bot_context_from_seq=150)
    talk, history = talk_of(conversation)

    remembered = remember(talk, history)

    assert remembered is not None
    assert (remembered["facts"], remembered["told"]) == ([], [])


def test_a_model_is_asked_with_the_memory_of_a_long_thread_and_the_run_is_replayed(
    mind: Runtime, release: Release, settings: Settings
) -> None:
    conversation = thread_of(200, words=60)
    write("How long does delivery take?")
    with serving() as script:
        settings.MODEL_CHAIN = ["openai:gpt-test"]
        settings.OPENAI_API_KEY = "key"
        settings.OPENAI_BASE_URL = f"http://127.0.0.1:{script.port}/v1"
        script.will("openai", [reply("", needs_person=True)])
        services.answer(conversation.pk, Runtime(mind.release(release.pk).engine.encoder))

    ((_, body),) = script.asked
    sent = json.dumps(body)
    assert "Order number: TH1234567" in sent
    assert "Answered before from: Returns and exchanges" in sent
    assert "Phone: [phone 1]" in sent
    assert "7946" not in sent
    assert "Line 200 " in sent
    assert "Line 120 " not in sent
    assert len(sent) < SIGNS_OF_A_PROMPT
    found = replay(AgentRun.objects.get(), Recollection(runtime=mind))
    assert found.equal, (found.differences, found.missing)
