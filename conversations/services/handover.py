"""Giving a conversation to people: the escalation, the mode, and the end of what the bot had under way."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from conversations.models import Conversation, Delivery, Episode, Escalation, Fact, Message
from conversations.services.facts import note
from conversations.services.outgoing import OUTGOING_FIELDS, say
from conversations.types import Priority, ReasonCategory
from core.statements import Read
from core.text import truncate

HANDOVER_FIELDS = (
    *OUTGOING_FIELDS,
    "mode",
    "epoch",
    "lease_owner",
    "lease_until",
    "attempts",
    "supersedes",
    "answered_to_seq",
    "first_unanswered_at",
    "ready_at",
    "priority",
    "waiting_since",
)

_PRESSING = {Priority.HIGH: 1, Priority.FIRST: 2}
"""The priorities that a second reason raises a live escalation to."""


def hand_to_people(
    conversation: Conversation,
    *,
    reason: ReasonCategory,
    detail: str,
    priority: Priority = Priority.NORMAL,
    customer_text: str = "",
    suggestion: str = "",
    card: dict[str, Any] | None = None,
    run_id: int | None = None,
) -> Escalation:
    """Make people the owner of a locked conversation; the caller saves HANDOVER_FIELDS.

    One escalation lives at a time: a second reason joins the first. Every undecided message becomes HANDED_OVER, what
    the bot had not begun to send is cancelled, and the epoch moves on, so that a turn still thinking is fenced.
    """
    episode = open_episode(conversation)
    escalation = Escalation.objects.live().filter(conversation=conversation).first()
    now = timezone.now()
    if escalation is None:
        escalation = Escalation.objects.create(
            conversation=conversation,
            episode=episode,
            reason=reason,
            detail=truncate(detail, 300),
            priority=priority,
            run_id=run_id,
            suggestion=suggestion,
            suggestion_for_seq=conversation.last_in_seq if suggestion else 0,
            card=card or {},
            due_at=first_response_due(conversation, priority),
        )
        note(Fact.Kind.ESCALATED, conversation, escalation=escalation)
        Episode.objects.filter(pk=episode.pk, first_escalated_at=None).update(first_escalated_at=now)
        if reason is ReasonCategory.ASKED:
            Episode.objects.filter(pk=episode.pk, asked_for_person_at=None).update(asked_for_person_at=now)
    elif _PRESSING.get(priority, 0) > _PRESSING.get(Priority(escalation.priority), 0):
        escalation.priority = priority
        escalation.due_at = first_response_due(conversation, priority)
        escalation.save(update_fields=["priority", "due_at"])
    take_back_unsent(conversation, reason="A person answers now.")
    if customer_text.strip() and not conversation.needs_approval:
        say(conversation, customer_text, sender=Message.Sender.SYSTEM, run_id=run_id, episode=episode)
    Message.objects.filter(conversation=conversation, disposition=Message.Disposition.UNDECIDED).update(
        disposition=Message.Disposition.HANDED_OVER, disposition_reason=reason.value, disposition_id=escalation.pk
    )
    conversation.mode = Conversation.Mode.HUMAN
    conversation.priority = escalation.priority
    rest_turn(conversation)
    return escalation


def take_back_unsent(conversation: Conversation, *, reason: str) -> None:
    """Cancel the bot's words that have not begun to be sent, in a locked conversation; the caller saves HANDOVER_FIELDS."""
    unsent = Delivery.objects.waiting().filter(conversation=conversation, author=Delivery.Author.BOT)
    pks = list(unsent.values_list("pk", flat=True))
    if pks:
        Delivery.objects.filter(pk__in=pks).update(state=Delivery.State.CANCELLED, reason=reason, lease_until=None)
        disown_answers(conversation, pks)


def disown_answers(conversation: Conversation, delivery_pks: list[int]) -> None:
    """What cancelled deliveries were to answer is not answered: it belongs to whoever has the conversation now."""
    unanswered = Message.objects.filter(
        conversation=conversation, disposition=Message.Disposition.ANSWERED, disposition_id__in=delivery_pks
    ).order_by("seq")
    waits_since = unanswered.values_list("created_at", flat=True).first()
    if waits_since is None:
        return
    escalation = Escalation.objects.live().filter(conversation=conversation).first()
    if escalation is None:
        unanswered.update(
            disposition=Message.Disposition.IGNORED, disposition_reason="closed by staff", disposition_id=None
        )
        return
    unanswered.update(
        disposition=Message.Disposition.HANDED_OVER,
        disposition_reason=escalation.reason,
        disposition_id=escalation.pk,
    )
    conversation.waiting_since = conversation.waiting_since or waits_since


def rest_turn(conversation: Conversation) -> None:
    """End whatever turn is under way: nothing is owed by the bot, and its epoch is over."""
    conversation.epoch += 1
    conversation.lease_owner, conversation.lease_until = "", None
    conversation.attempts = conversation.supersedes = 0
    conversation.answered_to_seq = conversation.last_in_seq
    conversation.first_unanswered_at = conversation.ready_at = None


def open_episode(conversation: Conversation) -> Episode:
    """The conversation's open episode, begun if there is none."""
    episode = _open_episode.first(conversation.pk)
    if episode is not None:
        return episode
    number = Episode.objects.filter(conversation=conversation).count() + 1
    return Episode.objects.create(conversation=conversation, number=number)


@Read
def _open_episode(conversation_id: int) -> QuerySet[Episode]:
    return Episode.objects.filter(conversation_id=conversation_id, ended_at=None).order_by()


def end_episode(conversation: Conversation, outcome: Episode.Outcome) -> None:
    """End the open episode, if there is one."""
    Episode.objects.filter(conversation=conversation, ended_at=None).update(ended_at=timezone.now(), outcome=outcome)


def first_response_due(conversation: Conversation, priority: Priority | str) -> Any:
    """When a person should have answered: counted from when the customer began to wait."""
    minutes = settings.RESPONSE_TARGET_MINUTES[str(priority)]
    return (conversation.waiting_since or timezone.now()) + timedelta(minutes=minutes)


def close_escalation(conversation: Conversation, outcome: Escalation.Outcome) -> None:
    """Close the live escalation, if there is one."""
    Escalation.objects.filter(~Q(state=Escalation.State.CLOSED), conversation=conversation).update(
        state=Escalation.State.CLOSED, outcome=outcome, closed_at=timezone.now(), due_at=None
    )
