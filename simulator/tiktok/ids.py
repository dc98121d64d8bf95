"""Ids and tokens in the platform's shapes."""

import base64
import random
import secrets
import time
import uuid

# Ids are public; asking the system for each would cost more than the rest of a request.
_ids = random.Random(secrets.randbits(256))


def opaque_id() -> str:
    """A conversation or message id: base64 with ``+``, ``/`` and ``=`` in it, so that sloppy encoding shows."""
    while True:
        text = base64.b64encode(_ids.randbytes(32)).decode()
        if "+" in text and "/" in text:
            return text


def media_id() -> str:
    """The id of an uploaded or received file."""
    return f"v0{secrets.token_hex(14)}"


def user_id() -> str:
    """A customer's globally stable identifier."""
    return str(uuid.uuid4())


def open_id() -> str:
    """A business account's id in one app."""
    return f"-000{secrets.token_urlsafe(24)}"


def access_token() -> str:
    """A short-term token."""
    return f"act.{secrets.token_urlsafe(36)}!{secrets.randbelow(9000) + 1000}.e1"


def refresh_token() -> str:
    """A token that renews the short-term one."""
    return f"rft.{secrets.token_urlsafe(36)}!{secrets.randbelow(9000) + 1000}.e1"


def auth_code() -> str:
    """A code for one exchange; its odd signs must survive the redirect."""
    return f"{secrets.token_urlsafe(30)}*0!{secrets.randbelow(9000) + 1000}.e1"


def request_id() -> str:
    """The log id of one request."""
    return time.strftime("%Y%m%d%H%M%S", time.gmtime()) + _ids.randbytes(9).hex().upper()
