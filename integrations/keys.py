"""The secrets that prove who knocks, kept in the process so that the door needs no database to judge a signature."""

import logging
import threading
import time
from dataclasses import dataclass

from django.conf import settings
from django.db import Error as AnyDatabaseError

from core.exceptions import SecretUnreadable
from integrations.exceptions import KeysUnavailable
from integrations.models import PlatformAccount
from integrations.platforms import PLATFORMS
from integrations.platforms.base import AppKey

logger = logging.getLogger(__name__)

REREAD_SECONDS = 3.0
STALE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read, and when (monotonic seconds)."""

    keys: tuple[AppKey, ...]
    at: float


_lock = threading.Lock()
_known: dict[str, _Known] = {}
_tried_at: dict[str, float] = {}


def app_keys(platform: str) -> tuple[AppKey, ...]:
    """The distinct apps of a platform with their secrets.

    Read once and then about every minute; kept as they are while the database is down. Raises KeysUnavailable where
    there is nothing to judge by: the database was never reached and the environment names no app.
    """
    known = _known.get(platform)
    if known is None or time.monotonic() - known.at > STALE_SECONDS:
        _read(platform, at_most_every=REREAD_SECONDS if known else 0.0)
        known = _known.get(platform)
    keys = from_environment(platform) + (known.keys if known else ())
    if known is None and not keys:
        raise KeysUnavailable
    return tuple(dict.fromkeys(keys))


def reread(platform: str) -> bool:
    """Read again after a mismatch: an account may be new. At most every few seconds; whether anything is different."""
    before = _known.get(platform)
    _read(platform, at_most_every=REREAD_SECONDS)
    after = _known.get(platform)
    return after is not None and (before is None or before.keys != after.keys)


def are_from_database(platform: str) -> bool:
    """Whether the accounts' own keys have been read at least once."""
    return platform in _known


def forget() -> None:
    """Read everything again at the next use, as after a change in this process."""
    with _lock:
        _known.clear()
        _tried_at.clear()


def warm() -> None:
    """Read the keys of every platform now, if the database answers; for the start of a process."""
    for platform in PLATFORMS:
        _read(platform, at_most_every=0.0)


def _read(platform: str, *, at_most_every: float) -> None:
    now = time.monotonic()
    with _lock:
        if now - _tried_at.get(platform, float("-inf")) < at_most_every:
            return
        _tried_at[platform] = now
    try:
        found = _from_database(platform)
    except (AnyDatabaseError, SecretUnreadable):
        logger.warning("The keys of %s could not be read; those known so far stay in use.", platform)
        return
    with _lock:
        _known[platform] = _Known(found, now)


def _from_database(platform: str) -> tuple[AppKey, ...]:
    found: list[AppKey] = []
    accounts = PlatformAccount.objects.receiving().received_by(platform).order_by("pk")
    for account in accounts.only("platform", "kind", "public_id", "client_key", "secrets"):
        found += [AppKey(client_key=account.scope, secret=secret) for secret in account.proofs]
    return tuple(dict.fromkeys(found))


def from_environment(platform: str) -> tuple[AppKey, ...]:
    """The platform's app whose key and secret stand in the environment, if there is one."""
    names = PLATFORMS[platform].environment
    if names is None:
        return ()
    client_key, secret = (str(getattr(settings, name)) for name in names)
    return (AppKey(client_key=client_key, secret=secret),) if client_key and secret else ()
