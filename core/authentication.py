"""API keys at the REST door."""

import hmac
import logging
import threading
import time
from datetime import timedelta

from django.db import Error as AnyDatabaseError
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed
from rest_framework.request import Request

from core.models import ApiKey, User, hash_secret
from core.policy import Action, allows

logger = logging.getLogger(__name__)

# How long a key is known without the database, from the last time that the database knew it.
KNOWN_SECONDS = 600.0


class CannotBeJudged(APIException):
    """The database that knows the keys does not answer."""

    status_code = 503
    default_detail = "The database does not answer, and this process does not know the key. Try again soon."
    default_code = "unavailable"


class ApiKeyAuthentication(BaseAuthentication):
    """``Authorization: Bearer sak_…`` or ``X-API-Key: sak_…``."""

    def authenticate(self, request: Request) -> tuple[ApiKey, str] | None:
        """The key, or None where the request carries none; AuthenticationFailed where it opens nothing."""
        secret = _presented(request)
        return None if secret is None else (self.judge(secret), secret)

    def judge(self, secret: str) -> ApiKey:
        """The key that this is, noted to be in use. Raises AuthenticationFailed."""
        key = _find(secret)
        _note_use(key)
        return key

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return "Bearer"


class OperationsKeyAuthentication(ApiKeyAuthentication):
    """For figures, which are wanted most while the database is away or takes nothing.

    A key that may see operations is known in this process for ten minutes from the last time that the database knew it,
    and believed while the database does not answer. Whenever it does, it alone is believed: a key that it calls revoked
    is forgotten here at once.
    """

    def judge(self, secret: str) -> ApiKey:
        """The key that this is. Raises AuthenticationFailed; CannotBeJudged where nobody can tell."""
        try:
            key = _find(secret)
        except AuthenticationFailed:
            _known.forget(secret)
            raise
        except AnyDatabaseError as error:
            logger.warning("A key is judged without the database (%s).", type(error).__name__)
            known = _known.get(secret)
            if known is None:
                raise CannotBeJudged from None
            return known
        try:
            _note_use(key)
        except AnyDatabaseError as error:
            logger.warning("The use of a key could not be noted (%s).", type(error).__name__)
        if allows(key, Action.VIEW_OPERATIONS):
            _known.keep(secret, key)
        return key


class _Known:
    """The keys that were right lately, by the hashes of their secrets, each with the moment (monotonic seconds)."""

    def __init__(self) -> None:
        self._keys: dict[str, tuple[ApiKey, float]] = {}
        self._lock = threading.Lock()

    def get(self, secret: str) -> ApiKey | None:
        """The key of this secret, unless it was right too long ago."""
        with self._lock:
            key, at = self._keys.get(hash_secret(secret), (None, 0.0))
        return key if time.monotonic() - at < KNOWN_SECONDS else None

    def keep(self, secret: str, key: ApiKey) -> None:
        """Know it from this moment, and no longer what was right too long ago."""
        now = time.monotonic()
        with self._lock:
            self._keys = {name: known for name, known in self._keys.items() if now - known[1] < KNOWN_SECONDS}
            self._keys[hash_secret(secret)] = key, now

    def forget(self, secret: str) -> None:
        """Know it no longer."""
        with self._lock:
            self._keys.pop(hash_secret(secret), None)


_known = _Known()


def _find(secret: str) -> ApiKey:
    parts = secret.split("_", 2)
    key = ApiKey.objects.usable().filter(prefix=parts[1]).first() if len(parts) == 3 else None
    if key is None or not hmac.compare_digest(key.secret_hash, hash_secret(parts[2])):
        raise AuthenticationFailed("This API key is not valid. Make one with: python manage.py apikey create")
    return key


def _note_use(key: ApiKey) -> None:
    """About once a minute."""
    if key.last_used_at is None or key.last_used_at < timezone.now() - timedelta(minutes=1):
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=timezone.now())


def caller(request: Request) -> User | ApiKey | None:
    """Who calls, for the policy to judge; None is nobody we know. AuthenticationFailed for a key that opens nothing."""
    who: object = request.user
    return who if isinstance(who, User | ApiKey) else None


def _presented(request: Request) -> str | None:
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer sak_"):
        return header.removeprefix("Bearer ").strip()
    bare = request.headers.get("X-API-Key", "")
    return bare.strip() or None
