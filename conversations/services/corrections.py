"""What the bot said, put right by a person: replaced while it has not gone out, noted beside it afterwards."""

from django.db import transaction

from conversations.exceptions import ConversationError, NothingToWrite, TextTooLong
from conversations.models import Delivery, Message
from conversations.services.announce import announce, lock, save
from conversations.services.notes import clean_reason, note_reason, reason_told, write_note
from core import audit
from core.models import ApiKey, User
from core.policy import Action, require
from core.text import clean_text


class NotTheBots(ConversationError):
    """Only what the bot wrote is overridden."""

    def __init__(self) -> None:
        super().__init__("Only a message of the bot can be overridden. Send another message instead.")


@transaction.atomic
def override(message: Message, text: str, by: User | ApiKey, *, reason: str = "") -> str:
    """Put another text in the place of one that was not sent, or record it as a correction of one that was.

    Returns the text before. The correction and the reason are notes for colleagues: what a customer has read stays as they
    read it.
    Raises NotTheBots, NothingToWrite, TextTooLong and NotAllowed.
    """
    conversation = lock(message.conversation_id)
    require(by, Action.REPLY, conversation.policy_subject)
    message = Message.objects.get(pk=message.pk)
    words, before = clean_text(text).strip(), message.text
    if message.sender_type not in (Message.Sender.BOT, Message.Sender.SYSTEM):
        raise NotTheBots
    if not words:
        raise NothingToWrite
    if len(words) > conversation.text_limit:
        raise TextTooLong(conversation.text_limit)
    why = clean_reason(reason)
    # A claim to send holds the conversation's row as well, so what waits here cannot begin to be sent meanwhile.
    unsent = Delivery.objects.filter(message=message, state=Delivery.State.PENDING, attempts=0).exists()
    if unsent:
        Message.objects.filter(pk=message.pk).update(text=words, sources=[])
        note_reason(conversation, f"Message {message.seq} was replaced before it was sent", why, by)
    else:
        correction = f"Correction of message {message.seq}: {words}"
        write_note(conversation, f"{correction}\n{why}" if why else correction, by)
    save(conversation)
    audit.record(by, "message.override", message, after={"replaced": unsent} | reason_told(why))
    announce(conversation)
    return before
