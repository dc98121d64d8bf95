"""Taking events in: lane by lane, in the order they came, each exactly once."""

import logging
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from math import inf

from django.db import Error as AnyDatabaseError
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from structlog.contextvars import bound_contextvars

from conversations import services as conversations
from conversations.exceptions import CustomerErased
from conversations.models import Conversation
from conversations.types import InboundMessage, OutboundEcho
from core import live
from core.clock import database_now, now_plus
from core.statements import Change
from core.text import truncate
from core.transactions import gave_way, retried
from integrations.models import PlatformAccount, WebhookEvent
from integrations.platforms.base import CallFailed, OutOfCalls, ParsedItem, ReadReceipt, Referral
from integrations.services.drains import Drains
from integrations.services.effects import effect_of, effect_of_each, may_die_before_bells, may_die_before_end
from integrations.services.finishing import Silent, ask_for, finish
from integrations.services.forgetting import forget_event
from integrations.services.lanes import MOST_AT_ONCE, Lane, behind, due_lanes, lanes_of
from integrations.services.readings import Accounts, Reading, read
from integrations.services.together import take_in_lane, take_in_together

logger = logging.getLogger(__name__)

MOST_TOGETHER = 20
# The first waits until the last was asked for, and each is a call of a platform's.
MOST_ASKED = 8
MOST_ROUNDS = 200
# Of one bell. A task that never seems to end is taken for one that is stuck, and a long lane is found again at once.
LONGEST_SECONDS = 20.0
RETRY_SECONDS = (1, 2, 5, 10)
MAX_ATTEMPTS = 5
# So long an event waits for its platform to say what it leaves open; that is no failure of the event.
ASKED_FOR = timedelta(hours=24)

_drains = Drains()

State = WebhookEvent.State


def ingest_event(event_pk: int, *, seconds: float = LONGEST_SECONDS) -> None:
    """Take in a kept event, and what waits in its lane, for so long. Doing it twice, or in two places, changes nothing."""
    for lane in lanes_of([event_pk]):
        _take_in(lane, until=time.monotonic() + seconds)


def ingest_events(event_pks: Collection[int], *, seconds: float = inf) -> None:
    """As ``ingest_event``, of several at once; after ``seconds`` no other lanes are begun."""
    ingest_lanes(lanes_of(event_pks), seconds=seconds)


def ingest_lanes(lanes: Sequence[Lane], *, seconds: float = inf) -> None:
    """Drain these lanes: together what can be, then the rest one by one, which may take its time.

    After ``seconds`` no other lanes are begun and none is held again. Half of the time is for each: what can be taken in
    together may be a crowd, and the rest would never have its turn.
    """
    begun = time.monotonic()
    half, until = begun + seconds / 2, begun + seconds
    by_itself: list[Lane] = []
    for begin in range(0, len(lanes), MOST_TOGETHER):
        some = lanes[begin : begin + MOST_TOGETHER]
        by_itself += _take_in_together(some, until=half) if len(some) > 1 else some
        if time.monotonic() >= half:
            break
    for lane in by_itself:
        try:
            _take_in(lane, until=until)
        except Exception:
            # One lane's trouble must not keep the others waiting.
            logger.exception("A lane of %s could not be taken in.", lane.source)
        if time.monotonic() >= until:
            return


def ingest_thread(account: PlatformAccount, thread_key: str) -> None:
    """Take in what waits for one thread of an account, also where somebody else is at it; then nothing of it waits."""
    if thread_key:
        for source in account.sources:
            _drain(Lane(source, thread_key, 0))


def ingest_waiting(limit: int = 200, *, seconds: float = inf) -> int:
    """Take in what waits, whoever forgot to ring; returns how many lanes had something due."""
    found = due_lanes(limit)
    ingest_lanes(found, seconds=seconds)
    return len(found)


def shorten_impossible_waits() -> int:
    """Let no event wait for longer than its attempts are apart: the database's clock was put back; how many were mended."""
    longest = now_plus(timedelta(seconds=RETRY_SECONDS[-1] + 2))
    return WebhookEvent.objects.to_ingest().filter(next_attempt_at__gt=longest).update(next_attempt_at=Now())


def _take_in_together(lanes: Sequence[Lane], *, until: float) -> list[Lane]:
    """Take in what waits first in each lane, then what waits behind it; the lanes that have to be drained by themselves.

    Lanes that a thread of this process is at already are left to it.
    """
    with ExitStack() as holds:
        rounds = {lane.name: holds.enter_context(_drains.rounds(lane.name)) for lane in lanes}
        ours = [lane for lane in lanes if next(rounds[lane.name], None)]
        left = {lane.name: lane for lane in _drain_together(ours, until=until)}
        # Whoever asked for one of them meanwhile has left it to us.
        return list(left.values()) + [lane for lane in ours if lane.name not in left and next(rounds[lane.name], None)]


