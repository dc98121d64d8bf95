"""Who acts on what is announced."""

from datetime import timedelta

import pytest
from django.db import connection
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

    message_received.send(sender=Conversation, pk=conversation.pk)

    assert bells == [
        RungBell(task="integrations.tasks.send_typing", args=(conversation.pk,)),
        RungBell(task="agent.tasks.run_turn", args=(conversation.pk,)),
    ]


def test_a_queued_reply_rings_for_a_send(bells: list[RungBell]) -> None:
    reply_queued.send(sender=Conversation, pk=42)

    assert bells == [RungBell(task="integrations.tasks.send_next", args=(42,))]


def test_a_turn_is_rung_for_when_the_customer_has_finished_writing() -> None:
    conversation = make_conversation(ready_at=timezone.now() + timedelta(seconds=3))

    left = flow.time_left(conversation.pk)

    assert 2 < left <= 3 + flow.MARGIN_SECONDS


@pytest.mark.parametrize("ready_at", [None, timezone.now() - timedelta(minutes=1)])
def test_what_is_due_is_rung_for_at_once(ready_at: object) -> None:
    conversation = make_conversation(ready_at=ready_at)

    assert flow.time_left(conversation.pk) == 0


def test_a_conversation_that_is_gone_is_no_error(bells: list[RungBell]) -> None:
    conversation_changed.send(sender=Conversation, pk=999_999)
    message_received.send(sender=Conversation, pk=999_999)

    assert {bell.args for bell in bells} == {(999_999,)}


def test_a_change_shows_on_screens_for_one_query(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    rung: list[live.Bell] = []
    monkeypatch.setattr(live, "ring", rung.append)
    conversation = make_conversation(version=7)

    with django_assert_num_queries(1):
        conversation_changed.send(sender=Conversation, pk=conversation.pk)

    assert rung == [
        live.Bell(
            conversation_id=conversation.pk,
            public_id=str(conversation.public_id),
            team_id=None,
            assignee_id=None,
            version=7,
        )
    ]


@pytest.mark.django_db(transaction=True)
def test_a_database_that_fails_after_the_commit_raises_nothing(bells: list[RungBell]) -> None:
    conversation = make_conversation()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE conversations_conversation RENAME TO away")
    try:
        message_received.send(sender=Conversation, pk=conversation.pk)
        conversation_changed.send(sender=Conversation, pk=conversation.pk)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO conversations_conversation")

    assert [bell.task for bell in bells] == ["integrations.tasks.send_typing", "agent.tasks.run_turn"]
