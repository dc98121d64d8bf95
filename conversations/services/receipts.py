"""What platforms report that is no message: receipts, and how a customer came."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from conversations.exceptions import CustomerErased
from conversations.models import Conversation, Delivery, Message, SeenKey
from conversations.services.announce import announce, lock, save
from conversations.services.erased import thread_was_erased
from core.transactions import retried


@retried
def record_read(*, account_id: int, thread_key: str, key: str, up_to: datetime) -> bool:
    """The customer has read up to ``up_to``; False if the thread is unknown or the receipt is old news."""
    found = (
        Conversation.objects.filter(account_id=account_id, thread_key=thread_key).values_list("pk", flat=True).first()
    )
    if found is None:
        return False
    conversation = lock(found)
    if seen(account_id, key):
        return False
    read = Delivery.objects.filter(
        conversation=conversation, state=Delivery.State.SENT, sent_at__lte=up_to, read_at=None
    )
    last = Message.objects.filter(delivery__in=read).order_by("-seq").values_list("seq", flat=True).first()
    if last is None:
        return False
    read.update(read_at=up_to)
    conversation.read_to_seq = max(conversation.read_to_seq, last)
    save(conversation, "read_to_seq")
    announce(conversation)
    return True


@retried
def record_referral(*, account_id: int, thread_key: str, key: str, subject: str) -> bool:
    """Show staff how the customer came; False if it is old news. Nothing is answered before the customer writes.

    Raises CustomerErased in a thread that was erased.
    """
    found = (
        Conversation.objects.filter(account_id=account_id, thread_key=thread_key).values_list("pk", flat=True).first()
    )
    if found is None and thread_was_erased(account_id, thread_key):
        raise CustomerErased
    conversation = lock(found) if found is not None else None
    if seen(account_id, key):
        return False
    if conversation is not None:
        conversation.subject = subject
        save(conversation, "subject")
        announce(conversation)
    return True


@retried
def mark_read_to(conversation_id: int, seq: int) -> None:
    """The customer has had everything up to ``seq`` on their screen. An older number changes nothing."""
    conversation = lock(conversation_id)
    seq = min(seq, conversation.last_seq)
    if seq <= conversation.read_to_seq:
        return
    Delivery.objects.filter(conversation=conversation, message__seq__lte=seq, read_at=None).update(
        read_at=timezone.now()
    )
    conversation.read_to_seq = seq
    save(conversation, "read_to_seq")
    announce(conversation)


def seen(account_id: int, key: str) -> bool:
    """Whether an item that is not a message has had its effect before; from now on it has."""
    try:
        with transaction.atomic():
            SeenKey.objects.create(account_id=account_id, key=key)
    except IntegrityError:
        return True
    return False
