"""Ports for servers that may be started again: none that the system gives to a connection which somebody opens meanwhile."""

import random
import socket
from contextlib import suppress
from pathlib import Path

FIRST = 15_000
# Where connections have their own ends on Linux (ip(7), ip_local_port_range), unless the machine says otherwise.
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_USUAL = 32_768
_given: set[int] = set()


def free_port() -> int:
    """A port nobody listens on, which this process was not given before."""
    dice = random.SystemRandom()
    while True:
        port = dice.randrange(FIRST, max(_connections_from(), FIRST + 5_000))
        if port not in _given and _is_free(port):
            _given.add(port)
            return port


def free_ports(count: int) -> list[int]:
    """So many, all different."""
    return [free_port() for _ in range(count)]


def _is_free(port: int) -> bool:
    with socket.socket() as taken, suppress(OSError):
        taken.bind(("127.0.0.1", port))
        return True
    return False


def _connections_from() -> int:
    with suppress(OSError):
        return int(_RANGE.read_text(encoding="ascii").split()[0])
    return _USUAL
