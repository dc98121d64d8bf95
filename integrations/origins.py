"""Which sites an account's web chat may run on: an origin is a scheme, a host and a port, and is compared whole."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from django.conf import settings

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\]", re.IGNORECASE)


def origin_of(address: str) -> str | None:
    """The origin as browsers write it: small letters, no port that goes without saying. None where it is none."""
    try:
        parts = urlsplit(address.strip())
        port = parts.port
    except ValueError:
        return None
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    is_bare = parts.path in {"", "/"} and not (parts.query or parts.fragment or "@" in parts.netloc)
    if parts.scheme not in _DEFAULT_PORTS or not is_bare or not _HOST.fullmatch(host) or port == 0:
        return None
    is_default = port is None or port == _DEFAULT_PORTS[parts.scheme]
    return f"{parts.scheme}://{host}" if is_default else f"{parts.scheme}://{host}:{port}"


def is_own(origin: str, host: str) -> bool:
    """Whether a page of ours at ``host`` asks: the chat's own page, alone or within a frame."""
    scheme, _, netloc = origin.partition("://")
    return scheme in _DEFAULT_PORTS and (netloc.lower() == host.lower() or origin in settings.CSRF_TRUSTED_ORIGINS)


def is_listed(origin: str, listed: Sequence[str]) -> bool:
    """Whether the account names this origin."""
    return origin in {origin_of(each) for each in listed}
