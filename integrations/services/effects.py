"""What the items of an event do to the record, each once: doing it again changes nothing."""

import logging
from dataclasses import replace
from functools import partial

from django.db import transaction

from conversations import services as conversations
from conversations.exceptions import CustomerErased
from conversations.models import Conversation
from conversations.types import EchoMeaning, InboundMessage, OutboundEcho
from core.crashpoints import crash_point
from core.text import truncate
from core.transactions import retried
from integrations.models import WebhookEvent
from integrations.platforms.base import Defective, Ignored, OwnComment, ParsedItem, ReadReceipt, Referral, Unfinished
from integrations.services.readings import ERASED, Reading

logger = logging.getLogger(__name__)

State = WebhookEvent.State


def may_die_before_bells() -> None:
    """Let a drill strike when this transaction is committed. Called before anything is announced, it comes before the bells."""
    transaction.on_commit(partial(crash_point, "ingest.after_commit"))


def may_die_before_end() -> None:
    """Let a drill strike between an effect and the end of its event."""
    crash_point("ingest.mid_tx")


def effect_of(reading: Reading, held: Conversation | None) -> Reading:
    """Do what a reading of one item says; how it ended. One without items has ended already."""
    return _effect_unless_erased(reading.items[0], held) if reading.items else reading


def effect_of_each(batch: Reading) -> Reading:
    """Do what a batch says, whatever fails in it; then raise the first failure, so that the batch is tried again.

    It ends set aside if an item could not be read, else as taken in if one had an effect.
    """
    ends: list[Reading] = []
    failure: Exception | None = None
    for item in batch.items:
        try:
            ends.append(_effect_by_itself(item))
        except Exception as error:
            failure = failure or error
            logger.exception("An item of a batch could not be taken in; the others are.")
    if failure is not None:
        raise failure
    by_weight = (State.QUARANTINED, State.INGESTED)
    end = next((end for state in by_weight for end in ends if end.state == state), ends[-1])
    return replace(end, account_id=batch.account_id, is_erased=any(each.is_erased for each in ends))


@retried
def _effect_by_itself(item: ParsedItem) -> Reading:
    return _effect_unless_erased(item, None)


def _effect_unless_erased(item: ParsedItem, held: Conversation | None) -> Reading:
    """What an item did. One about somebody who was erased does nothing, and its event keeps nothing of it."""
    try:
        return _done(item, held)
    except CustomerErased:
        return ERASED


def _done(item: ParsedItem, held: Conversation | None) -> Reading:
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
