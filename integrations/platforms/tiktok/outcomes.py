"""What an answer of TikTok's means for a message: it arrived, it did not, or nobody can tell.

TikTok reports most failures with HTTP 200 and a code, so both are judged.
"""

import json
from typing import Any

import httpx2

from conversations.types import SendOutcome, SendResult
from core.text import clean_text, one_line
from integrations.platforms import failures

OK = 0
TOO_MANY = 40_100
BAD_TOKEN = 40_105
SYSTEM_ERROR = 51_065
BAD_PARAMETER = 40_002
AGAINST_THE_RULES = 40_064
LONGEST_RETRY_AFTER = 3_600.0

SENTENCES = {
    40_001: "TikTok says this account has no permission for it.",
    BAD_PARAMETER: "TikTok did not accept the message as it is.",
    40_007: "TikTok no longer knows this conversation.",
    AGAINST_THE_RULES: "TikTok's rules for direct messages forbid it now (48 hours, 10 messages, or too many conversations). "
    "It can be tried when the customer writes again.",
    TOO_MANY: "TikTok asks for a pause: too many calls.",
    40_101: "TikTok does not know the app's key or secret.",
    BAD_TOKEN: "TikTok no longer accepts this account's token.",
    40_110: "TikTok no longer accepts the authorisation. Connect the account again.",
    40_908: "TikTok takes JPG and PNG pictures of at most 3 MB only.",
    SYSTEM_ERROR: "TikTok reports an error of its own.",
}

NO_PICTURE_NOW = (
    "TikTok takes no picture in this conversation now. Say it in words, or send it when the customer writes again. "
    f"({AGAINST_THE_RULES})"
)


def of_error(error: Exception) -> SendResult:
    """What a broken connection means."""
    return failures.of_error(
        error,
        not_reached="TikTok could not be reached.",
        broke="The connection to TikTok broke before its answer was complete",
    )


def of_answer(status: int, headers: httpx2.Headers, body: bytes) -> tuple[SendResult, int | None, dict[str, Any]]:
    """What an answer means, its code where it has one, and its ``data``."""
    if status != 200:
        return _of_status(status, headers), None, {}
    envelope = _envelope(body)
    if envelope is None:
        unclear = SendResult(
            outcome=SendOutcome.AMBIGUOUS, http_status=status, evidence="TikTok's answer was not its usual one."
        )
        return unclear, None, {}
    code, data = envelope["code"], envelope.get("data")
    return _of_code(code, envelope, headers), code, data if isinstance(data, dict) else {}


def _of_status(status: int, headers: httpx2.Headers) -> SendResult:
    wait = _retry_after(headers)
    if status in {401, 403}:
        outcome, why = SendOutcome.REAUTH, SENTENCES[BAD_TOKEN]
    elif status in {409, 425, 429, 503} or 300 <= status < 400:
        outcome, why = SendOutcome.RETRY, f"TikTok asks to try later (HTTP {status})."
    elif status == 408 or status >= 500 or status < 300:
        outcome, why = SendOutcome.AMBIGUOUS, f"TikTok reports an error of its own (HTTP {status})."
    else:
        outcome, why = SendOutcome.REFUSED, f"TikTok refused it (HTTP {status})."
    return SendResult(outcome=outcome, http_status=status, evidence=why, retry_after=wait)


def _of_code(code: int, envelope: dict[str, Any], headers: httpx2.Headers) -> SendResult:
    if code == OK:
        return SendResult(outcome=SendOutcome.OK, http_status=200)
    if code == TOO_MANY:
        outcome = SendOutcome.RETRY
    elif code == BAD_TOKEN:
        outcome = SendOutcome.REAUTH
    elif 40_000 <= code < 50_000:
        outcome = SendOutcome.REFUSED
    else:
        outcome = SendOutcome.AMBIGUOUS
    said = envelope.get("message")
    words = f" TikTok says: {one_line(clean_text(said), 120)}" if isinstance(said, str) and said else ""
    sentence = SENTENCES.get(code, f"TikTok refused it (code {code})." if code < 50_000 else SENTENCES[SYSTEM_ERROR])
    return SendResult(
        outcome=outcome,
        http_status=200,
        evidence=f"{sentence}{words} ({code})",
        retry_after=_retry_after(headers) if outcome is SendOutcome.RETRY else None,
    )


def _envelope(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    code = found.get("code") if isinstance(found, dict) else None
    return found if isinstance(code, int) and not isinstance(code, bool) else None


def _retry_after(headers: httpx2.Headers) -> float | None:
    """The pause asked for, in seconds, within reason; None where none is given as a number."""
    value = headers.get("retry-after", "").strip()
    return min(float(value), LONGEST_RETRY_AFTER) if value.isascii() and value.isdigit() and len(value) < 10 else None
