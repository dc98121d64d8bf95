"""Access given by a business: codes, token pairs, their renewal and their end."""

import time
from dataclasses import dataclass

from simulator.settings import Settings
from simulator.store import Transaction
from simulator.tiktok import ids
from simulator.tiktok.errors import ApiError, Code


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A token pair as the token endpoint answers it; lifetimes in seconds from now."""

    business_id: str
    client_key: str
    access_token: str
    expires_in: int
    refresh_token: str
    refresh_token_expires_in: int
    scope: str

    def as_data(self) -> dict[str, object]:
        """The ``data`` of a token answer."""
        return {
            "access_token": self.access_token,
            "token_type": "Bearer",
            "scope": self.scope,
            "expires_in": self.expires_in,
            "refresh_token": self.refresh_token,
            "refresh_token_expires_in": self.refresh_token_expires_in,
            "open_id": self.business_id,
        }


def business_of(transaction: Transaction, access_token: str) -> str | None:
    """Whose token this is; None when it is unknown, expired or revoked."""
    row = transaction.one(
        "SELECT business_id FROM access_grant WHERE access_token = ? AND revoked_at IS NULL AND access_expires_at > ?",
        (access_token, time.time()),
    )
    return str(row["business_id"]) if row else None


def inspect(transaction: Transaction, access_token: object) -> tuple[str, str, str] | None:
    """The app, the account and the scope of a valid token, or None."""
    if not isinstance(access_token, str):
        return None
    row = transaction.one(
        "SELECT client_key, business_id, scope FROM access_grant"
        " WHERE access_token = ? AND revoked_at IS NULL AND access_expires_at > ?",
        (access_token, time.time()),
    )
    return (row["client_key"], row["business_id"], row["scope"]) if row else None


def was_granted_by_page(transaction: Transaction, client_key: str, scope: str) -> bool:
    """Whether a business has already allowed this app these permissions in the browser."""
    rows = transaction.all(
        "SELECT scope FROM access_grant WHERE client_key = ? AND by_page = 1 AND revoked_at IS NULL", (client_key,)
    )
    wanted = set(scope.split(","))
    return any(wanted <= set(str(row["scope"]).split(",")) for row in rows)


def issue_code(
    transaction: Transaction, *, client_key: str, business_id: str, redirect_uri: str, scope: str, seconds: float
) -> str:
    """A code for one exchange."""
    code = ids.auth_code()
    transaction.execute(
        "INSERT INTO auth_code VALUES (?, ?, ?, ?, ?, ?, NULL)",
        (code, client_key, business_id, redirect_uri, scope, time.time() + seconds),
    )
    return code


def exchange(
    transaction: Transaction, *, code: object, client_key: str, redirect_uri: object, settings: Settings
) -> Grant:
    """A token pair for a code that is fresh, unused and this app's. Raises ApiError."""
    row = transaction.one("SELECT * FROM auth_code WHERE code = ?", (str(code),))
    now = time.time()
    if row is None or row["used_at"] is not None or row["expires_at"] < now or row["client_key"] != client_key:
        raise ApiError(Code.BAD_AUTH_CODE)
    if row["redirect_uri"] != redirect_uri:
        raise ApiError(Code.BAD_PARAMETER, "Param redirect_uri is invalid.")
    transaction.execute("UPDATE auth_code SET used_at = ? WHERE code = ?", (now, row["code"]))
    return _issue(
        transaction,
        business_id=row["business_id"],
        client_key=client_key,
        scope=row["scope"],
        refresh_expires_at=now + settings.refresh_token_seconds,
        by_page=True,
        settings=settings,
    )


def refresh(transaction: Transaction, *, refresh_token: object, client_key: str, settings: Settings) -> Grant:
    """A new pair for a refresh token; the old refresh token ends, the old access token soon. Raises ApiError."""
    now = time.time()
    row = transaction.one(
        "SELECT * FROM access_grant WHERE refresh_token = ? AND client_key = ? AND revoked_at IS NULL"
        " AND replaced_at IS NULL AND refresh_expires_at > ?",
        (str(refresh_token), client_key, now),
    )
    if row is None:
        raise ApiError(Code.BAD_TOKEN, "Refresh token is incorrect or has been revoked.")
    still_valid_until = min(row["access_expires_at"], now + settings.old_access_token_grace_seconds)
    transaction.execute(
        "UPDATE access_grant SET replaced_at = ?, access_expires_at = ?, refresh_token = ? WHERE id = ?",
        (now, still_valid_until, row["refresh_token"] if settings.rotate_refresh_token else None, row["id"]),
    )
    return _issue(
        transaction,
        business_id=row["business_id"],
        client_key=client_key,
        scope=row["scope"],
        refresh_expires_at=row["refresh_expires_at"],
        by_page=bool(row["by_page"]),
        settings=settings,
        refresh_token=None if settings.rotate_refresh_token else row["refresh_token"],
    )


def revoke(transaction: Transaction, *, access_token: object, client_key: str) -> None:
    """End this account's access to this app. Raises ApiError when the token is not one of the app's."""
    found = inspect(transaction, access_token)
    if found is None or found[0] != client_key:
        raise ApiError(Code.BAD_TOKEN)
    end(transaction, business_id=found[1], how="revoke")


def end(transaction: Transaction, *, business_id: str, how: str) -> int:
    """End an account's tokens: ``expire`` the access tokens only, or ``revoke`` all; answers how many."""
    cursor = transaction.execute(
        "UPDATE access_grant SET access_expires_at = ? WHERE business_id = ? AND revoked_at IS NULL"
        if how == "expire"
        else "UPDATE access_grant SET revoked_at = ? WHERE business_id = ? AND revoked_at IS NULL",
        (time.time(), business_id),
    )
    return cursor.rowcount


def _issue(
    transaction: Transaction,
    *,
    business_id: str,
    client_key: str,
    scope: str,
    refresh_expires_at: float,
    by_page: bool,
    settings: Settings,
    refresh_token: str | None = None,
) -> Grant:
    now = time.time()
    grant = Grant(
        business_id=business_id,
        client_key=client_key,
        access_token=ids.access_token(),
        expires_in=int(settings.access_token_seconds),
        refresh_token=refresh_token or ids.refresh_token(),
        refresh_token_expires_in=round(refresh_expires_at - now),
        scope=scope,
    )
    transaction.execute(
        "INSERT INTO access_grant (business_id, client_key, access_token, access_expires_at, refresh_token,"
        " refresh_expires_at, scope, by_page) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            business_id,
            client_key,
            grant.access_token,
            now + settings.access_token_seconds,
            grant.refresh_token,
            refresh_expires_at,
            scope,
            int(by_page),
        ),
    )
    return grant
