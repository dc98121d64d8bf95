"""The ``Tiktok-Signature`` header."""

import hashlib
import hmac


def header(secret: str, *, body: bytes, at: int) -> str:
    """The header's value for these raw bytes, signed at ``at`` (Unix seconds) with the app's secret."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},s={signed}"
