"""Ending what a killed process left open: runs that will never end by themselves, and money kept for their calls."""

from datetime import timedelta

from django.utils import timezone

from agent.llm import spend
from agent.models import AgentRun

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
