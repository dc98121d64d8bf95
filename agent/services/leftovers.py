"""Ending what a killed process left open: runs that will never end by themselves, and money kept for their calls."""

from datetime import timedelta

from django.db.models import Exists
from django.utils import timezone

from agent.models import AgentRun, SpendLedger

STALE_AFTER = timedelta(minutes=10)


def end_abandoned_runs() -> int:
    """Mark runs whose process is gone as failed; returns how many. Their conversations are dealt with by their leases."""
    abandoned = AgentRun.objects.filter(state=AgentRun.State.RUNNING, started_at__lt=timezone.now() - STALE_AFTER)
    return abandoned.update(
        state=AgentRun.State.FAILED, error="The process that worked on it ended.", ended_at=timezone.now()
    )


def release_stale_reservations() -> int:
    """Empty the reserved sums while no answer is being worked out; returns how many ledgers held something.

    A reservation has no row of its own, only its part of the day's sum. A run that began within ten minutes may still
    hold one, and so nothing is given back beside it; a run that began before has long lost its lease. Settling never
    goes below zero, so a call that ends after all books its cost and harms nothing.
    """
    working = AgentRun.objects.filter(state=AgentRun.State.RUNNING, started_at__gte=timezone.now() - STALE_AFTER)
    return SpendLedger.objects.filter(~Exists(working), reserved__gt=0).update(reserved=0)
