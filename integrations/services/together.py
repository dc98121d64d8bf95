"""Taking in together what waits first in many lanes: one question and one statement of a kind for all of them.

What most events are is taken in so: a customer's words, an echo that is known, and what has no effect. Anything else, and
what somebody else holds at the moment, is left to be taken in by itself. It is all or nothing: where anything fails, every
event is as it was and is taken in by itself, so that the one at fault is found and counted there.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from django.db import transaction
from django.db.models import QuerySet
from structlog.contextvars import bound_contextvars

from conversations import services as conversations
from conversations.types import InboundMessage
from core import live, rows
from core.clock import database_now
from core.statements import Read
from integrations.models import WebhookEvent
from integrations.platforms.base import Defective, Ignored
from integrations.services.effects import effect_of, may_die_before_bells, may_die_before_end
from integrations.services.lanes import Lane, first_and_due
from integrations.services.readings import Accounts, Reading, Thread, read

logger = logging.getLogger(__name__)

State = WebhookEvent.State


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """An event that was taken in, how it ended, and in which conversation."""

    event: WebhookEvent
    end: Reading
    conversation_id: int | None = None

    @property
    def followed(self) -> dict[str, object]:
        """By what the logs know it."""
        known = {"webhook_event": self.event.pk, "request_id": self.event.request_id}
        return known if self.conversation_id is None else known | {"conversation": self.conversation_id}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """An event that brings nothing but a customer's message."""

    event: WebhookEvent
    inbound: InboundMessage

    @property
    def thread(self) -> Thread:
        return self.inbound.channel.account_id, self.inbound.thread_key


Sorted = tuple[list[_Words], list[Taken]]


def take_in_together(pks: Collection[int]) -> list[Taken]:
    """Take in those of the events that can be, each of which is to be the first that waits in its lane.

    Which they were; none if anything failed. Doing it twice, or in two places at once, changes nothing.
    """
    return _all_or_none(len(pks), lambda: _read_all(pks), still=_still_first)


def take_in_lane(lane: Lane, readings: Sequence[tuple[WebhookEvent, Reading]]) -> list[Taken]:
    """The same of one lane in which many threads' events wait, once it is known whose they are.

    ``readings`` are of the first that wait in it, in their order. One of a thread is taken in at a time, and none behind
    one that has to be taken in by itself; a single one is left to that too.
    """
    some = readings[: _how_many(readings)]
    if len(some) < 2:
        return []
    return _all_or_none(len(some), lambda: _sorted(some), still=lambda pks: _still_begin(lane, pks))


def _all_or_none(
    number: int, sort: Callable[[], Sorted], *, still: Callable[[Collection[int]], set[int]]
) -> list[Taken]:
    try:
        words, without = sort()
        threads = conversations.ensure_conversations(each.inbound for each in words)
        return _write(words, without, threads, still)
    except Exception as error:  # noqa: BLE001  (met again, and told, where the event at fault is taken in by itself)
        logger.warning("%d events were not taken in together (%s): now each by itself.", number, type(error).__name__)
        return []


def _how_many(readings: Sequence[tuple[WebhookEvent, Reading]]) -> int:
    """How many of them, from the first on, can be taken in together."""
    threads: set[Thread | None] = set()
    for number, (_, reading) in enumerate(readings):
        only = reading.items[0] if len(reading.items) == 1 else None
        is_of_nobody = only is None or isinstance(only, Ignored | Defective)
        if reading.error or reading.is_batch or not (is_of_nobody or isinstance(only, InboundMessage)):
            return number
        if not is_of_nobody and reading.thread in threads:
            return number
        threads.add(reading.thread)
    return len(readings)


def _still_begin(lane: Lane, pks: Collection[int]) -> set[int]:
    """Those of them, held, that nothing else of the lane waits before."""
    held = set(_still_waiting.all(tuple(sorted(pks))))
    first = lane.waiting().filter(pk__lte=max(pks)).values_list("pk", flat=True)
    return set(takewhile(held.__contains__, first))


@Read
def _still_waiting(pks: tuple[int, ...]) -> QuerySet[WebhookEvent, int]:
    still = WebhookEvent.objects.to_ingest().filter(pk__in=pks)
    return still.select_for_update(skip_locked=True).order_by("id").values_list("pk", flat=True)


def _still_first(pks: Collection[int]) -> set[int]:
    return set(_first_ones.all(tuple(sorted(pks))))


