"""Calls that broke off: whether anything of them can have reached the other end. Every platform judges this alike."""

import httpx2

from conversations.types import SendOutcome, SendResult
from core.exceptions import EgressRefused

# Raised before any byte of the request can have left.
NOTHING_LEFT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.UnsupportedProtocol,
    httpx2.LocalProtocolError,
    EgressRefused,
)


def of_error(error: Exception, *, not_reached: str, broke: str) -> SendResult:
    """What a broken connection means, in these words: tried again where nothing left, else in doubt."""
    if isinstance(error, NOTHING_LEFT):
        return SendResult(
            outcome=SendOutcome.RETRY, evidence=str(error) if isinstance(error, EgressRefused) else not_reached
        )
    return SendResult(outcome=SendOutcome.AMBIGUOUS, evidence=f"{broke} ({type(error).__name__}).")
