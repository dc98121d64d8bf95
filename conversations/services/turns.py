"""The bot's right to answer: claimed by an epoch and a lease, used in one commit, lost to any person who steps in."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import BigIntegerField, Case, CharField, F, Q, QuerySet, When
from django.db.models.functions import Now

from conversations.models import Conversation, Episode, Escalation, Message
from conversations.models.conversation import ConversationQuerySet
from conversations.services.announce import announce, lock, save
from conversations.services.handover import HANDOVER_FIELDS, hand_to_people, open_episode
from conversations.services.outgoing import say
from conversations.services.pacing import not_before
from conversations.services.telling import with_time
from conversations.types import (
    HandOver,
    MessageFacts,
    Outcome,
    Priority,
    ReasonCategory,
    Reply,
    Silence,
    Turn,
    TurnResult,
)
from conversations.wording import HOLDING
from core.clock import database_now, now_plus
from core.statements import Change, Taking
from core.transactions import retried, retried_as_part

MAX_ATTEMPTS = 5
RETRY_SECONDS = (2, 5, 15, 30)
MAX_SUPERSEDES = 2
SUPERSEDE_WITHIN = timedelta(seconds=8)
APPROVAL_DETAIL = "On this account each message needs a person's word. Send the suggestion, or your own."
TURN_FIELDS = (*HANDOVER_FIELDS, "language", "last_intent", "last_sentiment")
AS_CLAIMED = ("epoch", "answered_to_seq", "last_in_seq", "attempts", "supersedes")
Claiming = tuple[ConversationQuerySet, dict[str, object], *tuple[str, ...]]


def lease() -> timedelta:
    """How long a turn is its claimer's without a sign of life."""
    return timedelta(seconds=settings.TURN_LEASE_SECONDS)


@transaction.atomic(savepoint=False)
def claim_turn(conversation_id: int, *, owner: str, suspected_too: bool = False) -> Turn | None:
    """Claim the right to answer, or None: nothing is due, or somebody else has it.

    One UPDATE decides, so that two claimers cannot both win. The attempt counts from here, killed or not. What was cut
    off twice is left to whoever asks for it, who works on one of those at a time: another one that was only beside it
    when its process ended would else end with it each time, and be given up.
    """
    claim = _claim_any if suspected_too else _claim
    claimed = claim(conversation_id, owner, lease())
    if claimed is None:
        return None
    epoch, answered_to_seq, last_in_seq, attempts, supersedes = claimed
    return Turn(
        conversation_id=conversation_id,
        epoch=epoch,
        from_seq=answered_to_seq + 1,
        to_seq=last_in_seq,
        answered_to_seq=answered_to_seq,
        attempt=attempts,
        supersedes=supersedes,
    )


@Taking
def _claim(pk: int, owner: str, lasting: timedelta) -> Claiming:
    due, claimed = _claiming(pk, owner, lasting)
    return due.unsuspected(), claimed, *AS_CLAIMED


@Taking
def _claim_any(pk: int, owner: str, lasting: timedelta) -> Claiming:
    return *_claiming(pk, owner, lasting), *AS_CLAIMED


def _claiming(pk: int, owner: str, lasting: timedelta) -> tuple[ConversationQuerySet, dict[str, object]]:
    return Conversation.objects.due_for_a_turn().filter(pk=pk, attempts__lt=MAX_ATTEMPTS), {
        "epoch": F("epoch") + 1,
        "lease_owner": owner,
        "lease_until": now_plus(lasting),
        "attempts": F("attempts") + 1,
    }


def extend_turn(turn: Turn, *, owner: str) -> bool:
    """Keep the lease while the agent thinks; False once the turn is somebody else's."""
    mine = Conversation.objects.filter(pk=turn.conversation_id, epoch=turn.epoch, lease_owner=owner)
    return bool(mine.update(lease_until=now_plus(lease())))


