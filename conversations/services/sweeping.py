"""What is found by looking: work that is due, waits that are too long, conversations that fell silent."""

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import cache
from operator import itemgetter

from django.db import connection
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from conversations.models import Conversation, Delivery, Episode, Fact
from conversations.models.conversation import SUSPECTED_FROM, ConversationQuerySet
from conversations.services import deliveries, turns
from conversations.services.announce import announce, lock, lock_free, save
from conversations.services.facts import note
from conversations.services.handover import HANDOVER_FIELDS, end_episode, hand_to_people
from conversations.services.turns import MAX_ATTEMPTS, bury_exhausted, give_up
from conversations.types import ReasonCategory
from core.clock import database_now, now_plus
from core.sharing import shared
from core.statements import Read
from core.transactions import retried

logger = logging.getLogger(__name__)

UNANSWERED_SECONDS = 120
# So many are given to people in one transaction.
TOGETHER = 10
# Nothing that has not failed is put off by more, whatever limit was reached.
LONGEST_WAIT = timedelta(seconds=65)
MOMENT = timedelta(seconds=2)
SILENT_HOURS = 24
SILENT_HOURS_IN_PUBLIC = 72


def due_turns(limit: int = 100) -> list[int]:
    """Conversations in which the bot owes an answer now, the longest wait first.

    Where one account's are a crowd, every other place is for who waits on another one. Who has waited for so long that a
    person is called is none of them: an answer that is worked out meanwhile would be thrown away.
    """
    return _pks(_turns_due(limit).all(), limit, _turns_elsewhere(limit).all)


def suspected_turns(limit: int = 100) -> list[int]:
    """The same, of those whose turn was cut off twice and must be tried with no other such beside it."""
    return _suspected_due(limit).all()


def _pks(
    first: Sequence[tuple[int, int]], limit: int, elsewhere: Callable[[int], Iterable[tuple[int, int]]]
) -> list[int]:
    found = shared(first, limit, owner=itemgetter(1), elsewhere=elsewhere)
    return list(dict.fromkeys(pk for pk, _ in found))


# Looked for many times a second.
@cache
def _turns_due(limit: int) -> Read[[], tuple[int, int]]:
    return Read(lambda: _waiting_for_us(Conversation.objects.unsuspected(), limit).values_list("pk", "account_id"))


@cache
def _turns_elsewhere(limit: int) -> Read[[int], tuple[int, int]]:
    def due(account_id: int) -> QuerySet[Conversation, tuple[int, int]]:
        among = Conversation.objects.unsuspected().exclude(account_id=account_id)
        return _waiting_for_us(among, limit).values_list("pk", "account_id")

    return Read(due)


@cache
def _suspected_due(limit: int) -> Read[[], int]:
    return Read(lambda: _waiting_for_us(Conversation.objects.suspected(), limit).values_list("pk", flat=True))


def _waiting_for_us(among: ConversationQuerySet, limit: int) -> QuerySet[Conversation]:
    in_time = Q(first_unanswered_at=None) | Q(first_unanswered_at__gte=now_plus(-timedelta(seconds=UNANSWERED_SECONDS)))
    return among.due_for_a_turn().filter(in_time, attempts__lt=MAX_ATTEMPTS).order_by("ready_at")[:limit]


def due_sends(limit: int = 100) -> list[int]:
    """Conversations that have something to send now, the longest wait first; shared as turns are."""
    return _pks(_sends_due(limit).all(), limit, _sends_elsewhere(limit).all)


@cache
def _sends_due(limit: int) -> Read[[], tuple[int, int]]:
    return Read(lambda: _first_to_go(_may_go(), limit))


@cache
def _sends_elsewhere(limit: int) -> Read[[int], tuple[int, int]]:
    def due(account_id: int) -> QuerySet[Delivery, tuple[int, int]]:
        return _first_to_go(_may_go().exclude(account_id=account_id), limit)

    return Read(due)


def _first_to_go(among: QuerySet[Delivery], limit: int) -> QuerySet[Delivery, tuple[int, int]]:
    return among.order_by("next_attempt_at").values_list("conversation_id", "account_id")[:limit]


def _may_go() -> QuerySet[Delivery]:
    waiting = Delivery.objects.due().head_of_line()
    return waiting.filter(~Q(author=Delivery.Author.BOT) | Q(conversation__mode=Conversation.Mode.BOT))


def raise_overdue(limit: int = 100) -> int:
    """Call a person wherever the bot has owed an answer for 120 s or was stopped too often; returns how often."""
    late = Conversation.objects.unanswered_longer_than(UNANSWERED_SECONDS).order_by("ready_at")
    pks = list(late.values_list("pk", flat=True)[:limit])
    raised = sum(_raise_some(pks[begin : begin + TOGETHER]) for begin in range(0, len(pks), TOGETHER))
    stopped = Conversation.objects.due_for_a_turn().filter(attempts__gte=MAX_ATTEMPTS).order_by("ready_at")
    return raised + _each(bury_exhausted, list(stopped.values_list("pk", flat=True)[:limit]))


def _raise_some(pks: Sequence[int]) -> int:
    """All of them at once, so that a crowd waits once for its turn to write; each by itself where that fails."""
    try:
        return _raise_free(pks)
    except Exception:
        logger.warning(
            "%d conversations were not given to people together: now each by itself.", len(pks), exc_info=True
        )
    return _each(lambda pk: _raise_free((pk,)), pks)


