"""Tokens: for a code of the authorise page, and for a refresh token, whose year is not made longer by its use."""

import secrets
import time
from typing import Any
from urllib.parse import parse_qsl

from simulator.http.messages import Request, Response, json_response
from simulator.linkedin import subscribers
from simulator.linkedin.pages import YEAR
from simulator.store import Transaction
from simulator.world import World


def owner(transaction: Transaction, access_token: str) -> str | None:
    """Whose token this is; None when it is unknown, expired or revoked."""
    row = transaction.one(
        "SELECT organization FROM linkedin_token WHERE access_token = ? AND revoked_at IS NULL AND expires_at > ?",
        (access_token, time.time()),
    )
    return str(row["organization"]) if row else None


def grant_ends_at(transaction: Transaction, access_token: str) -> float:
    """When what a member allowed with this token ends: with its refresh token, where there is one."""
    row = transaction.one(
        "SELECT coalesce(refresh_expires_at, expires_at) AS ends_at FROM linkedin_token WHERE access_token = ?",
        (access_token,),
    )
    return float(row["ends_at"]) if row else 0.0


def bearer(request: Request) -> str:
    """The token that a call brings."""
    return str(request.headers.get("Authorization", "")).removeprefix("Bearer ")


def answer(world: World, request: Request) -> Response:
    """``/oauth/v2/accessToken``: form-encoded, and without an envelope."""
    form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    with world.store.transaction() as transaction:
        row = transaction.one(
            "SELECT client_secret FROM app JOIN linkedin_app ON client_id = client_key WHERE client_key = ?",
            (form.get("client_id", ""),),
        )
        if row is None or row["client_secret"] != form.get("client_secret"):
            return _refused("invalid_client", "Client authentication failed", status=401)
        if form.get("grant_type") == "authorization_code":
            return _for_code(world, transaction, form)
        if form.get("grant_type") == "refresh_token":
            return _for_refresh_token(world, transaction, form)
    return _refused("invalid_request", "The grant_type is not known.")


def end(transaction: Transaction, organization: str, how: str) -> int:
    """End a Page's tokens: ``expire`` the access tokens only, or ``revoke`` all; how many.

    With the grant, what was subscribed under it ends without a word.
    """
    if how == "revoke":
        subscribers.end(transaction, organization)
    column = "expires_at" if how == "expire" else "revoked_at"
    return transaction.execute(
        f"UPDATE linkedin_token SET {column} = ? WHERE organization = ?",  # noqa: S608 - one of two constants
        (time.time(), organization),
    ).rowcount


def _for_code(world: World, transaction: Transaction, form: dict[str, str]) -> Response:
    row = transaction.one("SELECT * FROM linkedin_code WHERE code = ?", (form.get("code", ""),))
    if row is None or row["used_at"] is not None or row["expires_at"] < time.time():
        return _refused("invalid_request", "Unable to retrieve access token: authorization code not found")
    if row["client_id"] != form["client_id"] or row["redirect_uri"] != form.get("redirect_uri"):
        return _refused("invalid_redirect_uri", "redirect_uri does not match")
    transaction.execute("UPDATE linkedin_code SET used_at = ? WHERE code = ?", (time.time(), row["code"]))
    refresh_token = secrets.token_urlsafe(300) if world.knobs.now.linkedin_refresh_tokens else None
    return _issue(world, transaction, str(row["organization"]), form["client_id"], refresh_token, time.time() + YEAR)


def _for_refresh_token(world: World, transaction: Transaction, form: dict[str, str]) -> Response:
    row = transaction.one(
        "SELECT * FROM linkedin_token WHERE refresh_token = ? AND client_id = ? AND revoked_at IS NULL"
        " AND refresh_expires_at > ? ORDER BY rowid DESC LIMIT 1",
        (form.get("refresh_token", ""), form["client_id"], time.time()),
    )
    if row is None:
        return _refused("invalid_request", "The provided authorization grant or refresh token is expired or revoked.")
    return _issue(
        world,
        transaction,
        str(row["organization"]),
        form["client_id"],
        str(row["refresh_token"]),
        float(row["refresh_expires_at"]),
    )


def _issue(
    world: World,
    transaction: Transaction,
    organization: str,
    client_id: str,
    refresh_token: str | None,
    refresh_expires_at: float,
) -> Response:
    now, life = time.time(), world.knobs.now.linkedin_token_seconds
    access_token = f"AQ{secrets.token_urlsafe(360)}"
    transaction.execute(
        "INSERT INTO linkedin_token VALUES (?, ?, ?, ?, ?, ?, NULL)",
        (access_token, organization, client_id, now + life, refresh_token, refresh_expires_at),
    )
    given: dict[str, Any] = {
        "access_token": access_token,
        "expires_in": int(life),
        "scope": "r_organization_social_feed,w_organization_social_feed,rw_organization_admin",
        "token_type": "Bearer",
    }
    if refresh_token:
        given |= {"refresh_token": refresh_token, "refresh_token_expires_in": round(refresh_expires_at - now)}
    return json_response(given)


def _refused(error: str, words: str, *, status: int = 400) -> Response:
    return json_response({"error": error, "error_description": words}, status=status)
