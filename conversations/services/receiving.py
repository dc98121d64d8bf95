"""Taking in what platforms report: messages, echoes of our own words, receipts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from conversations.alarms import Alarm, alarm_in
from conversations.exceptions import CustomerErased
from conversations.lures import asks_for_others, lures_staff
from conversations.models import Attachment, Conversation, Episode, Escalation, Message
from conversations.services.announce import announce, lock, save_all
from conversations.services.erased import Item, known_items, recorded_items
from conversations.services.facts import note_received
from conversations.services.handover import (
    HANDOVER_FIELDS,
    first_response_due,
    hand_to_people,
    open_episode,
    open_episodes,
    raise_alarm,
    tell_handed_over,
)
from conversations.services.outgoing import customer_line
from conversations.services.pacing import is_flood, is_loop, not_before
from conversations.services.restoring import accounts_with_lost_time, answered_in_lost_time
from conversations.services.telling import language_of
from conversations.services.threads import ensure_conversation
from conversations.services.waiting import state_on_arrival, until_read
from conversations.types import InboundAttachment, InboundMessage, Priority, ReasonCategory
from conversations.wording import is_automatic, is_pleasantry, sounds_urgent
from core import audit, following, rows
from core.clock import database_now
from core.text import MAX_STORED_CHARACTERS, clean_text, hides_something, readable, truncate
from core.transactions import retried

LONGEST_DEBOUNCE = timedelta(seconds=6)
FLOOD = "Flood: the customer sends the same words again and again."
_TOLD = frozenset({ReasonCategory.POLICY, ReasonCategory.DANGER, ReasonCategory.SECURITY, ReasonCategory.URGENT})
"""The reasons for which people are called while the customer may not know it yet. For the others somebody has spoken."""


def is_recorded(account_id: int, source_id: str) -> bool:
    """Whether the account's message with the platform's id ``source_id`` is in the record, whoever wrote it."""
    return bool(recorded_items([(account_id, source_id)]))


@retried
def receive(inbound: InboundMessage, *, held: Conversation | None = None) -> Message | None:
    """Record a customer's message and say what becomes of it. None if it was known: receiving it again changes nothing.

    ``held`` is the thread's conversation, where the caller has just locked it in a transaction of its own.
    Raises CustomerErased where the message was known before its customer was erased.
    """
    conversation = held or hold(
        ensure_conversation(
            inbound.channel,
            thread_key=inbound.thread_key,
            customer_id=inbound.customer_id,
            name=inbound.customer_name,
            username=inbound.customer_username,
            email=inbound.customer_email,
            details_from=inbound.details_from,
            locale=inbound.locale,
            for_message=inbound.source_id,
        ),
        inbound.thread_key,
    )
    arrivals = Arrivals([(conversation, inbound)])
    message = arrivals.receive(conversation, inbound)
    arrivals.write()
    return message


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beforehand:
    """What was asked for all that arrives together. ``untroubled`` are the conversations that no restoration is about."""

    now: datetime
    episodes: Mapping[int, Episode]
    untroubled: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Received:
    """A message that is still to be written, and what is to be told of it."""

    message: Message
    inbound: InboundMessage
    bot_should_look: bool
    was_answered: bool


class Arrivals:
    """Customers' messages to conversations that the caller has locked, one to each: decided one by one, written together.

    What all of them need to know is asked once. Nothing is written, nor has a message its key, before ``write``.
    """

    def __init__(self, expected: Sequence[tuple[Conversation, InboundMessage]]) -> None:
        self._known = known_items(_item(conversation, inbound) for conversation, inbound in expected)
        new = [each for each in expected if _item(*each) not in self._known]
        self._beforehand = _asked(new) if new else None
        self._received: list[_Received] = []

    def receive(self, conversation: Conversation, inbound: InboundMessage) -> Message | None:
        """Say what becomes of one of the expected messages; None if it is in the record."""
        if self._beforehand is None or _item(conversation, inbound) in self._known:
            return None
        now = self._beforehand.now
        text = clean_text(inbound.text)
        message = Message(
            conversation=conversation,
            account_id=conversation.account_id,
            seq=conversation.last_seq + 1,
            direction=Message.Direction.INBOUND,
            sender_type=Message.Sender.CUSTOMER,
            platform_message_id=inbound.source_id,
            kind=inbound.kind,
            text=text,
            reply_to=inbound.reply_to,
            details=inbound.details | _remarks(inbound.text, text) | following.kept(),
            is_late=inbound.late,
            sent_at=inbound.sent_at,
            disposition=Message.Disposition.UNDECIDED,
        )
        conversation.last_seq = conversation.last_in_seq = message.seq
        conversation.last_message_at = conversation.last_inbound_at = now
        conversation.window_used = 0
        conversation.last_customer_line = customer_line(text, inbound.kind)
        conversation.subject = conversation.subject or truncate(clean_text(inbound.subject), 200)
        said_before = conversation.out_seq
        bot_should_look = _decide(conversation, message, inbound, self._beforehand)
        self._received.append(
            _Received(
                message=message,
                inbound=inbound,
                bot_should_look=bot_should_look,
                was_answered=conversation.out_seq > said_before,
            )
        )
        return message

    def write(self) -> None:
        """Put all of it into the record, and announce it once that is committed."""
        messages = [each.message for each in self._received]
        rows.insert_all(messages)
        _keep_attachments(self._received)
        for message in messages:
            if message.details.get("asks_for_others"):
                audit.record(None, "message.asks_for_others", message)
        note_received(messages)
        save_all(
            [message.conversation for message in messages],
            *HANDOVER_FIELDS,
            "last_in_seq",
            "last_inbound_at",
            "window_used",
            "last_customer_line",
            "subject",
            "closed_at",
            "bot_context_from_seq",
        )
        for each in self._received:
            announce(each.message.conversation, received=each.bot_should_look, queued=each.was_answered)


def _item(conversation: Conversation, inbound: InboundMessage) -> Item:
    return conversation.account_id, inbound.source_id


def _asked(new: Sequence[tuple[Conversation, InboundMessage]]) -> _Beforehand:
    """Ask for what most messages need to know; of a conversation that has ended that is not known yet, and asked later."""
    now = database_now()
    live = [each for each in new if each[0].mode != Conversation.Mode.CLOSED and each[0].customer.blocked_at is None]
    with_bot = [each for each in live if each[0].mode == Conversation.Mode.BOT]
    troubled = accounts_with_lost_time(
        ((conversation.account_id, inbound.sent_at) for conversation, inbound in with_bot), now
    )
    return _Beforehand(
        now=now,
        episodes=open_episodes([conversation for conversation, _ in live]),
        untroubled=frozenset(each.pk for each, _ in with_bot if each.account_id not in troubled),
    )


def _remarks(given: str, kept: str) -> dict[str, bool]:
    """What staff should know of a text: that it does not look as it was sent, or what it wants of them."""
    remarks = {
        "truncated": len(given) > MAX_STORED_CHARACTERS,
        "invisible_text": hides_something(kept),
        "lure": lures_staff(readable(kept)),
        "asks_for_others": asks_for_others(readable(kept)),
    }
    return {name: True for name, holds in remarks.items() if holds}


def hold(conversation_id: int, thread_key: str) -> Conversation:
    """The locked conversation. Raises CustomerErased where that happened since it was looked up."""
    conversation = lock(conversation_id)
    if conversation.thread_key != thread_key:
        raise CustomerErased
    return conversation


def _decide(conversation: Conversation, message: Message, inbound: InboundMessage, beforehand: _Beforehand) -> bool:
    """Set the message's disposition and the conversation's clocks; whether the bot should look."""
    now = beforehand.now
    if conversation.customer.blocked_at is not None:
        return _ignore(conversation, message, "blocked customer")
    words = readable(message.text)
    automatic = conversation.out_seq > 0 and is_automatic(words)
    pleasantry = automatic or bool(inbound.needs_no_answer) or (inbound.kind == "text" and is_pleasantry(words))
    if conversation.mode == Conversation.Mode.CLOSED:
        if pleasantry:
            return _ignore(conversation, message, "thanks after closing")
        conversation.mode = Conversation.Mode.BOT
        conversation.closed_at = None
        conversation.bot_context_from_seq = message.seq
    message.episode = beforehand.episodes.get(conversation.pk) or open_episode(conversation)
    alarm = alarm_in(words, language=language_of(conversation))
    if conversation.mode == Conversation.Mode.BOT and not inbound.channel.bot_enabled:
        _hand_over(conversation, "The bot is switched off for this account.", alarm)
    if conversation.mode == Conversation.Mode.BOT and automatic:
        return _ignore(conversation, message, "automatic reply")
    if conversation.mode == Conversation.Mode.BOT and is_loop(conversation, words, now):
        _hand_over(conversation, "Loop: the same words came after six answers. Another machine may be writing.", alarm)
    is_with_bot = conversation.mode == Conversation.Mode.BOT
    if is_with_bot and conversation.pk not in beforehand.untroubled and answered_in_lost_time(conversation, message):
        return False
    if conversation.mode == Conversation.Mode.HUMAN:
        _hand_to_owner(conversation, message, alarm, pleasantry=pleasantry, now=now)
        return False
    if conversation.first_unanswered_at is None:
        conversation.first_unanswered_at = now
    conversation.waiting_since = conversation.waiting_since or now
    if alarm is not None or sounds_urgent(words):
        conversation.ready_at = now
        return True
    wait = timedelta(seconds=inbound.channel.debounce_seconds)
    ready_at = min(now + wait, conversation.first_unanswered_at + LONGEST_DEBOUNCE)
    conversation.ready_at = max(
        ready_at, not_before(conversation, now), until_read(conversation, message, inbound, now)
    )
    return True


def _ignore(conversation: Conversation, message: Message, reason: str) -> bool:
    message.disposition = Message.Disposition.IGNORED
    message.disposition_reason = reason
    if not conversation.first_unanswered_at:
        conversation.answered_to_seq = conversation.last_in_seq
    return False


def _hand_over(conversation: Conversation, detail: str, alarm: Alarm | None) -> None:
    """Call people by policy, or for what the message gives the alarm for."""
    reason, priority = (alarm.reason, alarm.priority) if alarm else (ReasonCategory.POLICY, Priority.NORMAL)
    hand_to_people(
        conversation, reason=reason, detail=f"{alarm.detail} {detail}" if alarm else detail, priority=priority
    )


def _hand_to_owner(
    conversation: Conversation, message: Message, alarm: Alarm | None, *, pleasantry: bool, now: datetime
) -> None:
    """A message while people own the conversation belongs to the live escalation from the start."""
    escalation = Escalation.objects.live().filter(conversation=conversation).first()
    if escalation is None:
        escalation = hand_to_people(
            conversation,
            reason=ReasonCategory.MANUAL,
            detail="The customer wrote in a conversation that people answer.",
        )
    message.disposition = Message.Disposition.HANDED_OVER
    message.disposition_reason = escalation.reason
    message.disposition_id = escalation.pk
    conversation.answered_to_seq = conversation.last_in_seq
    if conversation.waiting_since is None and not pleasantry:
        conversation.waiting_since = now
        escalation.due_at = first_response_due(conversation, escalation.priority)
        escalation.save(update_fields=["due_at"])
    raise_alarm(conversation, escalation, alarm)
    if not escalation.detail.startswith(FLOOD) and is_flood(conversation, readable(message.text), now):
        escalation.detail = truncate(f"{FLOOD} {escalation.detail}", 300)
        escalation.save(update_fields=["detail"])
        audit.record(None, "conversation.flood", conversation)
    if not pleasantry and escalation.reason in _TOLD:
        tell_handed_over(conversation, escalation)


def _keep_attachments(received: Iterable[_Received]) -> None:
    kept = [_attachment(each.message, item) for each in received for item in each.inbound.attachments]
    if kept:
        Attachment.objects.bulk_create(kept)


def _attachment(message: Message, item: InboundAttachment) -> Attachment:
    reading = state_on_arrival(item, message)
    kept = Attachment(
        message=message,
        kind=item.kind[:20],
        media_id=item.media_id[:300],
        url=item.url[:1000],
        name=truncate(clean_text(item.name), 200),
        state=Attachment.State.WAITING if item.media_id else Attachment.State.REFERENCED,
        next_attempt_at=timezone.now() if item.media_id else None,
        reading_state=reading,
        reading_due_at=timezone.now() if reading is Attachment.ReadingState.PENDING else None,
    )
    if item.stored is not None:
        kept.file.name = item.stored.path
        kept.content_type, kept.size = item.stored.content_type, item.stored.size
        kept.state = Attachment.State.KEPT
    return kept