def _drain_together(lanes: Sequence[Lane], *, until: float) -> list[Lane]:
    """Deal with lanes that are ours, as far as it can be done together; those that are not dealt with."""
    left: list[Lane] = []
    while len(lanes) > 1:
        taken = {each.event.pk: each for each in take_in_together([lane.event_pk for lane in lanes])}
        for each in taken.values():
            with bound_contextvars(**each.followed):
                _log(each.event, each.end)
        left += [lane for lane in lanes if lane.event_pk not in taken]
        if time.monotonic() >= until:
            # What waits behind it is found again.
            return left
        lanes = behind(taken)
    return [*left, *lanes]


def _take_in(lane: Lane, *, until: float = inf) -> None:
    """Drain a lane, or leave it to the thread of this process that is at it already."""
    with _drains.rounds(lane.name) as rounds:
        for _ in rounds:
            _drain(lane, until=until)
            if time.monotonic() >= until:
                return


def _drain(lane: Lane, *, until: float = inf) -> None:
    """Deal with a lane until it is empty or has to wait, or the monotonic clock says ``until``."""
    asked: dict[int, Reading] = {}
    for _ in range(MOST_ROUNDS):
        waiting = lane.first_two()
        if not waiting or waiting[0].next_attempt_at > database_now():
            return
        head = waiting[0]
        with bound_contextvars(webhook_event=head.pk, request_id=head.request_id):
            reading = _read(head)
            is_of_several = reading.is_batch or len(waiting) > 1
            if reading.is_unfinished and is_of_several and _take_in_asked(lane, asked, until=until):
                if time.monotonic() >= until:
                    return
                continue
            reading = _finished(head, asked.pop(head.pk, reading))
            conversation_id = _conversation_of(reading)
            went_on = conversation_id is None and _apply(head, reading) and len(waiting) > 1
        if conversation_id is not None:
            with bound_contextvars(conversation=conversation_id):
                went_on = _drain_thread(lane, conversation_id, asked | {head.pk: reading})
        if not went_on or time.monotonic() >= until:
            return


def _take_in_asked(lane: Lane, asked: dict[int, Reading], *, until: float) -> bool:
    """Take in together the first few of a lane whose threads only its platform knows; whether that could be done.

    What they say is asked for as far as there is time, and put into ``asked``, so that none is asked for twice. What we said
    ourselves ends it: whose thread that is in is known once all before it is in the record.
    """
    readings: list[tuple[WebhookEvent, Reading]] = []
    number, now = 0, database_now()
    for event in lane.first_ones()[:MOST_ASKED]:
        if event.next_attempt_at > now or (readings and time.monotonic() >= until):
            break
        try:
            with bound_contextvars(webhook_event=event.pk, request_id=event.request_id):
                reading = asked.get(event.pk) or _read(event)
                number += len(reading.items)
                if readings and number > MOST_ASKED:
                    break
                asked[event.pk] = reading = _finished(event, reading, ask_for)
        except Exception:
            if not readings:
                raise
            # Met again, and told, when it is the first: those before it do not wait for that.
            break
        if reading.error or reading.is_unfinished:
            break
        readings.append((event, reading))
    taken = take_in_lane(lane, readings)
    for each in taken:
        with bound_contextvars(**each.followed):
            _log(each.event, each.end)
    return bool(taken)


@retried
def _drain_thread(lane: Lane, conversation_id: int, readings: dict[int, Reading]) -> bool:
    """Hold a conversation and take in what waits for it, in order; whether the lane may go on and may hold more."""
    may_die_before_bells()
    conversation = conversations.lock(conversation_id, with_customer=True)
    thread = (conversation.account_id, conversation.thread_key)
    held: Conversation | None = conversation
    now = database_now()
    waiting = lane.first_ones()
    for event in waiting:
        if event.next_attempt_at > now:
            return False
        reading = readings.get(event.pk) or _read(event)
        if reading.is_batch or reading.is_unfinished or reading.thread not in {None, thread}:
            return True
        with bound_contextvars(webhook_event=event.pk, request_id=event.request_id):
            if not _apply(event, reading, held):
                return False
        # A later event reads the row again: a failed one before it may have left this copy half changed.
        held = None
    # What came meanwhile has a bell of its own.
    return len(waiting) == MOST_AT_ONCE


def _conversation_of(reading: Reading) -> int | None:
    """The conversation that must be held, made if need be; None where an event touches none that may be made."""
    if reading.is_batch:
        return None
    for item in reading.items:
        try:
            found = _conversation_for(item)
        except CustomerErased:
            continue
        if found is not None:
            return found
    return None


