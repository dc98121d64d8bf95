"""Giving a conversation to people: the escalation, the mode, and the end of what the bot had under way."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from conversations.alarms import Alarm, alarm_in
from conversations.models import Conversation, Delivery, Episode, Escalation, Fact, Message, Promise
from conversations.services.facts import note
from conversations.services.outgoing import OUTGOING_FIELDS, say
from conversations.services.telling import Told, language_of, with_time
from conversations.types import Priority, ReasonCategory
from conversations.wording import DANGER, HANDED_OVER
from core import audit, rows
from core.statements import Read
from core.text import readable, truncate

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
    answer_by: datetime | None = None,
    judged_to_seq: int = 0,
    by_person: bool = False,
) -> Escalation:
    """Make people the owner of a locked conversation; the caller saves HANDOVER_FIELDS.

    One escalation lives at a time: a second reason joins the first. Every undecided message becomes HANDED_OVER, what
    the bot had not begun to send is cancelled, and the epoch moves on, so that a turn still thinking is fenced. What
    nobody has judged yet, behind ``judged_to_seq``, is heard for danger and haste; where it is a person who steps in
    nothing is said for them.
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
    undecided = Message.objects.filter(conversation=conversation, disposition=Message.Disposition.UNDECIDED)
    for text in undecided.filter(seq__gt=judged_to_seq).values_list("text", flat=True):
        alarm = alarm_in(readable(text), language=language_of(conversation))
        raise_alarm(conversation, escalation, alarm, may_speak=not by_person)
    _tell(conversation, escalation, Told(text=customer_text, answer_by=answer_by), run_id=run_id)
    undecided.update(
        disposition=Message.Disposition.HANDED_OVER, disposition_reason=reason.value, disposition_id=escalation.pk
    )
    conversation.mode = Conversation.Mode.HUMAN
    conversation.priority = escalation.priority
    rest_turn(conversation)
    return escalation


def _tell(conversation: Conversation, escalation: Escalation, told: Told, *, run_id: int | None = None) -> None:
    """Say the one hand-off message of an escalation, unless that was done or each message needs a person's word."""
    if told.text.strip() and not conversation.needs_approval and not _said_since(escalation).exists():
        _say(conversation, told, run_id=run_id)


def _say(conversation: Conversation, told: Told, *, run_id: int | None = None) -> None:
    episode_id = open_episode(conversation).pk
    said = say(conversation, told.text, sender=Message.Sender.SYSTEM, run_id=run_id, episode_id=episode_id)
    if told.answer_by is not None:
        Promise.objects.create(
            conversation=conversation,
            message=said.message,
            text=truncate(told.text, 300),
            made_by="the bot",
            is_answer=True,
            due_at=told.answer_by,
        )


def _said_since(escalation: Escalation) -> QuerySet[Message]:
    """What the product said since people were called: that a person answers now is said once an escalation."""
    return Message.objects.filter(
        conversation_id=escalation.conversation_id,
        sender_type=Message.Sender.SYSTEM,
        created_at__gte=escalation.created_at,
    )


def tell_handed_over(conversation: Conversation, escalation: Escalation) -> None:
    """Say once that a person answers and by when, while nobody has; the caller saves HANDOVER_FIELDS."""
    if _is_free(conversation, escalation) and not _said_since(escalation).exists():
        _say(conversation, with_time(conversation, HANDED_OVER))


def raise_alarm(
    conversation: Conversation, escalation: Escalation, alarm: Alarm | None, *, may_speak: bool = True
) -> None:
    """Raise a live escalation of a locked conversation to what a message gives the alarm for; the caller saves HANDOVER_FIELDS.

    In danger the customer is told what to do, once, and only while no person has the conversation.
    """
    if alarm is None:
        return
    if _PRESSING[alarm.priority] > _PRESSING.get(Priority(escalation.priority), 0):
        before = {"priority": escalation.priority}
        due_at = first_response_due(conversation, alarm.priority)
        escalation.priority = conversation.priority = alarm.priority
        escalation.due_at = min(due_at, escalation.due_at or due_at)
        escalation.detail = truncate(f"{alarm.detail} {escalation.detail}", 300)
        escalation.snoozed_until = None
        escalation.save(update_fields=["priority", "due_at", "detail", "snoozed_until"])
        after = {"priority": alarm.priority.value, "reason": alarm.reason.value}
        audit.record(None, "escalation.raise", escalation, before=before, after=after)
    if may_speak and alarm.reason is ReasonCategory.DANGER and _is_free(conversation, escalation):
        said = _said_since(escalation)
        if escalation.reason == ReasonCategory.DANGER and said.exists():
            return
        if not any(text.startswith(tuple(DANGER.values())) for text in said.values_list("text", flat=True)):
            _say(conversation, with_time(conversation, DANGER, language=alarm.language))


def _is_free(conversation: Conversation, escalation: Escalation) -> bool:
    """Whether something may be said without a person: none has the conversation, none has written since they were called."""
    if conversation.needs_approval or conversation.assignee_id or escalation.state != Escalation.State.OPEN:
        return False
    return not Message.objects.filter(
        conversation_id=escalation.conversation_id,
        sender_type=Message.Sender.HUMAN,
        created_at__gte=escalation.created_at,
    ).exists()


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
    return open_episodes([conversation])[conversation.pk]


def open_episodes(conversations: Sequence[Conversation]) -> dict[int, Episode]:
    """The open episode of each conversation by its key, begun where there is none."""
    if not conversations:
        return {}
    newest = {each.conversation_id: each for each in _newest_episodes.all(tuple(each.pk for each in conversations))}
    episodes = {pk: each for pk, each in newest.items() if each.ended_at is None}
    begun = [
        Episode(conversation=each, number=newest[each.pk].number + 1 if each.pk in newest else 1)
        for each in conversations
        if each.pk not in episodes
    ]
    rows.insert_all(begun)
    return episodes | {each.conversation_id: each for each in begun}


@Read
def _newest_episodes(conversation_ids: tuple[int, ...]) -> QuerySet[Episode]:
    """The one with the highest number, which is the open one if any is."""
    newer = Episode.objects.filter(conversation_id=OuterRef("conversation_id"), number__gt=OuterRef("number"))
    # By the key of what is related: of a relation itself Django asks for numbers already here.
    return Episode.objects.filter(~Exists(newer), conversation__pk__in=conversation_ids).order_by()


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
