"""What is found by looking: work that is due, waits that are too long, conversations that fell silent."""

from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from conversations.models import Conversation, Delivery, Episode, Fact
from conversations.services.announce import announce, lock, save
from conversations.services.facts import note
from conversations.services.handover import HANDOVER_FIELDS, end_episode
from conversations.services.turns import MAX_ATTEMPTS, bury_exhausted, give_up
from conversations.types import ReasonCategory

UNANSWERED_SECONDS = 120
SILENT_HOURS = 24
SILENT_HOURS_IN_PUBLIC = 72


def due_turns(limit: int = 100) -> list[int]:
    """Conversations in which the bot owes an answer now, the longest wait first."""
    due = Conversation.objects.due_for_a_turn().filter(attempts__lt=MAX_ATTEMPTS).order_by("ready_at")
    return list(due.values_list("pk", flat=True)[:limit])


def due_sends(limit: int = 100) -> list[int]:
    """Conversations that have something to send now, the longest wait first."""
    due = (
        Delivery.objects.due()
        .head_of_line()
        .filter(~Q(author=Delivery.Author.BOT) | Q(conversation__mode=Conversation.Mode.BOT))
        .order_by("next_attempt_at")
    )
    return list(dict.fromkeys(due.values_list("conversation_id", flat=True)[:limit]))


def raise_overdue(limit: int = 50) -> int:
    """Call a person wherever the bot has owed an answer for 120 s or was stopped too often; returns how often."""
    late = Conversation.objects.unanswered_longer_than(UNANSWERED_SECONDS).values_list("pk", flat=True)[:limit]
    raised = sum(_raise(pk) for pk in list(late))
    stopped = (
        Conversation.objects.due_for_a_turn().filter(attempts__gte=MAX_ATTEMPTS).values_list("pk", flat=True)[:limit]
    )
    return raised + sum(bury_exhausted(pk) for pk in list(stopped))


@transaction.atomic
def _raise(pk: int) -> bool:
    conversation = lock(pk)
    if not Conversation.objects.unanswered_longer_than(UNANSWERED_SECONDS).filter(pk=pk).exists():
        return False
    give_up(
        conversation,
        reason=ReasonCategory.BOT_UNAVAILABLE,
        detail=f"The bot did not answer within {UNANSWERED_SECONDS} seconds.",
    )
    return True


def close_silent(limit: int = 200) -> int:
    """Close the bot's conversations that have been silent long enough: assumed to be resolved. Returns how many."""
    now = timezone.now()
    silent = (
        Conversation.objects.filter(mode=Conversation.Mode.BOT, answered_to_seq=F("last_in_seq"))
        .filter(
            Q(is_public=False, last_message_at__lt=now - timedelta(hours=SILENT_HOURS))
            | Q(is_public=True, last_message_at__lt=now - timedelta(hours=SILENT_HOURS_IN_PUBLIC))
        )
        .order_by("last_message_at")
        .values_list("pk", "last_message_at")[:limit]
    )
    return sum(_close(pk, last) for pk, last in list(silent))


@transaction.atomic
def _close(pk: int, last_message_at: object) -> bool:
    conversation = lock(pk)
    if conversation.last_message_at != last_message_at or conversation.mode != Conversation.Mode.BOT:
        return False
    end_episode(conversation, Episode.Outcome.ASSUMED)
    note(Fact.Kind.RESOLVED, conversation, outcome=Episode.Outcome.ASSUMED.value)
    conversation.mode = Conversation.Mode.CLOSED
    conversation.closed_at = timezone.now()
    save(conversation, *HANDOVER_FIELDS, "closed_at")
    announce(conversation.pk)
    return True
