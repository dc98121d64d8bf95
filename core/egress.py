"""Whom this product may call: the form of an address is judged first, then each machine that its name leads to."""

import ipaddress
import re
import socket
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import urlsplit

import httpx2
from django.conf import settings

from core.exceptions import EgressRefused

HTTPS_PORT = 443
_STORE_PORTS = {"redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671}
# Letters, digits and hyphens between dots, nothing at either end: what a name in the public DNS looks like.
_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))+")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# What `ipaddress` calls global although no single public machine answers there.
_NOT_ONE_MACHINE = ("192.88.99.0/24",)
_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")
# Addresses of these carry another address inside, which would have to be judged in its place.
_TUNNELS = tuple(ipaddress.IPv6Network(network) for network in ("2001::/32", "2002::/16", "3fff::/20"))
_RELAYS = tuple(ipaddress.IPv4Network(network) for network in _NOT_ONE_MACHINE)


def judge_url(url: httpx2.URL) -> None:
    """Raise EgressRefused unless an address of this form may be called; nothing is resolved.

    What ``settings.EGRESS_ALLOW`` lists as ``host:port`` an operator vouches for. Anything else is https, carries no
    name and password, and names a public machine by its full name or its plain address.
    """
    host, port = url.host, port_of(url)
    if url.userinfo:
        raise EgressRefused(f"The address of {host} carries a name and password; leave them out.")
    if is_vouched_for(host, port):
        return
    if url.scheme != "https":
        raise EgressRefused(f"{host}:{port} is not called over {url.scheme}; add it to EGRESS_ALLOW if it is meant.")
    literal = _literal(host)
    if literal is not None:
        judge_address(literal, host, port)
    elif not _NAME.fullmatch(host) or _NUMBER.fullmatch(host.rpartition(".")[2]):
        raise EgressRefused(
            f"{host!r} is no full name of a public machine; add {host}:{port} to EGRESS_ALLOW if it is meant."
        )


def judge_address(address: str, host: str, port: int) -> None:
    """Raise EgressRefused unless a public machine answers at ``address``, which ``host`` led to."""
    if not is_public(address):
        raise EgressRefused(f"{host} leads to a private address; add {host}:{port} to EGRESS_ALLOW if it is meant.")


def is_public(address: str) -> bool:
    """Whether an address is one machine's on the public internet (global unicast), and hides no other address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv4Address):
        return found.is_global and not found.is_multicast and not any(found in relay for relay in _RELAYS)
    in_tunnel = any(found in tunnel for tunnel in _TUNNELS)
    return found in _PUBLIC_V6 and found.is_global and not in_tunnel and not found.scope_id


def is_vouched_for(host: str, port: int) -> bool:
    """Whether the operator lists this machine in EGRESS_ALLOW, by this port or by ``*``."""
    return any(entry in (f"{host}:{port}", f"{host}:*") for entry in settings.EGRESS_ALLOW)


def addresses(host: str, port: int) -> list[str]:
    """Where to connect to for ``host``: resolved once, and every address judged. Raises EgressRefused and OSError.

    The caller connects to one of these and does not resolve again, so that a name that changes its answer between
    two questions gains nothing. One address that is not public refuses them all, and so does one where the product
    keeps its own data, whoever vouches for it.
    """
    found = _resolved(host, port)
    if not is_vouched_for(host, port):
        for address in found:
            judge_address(address, host, port)
    if _is_ours(host, port, found):
        raise EgressRefused(f"{host}:{port} is where our own data are kept; nothing is called there.")
    return found


def judge_whole(url: httpx2.URL) -> None:
    """Raise EgressRefused for whatever a call to this address would be refused for just now.

    Behind a proxy the names are not ours to look up; and one that cannot be looked up at the moment may be right.
    """
    judge_url(url)
    with suppress(OSError, UnicodeError):
        if not settings.EGRESS_PROXY:
            addresses(url.host, port_of(url))


def port_of(url: httpx2.URL) -> int:
    """The port that is called."""
    return url.port or (HTTPS_PORT if url.scheme == "https" else 80)


def _resolved(host: str, port: int) -> list[str]:
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in entries))


def _is_ours(host: str, port: int, found: Iterable[str]) -> bool:
    """Whether our database, Redis or broker listens at one of these addresses of ``host``."""
    for store, store_port in _stores():
        if store_port != port:
            continue
        if store == host:
            return True
        with suppress(OSError, UnicodeError):
            machines = {_machine(address) for address in _resolved(store, port)}
            if not machines.isdisjoint(map(_machine, found)):
                return True
    return False


def _stores() -> Iterable[tuple[str, int]]:
    """Where this process reaches its own data over the network."""
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("postgresql"):
        yield str(database.get("HOST") or ""), int(database.get("PORT") or 5432)
    for address in (settings.REDIS_URL, settings.CELERY_BROKER_URL):
        parts = urlsplit(address)
        if parts.scheme in _STORE_PORTS and parts.hostname:
            yield parts.hostname, parts.port or _STORE_PORTS[parts.scheme]


def _machine(address: str) -> str:
    """The address, or one name for all of this machine's own."""
    return "loopback" if ipaddress.ip_address(address.partition("%")[0]).is_loopback else address


def _literal(host: str) -> str | None:
    """The host if it is an address in its plain form; short, octal and whole-number forms are none."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None
