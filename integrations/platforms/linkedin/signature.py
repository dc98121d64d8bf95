"""LinkedIn's proofs: an HMAC of the raw bytes, and of the challenge, with the app's client secret."""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence

from integrations.exceptions import InvalidChallenge, InvalidSignature, NoSignature
from integrations.platforms.base import AppKey, Proof

HEADER = "X-Li-Signature"
PREFIX = "hmacsha256="
_DIGEST = re.compile(r"[0-9a-f]{64}")
# Only what LinkedIn asks with is signed, or the door would sign whatever anybody likes.
_CODE = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def verify(header: str | None, body: bytes, keys: Sequence[AppKey]) -> Proof:
    """The apps whose secret made the header's signature of ``body``. Raises InvalidSignature.

    No time is signed, so nothing is ever late. The prefix is part of the signed text; whether the header carries it as
    well is not known, so it may.
    """
    if not header:
        raise NoSignature("Missing signature header")
    digest = header.strip().lower().removeprefix(PREFIX)
    if not _DIGEST.fullmatch(digest):
        raise NoSignature("Invalid signature")
    fitting = tuple(key.client_key for key in keys if hmac.compare_digest(sign(key.secret, body), digest))
    if not fitting:
        raise InvalidSignature("Invalid signature")
    return Proof(client_keys=fitting)


def sign(secret: str, body: bytes) -> str:
    """The header's value for ``body``."""
    return hmac.new(secret.encode(), PREFIX.encode() + body, hashlib.sha256).hexdigest()


def answer(query: Mapping[str, str], keys: Sequence[AppKey]) -> dict[str, str]:
    """The answer to LinkedIn's challenge, by the app it names, else by the newest, with its secret of now, which is the last.

    Raises InvalidChallenge.
    """
    code = query.get("challengeCode", "")
    if not _CODE.fullmatch(code):
        raise InvalidChallenge("Send challengeCode, a UUID.")
    named = query.get("applicationId", "")
    fitting = [key for key in keys if named and named in {key.client_key, key.number}] or list(keys)
    if not fitting:
        raise InvalidChallenge("No LinkedIn account has been added, so there is no secret to answer with.")
    digest = hmac.new(fitting[-1].secret.encode(), code.encode(), hashlib.sha256).hexdigest()
    return {"challengeCode": code, "challengeResponse": digest}
