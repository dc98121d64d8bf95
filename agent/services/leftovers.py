"""Ending what nobody ends by themselves: what a killed process left open, and what nobody decided in time."""

from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone

from agent.llm import spend
from agent.models import AgentRun, Approval, Lead
from core import audit
from core.transactions import retried

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


@retried
def end_undecided_approvals() -> int:
    """Decline what waited for a person in an episode that has ended, and the lead it was about; returns how many.

    Else it would be offered for approval in whatever the customer writes about next.
    """
    open_still = Lead.objects.filter(
        conversation=OuterRef("conversation"), state=Lead.State.WAITING, episode__ended_at=None
    )
    # In the order in which a person's decision takes them: the approval, then the lead.
    undecided = Approval.objects.filter(~Exists(open_still), state=Approval.State.WAITING)
    ended = [approval for approval in undecided.order_by("pk")[:MOST_AT_ONCE] if _declined(approval)]
    Lead.objects.filter(state=Lead.State.WAITING, episode__ended_at__isnull=False).update(state=Lead.State.DECLINED)
    return len(ended)


def _declined(approval: Approval) -> bool:
    reason = "The conversation ended before anybody decided."
    mine = Approval.objects.filter(pk=approval.pk, state=Approval.State.WAITING)
    if not mine.update(state=Approval.State.DECLINED, reason=reason, decided_at=timezone.now()):
        return False
    audit.record(None, "approval.declined", approval, reason=reason, after={"tool": approval.tool})
    return True
