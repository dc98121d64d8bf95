"""How a message travels.

The apps do not call one another. Each records what happened in ``conversations``, and this page says who acts on it:
read it from top to bottom to follow a message through. What is rung here is only a bell: the rows say what is due,
and the sweeper finds it without any bell.
"""

from collections.abc import Callable

from celery import Task
from django.dispatch import Signal
from django.utils import timezone

from agent.signals import heads_wanted
from agent.tasks import refit, run_turn
from conversations.models import Conversation
from conversations.signals import conversation_changed, message_received, reply_queued
from core import bells, live
from integrations.tasks import send_next, send_typing

# A bell that rings a moment before the turn is due finds nothing to do.
MARGIN_SECONDS = 0.02


def connect() -> None:
    """Say who acts on what is announced."""
    when(message_received, enqueue=send_typing)  # a customer wrote: they see that somebody is at it
    when(message_received, enqueue=run_turn, after=time_left)  # a customer wrote: the agent answers
    when(reply_queued, enqueue=send_next)  # somebody answered: the platform delivers
    heads_wanted.connect(fit, weak=False, dispatch_uid="fit")  # examples were edited or published: the engine learns
    conversation_changed.connect(show, weak=False, dispatch_uid="show")  # anything moved: open screens look again


def at_once(_: Conversation) -> float:
    """No delay."""
    return 0.0


def time_left(conversation: Conversation) -> float:
    """Seconds until the customer has had time to finish writing."""
    if conversation.ready_at is None:
        return 0.0
    left = (conversation.ready_at - timezone.now()).total_seconds()
    return left + MARGIN_SECONDS if left > 0 else 0.0


def when(fact: Signal, *, enqueue: "Task[[int], None]", after: Callable[[Conversation], float] = at_once) -> None:
    """Let ``fact`` ring for ``enqueue``, ``after`` so many seconds."""

    def receiver(*, conversation: Conversation, **_: object) -> None:
        bells.ring(enqueue, conversation.pk, after=after(conversation))

    fact.connect(receiver, weak=False, dispatch_uid=enqueue.name)


def fit(*, release_id: int, after: float, **_: object) -> None:
    """Ring for what the examples of a release teach."""
    bells.ring(refit, release_id, after=after + MARGIN_SECONDS if after else 0.0)


def show(*, conversation: Conversation, **_: object) -> None:
    """Tell open screens that a conversation changed."""
    live.ring(
        live.Bell(
            conversation_id=conversation.pk,
            public_id=str(conversation.public_id),
            team_id=conversation.team_id,
            assignee_id=conversation.assignee_id,
            version=conversation.version,
        )
    )
