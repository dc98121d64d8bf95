"""The bot's right to answer: claimed by an epoch and a lease, used in one commit, lost to any person who steps in."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Now

from conversations.models import Conversation, Customer, Episode, Escalation, Message
from conversations.models.conversation import ConversationQuerySet
from conversations.services.announce import announce, lock, save
from conversations.services.attachments import media_by_seq
from conversations.services.handover import HANDOVER_FIELDS, hand_to_people, open_episode
from conversations.services.outgoing import say
from conversations.services.pacing import not_before
from conversations.services.telling import with_time
from conversations.types import (
    HandOver,
    Media,
    MessageFacts,
    Outcome,
    Priority,
    ReasonCategory,
    Reply,
    Silence,
    Talk,
    TalkLine,
    Turn,
    TurnResult,
)
from conversations.wording import HOLDING
from core.clock import database_now, now_plus
from core.statements import Change, Read
from core.transactions import retried

MAX_ATTEMPTS = 5
RETRY_SECONDS = (2, 5, 15, 30)
MAX_SUPERSEDES = 2
MOST_LINES = 40
SUPERSEDE_WITHIN = timedelta(seconds=8)
READ_OF_MESSAGE = (
    "seq", "sender_type", "text", "kind", "created_at", "intent", "sentiment_score", "language", "disposition",
)  # fmt: skip
READ_OF_CONVERSATION = (
    "public_id", "platform", "account_id", "account_name", "language", "is_public", "text_limit", "bot_context_from_seq",
    "customer__name", "customer__locale", "customer__public_id", "customer__email", "customer__details_from",
)  # fmt: skip
APPROVAL_DETAIL = "On this account each message needs a person's word. Send the suggestion, or your own."
TURN_FIELDS = (*HANDOVER_FIELDS, "language", "last_intent", "last_sentiment")


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
    if not claim(conversation_id, owner, lease()):
        return None
    epoch, answered_to_seq, last_in_seq, attempts, supersedes = _as_claimed.one(conversation_id)
    return Turn(
        conversation_id=conversation_id,
        epoch=epoch,
        from_seq=answered_to_seq + 1,
        to_seq=last_in_seq,
        answered_to_seq=answered_to_seq,
        attempt=attempts,
        supersedes=supersedes,
    )


@Change
def _claim(pk: int, owner: str, lasting: timedelta) -> tuple[QuerySet[Conversation], dict[str, object]]:
    due, claimed = _claiming(pk, owner, lasting)
    return due.unsuspected(), claimed


@Change
def _claim_any(pk: int, owner: str, lasting: timedelta) -> tuple[QuerySet[Conversation], dict[str, object]]:
    return _claiming(pk, owner, lasting)


def _claiming(pk: int, owner: str, lasting: timedelta) -> tuple[ConversationQuerySet, dict[str, object]]:
    return Conversation.objects.due_for_a_turn().filter(pk=pk, attempts__lt=MAX_ATTEMPTS), {
        "epoch": F("epoch") + 1,
        "lease_owner": owner,
        "lease_until": now_plus(lasting),
        "attempts": F("attempts") + 1,
    }


@Read
def _as_claimed(pk: int) -> QuerySet[Conversation, tuple[int, int, int, int, int]]:
    claimed = Conversation.objects.filter(pk=pk).order_by()
    return claimed.values_list("epoch", "answered_to_seq", "last_in_seq", "attempts", "supersedes")


def extend_turn(turn: Turn, *, owner: str) -> bool:
    """Keep the lease while the agent thinks; False once the turn is somebody else's."""
    mine = Conversation.objects.filter(pk=turn.conversation_id, epoch=turn.epoch, lease_owner=owner)
    return bool(mine.update(lease_until=now_plus(lease())))


@retried
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
    _keep_facts(conversation, turn, facts)
    if isinstance(outcome, Reply) and conversation.needs_approval:
        outcome = HandOver(reason=ReasonCategory.APPROVAL, detail=APPROVAL_DETAIL, suggestion=outcome.text)
    if isinstance(outcome, HandOver):
        result = _commit_handover(conversation, turn, outcome, run_id=run_id)
    else:
        result = _commit_words(conversation, turn, outcome, run_id=run_id)
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
def _dispose(
    conversation_id: int, after: int, up_to: int, disposition: str, reason: str, delivery_id: int | None
) -> tuple[QuerySet[Message], dict[str, object]]:
    undecided = _asked(conversation_id, after, up_to).filter(disposition=Message.Disposition.UNDECIDED)
    return undecided, {
        "disposition": disposition,
        "disposition_reason": reason,
        "disposition_id": delivery_id,
    }