def _conversation_for(item: ParsedItem) -> int | None:
    match item:
        case ReadReceipt():
            # A receipt alone is no reason to open a conversation.
            found = Conversation.objects.filter(account_id=item.account_id, thread_key=item.thread_key)
            return found.values_list("pk", flat=True).first()
        case InboundMessage():
            return conversations.ensure_conversation(
                item.channel,
                thread_key=item.thread_key,
                customer_id=item.customer_id,
                name=item.customer_name,
                username=item.customer_username,
                locale=item.locale,
                for_message=item.source_id,
            )
        case OutboundEcho() | Referral():
            return conversations.ensure_conversation(
                item.channel, thread_key=item.thread_key, customer_id=item.customer_id, name=item.customer_name
            )
        case _:
            return None


def _read(event: WebhookEvent) -> Reading:
    """What the event says; an echo that is known already has ended."""
    reading = read(event, Accounts())
    echo = reading.echo
    if echo is not None and conversations.is_recorded(echo.channel.account_id, echo.source_id):
        return reading.known_echo()
    return reading


def _finished(event: WebhookEvent, reading: Reading, how: Callable[[ParsedItem], ParsedItem] = finish) -> Reading:
    """The reading with all that was left open. Where the platform tells nothing it waits; where it does not tell this, it failed."""
    if not reading.is_unfinished or reading.error:
        return reading
    try:
        return replace(reading, items=tuple(how(item) for item in reading.items))
    except CallFailed as failure:
        reason = truncate(f"{WebhookEvent.UNASKED}{failure}", 300)
        waited = database_now() - event.received_at
        if waited > ASKED_FOR or not isinstance(failure, Silent | OutOfCalls):
            return replace(reading, error=reason)
        pause = failure.result.retry_after or max(waited.total_seconds() / 2, RETRY_SECONDS[0])
        # No longer than what a clock that was put back would be taken for.
        return replace(reading, error=reason, put_off=min(pause, RETRY_SECONDS[-1]))


@Change
def _end(
    pk: int, state: str, reason: str, message_id: int | None, account_id: int | None
) -> tuple[QuerySet[WebhookEvent], dict[str, object]]:
    return WebhookEvent.objects.to_ingest().filter(pk=pk), {
        "state": state,
        "reason": reason,
        "message_id": message_id,
        "account_id_hint": account_id,
        "ingested_at": Now(),
    }


def _apply(event: WebhookEvent, reading: Reading, held: Conversation | None = None) -> bool:
    """Give an event its effect and its end, together or not at all; whether its lane may go on.

    What a batch says belongs to many threads, each item with a key of its own: each has its effect by itself, once, and
    the batch's end comes after the last.
    ``held`` is the event's conversation, where it is locked and as the database has it.
    """
    if reading.put_off:
        later = now_plus(timedelta(seconds=reading.put_off))
        WebhookEvent.objects.to_ingest().filter(pk=event.pk).update(reason=reading.error, next_attempt_at=later)
        return False
    if reading.error:
        return _failed(event, reading.error, account_id=reading.account_id)
    try:
        end = _write(event, effect_of_each(reading) if reading.is_batch else reading, held)
    except AnyDatabaseError as error:
        # What gave way to another transaction is no failure of the event; who holds the thread does it all again.
        if gave_way(error) or not connection.is_usable():
            raise
        logger.exception("Event %d could not be taken in.", event.pk)
        return _failed(event, "error: the database refused it.", account_id=reading.account_id)
    except Exception as error:
        logger.exception("Event %d could not be taken in.", event.pk)
        return _failed(event, f"error: {type(error).__name__}.", account_id=reading.account_id)
    _log(event, end)
    if end.state != State.INGESTED:
        # What is taken in rings for its conversation; the rest is news for operators only.
        transaction.on_commit(live.ring_operations, robust=True)
    return True


def _log(event: WebhookEvent, end: Reading) -> None:
    logger.info("Event %d: %s%s", event.pk, end.state, f", message {end.message_id}" if end.message_id else "")


@retried
def _write(event: WebhookEvent, reading: Reading, held: Conversation | None) -> Reading:
    """Do what was read, unless that is done, and note in the event how it ended."""
    end = effect_of(reading, held)
    may_die_before_end()
    _end(event.pk, end.state, end.reason, end.message_id, reading.account_id)
    if end.is_erased:
        forget_event(event.pk)
    return end


def _failed(event: WebhookEvent, reason: str, *, account_id: int | None) -> bool:
    """Count a failure: tried again after a while, given up after the fifth. Whether the lane may go on."""
    attempts = event.attempts + 1
    if attempts < MAX_ATTEMPTS:
        pause = timedelta(seconds=RETRY_SECONDS[attempts - 1])
        WebhookEvent.objects.to_ingest().filter(pk=event.pk).update(
            attempts=attempts, reason=reason, next_attempt_at=now_plus(pause)
        )
        return False
    WebhookEvent.objects.to_ingest().filter(pk=event.pk).update(
        state=State.DEAD, attempts=attempts, reason=reason, account_id_hint=account_id
    )
    transaction.on_commit(live.ring_operations, robust=True)
    logger.error("Event %d is given up after %d failures: %s", event.pk, attempts, reason)
    return True
