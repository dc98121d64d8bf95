"""What browsers report when the content policy stopped something: counted all, logged some, kept nowhere.

Anybody can post here, so nothing of a report is believed, little of it is read, and a flood costs two lines a minute.
"""

import json
import logging
import re
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from supportagent import content_policy, counters

logger = logging.getLogger(__name__)

MOST_BYTES = 16 * 1024
MOST_REPORTS = 20
LOGGED_A_MINUTE = 10
_WORD = re.compile(r"[a-z-]{1,40}")


class _Allowance:
    """So many lines a minute in this process; how many were left out is said with the first of the next minute."""

    def __init__(self, most: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._since = float("-inf")
        self._used = 0

    def take(self) -> tuple[bool, int]:
        """Whether a line may be written, and how many were left out in the minutes before."""
        with self._lock:
            left_out = 0
            if self._clock() - self._since >= 60:
                left_out = max(0, self._used - self._most)
                self._since, self._used = self._clock(), 0
            self._used += 1
            return self._used <= self._most, left_out


allowance = _Allowance(LOGGED_A_MINUTE)


@csrf_exempt
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """204 for whatever arrives: a browser has no use for a complaint."""
    for report in _reports(request.read(MOST_BYTES + 1)):
        directive = _directive(report)
        counters.count_policy_report(directive)
        may_log, left_out = allowance.take()
        if left_out:
            logger.warning("%d more reports of the content policy were not written down.", left_out)
        if may_log:
            page, blocked = _field(report, "document-uri", "documentURL"), _field(report, "blocked-uri", "blockedURL")
            logger.warning("The content policy stopped %s on %s: %s.", directive, _path(page), _origin(blocked))
    return HttpResponse(status=204)


def _reports(raw: bytes) -> list[dict[str, Any]]:
    """The reports in a body of either kind that browsers send; none where it is too long or something else."""
    if len(raw) > MOST_BYTES:
        return []
    try:
        given = json.loads(raw)
    except (ValueError, RecursionError):
        return []
    bodies = [each.get("body") for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    if isinstance(given, dict):
        bodies = [given.get("csp-report")]
    return [body for body in bodies[:MOST_REPORTS] if isinstance(body, dict)]


def _directive(report: dict[str, Any]) -> str:
    """The part of the policy: one of ours, since each becomes a series of figures."""
    named = _field(report, "effective-directive", "effectiveDirective") or _field(report, "violated-directive")
    found = _WORD.match(named)
    name = re.sub(r"-(elem|attr)$", "", found.group()) if found else ""
    return name if name in content_policy.STRICT else "other"


def _field(report: dict[str, Any], *names: str) -> str:
    return next((value for name in names if isinstance(value := report.get(name), str)), "")


def _path(address: str) -> str:
    """A page's path. What stands behind it may be somebody's."""
    try:
        return repr(urlsplit(address).path[:100])
    except ValueError:
        return "an unreadable address"


def _origin(address: str) -> str:
    """Whom it would have called, or ``inline`` and the like."""
    if _WORD.fullmatch(address):
        return address
    try:
        parts = urlsplit(address)
    except ValueError:
        return "an unreadable address"
    return repr(f"{parts.scheme}://{parts.hostname}"[:100]) if parts.hostname else repr(parts.scheme[:20])