@Read
def _waiting(pks: tuple[int, ...]) -> QuerySet[WebhookEvent]:
    return WebhookEvent.objects.to_ingest().filter(pk__in=pks).order_by("id")


@Read
def _first_ones(pks: tuple[int, ...]) -> QuerySet[WebhookEvent, int]:
    """Those that still wait first in their lanes, held. One that somebody else holds is theirs."""
    still = first_and_due(WebhookEvent.objects.to_ingest().filter(pk__in=pks))
    return still.select_for_update(skip_locked=True).order_by("id").values_list("pk", flat=True)


def _read_all(pks: Iterable[int]) -> Sorted:
    """What the events say: customers' words, of each thread one and no message twice; and those that end without effect.

    All others are left out.
    """
    accounts = Accounts()
    readings: list[tuple[WebhookEvent, Reading]] = []
    for event in _waiting.all(tuple(sorted(pks))):
        with bound_contextvars(webhook_event=event.pk, request_id=event.request_id):
            readings.append((event, read(event, accounts)))
    return _sorted(readings)


def _sorted(readings: Sequence[tuple[WebhookEvent, Reading]]) -> Sorted:
    echoes = [echo for _, reading in readings if (echo := reading.echo) is not None]
    known = conversations.recorded_items((echo.channel.account_id, echo.source_id) for echo in echoes)
    words: dict[Thread, _Words] = {}
    without: list[Taken] = []
    for event, reading in readings:
        only = reading.items[0] if len(reading.items) == 1 else None
        if reading.error or reading.is_batch:
            continue
        if isinstance(only, InboundMessage):
            said = _Words(event=event, inbound=only)
            if said.thread not in words and not any(_is_same(only, other.inbound) for other in words.values()):
                words[said.thread] = said
        elif reading.echo is not None and (reading.echo.channel.account_id, reading.echo.source_id) in known:
            without.append(Taken(event=event, end=reading.known_echo()))
        elif only is None or isinstance(only, Ignored | Defective):
            end = replace(effect_of(reading, None), account_id=reading.account_id)
            without.append(Taken(event=event, end=end))
    return list(words.values()), without


def _is_same(one: InboundMessage, other: InboundMessage) -> bool:
    """Whether it is one message of one account, whatever threads it is said to be in."""
    return (one.channel.account_id, one.source_id) == (other.channel.account_id, other.source_id)


@transaction.atomic
def _write(
    words: Sequence[_Words],
    without: Sequence[Taken],
    threads: Mapping[Thread, int],
    still: Callable[[Collection[int]], set[int]],
) -> list[Taken]:
    """Give those of them that are still ours their effect; ``still`` holds their events, and says which."""
    may_die_before_bells()
    held = {(each.account_id, each.thread_key): each for each in conversations.lock_free(threads.values())}
    wanted = [each.event.pk for each in words if each.thread in held] + [each.event.pk for each in without]
    ours = still(wanted) if wanted else set()
    mine = [each for each in words if each.event.pk in ours]
    arrivals = conversations.Arrivals([(held[each.thread], each.inbound) for each in mine])
    written = []
    for each in mine:
        conversation = held[each.thread]
        with bound_contextvars(
            conversation=conversation.pk, webhook_event=each.event.pk, request_id=each.event.request_id
        ):
            message = arrivals.receive(conversation, each.inbound)
        # What is known already is looked into by itself: it may be of somebody who was erased.
        if message is not None:
            written.append((each, message))
    arrivals.write()
    may_die_before_end()
    taken = [each for each in without if each.event.pk in ours]
    if taken:
        # What is taken in rings for its conversation; the rest is news for operators only.
        transaction.on_commit(live.ring_operations, robust=True)
    for each, message in written:
        end = Reading(message_id=message.pk, account_id=message.account_id)
        taken.append(Taken(event=each.event, end=end, conversation_id=message.conversation_id))
    _end(taken)
    return taken


def _end(taken: Collection[Taken]) -> None:
    """Note in the events, which are held, how they ended."""
    if not taken:
        return
    now = database_now()
    for each in taken:
        event, end = each.event, each.end
        event.state, event.reason, event.message_id = end.state, end.reason, end.message_id
        event.account_id_hint, event.ingested_at = end.account_id, now
    rows.update_all([each.event for each in taken], "state", "reason", "message_id", "account_id_hint", "ingested_at")
