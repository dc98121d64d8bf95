"""TikTok's proof: an HMAC of the time and the raw bytes, with the app's secret."""

import hashlib
import hmac
import logging
import re
from collections.abc import Sequence

from integrations.exceptions import InvalidSignature, NoSignature, SignedAhead
from integrations.platforms.base import AppKey, Proof

logger = logging.getLogger(__name__)

HEADER = "Tiktok-Signature"
FRESH_SECONDS = 300
_MAX_HEADER = 1_024
_MAX_SIGNATURES = 8
_TIME = re.compile(r"[0-9]{1,12}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def verify(header: str | None, body: bytes, keys: Sequence[AppKey], *, now: float) -> Proof:
    """The apps whose secret made the header's signature of ``body``. Raises InvalidSignature.

    A time more than 300 s ahead is refused. An older one is accepted and called late: it is not known whether TikTok
    signs a retry anew, and what stops a replay is the event's key, not its age.
    """
    if not header:
        raise NoSignature("Missing signature header")
    time, signatures = _parts(header)
    ahead = int(time) - now
    message = time.encode() + b"." + body
    fitting = tuple(key.client_key for key in keys if _fits(key.secret, message, signatures))
    if not fitting:
        raise InvalidSignature("Invalid signature")
    if ahead > FRESH_SECONDS:
        logger.warning("A good signature is %d s ahead: this host's clock is wrong, or the sender's.", ahead)
        raise SignedAhead("Invalid signature")
    return Proof(client_keys=fitting, late=ahead < -FRESH_SECONDS)


def sign(secret: str, body: bytes, *, time: int) -> str:
    """The header's value for ``body`` at ``time``."""
    message = f"{time}.".encode() + body
    return f"t={time},s={hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()}"


def _parts(header: str) -> tuple[str, tuple[str, ...]]:
    """The one time and the signatures, matched by name, in whatever order they come."""
    if len(header) > _MAX_HEADER:
        raise NoSignature("Invalid signature")
    times, signatures = set(), []
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        if name == "t" and _TIME.fullmatch(value):
            times.add(value)
        elif name == "s" and _DIGEST.fullmatch(value.lower()):
            signatures.append(value.lower())
    if len(times) != 1 or not 0 < len(signatures) <= _MAX_SIGNATURES:
        raise NoSignature("Invalid signature")
    return times.pop(), tuple(signatures)


def _fits(secret: str, message: bytes, signatures: tuple[str, ...]) -> bool:
    expected = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
    return any(hmac.compare_digest(expected, signature) for signature in signatures)
