"""The Standard Webhooks scheme, version 1.0.0, with symmetric keys: how others prove events to us, and we ours to others.

How it signs is ``core.signing``'s; here is how a signature is checked.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass

from core.signing import ID, PREFIX, SIGNATURE, TIMESTAMP, VERSION, digest, key_of, new_secret, signed
from integrations.exceptions import NoSignature

__all__ = [
    "FRESH_SECONDS",
    "ID",
    "PREFIX",
    "SIGNATURE",
    "TIMESTAMP",
    "Claim",
    "claim_of",
    "key_of",
    "new_secret",
    "signed",
]

FRESH_SECONDS = 300
_MAX_HEADER = 2_048
_MAX_SIGNATURES = 16
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
        expected = digest(key, self.id, self.sent_at, body)
        return any(hmac.compare_digest(expected, signature) for signature in self.signatures)


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


def _signature(entry: str) -> bytes:
    version, _, text = entry.partition(",")
    if version != VERSION:
        return b""
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return digest if len(digest) == _DIGEST_BYTES else b""
