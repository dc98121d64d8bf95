"""The one way out: every request to another server is judged here before a connection is made."""

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

import httpx2
from django.conf import settings

from core.exceptions import EgressRefused


class GuardedTransport(httpx2.HTTPTransport):
    """A transport that connects only where the settings allow."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Judge the address, then send."""
        judge(str(request.url))
        return super().handle_request(request)


def client(*, timeout: float = 10.0, connect: float = 3.0) -> httpx2.Client:
    """A client without redirects whose requests go through the guard. ``timeout`` in seconds, for each phase."""
    return httpx2.Client(
        transport=GuardedTransport(retries=0),
        timeout=httpx2.Timeout(timeout, connect=connect),
        follow_redirects=False,
        headers={"User-Agent": "supportagent/1"},
    )


def judge(url: str) -> None:
    """Raise EgressRefused unless ``url`` may be called.

    ``settings.EGRESS_ALLOW`` lists ``host:port`` pairs an operator vouches for. Anything else must be https and
    resolve to public addresses only.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if _vouched_for(host, port):
        return
    if parts.scheme != "https":
        raise EgressRefused(f"{host}:{port} is not called over http; add it to EGRESS_ALLOW if it is meant.")
    for address in _addresses(host, port):
        if not ipaddress.ip_address(address).is_global:
            raise EgressRefused(f"{host} leads to a private address; add {host}:{port} to EGRESS_ALLOW if it is meant.")


def _vouched_for(host: str, port: int) -> bool:
    allowed: Any = settings.EGRESS_ALLOW
    return any(entry in (f"{host}:{port}", f"{host}:*") for entry in allowed)


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpx2.ConnectError(f"{host} has no address.") from error
    return [str(entry[4][0]).split("%")[0] for entry in found]