@Change
def _note_first_reply(pk: int) -> tuple[QuerySet[Episode], dict[str, object]]:
    return Episode.objects.filter(pk=pk), {"first_bot_reply_at": Now()}


def _keep_facts(conversation: Conversation, turn: Turn, facts: MessageFacts) -> None:
    _describe(turn.conversation_id, turn.answered_to_seq, turn.to_seq, facts.intent, facts.sentiment, facts.language)
    conversation.last_intent = facts.intent or conversation.last_intent
    conversation.last_sentiment = facts.sentiment if facts.sentiment is not None else conversation.last_sentiment
    conversation.language = facts.language or conversation.language


def _commit_handover(conversation: Conversation, turn: Turn, outcome: HandOver, *, run_id: int) -> TurnResult:
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


def _commit_words(conversation: Conversation, turn: Turn, outcome: Reply | Silence, *, run_id: int) -> TurnResult:
    covered = (turn.conversation_id, turn.answered_to_seq, turn.to_seq)
    if isinstance(outcome, Silence):
        _dispose(*covered, Message.Disposition.IGNORED, outcome.reason[:120], None)
        result = TurnResult.SUPPRESSED
    else:
        episode = open_episode(conversation)
        delivery = say(
            conversation,
            outcome.text,
            sender=Message.Sender.BOT,
            sources=outcome.sources,
            run_id=run_id,
            episode=episode,
        )
        _dispose(*covered, Message.Disposition.ANSWERED, "answered by the bot", delivery.pk)
        if episode.first_bot_reply_at is None:
            _note_first_reply(episode.pk)
        result = TurnResult.REPLIED
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


@Read
def _talk(pk: int) -> QuerySet[Conversation]:
    return Conversation.objects.select_related("customer").only(*READ_OF_CONVERSATION).filter(pk=pk).order_by()


@Read
def _said(conversation_id: int, from_seq: int) -> QuerySet[Message, Any]:
    since = Message.objects.filter(conversation_id=conversation_id, seq__gte=from_seq).order_by("-seq")
    # Not the details whole: they hold what the platform sent, word for word.
    return since.annotate(followed=KT("details__request_id")).values_list(*READ_OF_MESSAGE, "followed", named=True)[
        :MOST_LINES
    ]


@Read
def _escalations(conversation_id: int) -> QuerySet[Escalation, int]:
    return Escalation.objects.filter(conversation_id=conversation_id).order_by().values_list("pk", flat=True)


def read_talk(conversation_id: int) -> Talk:
    """What was said since the bot's context begins, at most ``MOST_LINES`` lines, oldest first."""
    conversation = _talk.one(conversation_id)
    recent = _said.all(conversation_id, conversation.bot_context_from_seq)
    media = media_by_seq(conversation.pk, from_seq=recent[-1].seq) if recent else {}
    lines = tuple(
        TalkLine(
            seq=message.seq,
            sender_type=message.sender_type,
            text=message.text,
            kind=message.kind,
            created_at=message.created_at,
            intent=message.intent,
            sentiment=message.sentiment_score,
            language=message.language,
            disposition=message.disposition,
            media=media.get(message.seq, Media()),
            request_id=message.followed or "",
        )
        for message in reversed(recent)
    )
    return Talk(
        conversation_id=conversation.pk,
        public_id=str(conversation.public_id),
        platform=conversation.platform,
        account_id=conversation.account_id,
        account_name=conversation.account_name,
        customer_id=conversation.customer_id,
        customer_name=conversation.customer.name,
        customer_public_id=str(conversation.customer.public_id),
        customer_email=conversation.customer.email,
        is_vouched_for=conversation.customer.details_from == Customer.Source.SITE,
        locale=conversation.customer.locale,
        language=conversation.language,
        is_public=conversation.is_public,
        text_limit=conversation.text_limit,
        escalations_before=len(_escalations.all(conversation.pk)),
        lines=lines,
    )
