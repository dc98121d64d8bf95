"""The Standard Webhooks scheme, version 1.0.0, with symmetric keys: how others prove events to us, and we ours to others.

What is signed is ``id.time.body``, so that an id holds no dot. While a secret is being replaced each request carries
one signature for each valid secret, and whoever checks is content with any one.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets as randomness
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from integrations.exceptions import NoSignature

PREFIX = "whsec_"
FRESH_SECONDS = 300
ID, TIMESTAMP, SIGNATURE = "Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"
_SECRET_BYTES = 32
_FEWEST_BYTES, _MOST_BYTES = 24, 64
_MAX_HEADER = 2_048
_MAX_SIGNATURES = 16
_VERSION = "v1"
_DIGEST_BYTES = hashlib.sha256().digest_size
# Visible ASCII without the dot that parts the signed text.
_IDENTIFIER = re.compile(r"[!-\-/-~]{1,255}")
_TIME = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a request says of itself: its id, when it was sent, and the signatures of a version that is known here."""

    id: str
    sent_at: int
    signatures: tuple[bytes, ...]

    def is_proved_by(self, secret: str, body: bytes) -> bool:
        """Whether one of the signatures was made with this secret. One that is no secret proves nothing."""
        key = key_of(secret)
        if key is None:
            return False
        expected = _digest(key, self.id, self.sent_at, body)
        return any(hmac.compare_digest(expected, signature) for signature in self.signatures)


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


def claim_of(headers: Mapping[str, str]) -> Claim:
    """What the headers claim. Signatures of other versions and nonsense are passed over. Raises NoSignature."""
    identifier, time, listed = (headers.get(name) or "" for name in (ID, TIMESTAMP, SIGNATURE))
    if not identifier or not time or not listed:
        raise NoSignature("Missing signature header")
    if not _IDENTIFIER.fullmatch(identifier) or not _TIME.fullmatch(time) or len(listed) > _MAX_HEADER:
        raise NoSignature("Invalid signature")
    signatures = tuple(filter(None, map(_signature, listed.split(" ")[:_MAX_SIGNATURES])))
    if not signatures:
        raise NoSignature("Invalid signature")
    return Claim(id=identifier, sent_at=int(time), signatures=signatures)


def signed(secrets: Iterable[str], *, id: str, at: int, body: bytes) -> dict[str, str]:  # noqa: A002  (the scheme's word)
    """The headers that prove ``body``, one signature for each secret."""
    keys = [key for key in map(key_of, secrets) if key is not None]
    signatures = (f"{_VERSION},{base64.b64encode(_digest(key, id, at, body)).decode()}" for key in keys)
    return {ID: id, TIMESTAMP: str(at), SIGNATURE: " ".join(signatures)}


def _signature(entry: str) -> bytes:
    version, _, text = entry.partition(",")
    if version != _VERSION:
        return b""
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return digest if len(digest) == _DIGEST_BYTES else b""


def _digest(key: bytes, identifier: str, at: int, body: bytes) -> bytes:
    return hmac.new(key, f"{identifier}.{at}.".encode() + body, hashlib.sha256).digest()