@retried_as_part
def commit_turn(turn: Turn, outcome: Outcome, *, run_id: int, facts: MessageFacts) -> TurnResult:
    """Write what the agent decided, if the turn is still its own. The only write of a turn.

    Nothing is written for a turn that was fenced, cancelled by a person, or superseded by a newer message.
    """
    conversation = lock(turn.conversation_id)
    if conversation.epoch != turn.epoch or conversation.answered_to_seq != turn.answered_to_seq:
        taken = conversation.mode != Conversation.Mode.BOT
        return TurnResult.CANCELLED_BY_HUMAN if taken else TurnResult.FENCED
    if conversation.mode != Conversation.Mode.BOT:
        return TurnResult.CANCELLED_BY_HUMAN
    if _is_superseded(conversation, turn):
        conversation.supersedes += 1
        conversation.attempts = 0
        conversation.lease_owner, conversation.lease_until = "", None
        save(conversation, *TURN_FIELDS)
        announce(conversation, received=True)
        return TurnResult.SUPERSEDED
    _keep_facts(conversation, facts)
    if isinstance(outcome, Reply) and conversation.needs_approval:
        outcome = HandOver(reason=ReasonCategory.APPROVAL, detail=APPROVAL_DETAIL, suggestion=outcome.text)
    if isinstance(outcome, HandOver):
        result = _commit_handover(conversation, turn, outcome, run_id=run_id, facts=facts)
    else:
        result = _commit_words(conversation, turn, outcome, run_id=run_id, facts=facts)
    save(conversation, *TURN_FIELDS)
    announce(conversation, received=conversation.owes_an_answer, queued=not isinstance(outcome, Silence))
    return result


def _is_superseded(conversation: Conversation, turn: Turn) -> bool:
    if conversation.last_in_seq <= turn.to_seq or conversation.supersedes >= MAX_SUPERSEDES:
        return False
    since = conversation.first_unanswered_at
    return since is not None and database_now() - since < SUPERSEDE_WITHIN


def _asked(conversation_id: int, after: int, up_to: int) -> QuerySet[Message]:
    """What the customer wrote after one place in the conversation and up to another."""
    return Message.objects.filter(
        conversation_id=conversation_id, direction=Message.Direction.INBOUND, seq__gt=after, seq__lte=up_to
    )


@Change
def _describe(
    conversation_id: int, after: int, up_to: int, intent: str, sentiment: float | None, language: str
) -> tuple[QuerySet[Message], dict[str, object]]:
    return _asked(conversation_id, after, up_to), {
        "intent": intent,
        "sentiment_score": sentiment,
        "language": language,
    }


@Change
def _describe_and_dispose(  # noqa: PLR0917  (each is a value of the statement)
    conversation_id: int,
    after: int,
    up_to: int,
    intent: str,
    sentiment: float | None,
    language: str,
    disposition: str,
    reason: str,
    delivery_id: int | None,
) -> tuple[QuerySet[Message], dict[str, object]]:
    """Describe what the customer wrote, and decide what of it was not decided."""

    def undecided(name: str, becomes: object) -> Case:
        kept = When(~Q(disposition=Message.Disposition.UNDECIDED), then=F(name))
        kind = BigIntegerField() if name == "disposition_id" else CharField()
        return Case(kept, default=becomes, output_field=kind)

    return _asked(conversation_id, after, up_to), {
        "intent": intent,
        "sentiment_score": sentiment,
        "language": language,
        "disposition": undecided("disposition", disposition),
        "disposition_reason": undecided("disposition_reason", reason),
        "disposition_id": undecided("disposition_id", delivery_id),
    }


@Taking
def _first_reply(conversation_id: int) -> tuple[QuerySet[Episode], dict[str, object], str]:
    """Note the bot's first reply in the open episode, unless it has one."""
    unanswered = Episode.objects.filter(conversation_id=conversation_id, ended_at=None, first_bot_reply_at=None)
    return unanswered, {"first_bot_reply_at": Now()}, "id"


def _keep_facts(conversation: Conversation, facts: MessageFacts) -> None:
    conversation.last_intent = facts.intent or conversation.last_intent
    conversation.last_sentiment = facts.sentiment if facts.sentiment is not None else conversation.last_sentiment
    conversation.language = facts.language or conversation.language


def _commit_handover(
    conversation: Conversation, turn: Turn, outcome: HandOver, *, run_id: int, facts: MessageFacts
) -> TurnResult:
    _describe(turn.conversation_id, turn.answered_to_seq, turn.to_seq, facts.intent, facts.sentiment, facts.language)
    hand_to_people(
        conversation,
        reason=outcome.reason,
        detail=outcome.detail,
        priority=outcome.priority,
        customer_text=outcome.customer_text,
        answer_by=outcome.answer_by,
        suggestion=outcome.suggestion,
        card=outcome.card,
        run_id=run_id,
        judged_to_seq=turn.to_seq,
    )
    return TurnResult.ESCALATED


