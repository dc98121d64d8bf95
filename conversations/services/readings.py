"""What a machine reads in what customers send: the words of a recording, what a picture shows. Kept with the attachment."""

from datetime import timedelta

from django.db.models import F, QuerySet
from django.utils import timezone

from conversations.alarms import alarm_in
from conversations.models import Attachment, Conversation, Escalation, Message
from conversations.services.announce import announce, lock, save
from conversations.services.handover import HANDOVER_FIELDS, hand_to_people, raise_alarm, tell_handed_over
from conversations.services.outgoing import customer_line
from conversations.services.telling import language_of
from conversations.services.waiting import let_turn_go
from conversations.types import ClaimedReading, Priority, Reading, ReasonCategory
from conversations.wording import sounds_urgent
from core import audit
from core.clock import database_now
from core.models import User
from core.policy import Action, require
from core.text import clean_text, readable
from core.transactions import retried

LONGEST_TEXT = 20_000
HEARD_LATE = "A voice note was read only after the bot had answered, and an urgent word stands in it."

State = Attachment.ReadingState
_END = {"reading_due_at": None}


def due_readings(limit: int) -> list[int]:
    """Attachments that are to be read now, the longest wait first."""
    due = Attachment.objects.filter(
        reading_state=State.PENDING, state=Attachment.State.KEPT, reading_due_at__lte=timezone.now()
    )
    return list(due.order_by("reading_due_at").values_list("pk", flat=True)[:limit])


def claim_reading(attachment_id: int, *, held: timedelta) -> ClaimedReading | None:
    """The right to read an attachment for as long as it is ``held``, or None: it is not due, or somebody else has it.

    One UPDATE decides, and the attempt counts from here, killed or not.
    """
    now = timezone.now()
    due = Attachment.objects.filter(
        pk=attachment_id, reading_state=State.PENDING, state=Attachment.State.KEPT, reading_due_at__lte=now
    )
    found = due.select_related("message__conversation").first()
    if found is None:
        return None
    mine = Attachment.objects.filter(pk=attachment_id, reading_state=State.PENDING, reading_due_at=found.reading_due_at)
    if not mine.update(reading_due_at=now + held, reading_attempts=F("reading_attempts") + 1):
        return None
    return ClaimedReading(
        attachment_id=found.pk,
        conversation_id=found.message.conversation_id,
        account_id=found.message.conversation.account_id,
        customer_id=found.message.conversation.customer_id,
        attempt=found.reading_attempts + 1,
        kind=found.kind,
        content_type=found.content_type,
        path=str(found.file.name),
        size=found.size or 0,
        received_at=found.message.created_at,
        request_id=found.message.request_id,
    )


@retried
def keep_reading(claimed: ClaimedReading, reading: Reading) -> bool:
    """Keep what was read and let the answer that waited for it go; False if the attachment is gone, or another's by now.

    What is read too late for the answer stands there for people. An urgent word in it calls one.
    """
    conversation = lock(claimed.conversation_id)
    text = clean_text(reading.text, limit=LONGEST_TEXT).strip()
    is_ours = _mine(claimed).update(
        reading_state=State.DONE,
        reading_text=text,
        reading_language=clean_text(reading.language)[:20],
        reading_provider=reading.provider[:20],
        reading_model=reading.model[:100],
        reading_cost_micros=F("reading_cost_micros") + reading.cost_micros,
        **_END,
    )
    if not is_ours:
        return False
    said_before = conversation.out_seq
    if claimed.kind == "audio":
        message = Message.objects.get(attachments=claimed.attachment_id)
        if message.seq == conversation.last_in_seq and not message.text.strip() and text:
            conversation.last_customer_line = customer_line(text, message.kind)
        _heed(conversation, message, readable(text))
    goes = let_turn_go(conversation)
    save(conversation, *HANDOVER_FIELDS, "last_customer_line")
    announce(conversation, received=goes, queued=conversation.out_seq > said_before)
    return True


def _heed(conversation: Conversation, message: Message, words: str) -> None:
    """Call a person for danger or haste that is heard only after the answer, or raise what people have already."""
    alarm = alarm_in(words, language=language_of(conversation))
    if _is_late(conversation, message) and (alarm is not None or sounds_urgent(words)):
        reason, priority = (alarm.reason, alarm.priority) if alarm else (ReasonCategory.URGENT, Priority.HIGH)
        escalation = hand_to_people(conversation, reason=reason, detail=HEARD_LATE, priority=priority)
        raise_alarm(conversation, escalation, alarm)
        tell_handed_over(conversation, escalation)
        return
    live = Escalation.objects.live().filter(conversation=conversation).first()
    if live is not None and conversation.mode == Conversation.Mode.HUMAN:
        raise_alarm(conversation, live, alarm)


def _is_late(conversation: Conversation, message: Message) -> bool:
    """Whether the bot has answered the message without it, or is about to."""
    if conversation.mode != Conversation.Mode.BOT or message.disposition == Message.Disposition.IGNORED:
        return False
    is_thinking = conversation.lease_until is not None and conversation.lease_until > database_now()
    return message.seq <= conversation.answered_to_seq or is_thinking


@retried
def put_off_reading(
    claimed: ClaimedReading, *, pause: timedelta, cost_micros: int = 0, is_counted: bool = True
) -> None:
    """Read it later; where nobody was asked the attempt does not count. An answer does not wait for longer than it may."""
    conversation = lock(claimed.conversation_id)
    due = timezone.now() + pause
    values: dict[str, object] = {} if is_counted else {"reading_attempts": claimed.attempt - 1}
    if not _mine(claimed).update(
        reading_due_at=due, reading_cost_micros=F("reading_cost_micros") + cost_micros, **values
    ):
        return
    is_worth_waiting = conversation.ready_at is not None and due < conversation.ready_at
    if not is_worth_waiting and let_turn_go(conversation, but=claimed.attachment_id):
        save(conversation, "ready_at")
        announce(conversation, received=True)


def give_up_reading(claimed: ClaimedReading, *, cost_micros: int = 0) -> None:
    """It cannot be read; open screens say so, and nobody waits for it."""
    _end(claimed, State.FAILED, cost_micros)


def leave_unread(claimed: ClaimedReading) -> None:
    """Nobody is there who could read it any more."""
    _end(claimed, State.OFF, 0)


@retried
def _end(claimed: ClaimedReading, state: State, cost_micros: int) -> None:
    conversation = lock(claimed.conversation_id)
    cost = F("reading_cost_micros") + cost_micros
    if not _mine(claimed).update(reading_state=state, reading_cost_micros=cost, **_END):
        return
    goes = let_turn_go(conversation)
    save(conversation, "ready_at")
    announce(conversation, received=goes)


def _mine(claimed: ClaimedReading) -> QuerySet[Attachment]:
    """The row while the claim holds: another one that came after it has a higher number."""
    return Attachment.objects.filter(
        pk=claimed.attachment_id, reading_state=State.PENDING, reading_attempts=claimed.attempt
    )


@retried
def reveal_reading(attachment: Attachment, by: User) -> str:
    """What was read, with the addresses and numbers in it; who looked is noted."""
    conversation = Conversation.objects.get(messages__attachments=attachment.pk)
    require(by, Action.REVEAL_PII, conversation.policy_subject)
    audit.record(by, "attachment.reveal", attachment)
    return attachment.reading_text
