"""Ending what nobody ends by themselves: what a killed process left open, and what nobody decided in time."""

from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone

from agent.llm import spend
from agent.models import AgentRun, Approval, Lead
from conversations.models import Episode

STALE_AFTER = timedelta(minutes=10)
MOST_AT_ONCE = 500


def end_abandoned_runs() -> int:
    """Mark runs whose process is gone as failed; returns how many. Their conversations are dealt with by their leases."""
    abandoned = AgentRun.objects.filter(state=AgentRun.State.RUNNING, started_at__lt=timezone.now() - STALE_AFTER)
    return abandoned.update(
        state=AgentRun.State.FAILED, error="The process that worked on it ended.", ended_at=timezone.now()
    )


def book_stale_reservations() -> int:
    """Book what killed processes held for calls of theirs as spent; returns for how many calls.

    Each reservation is a row that its call takes away when it ends, so that others' calls, however many, neither keep it
    nor lose theirs. A call lasts seconds; one that ends after all books its cost in the estimate's place.
    """
    return spend.book_stale(older_than=STALE_AFTER, most=MOST_AT_ONCE)


def end_undecided_approvals() -> int:
    """Decline what waited for a person in an episode that has ended, and the lead it was about; returns how many.

    Else it would be offered for approval in whatever the customer writes about next.
    """
    theirs = Episode.objects.filter(
        conversation=OuterRef("conversation"), ended_at=None, started_at__lte=OuterRef("created_at")
    )
    undecided = Approval.objects.filter(~Exists(theirs), state=Approval.State.WAITING)
    Lead.objects.filter(state=Lead.State.WAITING, episode__ended_at__isnull=False).update(state=Lead.State.DECLINED)
    return undecided.update(
        state=Approval.State.DECLINED,
        reason="The conversation ended before anybody decided.",
        decided_at=timezone.now(),
    )
