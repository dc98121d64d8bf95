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
_OF_AN_ACCOUNT = ("platform", "kind", "public_id", "client_key", "secrets", "legacy_payloads")


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read, and when (monotonic seconds)."""

    keys: tuple[AppKey, ...]
    older: tuple[AppKey, ...]
    at: float


_lock = threading.Lock()
_known: dict[str, _Known] = {}
_tried_at: dict[str, float] = {}


def app_keys(platform: str) -> tuple[AppKey, ...]:
    """The distinct apps of a platform with their secrets.

    Read once and then about every minute; kept as they are while the database is down. Raises KeysUnavailable where
    there is nothing to judge by: the database was never reached and the environment names no app.
    """
    known = _fresh(platform)
    keys = from_environment(platform) + (known.keys if known else ())
    if known is None and not keys:
        raise KeysUnavailable
    return tuple(dict.fromkeys(keys))


def older_keys(platform: str) -> tuple[AppKey, ...]:
    """The accounts that take the older project's events, by their public id. Raises KeysUnavailable."""
    known = _fresh(platform)
    if known is None:
        raise KeysUnavailable
    return known.older


def _fresh(platform: str) -> _Known | None:
    known = _known.get(platform)
    if known is None or time.monotonic() - known.at > STALE_SECONDS:
        _read(platform, at_most_every=REREAD_SECONDS if known else 0.0)
        known = _known.get(platform)
    return known


def reread(platform: str) -> bool:
    """Read again after a mismatch: an account may be new. At most every few seconds; whether anything is different."""
    before = _known.get(platform)
    _read(platform, at_most_every=REREAD_SECONDS)
    after = _known.get(platform)
    return after is not None and (before is None or (before.keys, before.older) != (after.keys, after.older))


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
        found, older = _from_database(platform)
    except (AnyDatabaseError, SecretUnreadable):
        logger.warning("The keys of %s could not be read; those known so far stay in use.", platform)
        return
    with _lock:
        _known[platform] = _Known(found, older, now)


def _from_database(platform: str) -> tuple[tuple[AppKey, ...], tuple[AppKey, ...]]:
    """The keys of those who receive at the platform's door, and of the older project's senders."""
    found: list[AppKey] = []
    older: list[AppKey] = []
    accounts = PlatformAccount.objects.receiving()
    accounts = accounts.received_by(platform) | accounts.filter(platform=platform, legacy_payloads=True)
    for account in accounts.order_by("pk").only(*_OF_AN_ACCOUNT):
        if account.door == platform:
            found += [AppKey(client_key=account.scope, secret=secret) for secret in account.proofs]
        if account.platform == platform and account.older_proof:
            older.append(AppKey(client_key=str(account.public_id), secret=account.older_proof))
    return tuple(dict.fromkeys(found)), tuple(older)


def from_environment(platform: str) -> tuple[AppKey, ...]:
    """The platform's app whose key and secret stand in the environment, if there is one."""
    names = PLATFORMS[platform].environment
    if names is None:
        return ()
    client_key, secret = (str(getattr(settings, name)) for name in names)
    return (AppKey(client_key=client_key, secret=secret),) if client_key and secret else ()
