"""Taking events in: lane by lane, in the order they came, each exactly once."""

import logging
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache, partial
from math import inf
from operator import itemgetter

from django.db import Error as AnyDatabaseError
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from structlog.contextvars import bound_contextvars

from conversations import services as conversations
from conversations.exceptions import CustomerErased
from conversations.models import Conversation
from conversations.types import EchoMeaning, InboundMessage, OutboundEcho
from core import live
from core.clock import database_now, now_plus
from core.crashpoints import crash_point
from core.sharing import shared
from core.statements import Change, Read
from core.text import truncate
from core.transactions import gave_way, retried
from integrations.exceptions import Unreadable
from integrations.models import PlatformAccount, WebhookEvent, WebhookEventQuerySet
from integrations.platforms import PLATFORMS, older
from integrations.platforms.base import CallFailed, Ignored, ParsedItem, RawEvent, ReadReceipt, Referral
from integrations.services.drains import Drains
from integrations.services.effects import effect_of, effect_of_each
from integrations.services.finishing import finish
from integrations.services.forgetting import forget_event
from integrations.services.readings import Reading

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 50
MOST_ROUNDS = 200
# Of one bell. A task that never seems to end is taken for one that is stuck, and a long lane is found again at once.
LONGEST_SECONDS = 20.0
RETRY_SECONDS = (1, 2, 5, 10)
MAX_ATTEMPTS = 5

_drains = Drains()

State = WebhookEvent.State


@dataclass(frozen=True, slots=True)
class Lane:
    """Events that must be taken in one after another: one thread's, or a single event that names no thread."""

    source: str
    conv_key: str
    event_pk: int

    def waiting(self) -> WebhookEventQuerySet:
        """What of it is not dealt with, oldest first."""
        waiting = WebhookEvent.objects.to_ingest().order_by("id")
        if not self.conv_key:
            return waiting.filter(pk=self.event_pk)
        return waiting.filter(source=self.source, conv_key=self.conv_key)

    def first_two(self) -> list[WebhookEvent]:
        """The oldest two of them."""
        return _two_of.all(self.source, self.conv_key) if self.conv_key else _itself.all(self.event_pk)

    def first_ones(self) -> list[WebhookEvent]:
        """The oldest of them, ``MOST_AT_ONCE`` at most."""
        return _first_of.all(self.source, self.conv_key) if self.conv_key else _itself.all(self.event_pk)


@Read
def _first_of(source: str, conv_key: str) -> QuerySet[WebhookEvent]:
    return Lane(source, conv_key, 0).waiting()[:MOST_AT_ONCE]


@Read
def _two_of(source: str, conv_key: str) -> QuerySet[WebhookEvent]:
    return Lane(source, conv_key, 0).waiting()[:2]


@Read
def _itself(pk: int) -> QuerySet[WebhookEvent]:
    return Lane("", "", pk).waiting()


@Read
def _lane_of(pk: int) -> QuerySet[WebhookEvent, tuple[str, str, int]]:
    return WebhookEvent.objects.to_ingest().filter(pk=pk).order_by().values_list("source", "conv_key", "pk")


def ingest_event(event_pk: int, *, seconds: float = LONGEST_SECONDS) -> None:
    """Take in a kept event, and what waits in its lane, for so long. Doing it twice, or in two places, changes nothing."""
    lane = _lane_of.first(event_pk)
    if lane is not None:
        _take_in(Lane(*lane), until=time.monotonic() + seconds)


def ingest_thread(account: PlatformAccount, thread_key: str) -> None:
    """Take in what waits for one thread of an account, also where somebody else is at it; then nothing of it waits."""
    if thread_key:
        for source in account.sources:
            _drain(Lane(source, thread_key, 0))


