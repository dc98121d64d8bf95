"""Apps, their business accounts and their webhook registrations; loading them from the product's file."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.settings import Settings
from simulator.store import Transaction
from simulator.tiktok import ids

DIRECT_MESSAGE = "DIRECT_MESSAGE"
EVENT_TYPES = frozenset({DIRECT_MESSAGE, "COMMENT", "VIDEO"})
ALL_SCOPES = (
    "user.info.basic,user.info.username,user.info.stats,user.info.profile,user.account.type,user.insights,"
    "message.list.read,message.list.send,message.list.manage"
)


class InvalidConfig(ValueError):
    """The description of apps is not usable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A business account as one app sees it."""

    business_id: str
    client_key: str
    display_name: str
    username: str


def account(transaction: Transaction, business_id: str) -> Account | None:
    """The account with this id, or None."""
    row = transaction.one("SELECT * FROM account WHERE business_id = ?", (business_id,))
    return Account(**dict(row)) if row else None


def accounts(transaction: Transaction, client_key: str | None = None) -> list[Account]:
    """Every account, or those of one app."""
    rows = transaction.all(
        "SELECT * FROM account WHERE (? IS NULL OR client_key = ?) ORDER BY rowid", (client_key, client_key)
    )
    return [Account(**dict(row)) for row in rows]


def secret_fits(transaction: Transaction, client_key: object, secret: object) -> bool:
    """Whether this is an app and its secret."""
    if not isinstance(client_key, str) or not isinstance(secret, str):
        return False
    row = transaction.one("SELECT client_secret FROM app WHERE client_key = ?", (client_key,))
    return row is not None and row["client_secret"] == secret


def callback_url(transaction: Transaction, client_key: str, event_type: str) -> str | None:
    """Where this app wants these events, or None."""
    row = transaction.one(
        "SELECT callback_url FROM registration WHERE client_key = ? AND event_type = ?", (client_key, event_type)
    )
    return str(row["callback_url"]) if row else None


def register(transaction: Transaction, client_key: str, event_type: str, url: str) -> None:
    """Send these events of this app to this address from now on."""
    transaction.execute(
        "INSERT INTO registration VALUES (?, ?, ?)"
        " ON CONFLICT (client_key, event_type) DO UPDATE SET callback_url = excluded.callback_url",
        (client_key, event_type, url),
    )


def load(transaction: Transaction, raw_apps: object, settings: Settings) -> int:
    """Create or update apps and accounts from their JSON list; answers how many apps.

    Loading the same list again changes nothing: a token that is known, renewed or revoked stays as it is.
    Raises InvalidConfig.
    """
    if not isinstance(raw_apps, list):
        raise InvalidConfig("apps must be a list.")
    for raw in raw_apps:
        app = _object(raw, "An app")
        client_key = _text(app, "client_key")
        transaction.execute(
            "INSERT INTO app VALUES (?, ?, ?) ON CONFLICT (client_key) DO UPDATE"
            " SET client_secret = excluded.client_secret, redirect_uri = excluded.redirect_uri",
            (client_key, _text(app, "client_secret"), _optional(app, "redirect_uri")),
        )
        callback = _optional(app, "callback_url")
        if callback:
            register(transaction, client_key, DIRECT_MESSAGE, callback)
        for entry in app.get("accounts") or []:
            _load_account(transaction, client_key, _object(entry, "An account"), settings)
    return len(raw_apps)


def create_account(transaction: Transaction, *, client_key: str, display_name: str, username: str) -> Account:
    """A new business account that has not authorised the app yet."""
    created = Account(business_id=ids.open_id(), client_key=client_key, display_name=display_name, username=username)
    transaction.execute(
        "INSERT INTO account VALUES (?, ?, ?, ?)", (created.business_id, client_key, display_name, username)
    )
    return created


def _load_account(transaction: Transaction, client_key: str, entry: Mapping[str, Any], settings: Settings) -> None:
    business_id = _text(entry, "business_id")
    username = _optional(entry, "username") or business_id
    transaction.execute(
        "INSERT INTO account VALUES (?, ?, ?, ?) ON CONFLICT (business_id) DO UPDATE"
        " SET client_key = excluded.client_key, display_name = excluded.display_name, username = excluded.username",
        (business_id, client_key, _optional(entry, "display_name") or username, username),
    )
    access_token = _optional(entry, "access_token")
    if access_token:
        now = time.time()
        transaction.execute(
            "INSERT INTO access_grant (business_id, client_key, access_token, access_expires_at, refresh_token,"
            " refresh_expires_at, scope) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                business_id,
                client_key,
                access_token,
                now + settings.access_token_seconds,
                _optional(entry, "refresh_token"),
                now + settings.refresh_token_seconds,
                ALL_SCOPES,
            ),
        )


def _object(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidConfig(f"{what} must be an object.")
    return value


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidConfig(f"{name} must be a text that is not empty.")
    return value


def _optional(entry: Mapping[str, Any], name: str) -> str | None:
    value = entry.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidConfig(f"{name} must be a text or null.")
    return value or None
