"""Transactions that the database broke off so that another could pass: nothing of them happened, and they begin again."""

import functools
import logging
import random
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection

logger = logging.getLogger(__name__)

RETRIES = 3
LONGEST_PAUSE = 0.05
# PostgreSQL's codes: could not be serialized; deadlock. SQLite has one writer at a time and knows neither.
BROKEN_OFF = frozenset({"40001", "40P01"})
_random = random.SystemRandom()

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def begun_again(work: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """Call ``work``, whose every write is in one transaction, at most three times more where that was broken off.

    Within another's transaction it is called once: all of that is broken off, and whoever began it begins again.
    """

    @functools.wraps(work)
    def patient(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        for _ in range(RETRIES):
            try:
                return work(*args, **kwargs)
            except OperationalError as error:
                code = getattr(error.__cause__, "sqlstate", None)
                if code not in BROKEN_OFF or connection.in_atomic_block:
                    raise
                logger.warning("%s was broken off by the database (%s) and is begun again.", work.__name__, code)
            time.sleep(_random.uniform(0.0, LONGEST_PAUSE))
        return work(*args, **kwargs)

    return patient
