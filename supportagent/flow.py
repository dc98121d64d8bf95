"""How a message travels.

The apps do not call one another. Each records what happened in ``conversations``, and this page says who acts on it:
read it from top to bottom to follow a message through. What is rung here is only a bell: the rows say what is due,
and the sweeper finds it without any bell.
"""

import logging
from collections.abc import Callable

from celery import Task
from django.db import DatabaseError
from django.dispatch import Signal
from django.utils import timezone

from agent.tasks import run_turn
from conversations.models import Conversation
from conversations.signals import conversation_changed, message_received, reply_queued
from core import bells, live
from integrations.tasks import send_next, send_typing

logger = logging.getLogger(__name__)

# A bell that rings a moment before the turn is due finds nothing to do.
MARGIN_SECONDS = 0.02


def connect() -> None:
    """Say who acts on what is announced."""
    when(message_received, enqueue=send_typing)  # a customer wrote: they see that somebody is at it
    when(message_received, enqueue=run_turn, after=time_left)  # a customer wrote: the agent answers
    when(reply_queued, enqueue=send_next)  # somebody answered: the platform delivers
    conversation_changed.connect(show, weak=False, dispatch_uid="show")  # anything moved: open screens look again


def at_once(pk: int) -> float:
    """No delay."""
    return 0.0


def time_left(pk: int) -> float:
    """Seconds until the customer has had time to finish writing."""
    ready_at = Conversation.objects.filter(pk=pk).order_by("pk").values_list("ready_at", flat=True).first()
    if ready_at is None:
        return 0.0
    left = (ready_at - timezone.now()).total_seconds()
    return left + MARGIN_SECONDS if left > 0 else 0.0


def when(fact: Signal, *, enqueue: "Task[[int], None]", after: Callable[[int], float] = at_once) -> None:
    """Let ``fact`` ring for ``enqueue``, ``after`` so many seconds."""

    def receiver(*, pk: int, **_: object) -> None:
        try:
            delay = after(pk)
        except DatabaseError:
            logger.warning("The database did not say when conversation %d is due; ringing at once.", pk)
            delay = 0.0
        bells.ring(enqueue, pk, after=delay)

    fact.connect(receiver, weak=False, dispatch_uid=enqueue.name)


def show(*, pk: int, **_: object) -> None:
    """Tell open screens that a conversation changed."""
    try:
        seen = Conversation.objects.filter(pk=pk).order_by("pk")
        row = seen.values_list("public_id", "team_id", "assignee_id", "version", named=True).first()
    except DatabaseError:
        logger.warning("The database did not say how conversation %d changed; screens will find out.", pk)
        return
    if row is not None:
        live.ring(
            live.Bell(
                conversation_id=pk,
                public_id=str(row.public_id),
                team_id=row.team_id,
                assignee_id=row.assignee_id,
                version=row.version,
            )
        )
