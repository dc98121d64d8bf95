"""Transactions that give way: what the database ended for the sake of another one is done again, from its beginning.

Two transactions that wait for each other's rows are a deadlock, and the database ends one of them. The orders in which
rows are held (``conversations.services.announce.lock``) are meant to leave none; this is for those that remain, as with
somebody else's session in the same database. Where neither was harmed but one, trying again is all that is needed.
"""

import logging
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection, transaction
from prometheus_client import Counter

from core.backoff import with_jitter

logger = logging.getLogger(__name__)

MOST_TRIES = 4
PAUSE_SECONDS = (0.02, 0.1, 0.4)
AWAY_PAUSE_SECONDS = 0.5
SERIALIZATION_FAILURE, DEADLOCK = "40001", "40P01"

P = ParamSpec("P")
R = TypeVar("R")

# Whoever tells the process's figures registers it.
counter = Counter(
    "transactions_ended_by_others_total",
    "Transactions that the database ended for another's sake: retried, or failed at the last try.",
    ["result"],
    registry=None,
)


def gave_way(error: BaseException) -> bool:
    """Whether the database ended the transaction because of another one, so that it may succeed when done again."""
    return isinstance(error, OperationalError) and getattr(error.__cause__, "sqlstate", None) in {
        SERIALIZATION_FAILURE,
        DEADLOCK,
    }


def retried(work: Callable[P, R]) -> Callable[P, R]:
    """Do ``work`` in a transaction of its own, and again, three times at most, where it had to give way.

    Within another transaction it is a part of that one, and the error goes on to whoever began it: what the part waited
    for may be held up by the whole.
    """
    return _retried(work, has_savepoint=True)


def retried_as_part(work: Callable[P, R]) -> Callable[P, R]:
    """The same for what is nearly always a part: whatever it raises ends the whole, which needs no savepoint then."""
    return _retried(work, has_savepoint=False)


def _retried(work: Callable[P, R], *, has_savepoint: bool) -> Callable[P, R]:
    @wraps(work)
    def done(*args: P.args, **kwargs: P.kwargs) -> R:
        if connection.in_atomic_block:
            with transaction.atomic(savepoint=has_savepoint):
                return work(*args, **kwargs)
        for tried in range(1, MOST_TRIES):
            try:
                with transaction.atomic():
                    return work(*args, **kwargs)
            except OperationalError as error:
                if not gave_way(error):
                    raise
                counter.labels("retried").inc()
                logger.warning("%s gave way to another transaction; try %d.", work.__qualname__, tried + 1)
            time.sleep(with_jitter(PAUSE_SECONDS[tried - 1], share=0.5))
        try:
            with transaction.atomic():
                return work(*args, **kwargs)
        except OperationalError as error:
            if gave_way(error):
                counter.labels("failed").inc()
            raise

    return done


def persistently(work: Callable[[], R], *, seconds: float) -> R:
    """What ``work`` answers; while the database is away it is done again, for so long.

    For the end of something whose lease would otherwise have to run out. It may have been written although its answer was
    lost, so ``work`` has to bear being done twice.
    """
    until = time.monotonic() + seconds
    while True:
        try:
            return work()
        except (OperationalError, InterfaceError) as error:
            if gave_way(error) or connection.in_atomic_block or time.monotonic() >= until:
                raise
            logger.warning("The database did not take the end of something; it is told again.", exc_info=True)
            connection.close()
        time.sleep(AWAY_PAUSE_SECONDS)