def _commit_words(
    conversation: Conversation, turn: Turn, outcome: Reply | Silence, *, run_id: int, facts: MessageFacts
) -> TurnResult:
    delivery_id: int | None = None
    if isinstance(outcome, Silence):
        result, disposition, reason = TurnResult.SUPPRESSED, Message.Disposition.IGNORED, outcome.reason[:120]
    else:
        delivery = say(
            conversation,
            outcome.text,
            sender=Message.Sender.BOT,
            sources=outcome.sources,
            run_id=run_id,
            episode_id=_answered_episode(conversation, turn),
        )
        delivery_id = delivery.pk
        result, disposition, reason = TurnResult.REPLIED, Message.Disposition.ANSWERED, "answered by the bot"
    covered = (turn.conversation_id, turn.answered_to_seq, turn.to_seq)
    about = (facts.intent, facts.sentiment, facts.language)
    _describe_and_dispose(*covered, *about, disposition, reason, delivery_id)
    conversation.answered_to_seq = turn.to_seq
    conversation.attempts = conversation.supersedes = 0
    conversation.lease_owner, conversation.lease_until = "", None
    oldest = _oldest_left(conversation, turn) if conversation.last_in_seq > turn.to_seq else None
    conversation.first_unanswered_at = conversation.waiting_since = oldest
    if oldest is None:
        conversation.answered_to_seq = conversation.last_in_seq
        conversation.ready_at = None
    elif conversation.ready_at is not None:
        conversation.ready_at = max(conversation.ready_at, not_before(conversation, database_now()))
    return result


def _answered_episode(conversation: Conversation, turn: Turn) -> int:
    """The key of the open episode, in which the bot's first reply is noted."""
    # Where nothing was answered yet this is most likely the first reply, and noting it tells the episode.
    first = _first_reply(conversation.pk) if not turn.answered_to_seq else None
    if first is not None:
        return int(first[0])
    episode = open_episode(conversation)
    if episode.first_bot_reply_at is None:
        _first_reply(conversation.pk)
    return episode.pk


def _oldest_left(conversation: Conversation, turn: Turn) -> datetime | None:
    """When the customer wrote the first message that the turn did not answer; None where that needs no answer."""
    left = Message.objects.filter(
        conversation=conversation, disposition=Message.Disposition.UNDECIDED, seq__gt=turn.to_seq
    ).order_by("seq")
    return left.values_list("created_at", flat=True).first()


@retried
def suggest(conversation_id: int, text: str, *, for_seq: int) -> bool:
    """Keep what the bot would have said for the person who stepped in; False if nobody waits for it.

    ``for_seq`` is the last message it answers, so that a newer one makes it stale.
    """
    conversation = lock(conversation_id)
    kept = Escalation.objects.live().filter(conversation=conversation, suggestion_for_seq__lt=for_seq)
    if not kept.update(suggestion=text, suggestion_for_seq=for_seq):
        return False
    save(conversation)
    announce(conversation)
    return True


@retried
def fail_turn(turn: Turn, *, error: str, run_id: int) -> bool:
    """Give the turn back to be tried again later; True if that was the last attempt and people have it now."""
    conversation = lock(turn.conversation_id)
    if conversation.epoch != turn.epoch or conversation.mode != Conversation.Mode.BOT:
        return False
    if turn.attempt >= MAX_ATTEMPTS:
        _bury(conversation, detail=f"The bot failed {MAX_ATTEMPTS} times: {error}", run_id=run_id)
        return True
    conversation.lease_owner, conversation.lease_until = "", None
    conversation.ready_at = database_now() + timedelta(seconds=RETRY_SECONDS[turn.attempt - 1])
    save(conversation, "lease_owner", "lease_until", "ready_at")
    announce(conversation, received=True)
    return False


@retried
def bury_exhausted(conversation_id: int) -> bool:
    """Hand over a turn whose every attempt was killed before it could say so; False if it is not so."""
    conversation = lock(conversation_id)
    due = Conversation.objects.due_for_a_turn().filter(pk=conversation_id, attempts__gte=MAX_ATTEMPTS).exists()
    if not due:
        return False
    _bury(conversation, detail=f"The bot was stopped {MAX_ATTEMPTS} times while answering.", run_id=None)
    return True


def _bury(conversation: Conversation, *, detail: str, run_id: int | None) -> None:
    give_up(conversation, reason=ReasonCategory.BOT_FAILED, detail=detail, run_id=run_id)


def give_up(
    conversation: Conversation, *, reason: ReasonCategory, detail: str, run_id: int | None = None
) -> Escalation:
    """Hand a locked conversation to people, because the bot could not, and tell the customer so."""
    told = with_time(conversation, HOLDING)
    escalation = hand_to_people(
        conversation,
        reason=reason,
        detail=detail,
        priority=Priority.HIGH,
        customer_text=told.text,
        answer_by=told.answer_by,
        run_id=run_id,
    )
    save(conversation, *HANDOVER_FIELDS)
    announce(conversation, queued=True)
    return escalation
