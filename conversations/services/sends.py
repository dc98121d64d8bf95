"""The statements by which messages are sent, each built once in a process (``core.statements``)."""

from datetime import timedelta

from django.db.models import QuerySet

from conversations.models import Attachment, Delivery, Message
from core.clock import now_plus
from core.statements import Change, Read


@Read
def due_account(conversation_id: int) -> QuerySet[Delivery, int]:
    """The account of what a conversation has to send, as far as time and a restore go."""
    due = Delivery.objects.due().filter(conversation_id=conversation_id, conversation__delivers_itself=False)
    return due.order_by("out_seq").values_list("account_id", flat=True)[:1]


@Read
def earlier_id(conversation_id: int, seq: int) -> QuerySet[Message, str | None]:
    """The platform's id of the customer's newest message before ``seq``."""
    earlier = Message.objects.filter(conversation_id=conversation_id, seq__lt=seq, direction=Message.Direction.INBOUND)
    return earlier.order_by("-seq").values_list("platform_message_id", flat=True)[:1]


@Read
def file_of(message_id: int) -> QuerySet[Attachment]:
    """What goes out with a message as a file."""
    return Attachment.objects.filter(message_id=message_id).exclude(file="").order_by("pk")[:1]


@Change
def mark_sending(
    pk: int, fence: int, attempts: int, lasting: timedelta
) -> tuple[QuerySet[Delivery], dict[str, object]]:
    """Begin an attempt; its lease ends ``lasting`` from now, by the database's clock."""
    return Delivery.objects.filter(pk=pk), {
        "state": Delivery.State.SENDING,
        "fence": fence,
        "attempts": attempts,
        "lease_until": now_plus(lasting),
    }


@Read
def first_moving(conversation_id: int) -> QuerySet[Delivery]:
    """The first of a conversation that is neither at its end nor given up, with its message."""
    moving = Delivery.objects.filter(conversation_id=conversation_id, state__in=Delivery.MOVING)
    return moving.select_related("message").order_by("out_seq")[:1]


@Read
def stuck_between(conversation_id: int, after: int, before: int) -> QuerySet[Delivery, int]:
    """What the bot said between two places and nobody has decided about."""
    stuck = Delivery.objects.filter(
        conversation_id=conversation_id,
        state__in=Delivery.STUCK,
        author=Delivery.Author.BOT,
        out_seq__gt=after,
        out_seq__lt=before,
    )
    return stuck.order_by().values_list("pk", flat=True)[:1]


@Read
def delivery_by_key(pk: int) -> QuerySet[Delivery]:
    """The delivery as it stands."""
    return Delivery.objects.filter(pk=pk).order_by()
