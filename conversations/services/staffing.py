"""When people will answer, as far as it can be worked out: opening hours, what waits, and how soon people answered lately."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F

from conversations.models import Episode, Escalation
from core.hours import business_hours

RECENT = timedelta(days=7)
MOST_EPISODES = 50
LEAST_EPISODES = 5
_SLOW_SHARE = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Staffing:
    """How it stands with the people at one moment. ``is_open`` is None where nobody has said when they are there.

    ``opens`` and ``closes`` are in the business's time zone. ``wait`` is within what three in four were answered lately,
    or how long somebody waits now if that is longer; None where too few were answered to say.
    """

    now: datetime
    is_open: bool | None = None
    opens: datetime | None = None
    closes: datetime | None = None
    wait: timedelta | None = None


def staffing(now: datetime) -> Staffing:
    """Work it out, in 5 queries."""
    hours = business_hours()
    if not hours.are_known:
        return Staffing(now=now, wait=_wait(now))
    is_open = hours.is_open(now)
    return Staffing(
        now=now,
        is_open=is_open,
        opens=None if is_open else hours.next_opening(now),
        closes=hours.next_closing(now) if is_open else None,
        wait=_wait(now) if is_open else None,
    )


def _wait(now: datetime) -> timedelta | None:
    answered = Episode.objects.filter(
        first_human_reply_at__gte=now - RECENT,
        first_human_reply_at__gt=F("first_escalated_at"),
        first_escalated_at__isnull=False,
    )
    moments = answered.order_by("-first_human_reply_at").values_list("first_human_reply_at", "first_escalated_at")
    took = sorted(
        replied - escalated
        for replied, escalated in moments[:MOST_EPISODES]
        if replied is not None and escalated is not None
    )
    if len(took) < LEAST_EPISODES:
        return None
    usual = took[math.ceil(len(took) * _SLOW_SHARE) - 1]
    oldest = Escalation.objects.unclaimed().order_by("created_at").values_list("created_at", flat=True).first()
    return max(usual, now - oldest) if oldest is not None else usual