def ingest_waiting(limit: int = 200, *, seconds: float = inf, share: int = 0, of: int = 1) -> int:
    """Take in what waits, whoever forgot to ring; returns how many lanes had something due.

    After ``seconds`` no other lane is begun and none is held again. Where ``of`` threads do this at once, each begins
    with its own ``share`` of the lanes, counted from 0.
    """
    found = _lanes_due(limit)
    until = time.monotonic() + seconds
    for lane in found[share::of]:
        try:
            _take_in(lane, until=until)
        except Exception:
            # One lane's trouble must not keep the others waiting.
            logger.exception("A lane of %s could not be taken in.", lane.source)
        if time.monotonic() >= until:
            break
    return len(found)


def lanes_due(limit: int) -> int:
    """How many lanes have something due, up to ``limit``."""
    return len(_lanes_due(limit))


def _lanes_due(limit: int) -> list[Lane]:
    """The lanes that have waited longest. Where one source's are a crowd, every other place is for another one's."""
    heads = shared(_heads_due(limit).all(), limit, owner=itemgetter(0), elsewhere=_heads_elsewhere(limit).all)
    return [Lane(*head) for head in heads]


# Looked for many times a second.
@cache
def _heads_due(limit: int) -> Read[[], tuple[str, str, int]]:
    return Read(lambda: _heads(WebhookEvent.objects.to_ingest(), limit))


@cache
def _heads_elsewhere(limit: int) -> Read[[str], tuple[str, str, int]]:
    def heads(source: str) -> QuerySet[WebhookEvent, tuple[str, str, int]]:
        return _heads(WebhookEvent.objects.to_ingest().exclude(source=source), limit)

    return Read(heads)


def _heads(among: WebhookEventQuerySet, limit: int) -> QuerySet[WebhookEvent, tuple[str, str, int]]:
    earlier = WebhookEvent.objects.to_ingest().filter(
        source=OuterRef("source"), conv_key=OuterRef("conv_key"), id__lt=OuterRef("id")
    )
    due = among.filter(Q(conv_key="") | ~Exists(earlier), next_attempt_at__lte=Now())
    # In the index's order; by the key alone SQLite would walk over every event there ever was.
    return due.order_by("next_attempt_at", "id").values_list("source", "conv_key", "pk")[:limit]


def shorten_impossible_waits() -> int:
    """Let no event wait for longer than its attempts are apart: the database's clock was put back; how many were mended."""
    longest = now_plus(timedelta(seconds=RETRY_SECONDS[-1] + 2))
    return WebhookEvent.objects.to_ingest().filter(next_attempt_at__gt=longest).update(next_attempt_at=Now())


def _take_in(lane: Lane, *, until: float = inf) -> None:
    """Drain a lane, or leave it to the thread of this process that is at it already."""
    # A single event that names no thread is a lane of its own.
    name = (lane.source, lane.conv_key or lane.event_pk)
    with _drains.rounds(name) as rounds:
        for _ in rounds:
            _drain(lane, until=until)
            if time.monotonic() >= until:
                return


def _drain(lane: Lane, *, until: float = inf) -> None:
    """Deal with a lane until it is empty or has to wait, or the monotonic clock says ``until``."""
    for _ in range(MOST_ROUNDS):
        waiting = lane.first_two()
        if not waiting or waiting[0].next_attempt_at > database_now():
            return
        head = waiting[0]
        with bound_contextvars(webhook_event=head.pk, request_id=head.request_id):
            reading = _finished(_read(head))
            conversation_id = _conversation_of(reading)
            went_on = conversation_id is None and _apply(head, reading) and len(waiting) > 1
        if conversation_id is not None:
            with bound_contextvars(conversation=conversation_id):
                went_on = _drain_thread(lane, conversation_id, {head.pk: reading})
        if not went_on or time.monotonic() >= until:
            return


