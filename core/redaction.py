"""What logs do not hold: addresses and numbers of people, tokens and secrets. Each is replaced by its kind in brackets."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings

from core.personal import masked

SHORTEST_SECRET = 8
_DEEPEST = 20
# Settings whose values, or whose values' passwords, must never be printed.
SECRET_SETTINGS = (
    "SECRET_KEY", "SECRET_KEY_FALLBACKS", "FIELD_ENCRYPTION_KEYS", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "COMPATIBLE_API_KEY",
    "TIKTOK_CLIENT_SECRET",    "LINKEDIN_CLIENT_SECRET",
)  # fmt: skip
SECRET_ADDRESSES = ("DATABASE_OWNER_URL", "REDIS_URL", "CELERY_BROKER_URL", "EGRESS_PROXY")

# Every repetition is bounded, so that no text of a stranger makes a line expensive to write.
_NAMED_SECRET = re.compile(
    r"(?P<name>\b(?:[a-z0-9_-]{0,40}(?:token|secret|passw(?:or)?d|pwd|api[_-]?key|client[_-]?key|auth[_-]?code|signature)"
    r"|authorization|cookie)[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?:bearer\s+|basic\s+)?)[^\s\"'&,;)}\]]{6,}",
    re.IGNORECASE,
)
# The code of an authorisation is long; those of errors are not.
_NAMED_CODE = re.compile(r"(?P<name>\bcode[\"']?\s{0,3}[:=]\s{0,3}[\"']?)[^\s\"'&,;)}\]]{16,}", re.IGNORECASE)
_BEARER = re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
_OWN_KEY = re.compile(r"\bsak_[0-9a-z]{8}_[A-Za-z0-9_-]{8,}")
_PROVIDER_KEY = re.compile(r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}|\bact\.[A-Za-z0-9!._-]{8,}|\brft\.[A-Za-z0-9!._-]{8,}")
_SIGNED_TOKEN = re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_LOGIN = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]{0,20}://)[^\s/@:]{0,100}:[^\s/@]{1,200}@")

_CLOUD_KEY = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}|\bxox[abps]-[A-Za-z0-9-]{10,}")
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----")
_KINDS = (
    ("an API key of this product", _OWN_KEY),
    ("an API key of a model provider", _PROVIDER_KEY),
    ("an access key of a service", _CLOUD_KEY),
    ("a private key", _PRIVATE_KEY),
    ("a signed token", _SIGNED_TOKEN),
    ("a password in an address", _LOGIN),
)


def secret_in(text: str) -> str | None:
    """What kind of secret stands in a text that people write, in words; None where none does."""
    if any(secret in text for secret in _secrets()):
        return "a secret of this installation"
    return next((kind for kind, pattern in _KINDS if pattern.search(text)), None)


def redact(text: str) -> str:
    """The text without e-mail addresses, phone, card and account numbers, tokens, and the secrets of the settings."""
    if not text:
        return text
    for secret in _secrets():
        if secret in text:
            text = text.replace(secret, "[secret]")
    text = _LOGIN.sub(r"\g<scheme>[secret]@", text)
    text = _NAMED_SECRET.sub(r"\g<name>[secret]", text)
    text = _NAMED_CODE.sub(r"\g<name>[secret]", text)
    text = _BEARER.sub(r"\1 [secret]", text)
    for pattern in (_OWN_KEY, _PROVIDER_KEY, _SIGNED_TOKEN):
        text = pattern.sub("[secret]", text)
    return masked(text)


def redact_values(value: object, depth: int = 0) -> object:
    """The value with every text in it redacted; names of a mapping stay. Deeper than twenty levels, its text is."""
    if isinstance(value, str):
        return redact(value)
    if depth >= _DEEPEST:
        return redact(str(value))
    if isinstance(value, Mapping):
        return {name: redact_values(each, depth + 1) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact_values(each, depth + 1) for each in value]
    if isinstance(value, bool | float | None):
        return value
    return redact_number(value) if isinstance(value, int) else redact(str(value))


def redact_number(value: int) -> int | str:
    """The number, or what kind of number it is if it must not be shown."""
    shown = redact(str(value))
    return value if shown == str(value) else shown


def _secrets() -> tuple[str, ...]:
    named: list[str] = []
    for name in SECRET_SETTINGS:
        value = getattr(settings, name, "")
        named += [value] if isinstance(value, str) else value
    for name in SECRET_ADDRESSES:
        named.append(_password(str(getattr(settings, name, "") or "")))
    named += [str(each.get("PASSWORD") or "") for each in (settings.DATABASES["default"], settings.RUNTIME_DATABASE)]
    return _usable(tuple(named))


@lru_cache(maxsize=8)
def _usable(secrets: Iterable[str]) -> tuple[str, ...]:
    """Longest first, so that none hides within another; short ones would be found everywhere."""
    return tuple(sorted({each for each in secrets if len(each) >= SHORTEST_SECRET}, key=len, reverse=True))


@lru_cache(maxsize=16)
def _password(address: str) -> str:
    try:
        return urlsplit(address).password or ""
    except ValueError:
        return ""
