"""What an answer of LinkedIn's means for a message: it arrived, it did not, or nobody can tell."""

import json
from datetime import UTC, datetime, time, timedelta
from typing import Any

import httpx2

from conversations.types import SendOutcome, SendResult
from core.text import clean_text, one_line
from integrations.platforms import failures

THROTTLED_SECONDS = 300.0
LONGEST_WAIT = 3_600.0
VERSION_SECONDS = 600.0
DAILY = "resource level throttle"

SENTENCES = {
    400: "LinkedIn did not accept it as it is.",
    401: "LinkedIn no longer accepts this account's token.",
    403: "LinkedIn says that this account may not do it: the token's member may no longer be an administrator of the Page.",
    404: "LinkedIn no longer has what this answers.",
    422: "LinkedIn did not accept it as it is.",
    426: "LinkedIn no longer answers this version of its interface: set LINKEDIN_VERSION to a newer one.",
    429: "LinkedIn asks for a pause: too many calls.",
}


def of_error(error: Exception) -> SendResult:
    """What a broken connection means."""
    return failures.of_error(
        error,
        not_reached="LinkedIn could not be reached.",
        broke="The connection to LinkedIn broke before its answer was complete",
    )


def of_answer(status: int, headers: httpx2.Headers, body: bytes, *, now: datetime) -> tuple[SendResult, dict[str, Any]]:
    """What an answer means, and the JSON object in it."""
    data = _object(body)
    if status in {200, 201, 204}:
        return SendResult(outcome=SendOutcome.OK, http_status=status), data or {}
    said = (data.get("message") or data.get("error_description")) if data else None
    words = f" LinkedIn says: {one_line(clean_text(said), 120)}" if isinstance(said, str) and said else ""
    sub_code = data.get("serviceErrorCode") if data else None
    number = f"{status}/{sub_code}" if isinstance(sub_code, int) else str(status)
    outcome = _outcome(status)
    result = SendResult(
        outcome=outcome,
        http_status=status,
        evidence=f"{_sentence(status)}{words} ({number})",
        retry_after=_wait(status, str(said or ""), headers, now) if outcome is SendOutcome.RETRY else None,
    )
    return result, data or {}


def _outcome(status: int) -> SendOutcome:
    if status in {401, 403}:
        return SendOutcome.REAUTH
    if status in {409, 425, 426, 429, 503} or 300 <= status < 400:
        return SendOutcome.RETRY
    if status == 408 or status >= 500 or status < 300:
        return SendOutcome.AMBIGUOUS
    return SendOutcome.REFUSED


def _sentence(status: int) -> str:
    if status in SENTENCES:
        return SENTENCES[status]
    if status >= 500:
        return "LinkedIn reports an error of its own."
    return "LinkedIn refused it." if _outcome(status) is SendOutcome.REFUSED else "LinkedIn asks to try later."


def _wait(status: int, said: str, headers: httpx2.Headers, now: datetime) -> float | None:
    """The least pause to make, in seconds. LinkedIn names none: a day's limit ends at midnight UTC, give or take minutes."""
    asked = headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit() and len(asked) < 10:
        return min(float(asked), LONGEST_WAIT)
    if status == 426:
        return VERSION_SECONDS
    if status != 429:
        return None
    if DAILY not in said.lower():
        return THROTTLED_SECONDS
    midnight = datetime.combine(now.astimezone(UTC).date(), time(), tzinfo=UTC)
    if (now - midnight).total_seconds() < THROTTLED_SECONDS:
        # By its clock it may still be the day before.
        return THROTTLED_SECONDS
    return max((midnight + timedelta(days=1) - now).total_seconds(), THROTTLED_SECONDS)


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
