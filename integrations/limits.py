"""How many calls an account may make a minute, kept in one row so that all workers together stay under it."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from core import rows
from core.clock import database_now
from core.statements import Read
from integrations.models import SendWindow
from integrations.platforms.base import Platform

# The platform counts when a call arrives, which is a little later than when it is taken here.
WINDOW = timedelta(seconds=61)


def per_minute(platform: Platform) -> int:
    """How many calls this platform takes of one account in a minute."""
    return int(getattr(settings, platform.calls_per_minute_setting))


@transaction.atomic(savepoint=False)
def take(account_id: int, *, limit: int, calls: int = 1, leaving: int = 0) -> float:
    """Take the right to ``calls`` calls now: 0.0, or the seconds to wait, and then nothing was taken.

    ``leaving`` keeps that many calls free for what matters more. Exact at any number of workers: the account's row is
    held until the surrounding transaction ends, and the clock is the database's.
    """
    window = _held(account_id)
    now = database_now().timestamp()
    recent: list[float] = sorted(stamp for stamp in window.stamps if stamp > now - WINDOW.total_seconds())
    room = max(limit - leaving, calls)
    over = len(recent) + calls - room
    if over > 0:
        return max(0.001, recent[over - 1] + WINDOW.total_seconds() - now)
    window.stamps = [*recent, *[now] * calls]
    rows.update(window, "stamps")
    return 0.0


@Read
def _window(pk: int) -> QuerySet[SendWindow]:
    return SendWindow.objects.select_for_update().filter(pk=pk).order_by()


def _held(account_id: int) -> SendWindow:
    """The account's row, locked. SQLite's transactions begin IMMEDIATE and so hold the one write lock anyway."""
    held = _window.first(account_id)
    if held is None:
        SendWindow.objects.bulk_create([SendWindow(account_id=account_id)], ignore_conflicts=True)
        held = _window.one(account_id)
    return held
