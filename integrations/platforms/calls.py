"""One call to a platform and its whole answer, as the clients make it."""

import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import httpx2
from django.conf import settings

from conversations.types import SendOutcome, SendResult
from core import http
from core.exceptions import AnswerTooLong, EgressRefused
from core.http import Answer
from integrations.platforms.base import CallFailed

CONNECT_SECONDS = 3.0


@lru_cache(maxsize=1)
def _connections() -> httpx2.Client:
    """The process's client. Safe for threads; making one costs tens of milliseconds."""
    return http.client(timeout=settings.PLATFORM_CALL_SECONDS, connect=CONNECT_SECONDS)


def exchange(
    method: str,
    url: str,
    *,
    deadline: float | None,
    limit: int,
    too_long: Callable[[int], SendResult],
    broken: Callable[[Exception], SendResult],
    **content: Any,
) -> Answer:
    """One request and its whole answer, ended by ``deadline`` (monotonic seconds) or PLATFORM_CALL_SECONDS. Raises CallFailed.

    At most ``limit`` bytes are read. ``too_long`` says what an answer beyond them means, by its status, and ``broken``
    what a broken connection means: the words are each platform's own.
    """
    until = min(deadline or float("inf"), time.monotonic() + settings.PLATFORM_CALL_SECONDS)
    try:
        return http.exchange(
            _connections(), method, url, deadline=until, connect=CONNECT_SECONDS, limit=limit, **content
        )
    except AnswerTooLong as error:
        raise CallFailed(too_long(error.status)) from error
    except (httpx2.HTTPError, httpx2.InvalidURL, EgressRefused) as error:
        raise CallFailed(broken(error)) from error


def failed(outcome: SendOutcome, evidence: str, status: int | None = None) -> CallFailed:
    """A call that did not succeed, in the terms of a send."""
    return CallFailed(SendResult(outcome=outcome, http_status=status, evidence=evidence))


def seconds(value: object) -> float | None:
    """A lifetime from an answer; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        return None
    return float(value)
