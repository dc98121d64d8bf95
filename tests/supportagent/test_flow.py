"""Who acts on what is announced."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from conversations.models import Conversation
from conversations.signals import conversation_changed, message_received, reply_queued
from core import bells as ringing
from core import live
from supportagent import flow
from tests.conftest import RungBell
from tests.factories import make_conversation

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _closed_breaker() -> None:
    ringing.breaker.reset()


def test_a_received_message_shows_typing_and_rings_for_a_turn(bells: list[RungBell]) -> None:
    conversation = make_conversation()

    message_received.send(sender=Conversation, conversation=conversation)

    assert bells == [
        RungBell(task="integrations.tasks.send_typing", args=(conversation.pk,)),
        RungBell(task="agent.tasks.run_turn", args=(conversation.pk,)),
    ]


def test_a_queued_reply_rings_for_a_send(bells: list[RungBell]) -> None:
    conversation = make_conversation()

    reply_queued.send(sender=Conversation, conversation=conversation)

    assert bells == [RungBell(task="integrations.tasks.send_next", args=(conversation.pk,))]


def test_a_turn_is_rung_for_when_the_customer_has_finished_writing() -> None:
    conversation = make_conversation(ready_at=timezone.now() + timedelta(seconds=3))

    left = flow.time_left(conversation)

    assert 2 < left <= 3 + flow.MARGIN_SECONDS


@pytest.mark.parametrize("ready_at", [None, timezone.now() - timedelta(minutes=1)])
def test_what_is_due_is_rung_for_at_once(ready_at: object) -> None:
    conversation = make_conversation(ready_at=ready_at)

    assert flow.time_left(conversation) == 0


def test_a_change_shows_on_screens_for_no_query(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    rung: list[live.Bell] = []
    monkeypatch.setattr(live, "ring", rung.append)
    conversation = make_conversation(version=7)

    with django_assert_num_queries(0):
        conversation_changed.send(sender=Conversation, conversation=conversation)

    assert rung == [
        live.Bell(
            conversation_id=conversation.pk,
            public_id=str(conversation.public_id),
            team_id=None,
            assignee_id=None,
            version=7,
        )
    ]
