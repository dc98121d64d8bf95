"""How many calls an account may make a minute, kept in one row so that all workers together stay under it."""

import math
from datetime import timedelta

from django.conf import settings
from django.db import Error as AnyDatabaseError
from django.db import transaction
from django.db.models import QuerySet

from core import rows
from core.clock import database_now
from core.statements import Read
from integrations.models import PlatformAccount, SendWindow
from integrations.platforms import PLATFORMS
from integrations.platforms.base import OutOfCalls, Platform

# The platform counts when a call arrives, which is a little later than when it is taken here.
WINDOW = timedelta(seconds=61)
# Calls this near to each other are one entry, so that the row stays short whatever a platform allows.
GRAIN_SECONDS = 0.25
# Of a minute's calls so many stay free for messages, whatever else is asked.
KEPT_FOR_MESSAGES = 20
# Where the database does not take the count, the call waits for it like everything else.
UNCOUNTED_SECONDS = 2.0
Calls = list[tuple[float, int]]


def per_minute(platform: Platform) -> int:
    """How many calls this platform takes of one account in a minute."""
    return int(getattr(settings, platform.calls_per_minute_setting))


@transaction.atomic(savepoint=False)
def take(account_id: int, *, limit: int, calls: int = 1, leaving: int = 0) -> float:
    """Take the right to ``calls`` calls now: 0.0, or the seconds to wait, and then nothing was taken.

    ``leaving`` keeps that many calls free for what matters more. Never one too many at any number of workers: the
    account's row is held until the surrounding transaction ends, and the clock is the database's.
    """
    window, now = _held(account_id)
    recent = _recent(window, now)
    room = max(limit - leaving, calls)
    over = sum(made for _, made in recent) + calls - room
    if over > 0:
        return max(0.001, _freed(recent, over) + WINDOW.total_seconds() - now)
    _count(window, recent, calls, now)
    return 0.0


@transaction.atomic(savepoint=False)
def note(account_id: int, calls: int) -> None:
    """Count calls that were made before the account was there."""
    window, now = _held(account_id)
    _count(window, _recent(window, now), calls, now)


class Meter:
    """Counts an account's calls, each before it is made: what is begun with one call may need others.

    ``paid`` of them were counted already. ``leaving`` keeps as many free as in ``take``.
    """

    def __init__(self, account: PlatformAccount, *, paid: int = 0, leaving: int = 0) -> None:
        self._account_id = account.pk
        self._limit = per_minute(PLATFORMS[account.platform])
        self._paid = paid
        self._leaving = leaving

    def __call__(self) -> None:
        """Count one call. Raises OutOfCalls, and then it must not be made."""
        if self._paid:
            self._paid -= 1
            return
        try:
            wait = take(self._account_id, limit=self._limit, leaving=self._leaving)
        except AnyDatabaseError as error:
            raise OutOfCalls(UNCOUNTED_SECONDS, "The call could not be counted.") from error
        if wait:
            raise OutOfCalls(wait)


class Tally:
    """Counts the calls for an account that is not there yet, until they can be noted."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> None:
        """Count one call."""
        self.made += 1


def _recent(window: SendWindow, now: float) -> Calls:
    return sorted((at, made) for at, made in window.calls if at > now - WINDOW.total_seconds())


def _count(window: SendWindow, recent: Calls, calls: int, now: float) -> None:
    counted = dict(recent)
    # Never earlier than it is: rather a quarter of a second too long a wait than a call too many.
    moment = math.ceil(now / GRAIN_SECONDS) * GRAIN_SECONDS
    counted[moment] = counted.get(moment, 0) + calls
    window.calls = sorted(counted.items())
    rows.update(window, "calls")


def _freed(recent: Calls, wanted: int) -> float:
    """The moment of the call, of those in order, with which ``wanted`` of them have left the window."""
    for at, made in recent:
        wanted -= made
        if wanted <= 0:
            return at
    return recent[-1][0]


@Read
def _window(pk: int) -> QuerySet[SendWindow]:
    return SendWindow.objects.select_for_update().filter(pk=pk).order_by()


def _held(account_id: int) -> tuple[SendWindow, float]:
    """The account's row, locked, and the moment after that, in seconds since 1970.

    SQLite's transactions begin IMMEDIATE and so hold the one write lock anyway.
    """
    held = _window.first_at(account_id)
    if held is None:
        SendWindow.objects.bulk_create([SendWindow(account_id=account_id)], ignore_conflicts=True)
        return _window.one(account_id), database_now().timestamp()
    window, now = held
    return window, now.timestamp()
