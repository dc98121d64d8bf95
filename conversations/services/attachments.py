"""What comes and goes with messages: pictures of customers on their way in, and those that staff send."""

from dataclasses import replace
from datetime import timedelta

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import F, QuerySet
from django.utils import timezone

from conversations.exceptions import NoPictures, NotAPicture, PictureDamaged, PictureTooLarge
from conversations.models import Attachment, Conversation, Message
from conversations.services.announce import announce, lock, save
from conversations.services.waiting import let_turn_go
from conversations.types import Media, Picture, StoredFile
from core.pictures import SENDABLE, FileKind, PictureBroken, kind_of, without_metadata
from core.statements import Read
from core.text import clean_text, one_line
from core.transactions import retried

LONGEST_DESCRIPTION = 200


def claim_attachment(attachment: Attachment, *, held: timedelta) -> bool:
    """Whether the attempt to fetch it is the caller's, and counted; others find it held meanwhile."""
    waiting = Attachment.objects.filter(
        pk=attachment.pk, state=Attachment.State.WAITING, next_attempt_at=attachment.next_attempt_at
    )
    return bool(waiting.update(next_attempt_at=timezone.now() + held, attempts=F("attempts") + 1))


def put_off_attachment(attachment: Attachment, *, pause: timedelta, is_counted: bool) -> None:
    """Fetch it later; where no call was made the attempt does not count."""
    values: dict[str, object] = {} if is_counted else {"attempts": attachment.attempts}
    Attachment.objects.filter(pk=attachment.pk).update(next_attempt_at=timezone.now() + pause, **values)


def give_up_attachment(attachment: Attachment) -> None:
    """It cannot be fetched; open screens say so, and no answer waits for it to be read."""
    _change(attachment, state=Attachment.State.FAILED, next_attempt_at=None, **_never_read(attachment))


def keep_attachment(attachment: Attachment, content: bytes, kind: FileKind) -> None:
    """Keep the fetched bytes as what they are; open screens show them."""
    attachment.file.save(f"{attachment.public_id}.{kind.extension}", ContentFile(content), save=False)
    is_what_it_was_called = kind.content_type.startswith(f"{attachment.kind}/")
    is_wanted = _change(
        attachment,
        file=attachment.file.name,
        content_type=kind.content_type,
        size=len(content),
        state=Attachment.State.KEPT,
        next_attempt_at=None,
        **({} if is_what_it_was_called else _never_read(attachment)),
    )
    if not is_wanted:
        # Its customer was erased while it was on its way.
        attachment.file.delete(save=False)


def _never_read(attachment: Attachment) -> dict[str, object]:
    if attachment.reading_state != Attachment.ReadingState.PENDING:
        return {}
    return {"reading_state": Attachment.ReadingState.NONE, "reading_due_at": None}


@retried
def _change(attachment: Attachment, **values: object) -> bool:
    conversation = lock(attachment.message.conversation_id)
    changed = Attachment.objects.filter(pk=attachment.pk).update(**values)
    goes = "reading_state" in values and let_turn_go(conversation)
    save(conversation, "ready_at")
    announce(conversation, received=goes)
    return bool(changed)


def store_file(content: bytes, *, content_type: str, extension: str) -> StoredFile:
    """Put a file that comes with a message into the storage, before the message's transaction holds anything.

    Whoever does not keep it afterwards discards it; what is forgotten is removed as a file without a row.
    """
    holder = Attachment()
    holder.file.save(f"{holder.public_id}.{extension}", ContentFile(content), save=False)
    return StoredFile(path=str(holder.file.name), content_type=content_type, size=len(content))


def discard_file(stored: StoredFile) -> None:
    """Take a file out of the storage that no message kept."""
    default_storage.delete(stored.path)


def checked(conversation: Conversation, picture: Picture) -> Picture:
    """The picture as it may be sent: a JPEG or PNG by its bytes, within the channel's limit, without metadata.

    Raises NoPictures, PictureTooLarge, NotAPicture, PictureDamaged.
    """
    if not conversation.picture_limit:
        raise NoPictures
    kind = kind_of(picture.content)
    if kind is None or kind.content_type not in SENDABLE:
        raise NotAPicture
    if len(picture.content) > conversation.picture_limit:
        raise PictureTooLarge(len(picture.content), conversation.picture_limit)
    try:
        content = without_metadata(picture.content)
    except PictureBroken as error:
        raise PictureDamaged from error
    return Picture(content=content, description=one_line(clean_text(picture.description), LONGEST_DESCRIPTION))


def attach_picture(message: Message, picture: Picture) -> Attachment:
    """Keep a checked picture with our message, where those of customers are kept.

    A file whose transaction is undone afterwards stays behind without a row: nothing leads to it.
    """
    kind = kind_of(picture.content)
    if kind is None:
        raise NotAPicture
    attachment = Attachment(
        message=message,
        kind="image",
        name=picture.description,
        content_type=kind.content_type,
        size=len(picture.content),
        state=Attachment.State.KEPT,
    )
    attachment.file.save(f"{attachment.public_id}.{kind.extension}", ContentFile(picture.content), save=False)
    attachment.save()
    return attachment


def media_by_seq(conversation_id: int, *, from_seq: int) -> dict[int, Media]:
    """What came with each of the customer's messages and is here, or being fetched: pictures, and what a machine read."""
    found: dict[int, Media] = {}
    for seq, kind, text in _with_messages.all(conversation_id, from_seq):
        media, texts = found.get(seq, Media()), (text,) if text else ()
        found[seq] = (
            replace(media, pictures=media.pictures + 1, seen=media.seen + texts)
            if kind == "image"
            else replace(media, heard=media.heard + texts)
        )
    return found


@Read
def _with_messages(conversation_id: int, from_seq: int) -> QuerySet[Attachment, tuple[int, str, str]]:
    found = Attachment.objects.filter(
        message__conversation_id=conversation_id,
        message__seq__gte=from_seq,
        message__direction=Message.Direction.INBOUND,
        kind__in=["image", "audio"],
        state__in=[Attachment.State.KEPT, Attachment.State.WAITING],
    )
    return found.order_by("pk").values_list("message__seq", "kind", "reading_text")
