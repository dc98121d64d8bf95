"""Standard Webhooks: the headers of a request, and whether those of another are right."""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping, Sequence

FRESH_SECONDS = 300


def headers(secrets: Sequence[str], *, name: str, body: bytes, at: int) -> dict[str, str]:
    """The three headers for these raw bytes under the id ``name``, one signature for each secret."""
    listed = " ".join(f"v1,{_signature(secret, name, str(at), body)}" for secret in secrets)
    return {"webhook-id": name, "webhook-timestamp": str(at), "webhook-signature": listed}


def is_right(secrets: Sequence[str], given: Mapping[str, str], body: bytes) -> bool:
    """Whether a request is fresh and one of its signatures was made with one of the secrets."""
    given = {header.lower(): value for header, value in given.items()}
    name, at = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not name or not at.isdigit() or abs(int(at) - time.time()) > FRESH_SECONDS:
        return False
    listed = given.get("webhook-signature", "").split(" ")
    wanted = [f"v1,{_signature(secret, name, at, body)}" for secret in secrets]
    return any(hmac.compare_digest(one.encode(), other.encode()) for one in wanted for other in listed)


def _signature(secret: str, name: str, at: str, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return base64.b64encode(hmac.new(key, f"{name}.{at}.".encode() + body, hashlib.sha256).digest()).decode()
