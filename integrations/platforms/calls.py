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
from core.pictures import megabytes
from integrations.platforms.base import CallFailed

CONNECT_SECONDS = 3.0
# Of a file that a customer sent, by what the platform calls it: some minutes of sound or film do not fit into a picture's.
PICTURE_BYTES, RECORDING_BYTES = 5_000_000, 20_000_000


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


def most_bytes(kind: str) -> int:
    """How many bytes of a customer's file are read at most. ``kind`` is image, video or audio."""
    return RECORDING_BYTES if kind in ("video", "audio") else PICTURE_BYTES


def file_too_long(kind: str) -> Callable[[int], SendResult]:
    """What a longer file means: asked for again it would be as long."""
    evidence = f"The file has more than {megabytes(most_bytes(kind))}."
    return lambda status: SendResult(outcome=SendOutcome.REFUSED, http_status=status, evidence=evidence)


def failed(outcome: SendOutcome, evidence: str, status: int | None = None) -> CallFailed:
    """A call that did not succeed, in the terms of a send."""
    return CallFailed(SendResult(outcome=outcome, http_status=status, evidence=evidence))


def seconds(value: object) -> float | None:
    """A lifetime from an answer; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        return None
    return float(value)
