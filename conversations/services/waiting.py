"""How long the bot's answer waits for what a machine is reading: a voice note is heard first, but never for long."""

from datetime import datetime, timedelta

from django.conf import settings

from conversations.models import Attachment, Conversation, Message
from conversations.services.pacing import not_before
from conversations.types import InboundAttachment, InboundMessage
from core.clock import database_now

State = Attachment.ReadingState
# However many voice notes follow each other, none waits for more than these two spans together.
MOST_SPANS = 2


def state_on_arrival(item: InboundAttachment, message: Message) -> State:
    """Whether a machine is to read what came: only what will be ours, where one is set to, and somebody looks at it."""
    readers = {"audio": settings.TRANSCRIPTION_MODEL, "image": settings.DESCRIPTION_MODEL}
    if item.kind not in readers or (item.stored is None and not item.media_id):
        return State.NONE
    is_wanted = readers[item.kind] and message.disposition != Message.Disposition.IGNORED
    return State.PENDING if is_wanted else State.OFF


def until_read(conversation: Conversation, message: Message, inbound: InboundMessage, now: datetime) -> datetime:
    """The moment for which the answer waits at most; ``now`` where nothing is being read for it."""
    kinds = _kinds_waited_for()
    if not kinds:
        return now
    span = timedelta(seconds=settings.READING_WAIT_SECONDS)
    if any(each.kind in kinds and state_on_arrival(each, message) is State.PENDING for each in inbound.attachments):
        return min(now + span, (conversation.first_unanswered_at or now) + MOST_SPANS * span)
    if conversation.ready_at is not None and is_awaited(conversation):
        return conversation.ready_at
    return now


def let_turn_go(conversation: Conversation, *, but: int | None = None) -> bool:
    """Whether a locked conversation's answer waits no longer, because nothing is being read for it any more.

    ``but`` is an attachment that is not waited for although it is still to be read. The caller saves ``ready_at``.
    """
    now = database_now()
    waits = (
        conversation.mode == Conversation.Mode.BOT
        and conversation.owes_an_answer
        # After a failure it waits for something else.
        and not conversation.attempts
        and conversation.ready_at is not None
        and conversation.ready_at > now
    )
    if not waits or is_awaited(conversation, but=but):
        return False
    conversation.ready_at = not_before(conversation, now)
    return True


def is_awaited(conversation: Conversation, *, but: int | None = None) -> bool:
    """Whether something that came with what is not answered yet is still to be read, and waited for."""
    read = Attachment.objects.filter(
        message__conversation=conversation,
        message__direction=Message.Direction.INBOUND,
        message__seq__gt=conversation.answered_to_seq,
        reading_state=State.PENDING,
        kind__in=_kinds_waited_for(),
    )
    return read.exclude(pk=but).exists() if but is not None else read.exists()


def _kinds_waited_for() -> tuple[str, ...]:
    """What a picture shows is told to a language model alone: without one, nobody has anything from waiting for it."""
    if not settings.READING_WAIT_SECONDS:
        return ()
    is_seen = settings.DESCRIPTION_MODEL and settings.MODEL_CHAIN
    return (*(("audio",) if settings.TRANSCRIPTION_MODEL else ()), *(("image",) if is_seen else ()))
