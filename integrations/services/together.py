"""Taking in together what waits first in many lanes: one question and one statement of a kind for all of them.

What most events are is taken in so: customers' words, an echo that is known, and what has no effect. Anything else, and
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
from conversations.models import Message
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
    """A customer's message, and the event that brings it and nothing else that has an effect but such messages."""

    event: WebhookEvent
    inbound: InboundMessage

    @property
    def thread(self) -> Thread:
        return self.inbound.channel.account_id, self.inbound.thread_key

    @property
    def name(self) -> tuple[int, str]:
        """What the message is known by, whatever thread it is said to be in."""
        return self.inbound.channel.account_id, self.inbound.source_id


Sorted = tuple[list[_Words], list[Taken]]


def take_in_together(pks: Collection[int]) -> list[Taken]:
    """Take in those of the events that can be, each of which is to be the first that waits in its lane.

    Which they were; none if anything failed. Doing it twice, or in two places at once, changes nothing.
    """
    return _all_or_none(len(pks), lambda: _read_all(pks), still=_still_first)


def take_in_lane(lane: Lane, readings: Sequence[tuple[WebhookEvent, Reading]]) -> list[Taken]:
    """The same of one lane in which many threads' events wait, once it is known whose they are.

    ``readings`` are of the first that wait in it, in their order. One of a thread is taken in at a time, and none behind
    one that has to be taken in by itself; a single one that says a single thing is left to that too.
    """
    some = readings[: _how_many(readings)]
    if not some or (len(some) == 1 and not some[0][1].is_batch):
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
    threads: set[Thread] = set()
    for number, (event, reading) in enumerate(readings):
        theirs = [words.thread for words in _words_of(event, reading)]
        others = (item for item in reading.items if not isinstance(item, InboundMessage))
        if reading.error or not all(isinstance(item, Ignored | Defective) for item in others):
            return number
        if len(threads | set(theirs)) < len(threads) + len(theirs):
            return number
        threads.update(theirs)
    return len(readings)


def _words_of(event: WebhookEvent, reading: Reading) -> list[_Words]:
    return [_Words(event=event, inbound=item) for item in reading.items if isinstance(item, InboundMessage)]


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
    """What the events say, as ``_sorted`` does."""
    accounts = Accounts()
    readings: list[tuple[WebhookEvent, Reading]] = []
    for event in _waiting.all(tuple(sorted(pks))):
        with bound_contextvars(webhook_event=event.pk, request_id=event.request_id):
            readings.append((event, read(event, accounts)))
    return _sorted(readings)


def _sorted(readings: Sequence[tuple[WebhookEvent, Reading]]) -> Sorted:
    """Customers' words, of each thread one and no message twice; and the events that end without effect.

    All others are left out, and so is a batch of which something is known: what of it had its effect is found out by itself.
    """
    known = conversations.recorded_items(item for event, reading in readings for item in _may_be_known(event, reading))
    words: dict[Thread, _Words] = {}
    names: set[tuple[int, str]] = set()
    without: list[Taken] = []
    for event, reading in readings:
        said = _words_of(event, reading)
        if reading.error:
            continue
        if said:
            theirs = [each.name for each in said]
            rest = [item for item in reading.items if not isinstance(item, InboundMessage)]
            is_new = len(names | set(theirs)) == len(names) + len(theirs) and known.isdisjoint(theirs)
            has_room = len(words.keys() | {each.thread for each in said}) == len(words) + len(said)
            if is_new and has_room and all(isinstance(item, Ignored) for item in rest):
                words |= {each.thread: each for each in said}
                names.update(theirs)
        elif reading.echo is not None and (reading.echo.channel.account_id, reading.echo.source_id) in known:
            without.append(Taken(event=event, end=reading.known_echo()))
        elif all(isinstance(item, Ignored) for item in reading.items) or _is_defective(reading):
            # Where nothing had an effect a batch ends as its last item does.
            end = replace(effect_of(replace(reading, items=reading.items[-1:]), None), account_id=reading.account_id)
            without.append(Taken(event=event, end=end))
    return list(words.values()), without


def _may_be_known(event: WebhookEvent, reading: Reading) -> list[tuple[int, str]]:
    """What it says that is asked for in the record beforehand: an echo, and what a batch brings."""
    if reading.echo is not None:
        return [(reading.echo.channel.account_id, reading.echo.source_id)]
    return [words.name for words in _words_of(event, reading)] if reading.is_batch else []


def _is_defective(reading: Reading) -> bool:
    return len(reading.items) == 1 and isinstance(reading.items[0], Defective)


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
    by_event: dict[int, list[_Words]] = {}
    for each in words:
        by_event.setdefault(each.event.pk, []).append(each)
    whole = [pk for pk, theirs in by_event.items() if all(each.thread in held for each in theirs)]
    wanted = whole + [each.event.pk for each in without]
    ours = still(wanted) if wanted else set()
    mine = [each for each in words if each.event.pk in ours]
    arrivals = conversations.Arrivals([(held[each.thread], each.inbound) for each in mine])
    written: dict[int, list[Message]] = {}
    for each in mine:
        conversation = held[each.thread]
        with bound_contextvars(
            conversation=conversation.pk, webhook_event=each.event.pk, request_id=each.event.request_id
        ):
            message = arrivals.receive(conversation, each.inbound)
        # What is known already is looked into by itself: it may be of somebody who was erased.
        if message is not None:
            written.setdefault(each.event.pk, []).append(message)
    arrivals.write()
    may_die_before_end()
    taken = [each for each in without if each.event.pk in ours]
    if taken:
        # What is taken in rings for its conversation; the rest is news for operators only.
        transaction.on_commit(live.ring_operations, robust=True)
    for pk, messages in written.items():
        if len(messages) == len(by_event[pk]):
            first = messages[0]
            end = Reading(message_id=first.pk, account_id=first.account_id)
            talk = first.conversation_id if len(messages) == 1 else None
            taken.append(Taken(event=by_event[pk][0].event, end=end, conversation_id=talk))
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
