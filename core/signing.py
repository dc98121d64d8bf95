"""The Standard Webhooks scheme, version 1.0.0, as its sender needs it: secrets, and the headers that prove a body.

What is signed is ``id.time.body``, so that an id holds no dot. While a secret is being replaced each request carries
one signature for each valid secret, and whoever checks is content with any one.
"""

import base64
import binascii
import hashlib
import hmac
import secrets as randomness
from collections.abc import Iterable

PREFIX = "whsec_"
VERSION = "v1"
ID, TIMESTAMP, SIGNATURE = "Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"
_SECRET_BYTES = 32
_FEWEST_BYTES, _MOST_BYTES = 24, 64


def new_secret() -> str:
    """A secret as its owner is shown it."""
    return PREFIX + base64.b64encode(randomness.token_bytes(_SECRET_BYTES)).decode()


def key_of(secret: str) -> bytes | None:
    """The bytes to sign with, or None where this is no ``whsec_`` and base64 of 24 to 64 bytes."""
    if not secret.startswith(PREFIX):
        return None
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if _FEWEST_BYTES <= len(key) <= _MOST_BYTES else None


def signed(secrets: Iterable[str], *, id: str, at: int, body: bytes) -> dict[str, str]:  # noqa: A002  (the scheme's word)
    """The headers that prove ``body``, one signature for each secret."""
    keys = [key for key in map(key_of, secrets) if key is not None]
    signatures = (f"{VERSION},{base64.b64encode(digest(key, id, at, body)).decode()}" for key in keys)
    return {ID: id, TIMESTAMP: str(at), SIGNATURE: " ".join(signatures)}


def digest(key: bytes, identifier: str, at: int, body: bytes) -> bytes:
    """The signature's bytes; ``at`` in seconds since 1970."""
    return hmac.new(key, f"{identifier}.{at}.".encode() + body, hashlib.sha256).digest()