@retried
def _drain_thread(lane: Lane, conversation_id: int, read: dict[int, Reading]) -> bool:
    """Hold a conversation and take in what waits for it, in order; whether the lane may go on and may hold more."""
    # Registered before anything is announced, so that it comes before the bells.
    transaction.on_commit(partial(crash_point, "ingest.after_commit"))
    conversation = conversations.lock(conversation_id, with_customer=True)
    thread = (conversation.account_id, conversation.thread_key)
    held: Conversation | None = conversation
    now = database_now()
    waiting = lane.first_ones()
    for event in waiting:
        if event.next_attempt_at > now:
            return False
        reading = read.get(event.pk) or _read(event)
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
    """What the event says; reading never writes. A bug in reading is the event's own failure."""
    platform = PLATFORMS.get(event.platform)
    if platform is None:
        return Reading(state=State.IGNORED, reason=f"platform: {event.platform} sends no events here.")
    reader = older.READERS.get(event.source.partition(":")[0], platform)
    raw = RawEvent(body=bytes(event.body), late=event.is_late, received_at=event.received_at)
    account: PlatformAccount | None = None
    try:
        items: tuple[ParsedItem, ...] = ()
        for opened in reader.open(raw):
            owner = _account(event, opened.external_account_id)
            if owner is None:
                items += (Ignored(reason="account: no account of ours has this id."),)
                continue
            account = account or owner
            items += tuple(reader.parse(opened, owner, PLATFORMS[owner.platform].channel(owner)))
        if _is_known_echo(items):
            # Most echoes are: the sender's own answer was faster. They touch no conversation.
            reason = f"echo: {EchoMeaning.DUPLICATE.value}"
            return Reading(state=State.IGNORED, reason=reason, account_id=_known(account))
        return Reading(items=items, account_id=_known(account))
    except Unreadable as problem:
        return Reading(state=State.QUARANTINED, reason=truncate(str(problem), 300), account_id=_known(account))
    except AnyDatabaseError:
        raise
    except Exception as error:
        logger.exception("Event %d could not be read.", event.pk)
        return Reading(error=f"error: {type(error).__name__} while reading.", account_id=_known(account))


def _finished(reading: Reading) -> Reading:
    """The reading with all that was left open; where the platform does not tell, its event is tried again."""
    if not reading.is_unfinished:
        return reading
    try:
        return replace(reading, items=tuple(finish(item) for item in reading.items))
    except CallFailed as failure:
        return replace(reading, error=truncate(f"platform: {failure}", 300))


def _is_known_echo(items: tuple[ParsedItem, ...]) -> bool:
    return (
        len(items) == 1
        and isinstance(items[0], OutboundEcho)
        and conversations.is_recorded(items[0].channel.account_id, items[0].source_id)
    )


def _known(account: PlatformAccount | None) -> int | None:
    return account.pk if account is not None else None


def _account(event: WebhookEvent, external_id: str) -> PlatformAccount | None:
    door, _, scope = event.source.partition(":")
    if external_id and door in PlatformAccount.APP_WIDE:
        # Nearly all events come in here, and each of them asks.
        return _at_app_door.first(door, scope, external_id)
    accounts = PlatformAccount.objects.receiving().of_source(event.source)
    if external_id:
        accounts = accounts.filter(external_id=external_id)
    return accounts.defer("secrets").first()


@Read
def _at_app_door(platform: str, client_key: str, external_id: str) -> QuerySet[PlatformAccount]:
    accounts = PlatformAccount.objects.receiving().received_by(platform)
    return accounts.filter(client_key=client_key, external_id=external_id).defer("secrets").order_by("pk")[:1]


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
    logger.info("Event %d: %s%s", event.pk, end.state, f", message {end.message_id}" if end.message_id else "")
    if end.state != State.INGESTED:
        # What is taken in rings for its conversation; the rest is news for operators only.
        transaction.on_commit(live.ring_operations, robust=True)
    return True


@retried
def _write(event: WebhookEvent, reading: Reading, held: Conversation | None) -> Reading:
    """Do what was read, unless that is done, and note in the event how it ended."""
    end = effect_of(reading, held)
    crash_point("ingest.mid_tx")
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
