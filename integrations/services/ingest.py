"""Taking events in: lane by lane, in the order they came, each exactly once."""

import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from django.db import Error as AnyDatabaseError
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from conversations import services as conversations
from conversations.exceptions import CustomerErased
from conversations.models import Conversation
from conversations.types import EchoMeaning, InboundMessage, OutboundEcho
from core import live
from core.clock import database_now, now_plus
from core.crashpoints import crash_point
from core.text import truncate
from integrations.exceptions import Unreadable
from integrations.models import PlatformAccount, WebhookEvent, WebhookEventQuerySet
from integrations.platforms import PLATFORMS
from integrations.platforms.base import (
    CallFailed,
    Defective,
    Ignored,
    OwnComment,
    ParsedItem,
    RawEvent,
    ReadReceipt,
    Referral,
    Unfinished,
)
from integrations.services.finishing import finish
from integrations.services.forgetting import forget_event
from integrations.services.readings import ERASED, Reading

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 50
MOST_ROUNDS = 200
RETRY_SECONDS = (1, 2, 5, 10)
MAX_ATTEMPTS = 5

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


def ingest_event(event_pk: int) -> None:
    """Take in a kept event, and whatever waits in its lane. Doing it twice, or in two places at once, changes nothing."""
    event = WebhookEvent.objects.to_ingest().filter(pk=event_pk).only("pk", "source", "conv_key").first()
    if event is not None:
        _drain(Lane(event.source, event.conv_key, event.pk))


def ingest_thread(account: PlatformAccount, thread_key: str) -> None:
    """Take in what waits for one thread of an account."""
    if thread_key:
        _drain(Lane(account.source, thread_key, 0))


def ingest_waiting(limit: int = 200) -> int:
    """Take in what waits, whoever forgot to ring; returns how many lanes had something due."""
    earlier = WebhookEvent.objects.to_ingest().filter(
        source=OuterRef("source"), conv_key=OuterRef("conv_key"), id__lt=OuterRef("id")
    )
    heads = WebhookEvent.objects.to_ingest().filter(Q(conv_key="") | ~Exists(earlier), next_attempt_at__lte=Now())
    found = list(heads.order_by("id").values_list("source", "conv_key", "pk")[:limit])
    for lane in (Lane(*head) for head in found):
        try:
            _drain(lane)
        except Exception:
            # One lane's trouble must not keep the others waiting.
            logger.exception("A lane of %s could not be taken in.", lane.source)
    return len(found)


def _drain(lane: Lane) -> None:
    """Deal with a lane until it is empty or has to wait."""
    for _ in range(MOST_ROUNDS):
        waiting = list(lane.waiting()[:2])
        if not waiting or waiting[0].next_attempt_at > database_now():
            return
        head = waiting[0]
        reading = _finished(_read(head))
        conversation_id = _conversation_of(reading)
        if conversation_id is None:
            went_on = _apply(head, reading) and len(waiting) > 1
        else:
            went_on = _drain_thread(lane, conversation_id, {head.pk: reading})
        if not went_on:
            return


def _drain_thread(lane: Lane, conversation_id: int, read: dict[int, Reading]) -> bool:
    """Hold a conversation and take in what waits for it, in order; whether the lane may go on and may hold more."""
    with transaction.atomic():
        # Registered before anything is announced, so that it comes before the bells.
        transaction.on_commit(partial(crash_point, "ingest.after_commit"))
        conversation = conversations.lock(conversation_id, with_customer=True)
        thread = (conversation.account_id, conversation.thread_key)
        held: Conversation | None = conversation
        now = database_now()
        waiting = list(lane.waiting()[:MOST_AT_ONCE])
        for event in waiting:
            if event.next_attempt_at > now:
                return False
            reading = read.get(event.pk) or _read(event)
            if reading.is_batch or reading.is_unfinished or reading.thread not in {None, thread}:
                return True
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
    raw = RawEvent(body=bytes(event.body), late=event.is_late, received_at=event.received_at)
    account: PlatformAccount | None = None
    try:
        items: tuple[ParsedItem, ...] = ()
        for opened in platform.open(raw):
            owner = _account(event, opened.external_account_id)
            if owner is None:
                items += (Ignored(reason="account: no account of ours has this id."),)
                continue
            account = account or owner
            items += tuple(platform.parse(opened, owner))
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
    accounts = PlatformAccount.objects.receiving().of_source(event.source)
    if external_id:
        accounts = accounts.filter(external_id=external_id)
    return accounts.defer("secrets").first()


