"""Apps, their Pages and the Pages' posts: loading them from the product's file, and finding them."""

import hashlib
import itertools
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.linkedin import subscribers
from simulator.settings import Settings
from simulator.store import Transaction
from simulator.tiktok.apps import InvalidConfig

EVENT_TYPE = "LINKEDIN_SOCIAL"
YEAR = 31_536_000.0
_numbers = itertools.count(secrets.randbelow(10**6))


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A Page as one app sees it."""

    organization: str
    client_id: str
    name: str


def new_id() -> int:
    """A number as LinkedIn gives them: 19 digits that grow with time."""
    return 7_000_000_000_000_000_000 + int(time.time() * 1000) % 10**13 * 1000 + next(_numbers) % 1000


def page(transaction: Transaction, organization: str | None = None) -> Page | None:
    """The Page with this URN, or the first."""
    row = transaction.one(
        "SELECT * FROM linkedin_page WHERE ? IS NULL OR organization = ? ORDER BY rowid LIMIT 1",
        (organization, organization),
    )
    return Page(**dict(row)) if row else None


def load(transaction: Transaction, raw: object, settings: Settings) -> list[str]:
    """Create or update apps with their Pages, tokens and posts; the client ids. Raises InvalidConfig."""
    if not isinstance(raw, list):
        raise InvalidConfig("linkedin is a list of apps.")
    return [_load_app(transaction, each, settings) for each in raw]


def _load_app(transaction: Transaction, raw: object, settings: Settings) -> str:
    if not isinstance(raw, Mapping):
        raise InvalidConfig("An app of LinkedIn's is an object.")
    client_id, secret = (_text(raw, name) for name in ("client_id", "client_secret"))
    transaction.execute(
        "INSERT INTO app (client_key, client_secret, redirect_uri) VALUES (?, ?, ?) ON CONFLICT (client_key)"
        " DO UPDATE SET client_secret = excluded.client_secret, redirect_uri = excluded.redirect_uri",
        (client_id, secret, raw.get("redirect_uri")),
    )
    transaction.execute(
        "INSERT INTO linkedin_app (client_id, webhook_url) VALUES (?, ?) ON CONFLICT (client_id)"
        " DO UPDATE SET webhook_url = excluded.webhook_url, state = 'pending', misses = 0, check_at = 0",
        (client_id, raw.get("webhook_url")),
    )
    known = subscribers.application_of(transaction, client_id) or _number_of(client_id)
    transaction.execute(
        "INSERT INTO linkedin_application VALUES (?, ?) ON CONFLICT (client_id)"
        " DO UPDATE SET application_id = excluded.application_id",
        (client_id, str(raw.get("application_id") or known)),
    )
    for each in raw.get("pages", []):
        _load_page(transaction, client_id, each, settings)
        if raw.get("webhook_url") and each.get("subscribed", True):
            subscribers.begin(
                transaction,
                subscribers.application_of(transaction, client_id),
                each["organization"],
                webhook=raw["webhook_url"],
                until=time.time() + settings.linkedin_subscription_seconds,
            )
    return client_id


def _number_of(client_id: str) -> str:
    """The number of an app that the file gives none."""
    return str(int(hashlib.sha256(client_id.encode()).hexdigest()[:12], 16))


def _load_page(transaction: Transaction, client_id: str, raw: Mapping[str, Any], settings: Settings) -> None:
    organization, name = _text(raw, "organization"), _text(raw, "name")
    transaction.execute(
        "INSERT INTO linkedin_page VALUES (?, ?, ?) ON CONFLICT (organization) DO UPDATE SET name = excluded.name",
        (organization, client_id, name),
    )
    now = time.time()
    if raw.get("access_token"):
        transaction.execute(
            "INSERT OR IGNORE INTO linkedin_token VALUES (?, ?, ?, ?, ?, ?, NULL)",
            (
                raw["access_token"],
                organization,
                client_id,
                now + settings.linkedin_token_seconds,
                raw.get("refresh_token"),
                now + YEAR if raw.get("refresh_token") else None,
            ),
        )
    for post in raw.get("posts", []):
        transaction.execute(
            "INSERT INTO linkedin_post VALUES (?, ?, ?, ?, ?) ON CONFLICT (activity) DO UPDATE SET text = excluded.text",
            (post["activity"], organization, organization, post["text"], int(now * 1000)),
        )


def _text(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidConfig(f"{name} is missing.")
    return value
