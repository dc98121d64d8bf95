"""Hashes that only this installation can make: what stays of an id when the person it belonged to is erased."""

import hashlib
import hmac
import json

from django.conf import settings

_LENGTH = 40


def keyed_hash(*parts: object) -> str:
    """40 hex digits for these parts, made with the newest secret key."""
    return _hash(settings.SECRET_KEY, parts)


def keyed_hashes(*parts: object) -> list[str]:
    """The same for every key that is still valid, so that what was hashed before a key was renewed is found."""
    return [_hash(key, parts) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def _hash(key: str, parts: tuple[object, ...]) -> str:
    text = json.dumps([str(part) for part in parts])
    return hmac.new(f"erased:{key}".encode(), text.encode(), hashlib.sha256).hexdigest()[:_LENGTH]
