"""The ledger of promises: what customers were promised is written down, brought up when it is late, and ended when kept."""

from datetime import datetime

from django.utils import timezone

from conversations.exceptions import NothingToWrite, PromiseEnded, PromiseInThePast
from conversations.models import Conversation, Escalation, Message, Promise
from conversations.promising import promises_in
from conversations.services.announce import announce, lock, save
from conversations.services.handover import HANDOVER_FIELDS, hand_to_people
from conversations.types import Priority, ReasonCategory
from core import audit
from core.hours import business_hours
from core.models import ApiKey, User
from core.policy import Action, require
from core.text import clean_text, truncate
from core.transactions import retried

LONGEST = 300


@retried
def promise(conversation: Conversation, text: str, due_at: datetime, by: User) -> Promise:
    """Write down what a person promised. Raises NothingToWrite, PromiseInThePast and NotAllowed."""
    conversation = lock(conversation.pk)
    require(by, Action.REPLY, conversation.policy_subject)
    words = clean_text(text).strip()
    if not words:
        raise NothingToWrite
    if due_at <= timezone.now():
        raise PromiseInThePast
    made = Promise.objects.create(
        conversation=conversation, text=truncate(words, LONGEST), made_by=by.display_name, due_at=due_at
    )
    save(conversation)
    audit.record(by, "promise.made", made, after={"due_at": due_at.isoformat()})
    announce(conversation)
    return made


def note_promises(message: Message, by: User | ApiKey) -> None:
    """Write down what a person's message promises by a time, in its transaction; and the bot's word that they answer is kept."""
    now = timezone.now()
    Promise.objects.open().filter(conversation_id=message.conversation_id, is_answer=True).update(
        state=Promise.State.KEPT, ended_at=now, ended_by=by if isinstance(by, User) else None
    )
    if not message.text:
        return
    hours = business_hours()
    Promise.objects.bulk_create(
        Promise(
            conversation_id=message.conversation_id,
            message=message,
            text=found.text,
            made_by=by.display_name,
            due_at=found.due_at,
        )
        for found in promises_in(message.text, now=now, hours=hours)
        if found.due_at > now
    )


@retried
def end_promise(made: Promise, by: User, *, kept: bool) -> Promise:
    """Say that a promise was kept, or that it no longer holds. Raises PromiseEnded where that was said already, NotAllowed."""
    conversation = lock(made.conversation_id)
    require(by, Action.REPLY, conversation.policy_subject)
    state = Promise.State.KEPT if kept else Promise.State.WITHDRAWN
    ended = Promise.objects.open().filter(pk=made.pk).update(state=state, ended_at=timezone.now(), ended_by=by)
    if not ended:
        raise PromiseEnded
    save(conversation)
    audit.record(by, f"promise.{state.value}", made)
    announce(conversation)
    made.refresh_from_db()
    return made


def raise_late_promises(limit: int = 50) -> int:
    """Bring conversations with a promise that is late up in the queue; returns how many promises were late."""
    late = list(Promise.objects.overdue().values_list("pk", "conversation_id")[:limit])
    return sum(_raise(pk, conversation_id) for pk, conversation_id in late)


@retried
def _raise(pk: int, conversation_id: int) -> bool:
    conversation = lock(conversation_id)
    late = Promise.objects.overdue().filter(pk=pk).first()
    if late is None:
        return False
    late.raised_at = timezone.now()
    late.save(update_fields=["raised_at"])
    escalation = hand_to_people(
        conversation,
        reason=ReasonCategory.MANUAL,
        detail="A promise to the customer is overdue.",
        priority=Priority.HIGH,
    )
    # Late from when it was promised, not from now: the queue puts what is late first.
    Escalation.objects.filter(pk=escalation.pk).update(due_at=late.due_at)
    conversation.closed_at = None
    save(conversation, *HANDOVER_FIELDS, "closed_at")
    announce(conversation)
    return True