def _apply(event: WebhookEvent, reading: Reading, held: Conversation | None = None) -> bool:
    """Give an event its effect and its end, together or not at all; whether its lane may go on.

    What a batch says belongs to many threads, each item with a key of its own: each has its effect by itself, once, and
    the batch's end comes after the last.
    ``held`` is the event's conversation, where it is locked and as the database has it.
    """
    if reading.error:
        return _failed(event, reading.error, account_id=reading.account_id)
    try:
        done = _effect_of_each(reading.items) if reading.is_batch else None
        with transaction.atomic():
            end = done or (_effect(reading.items, held) if reading.items else reading)
            crash_point("ingest.mid_tx")
            WebhookEvent.objects.to_ingest().filter(pk=event.pk).update(
                state=end.state,
                reason=end.reason,
                message_id=end.message_id,
                account_id_hint=reading.account_id,
                ingested_at=Now(),
            )
            if end.is_erased:
                forget_event(event.pk)
    except AnyDatabaseError:
        if not connection.is_usable():
            raise
        logger.exception("Event %d could not be taken in.", event.pk)
        return _failed(event, "error: the database refused it.", account_id=reading.account_id)
    except Exception as error:
        logger.exception("Event %d could not be taken in.", event.pk)
        return _failed(event, f"error: {type(error).__name__}.", account_id=reading.account_id)
    if end.state != State.INGESTED:
        # What is taken in rings for its conversation; the rest is news for operators only.
        transaction.on_commit(live.ring_operations, robust=True)
    return True


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


def _effect(items: tuple[ParsedItem, ...], held: Conversation | None) -> Reading:
    """Do what an event says that says one thing."""
    return _effect_unless_erased(items[0], held)


def _effect_of_each(items: tuple[ParsedItem, ...]) -> Reading:
    """Do what a batch says, whatever fails in it; then raise the first failure, so that the batch is tried again.

    It ends set aside if an item could not be read, else as taken in if one had an effect.
    """
    ends: list[Reading] = []
    failure: Exception | None = None
    for item in items:
        try:
            with transaction.atomic():
                ends.append(_effect_unless_erased(item, None))
        except Exception as error:
            failure = failure or error
            logger.exception("An item of a batch could not be taken in; the others are.")
    if failure is not None:
        raise failure
    by_weight = (State.QUARANTINED, State.INGESTED)
    end = next((end for state in by_weight for end in ends if end.state == state), ends[-1])
    return replace(end, is_erased=any(each.is_erased for each in ends))


def _effect_unless_erased(item: ParsedItem, held: Conversation | None) -> Reading:
    """What an item did. One about somebody who was erased does nothing, and its event keeps nothing of it."""
    try:
        return _effect_of(item, held)
    except CustomerErased:
        return ERASED


def _effect_of(item: ParsedItem, held: Conversation | None) -> Reading:
    match item:
        case InboundMessage():
            message = conversations.receive(item, held=held)
            if message is None:
                return _duplicate(item, "duplicate: the message was known.")
            return Reading(message_id=message.pk)
        case OutboundEcho():
            meaning = conversations.record_echo(item)
            if meaning is EchoMeaning.DUPLICATE:
                return _duplicate(item, f"echo: {meaning.value}")
            return _effect_of_echo(meaning)
        case ReadReceipt():
            conversations.record_read(
                account_id=item.account_id, thread_key=item.thread_key, key=item.key, up_to=item.up_to
            )
            return Reading(state=State.IGNORED, reason="receipt: the customer read the thread.")
        case Referral():
            return _effect_of_referral(item)
        case Ignored():
            return Reading(state=State.IGNORED, reason=truncate(item.reason, 300))
        case Defective():
            return Reading(state=State.QUARANTINED, reason=truncate(item.reason, 300))
        case OwnComment() | Unfinished():
            raise TypeError("What is left open is asked for before it has an effect.")


def _duplicate(item: InboundMessage | OutboundEcho, reason: str) -> Reading:
    if conversations.was_erased(item.channel.account_id, item.source_id):
        return ERASED
    return Reading(state=State.IGNORED, reason=reason)


def _effect_of_echo(meaning: EchoMeaning) -> Reading:
    if meaning in {EchoMeaning.COLLEAGUE, EchoMeaning.AUTOMATIC}:
        return Reading(reason=f"echo: {meaning.value}")
    return Reading(state=State.IGNORED, reason=f"echo: {meaning.value}")


def _effect_of_referral(item: Referral) -> Reading:
    is_new = conversations.record_referral(
        account_id=item.channel.account_id, thread_key=item.thread_key, key=item.key, subject=item.subject
    )
    if not is_new:
        return Reading(state=State.IGNORED, reason="duplicate: the referral was known.")
    return Reading(reason="referral")
