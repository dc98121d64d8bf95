"""Tokens: exchange, renewal, revocation, inspection."""

from collections.abc import Mapping
from typing import Any

from simulator.tiktok import grants
from simulator.tiktok.call import Call
from simulator.tiktok.errors import ApiError, Code


def token(call: Call) -> Mapping[str, Any]:
    """A token pair for the code of the authorise page."""
    client_key = call.app("client_id", "client_secret")
    call.choice("grant_type", frozenset({"authorization_code"}))
    grant = grants.exchange(
        call.transaction,
        code=call.text("auth_code"),
        client_key=client_key,
        redirect_uri=call.parameters.get("redirect_uri"),
        settings=call.world.knobs.now,
    )
    call.noted["account"] = grant.business_id
    return grant.as_data()


def refresh(call: Call) -> Mapping[str, Any]:
    """A new token pair for a refresh token."""
    client_key = call.app("client_id", "client_secret")
    call.choice("grant_type", frozenset({"refresh_token"}))
    grant = grants.refresh(
        call.transaction, refresh_token=call.text("refresh_token"), client_key=client_key, settings=call.world.knobs.now
    )
    call.noted["account"] = grant.business_id
    return grant.as_data()


def revoke(call: Call) -> Mapping[str, Any]:
    """End the access that a token belongs to."""
    client_key = call.app("client_id", "client_secret")
    grants.revoke(call.transaction, access_token=call.text("access_token"), client_key=client_key)
    return {}


def token_info(call: Call) -> Mapping[str, Any]:
    """Whose token this is."""
    found = grants.inspect(call.transaction, call.text("access_token"))
    if found is None or found[0] != call.text("app_id"):
        raise ApiError(Code.BAD_TOKEN)
    client_key, business_id, scope = found
    call.noted["account"] = business_id
    return {"app_id": client_key, "creator_id": business_id, "scope": scope}
