"""The statements by which messages are sent, each built once in a process (``core.statements``)."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Now

from conversations.models import Attachment, Delivery, Message
from core.clock import now_plus
from core.statements import Change, Read


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


@Change
def mark_sent(
    pk: int, fence: int, sent_at: datetime, platform_message_id: str
) -> tuple[QuerySet[Delivery], dict[str, object]]:
    """The end of an attempt that arrived, where it is still its claimer's."""
    return Delivery.objects.filter(pk=pk, fence=fence, state=Delivery.State.SENDING), {
        "state": Delivery.State.SENT,
        "sent_at": sent_at,
        "platform_message_id": platform_message_id,
        "lease_until": None,
        "unknown_since": None,
        "reason": "",
    }


@Read
def first_moving(conversation_id: int, unblocked_out_seq: int) -> QuerySet[Delivery, Any]:
    """The first of a conversation that is neither at its end nor given up, with its message and what a claim asks about it.

    Beside it stand the database's time (``now``), whether earlier words of the bot, after ``unblocked_out_seq``, wait for a
    decision (``is_behind_stuck``), the path of what goes out as a file (``file_name``), and the platform's id of the
    customer's newest message before it (``earlier_id``).
    """
    stuck = Delivery.objects.filter(
        conversation_id=OuterRef("conversation_id"),
        state__in=Delivery.STUCK,
        author=Delivery.Author.BOT,
        out_seq__gt=unblocked_out_seq,
        out_seq__lt=OuterRef("out_seq"),
    )
    files = Attachment.objects.filter(message_id=OuterRef("message_id")).exclude(file="").order_by("pk")
    earlier = Message.objects.filter(
        conversation_id=OuterRef("conversation_id"),
        seq__lt=OuterRef("message__seq"),
        direction=Message.Direction.INBOUND,
    ).order_by("-seq")
    moving = Delivery.objects.filter(conversation_id=conversation_id, state__in=Delivery.MOVING)
    asked = moving.select_related("message").annotate(
        now=Now(),
        is_behind_stuck=Exists(stuck),
        file_name=Subquery(files.values("file")[:1]),
        earlier_id=Subquery(earlier.values("platform_message_id")[:1]),
    )
    return asked.order_by("out_seq")[:1]


@Read
def delivery_by_key(pk: int) -> QuerySet[Delivery]:
    """The delivery as it stands."""
    return Delivery.objects.filter(pk=pk).order_by()
