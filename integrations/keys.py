"""The secrets that prove who knocks, kept in the process so that the door needs no database to judge a signature."""

import logging
import threading
import time
from dataclasses import dataclass, field

from django.conf import settings
from django.db import Error as AnyDatabaseError
from django.db import connection

from core.exceptions import SecretUnreadable
from core.patience import within
from integrations.exceptions import KeysUnavailable
from integrations.models import PlatformAccount
from integrations.platforms import PLATFORMS
from integrations.platforms.base import AppKey

logger = logging.getLogger(__name__)

REREAD_SECONDS = 3.0
STALE_SECONDS = 60.0
# A challenge has three seconds for everything, so whoever asks waits no longer than this for a look at the database.
LOOK_SECONDS = 1.0
# The look itself goes on, and is cut off where the database answers nothing at all.
LOOK_ENDS_SECONDS = 5.0
_OF_AN_ACCOUNT = ("platform", "kind", "public_id", "client_key", "application_id", "secrets", "legacy_payloads")


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read, and when (monotonic seconds)."""

    keys: tuple[AppKey, ...]
    older: tuple[AppKey, ...]
    at: float


@dataclass(frozen=True, slots=True)
class _Look:
    """A reading on a thread of its own: until when it is waited for (monotonic seconds), and its end."""

    waited_until: float
    is_over: threading.Event = field(default_factory=threading.Event)


_lock = threading.Lock()
_known: dict[str, _Known] = {}
_looks: dict[str, _Look] = {}
_tried_at: dict[str, float] = {}
_forgotten_at: dict[str, float] = {}


def app_keys(platform: str) -> tuple[AppKey, ...]:
    """The distinct apps of a platform with their secrets; the last is the newest account's, and the one in use now.

    Read once and then about every minute; kept as they are while the database is down, or hangs. Raises KeysUnavailable
    where there is nothing to judge by: the database was never reached and the environment names no app.
    """
    known = _fresh(platform)
    from_accounts = known.keys if known else ()
    keys = tuple(key for key in from_environment(platform) if key not in from_accounts) + from_accounts
    if known is None and not keys:
        raise KeysUnavailable
    return keys


def older_keys(platform: str) -> tuple[AppKey, ...]:
    """The accounts that take the older project's events, by their public id. Raises KeysUnavailable."""
    known = _fresh(platform)
    if known is None:
        raise KeysUnavailable
    return known.older


def _fresh(platform: str) -> _Known | None:
    known = _known.get(platform)
    if known is None or time.monotonic() - known.at > STALE_SECONDS:
        (_read_again if known else _look)(platform)
        known = _known.get(platform)
    return known


def reread(platform: str) -> bool:
    """Read again after a mismatch: an account may be new. At most every few seconds; whether anything is different."""
    before = _known.get(platform)
    _read_again(platform)
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
        # What a look under way brings was asked for before the change.
        _forgotten_at.update(dict.fromkeys(PLATFORMS, time.monotonic()))


def warm() -> None:
    """Read the keys of every platform now, if the database answers; for the start of a process."""
    for platform in PLATFORMS:
        _read(platform)


def _read_again(platform: str) -> None:
    """Read, unless that was done a moment ago. The read of the start does not count: an account may be made just after it."""
    now = time.monotonic()
    with _lock:
        if now - _tried_at.get(platform, float("-inf")) < REREAD_SECONDS:
            return
        _tried_at[platform] = now
    _look(platform)


def _look(platform: str) -> None:
    """Read, and wait for it until LOOK_SECONDS after its beginning, whoever began it; it goes on without us.

    A server that hangs would be waited for twice over: for a kept connection's sign of life, then for a new connection.
    """
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        # A file keeps nobody waiting, and what a transaction wrote only its own connection sees.
        _read(platform)
        return
    with _lock:
        look = _looks.get(platform)
        if look is None or look.is_over.is_set():
            look = _looks[platform] = _Look(time.monotonic() + LOOK_SECONDS)
            threading.Thread(target=_read_aside, args=(platform, look), name=f"keys of {platform}", daemon=True).start()
    look.is_over.wait(max(0.0, look.waited_until - time.monotonic()))


def _read_aside(platform: str, look: _Look) -> None:
    try:
        with within(connection, LOOK_ENDS_SECONDS):
            _read(platform)
    except Exception:
        logger.exception("The keys of %s could not be read.", platform)
    finally:
        look.is_over.set()
        connection.close()


def _read(platform: str) -> None:
    now = time.monotonic()
    try:
        found, older = _from_database(platform)
    except (AnyDatabaseError, SecretUnreadable):
        logger.warning("The keys of %s could not be read; those known so far stay in use.", platform)
        return
    with _lock:
        known = _known.get(platform)
        # A look that hung may end after a later one.
        if now >= _forgotten_at.get(platform, now) and (known is None or known.at <= now):
            _known[platform] = _Known(found, older, now)


def _from_database(platform: str) -> tuple[tuple[AppKey, ...], tuple[AppKey, ...]]:
    """The keys of those who receive at the platform's door, and of the older project's senders.

    A secret that was replaced stands before all that are in use, also where another account of its app still names it: it
    proves events for a while longer, and nothing is signed with it any more.
    """
    replaced: list[AppKey] = []
    in_use: list[AppKey] = []
    older: list[AppKey] = []
    accounts = PlatformAccount.objects.receiving()
    accounts = accounts.received_by(platform) | accounts.filter(platform=platform, legacy_payloads=True)
    for account in accounts.order_by("pk").only(*_OF_AN_ACCOUNT):
        if account.door == platform:
            number = account.application_id
            proofs = [AppKey(client_key=account.scope, secret=secret, number=number) for secret in account.proofs]
            in_use += proofs[:1]
            replaced += proofs[1:]
        if account.platform == platform and account.older_proof:
            older.append(AppKey(client_key=str(account.public_id), secret=account.older_proof))
    return tuple(dict.fromkeys(replaced + in_use)), tuple(older)


def from_environment(platform: str) -> tuple[AppKey, ...]:
    """The platform's app whose key and secret stand in the environment, if there is one."""
    names = PLATFORMS[platform].environment
    if names is None:
        return ()
    client_key, secret = (str(getattr(settings, name)) for name in names)
    number = str(getattr(settings, getattr(PLATFORMS[platform], "application_setting", ""), ""))
    return (AppKey(client_key=client_key, secret=secret, number=number),) if client_key and secret else ()
