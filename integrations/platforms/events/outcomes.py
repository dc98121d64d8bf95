"""What the other end's answer means for a message: it arrived, it did not, or nobody can tell."""

import httpx2

from conversations.types import SendOutcome, SendResult
from integrations.platforms import failures

LONGEST_RETRY_AFTER = 3_600.0


def of_error(error: Exception) -> SendResult:
    """What a broken connection means."""
    return failures.of_error(
        error,
        not_reached="The account's address could not be reached.",
        broke="The connection broke before the answer was complete",
    )


def of_answer(status: int, headers: httpx2.Headers) -> SendResult:
    """What a status means. Success is 2xx alone; nobody is followed to another address."""
    if 200 <= status < 300:
        return SendResult(outcome=SendOutcome.OK, http_status=status)
    if status in {401, 403}:
        outcome, why = SendOutcome.REAUTH, "The other end does not take our signature: compare the secrets"
    elif status == 410:
        outcome, why = SendOutcome.REAUTH, "The other end says that its address is gone for good"
    elif status in {409, 425, 429, 503}:
        outcome, why = SendOutcome.RETRY, "The other end asks to try later"
    elif 300 <= status < 400:
        outcome, why = SendOutcome.RETRY, "The other end points to another address, which is not followed"
    elif status == 408 or status >= 500 or status < 200:
        outcome, why = SendOutcome.AMBIGUOUS, "The other end reports an error of its own"
    else:
        outcome, why = SendOutcome.REFUSED, "The other end refused it"
    wait = retry_after(headers) if outcome is SendOutcome.RETRY else None
    return SendResult(outcome=outcome, http_status=status, evidence=f"{why} (HTTP {status}).", retry_after=wait)


def retry_after(headers: httpx2.Headers) -> float | None:
    """The pause asked for, in seconds, within reason; None where none is given as a number."""
    value = headers.get("retry-after", "").strip()
    return min(float(value), LONGEST_RETRY_AFTER) if value.isascii() and value.isdigit() and len(value) < 10 else None
