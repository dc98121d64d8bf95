"""Who is notified of what happens on a Page: LinkedIn tells an app only where a member has subscribed it to the Page."""

import sqlite3

from simulator.store import Transaction

SOCIAL = "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS"
MEMBER = "urn:li:person:Admin"
"""The one member who administers Pages here."""


def subscribe(transaction: Transaction, application: str, organization: str, *, webhook: str, until: float) -> None:
    """Notify of a Page from now on, or for longer, or at another address."""
    transaction.execute(
        "INSERT INTO linkedin_subscription VALUES (?, ?, ?, ?, ?) ON CONFLICT (application_id, member, organization)"
        " DO UPDATE SET webhook = excluded.webhook, expires_at = excluded.expires_at",
        (application, MEMBER, organization, webhook, until),
    )


def unsubscribe(transaction: Transaction, application: str, organization: str) -> bool:
    """Tell this app no more what happens on a Page; whether it was told."""
    ended = transaction.execute(
        "DELETE FROM linkedin_subscription WHERE application_id = ? AND member = ? AND organization = ?",
        (application, MEMBER, organization),
    )
    return ended.rowcount > 0


def begin(transaction: Transaction, application: str, organization: str, *, webhook: str, until: float) -> None:
    """The same as somebody did it beforehand by hand: one that is there keeps its end."""
    transaction.execute(
        "INSERT INTO linkedin_subscription VALUES (?, ?, ?, ?, ?) ON CONFLICT (application_id, member, organization)"
        " DO UPDATE SET webhook = excluded.webhook",
        (application, MEMBER, organization, webhook, until),
    )


def find(transaction: Transaction, application: str, organization: str, *, now: float) -> sqlite3.Row | None:
    """The subscription, while it lasts."""
    return transaction.one(
        "SELECT * FROM linkedin_subscription"
        " WHERE application_id = ? AND member = ? AND organization = ? AND expires_at > ?",
        (application, MEMBER, organization, now),
    )


def is_notified(transaction: Transaction, client_id: str, organization: str, *, now: float) -> bool:
    """Whether an app is told what happens on a Page."""
    return find(transaction, application_of(transaction, client_id), organization, now=now) is not None


def application_of(transaction: Transaction, client_id: str) -> str:
    """An app's number in the developer portal, which is not its client id."""
    row = transaction.one("SELECT application_id FROM linkedin_application WHERE client_id = ?", (client_id,))
    return str(row["application_id"]) if row else ""


def end(transaction: Transaction, organization: str) -> int:
    """Tell nobody any more what happens on a Page; how many were told."""
    return transaction.execute("DELETE FROM linkedin_subscription WHERE organization = ?", (organization,)).rowcount


def let_end(transaction: Transaction, organization: str, *, at: float) -> int:
    """Let a Page's subscriptions end then; how many."""
    return transaction.execute(
        "UPDATE linkedin_subscription SET expires_at = ? WHERE organization = ?", (at, organization)
    ).rowcount
