"""The one way to say something to a customer: a message and its delivery, written together."""

from datetime import timedelta

from django.utils import timezone

from conversations.exceptions import NothingToWrite, TextTooLong
from conversations.models import Conversation, Delivery, Fact, Message
from conversations.services.attachments import attach_picture
from conversations.services.facts import note
from conversations.types import Picture
from core import following, rows
from core.models import ApiKey, User
from core.personal import masked
from core.text import clean_text, one_line

DELIVERY_LIFE = timedelta(hours=24)
_KINDS = {"image": "picture"}


def say(
    conversation: Conversation,
    text: str,
    *,
    sender: Message.Sender,
    author: User | ApiKey | None = None,
    sources: tuple[dict[str, str], ...] = (),
    run_id: int | None = None,
    episode_id: int | None = None,
    picture: Picture | None = None,
) -> Delivery:
    """Add a message to a locked conversation and queue it; the caller saves the conversation's counters.

    Raises NothingToWrite and TextTooLong. Where the row is the delivery (web chat) it is sent by being there. A
    ``picture`` has been checked.
    """
    text = clean_text(text).strip()
    if not text and picture is None:
        raise NothingToWrite
    if len(text) > conversation.text_limit:
        raise TextTooLong(conversation.text_limit)
    now = timezone.now()
    conversation.last_seq += 1
    conversation.out_seq += 1
    conversation.last_message_at = now
    waited = conversation.first_unanswered_at or conversation.waiting_since
    message = Message(
        conversation=conversation,
        episode_id=episode_id,
        account_id=conversation.account_id,
        seq=conversation.last_seq,
        direction=Message.Direction.OUTBOUND,
        sender_type=sender,
        author=author if isinstance(author, User) else None,
        author_name=author.display_name if author else "",
        kind="text" if text else "image",
        text=text,
        sources=list(sources),
        details=following.kept(),
        run_id=run_id,
        language=conversation.language,
        response_time_ms=max(0, int((now - waited).total_seconds() * 1000)) if waited else None,
    )
    rows.insert(message)
    if picture is not None:
        attach_picture(message, picture)
    delivered = conversation.delivers_itself
    if delivered and sender != Message.Sender.SYSTEM:
        note(Fact.Kind.ANSWERED, conversation, message=message)
    delivery = Delivery(
        conversation=conversation,
        message=message,
        account_id=conversation.account_id,
        out_seq=conversation.out_seq,
        idem_key=f"{conversation.public_id}:{conversation.out_seq}",
        author=Delivery.Author(sender.value),
        state=Delivery.State.SENT if delivered else Delivery.State.PENDING,
        sent_at=now if delivered else None,
        expires_at=now + DELIVERY_LIFE,
    )
    rows.insert(delivery)
    return delivery


OUTGOING_FIELDS = ("last_seq", "out_seq", "last_message_at")


def cancel_waiting(conversation: Conversation, *authors: Delivery.Author, reason: str) -> int:
    """Cancel what has not begun to be sent, in a locked conversation; returns how many."""
    return (
        Delivery.objects.waiting()
        .filter(conversation=conversation, author__in=authors)
        .update(state=Delivery.State.CANCELLED, reason=reason, lease_until=None)
    )


def customer_line(text: str, kind: str) -> str:
    """What a list shows of a customer's message: nothing personal, which is for whoever opens it."""
    return one_line(masked(text)) if text.strip() else f"[{_KINDS.get(kind, kind.replace('_', ' '))}]"
