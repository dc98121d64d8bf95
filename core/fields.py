"""Model fields that keep a secret encrypted in the database."""

import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

from core.exceptions import SecretUnreadable


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def as_stored(name: str) -> "models.ExpressionWrapper[models.F]":
    """A secret's column as the bytes that are stored, for who has to go on where no key fits."""
    return models.ExpressionWrapper(models.F(name), output_field=models.BinaryField())


def cipher() -> MultiFernet:
    """The cipher over ``settings.FIELD_ENCRYPTION_KEYS``: the first key writes, every key reads."""
    return _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS))


class EncryptedJSONField(models.BinaryField):  # type: ignore[type-arg]  # not subscriptable at run time
    """A JSON object of strings, Fernet-encrypted at rest.

    Reads as ``dict[str, str]``. To rotate: put a new key first, run ``manage.py rotate_keys``, drop the old key.
    """

    description = "An encrypted JSON object"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["editable"] = False
        super().__init__(*args, **kwargs)

    def from_db_value(self, value: bytes | memoryview | None, *_: object) -> dict[str, str]:
        """The decrypted object; SecretUnreadable where no configured key fits."""
        return self._decrypt(value)

    def to_python(self, value: object) -> dict[str, str]:
        """The object, whether it comes from the database or from code."""
        if isinstance(value, dict):
            return value
        return self._decrypt(value if isinstance(value, bytes | memoryview) else None)

    def get_prep_value(self, value: dict[str, str] | bytes | None) -> bytes:
        """The encrypted bytes that are stored."""
        if isinstance(value, bytes):
            return value
        return cipher().encrypt(json.dumps(value or {}, sort_keys=True).encode())

    @staticmethod
    def _decrypt(value: bytes | memoryview | None) -> dict[str, str]:
        if not value:
            return {}
        try:
            plain = cipher().decrypt(bytes(value))
        except InvalidToken as error:
            raise SecretUnreadable from error
        secrets: dict[str, str] = json.loads(plain)
        return secrets