def _each(give: Callable[[int], int], pks: Iterable[int]) -> int:
    """How many were given to people, each by itself: the next one must not wait for what is wrong with one."""
    given = 0
    for pk in pks:
        try:
            given += give(pk)
        except Exception:
            if not connection.is_usable():
                raise
            logger.exception("Conversation %d could not be given to a person.", pk)
    return given


@retried
def _raise_free(pks: Sequence[int]) -> int:
    """Those that nobody holds; who is held is found again a second later."""
    free = {conversation.pk: conversation for conversation in lock_free(pks)}
    late = Conversation.objects.unanswered_longer_than(UNANSWERED_SECONDS).filter(pk__in=free)
    still = set(late.values_list("pk", flat=True))
    for pk in pks:
        if pk in still:
            give_up(
                free[pk],
                reason=ReasonCategory.BOT_UNAVAILABLE,
                detail=f"The bot did not answer within {UNANSWERED_SECONDS} seconds.",
            )
    return len(still)


def hold_back(account_ids: Sequence[int], limit: int = 50) -> int:
    """Call people wherever the bot owes an answer, or has one that is not sent, on accounts where it is switched off; how often.

    A turn that thinks is fenced by it. What a platform has in hand cannot be called back.
    """
    theirs = Conversation.objects.filter(mode=Conversation.Mode.BOT, account_id__in=account_ids)
    owed = theirs.filter(last_in_seq__gt=F("answered_to_seq")).order_by("ready_at")
    unsent = Delivery.objects.waiting().filter(account_id__in=account_ids, author=Delivery.Author.BOT)
    about_to = theirs.filter(pk__in=unsent.order_by().values("conversation_id")).order_by("pk")
    found = [*owed.values_list("pk", flat=True)[:limit], *about_to.values_list("pk", flat=True)[:limit]]
    return sum(_hold_back(pk) for pk in dict.fromkeys(found))


@retried
def _hold_back(pk: int) -> bool:
    conversation = lock(pk)
    if conversation.mode != Conversation.Mode.BOT:
        return False
    hand_to_people(
        conversation,
        reason=ReasonCategory.POLICY,
        detail="The bot was switched off for this account before it had answered.",
    )
    save(conversation, *HANDOVER_FIELDS)
    announce(conversation)
    return True


def shorten_impossible_waits() -> int:
    """Let nothing wait for longer than it ever may: the database's clock was put back. Returns how much was mended."""
    now = database_now()
    soon, moving = now + LONGEST_WAIT, Delivery.objects.order_by()
    owed = Conversation.objects.filter(mode=Conversation.Mode.BOT, last_in_seq__gt=F("answered_to_seq")).order_by()
    lease, send_lease = turns.lease(), deliveries.lease()
    return sum(
        (
            owed.filter(ready_at__gt=soon).update(ready_at=now),
            owed.filter(first_unanswered_at__gt=now + MOMENT).update(first_unanswered_at=now),
            owed.filter(lease_until__gt=now + lease + MOMENT).update(lease_until=now + lease),
            moving.filter(state=Delivery.State.PENDING, next_attempt_at__gt=soon).update(next_attempt_at=now),
            moving.filter(state=Delivery.State.SENDING, lease_until__gt=now + send_lease + MOMENT).update(
                lease_until=now + send_lease
            ),
            moving.filter(state=Delivery.State.UNKNOWN, unknown_since__gt=now + MOMENT).update(unknown_since=now),
        )
    )


def end_all_leases() -> int:
    """Let go of whatever a process of before was at, now and not when its lease ends; returns how much that was.

    For whoever knows that nobody else is at work on this database. What was being sent may have arrived: as after any
    lease, the platform is asked first. A turn that did not end a second time may be what ends processes: it waits for
    its lease, and meanwhile the others, which were only beside it, are answered.
    """
    now = database_now()
    gone = now - timedelta(milliseconds=1)
    turns_under_way = Conversation.objects.filter(lease_until__gte=now, attempts__lt=SUSPECTED_FROM).order_by()
    sends_under_way = Delivery.objects.filter(state=Delivery.State.SENDING, lease_until__gte=now).order_by()
    return turns_under_way.update(lease_until=gone) + sends_under_way.update(lease_until=gone)


def close_silent(limit: int = 200) -> int:
    """Close the bot's conversations that have been silent long enough: assumed to be resolved. Returns how many."""
    now = timezone.now()
    silent = (
        Conversation.objects.filter(mode=Conversation.Mode.BOT, answered_to_seq=F("last_in_seq"))
        # Says nothing new, but lets the database begin at the right place of the index.
        .filter(last_message_at__lt=now - timedelta(hours=SILENT_HOURS))
        .filter(
            Q(is_public=False, last_message_at__lt=now - timedelta(hours=SILENT_HOURS))
            | Q(is_public=True, last_message_at__lt=now - timedelta(hours=SILENT_HOURS_IN_PUBLIC))
        )
        .order_by("last_message_at")
        .values_list("pk", "last_message_at")[:limit]
    )
    return sum(_close(pk, last) for pk, last in list(silent))


@retried
def _close(pk: int, last_message_at: object) -> bool:
    conversation = lock(pk)
    if conversation.last_message_at != last_message_at or conversation.mode != Conversation.Mode.BOT:
        return False
    end_episode(conversation, Episode.Outcome.ASSUMED)
    note(Fact.Kind.RESOLVED, conversation, outcome=Episode.Outcome.ASSUMED.value)
    conversation.mode = Conversation.Mode.CLOSED
    conversation.closed_at = timezone.now()
    save(conversation, *HANDOVER_FIELDS, "closed_at")
    announce(conversation)
    return True
