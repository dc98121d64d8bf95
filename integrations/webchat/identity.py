"""Who a visitor is, by the word of the account's own site: a JSON Web Token, signed by HMAC-SHA256 with a shared secret.

Only that one algorithm is known here, whatever a token asks for. It must end within a day, so that one that leaks is of
little use.
"""

import base64
import binascii
import hashlib
import hmac
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from core.strict_json import read_object
from core.text import clean_text, one_line
from integrations.exceptions import Unreadable
from integrations.parsing import is_identifier
from integrations.webchat.exceptions import IdentityExpired, IdentityWrong

LONGEST_TOKEN = 4096
LONGEST_LIFE = 24 * 3600
LEEWAY = 60
LONGEST_NAME = 200
LONGEST_EMAIL = 254
_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Whom a token names. ``subject`` is the site's own id; the others may be empty."""

    subject: str
    name: str
    email: str


def claims_of(token: str, keys: Sequence[str]) -> Claims:
    """Whom the token proves, signed with one of the account's keys. Raises IdentityExpired and IdentityWrong."""
    header, payload, signature = _segments(token)
    expected = f"{header}.{payload}".encode()
    # Each key is tried, so that nobody learns by the time it takes which one is in use.
    proven = [hmac.compare_digest(hmac.digest(key.encode(), expected, hashlib.sha256), signature) for key in keys]
    if not any(proven):
        raise IdentityWrong("its signature is not by a secret of this account")
    claims = _object(payload)
    _judge_times(claims, time.time())
    subject = claims.get("sub")
    if not isinstance(subject, str) or not is_identifier(subject) or not subject.strip():
        raise IdentityWrong("sub must be a text of 1 to 255 characters")
    return Claims(subject=subject, name=_name(claims.get("name")), email=_email(claims.get("email")))


def _segments(token: str) -> tuple[str, str, bytes]:
    parts = token.split(".")
    if len(token) > LONGEST_TOKEN or len(parts) != 3 or not all(map(_SEGMENT.fullmatch, parts)):
        raise IdentityWrong("it is no JSON Web Token of at most 4,096 characters")
    header = _object(parts[0])
    if header.get("alg") != "HS256" or "crit" in header:
        raise IdentityWrong("alg must be HS256, without crit")
    return parts[0], parts[1], _decoded(parts[2])


def _judge_times(claims: dict[str, Any], now: float) -> None:
    ends = _time(claims, "exp")
    if ends is None:
        raise IdentityWrong("exp is missing")
    if ends <= now - LEEWAY:
        raise IdentityExpired
    if ends > now + LONGEST_LIFE + LEEWAY:
        raise IdentityWrong("exp must be within 24 hours")
    for name in ("iat", "nbf"):
        begins = _time(claims, name)
        if begins is not None and begins > now + LEEWAY:
            raise IdentityWrong(f"{name} lies in the future")


def _time(claims: dict[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise IdentityWrong(f"{name} must be a number of seconds")
    return float(value)


def _name(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise IdentityWrong("name must be a text")
    return one_line(clean_text(value), LONGEST_NAME)


def _email(value: object) -> str:
    if value is None or value == "":
        return ""
    if not isinstance(value, str) or not is_address(value):
        raise IdentityWrong("email must be an e-mail address")
    return value


def is_address(value: str) -> bool:
    """Whether this can be an e-mail address, of at most 254 characters."""
    try:
        validate_email(value)
    except ValidationError:
        return False
    return len(value) <= LONGEST_EMAIL and clean_text(value) == value


def _object(segment: str) -> dict[str, Any]:
    try:
        return read_object(_decoded(segment))
    except Unreadable as error:
        raise IdentityWrong("a part of it is no JSON object") from error


def _decoded(segment: str) -> bytes:
    """The bytes of a base64url segment, which has one spelling: another would be a second token with the same words."""
    try:
        found = base64.b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise IdentityWrong("a part of it is no base64url") from error
    if base64.urlsafe_b64encode(found).rstrip(b"=").decode() != segment:
        raise IdentityWrong("a part of it is no base64url")
    return found
