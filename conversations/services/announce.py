"""Writing a conversation's row, and announcing what happened once it is committed."""

import logging
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from conversations.models import Conversation
from conversations.signals import conversation_changed, message_received, reply_queued
from core import rows
from core.statements import Read

logger = logging.getLogger(__name__)


def lock(conversation_id: int, *, with_customer: bool = False) -> Conversation:
    """The conversation, held until the surrounding transaction ends; its customer is read with it, and not held.

    Whoever holds several rows takes them in this order, so that no two transactions wait for each other:

    1. the customer (``_same_as``, ``hold_customer``), which only making their conversation and erasing them need;
    2. conversations, by their keys where they are several;
    3. what hangs on a conversation (messages, deliveries, escalations, episodes, seen keys), held by holding that;
    4. the account's window of calls (``integrations.limits``).

    Where that is not enough, as in a batch of events that names two threads, ``core.transactions.retried`` is.

    PostgreSQL locks the row. SQLite ignores the request, but there every transaction begins IMMEDIATE and so holds
    the one write lock from its first statement.
    """
    return (_held_with_customer if with_customer else _held).one(conversation_id)


def lock_free(conversation_ids: Iterable[int]) -> list[Conversation]:
    """Those of the conversations that nobody holds, held as ``lock`` holds one, with their customers; it waits for none.

    So whoever holds many waits for nobody, and stands in nobody's way but for as long as it writes.
    """
    pks = tuple(sorted(set(conversation_ids)))
    return _free.all(pks) if pks else []


@Read
def _free(pks: tuple[int, ...]) -> QuerySet[Conversation]:
    free = Conversation.objects.select_for_update(of=("self",), skip_locked=True).filter(pk__in=pks)
    return free.select_related("customer").order_by("pk")


@Read
def _held(pk: int) -> QuerySet[Conversation]:
    return Conversation.objects.select_for_update(of=("self",)).filter(pk=pk).order_by()


@Read
def _held_with_customer(pk: int) -> QuerySet[Conversation]:
    held = Conversation.objects.select_for_update(of=("self",)).filter(pk=pk)
    return held.select_related("customer").order_by()


def save(conversation: Conversation, *fields: str) -> None:
    """Write the named fields of a locked conversation under the next version."""
    save_all([conversation], *fields)


def save_all(conversations: Sequence[Conversation], *fields: str) -> None:
    """As ``save``, of several."""
    for conversation in conversations:
        conversation.version += 1
        conversation.updated_at = timezone.now()
    rows.update_all(conversations, *fields, "version", "updated_at")


def announce(conversation: Conversation, *, received: bool = False, queued: bool = False) -> None:
    """After commit, say that a locked conversation changed, and what else there is to do in it."""
    transaction.on_commit(partial(_tell, conversation, received=received, queued=queued), robust=True)


def _tell(conversation: Conversation, *, received: bool, queued: bool) -> None:
    # What was written is in the object: whoever is told needs not ask the database again.
    arguments: dict[str, Any] = {"sender": Conversation, "conversation": conversation}
    if received:
        message_received.send(**arguments)
    if queued:
        reply_queued.send(**arguments)
    conversation_changed.send(**arguments)
