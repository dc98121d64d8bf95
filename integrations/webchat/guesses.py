"""Tokens that prove nobody, counted by the address that shows them.

A token is 256 random bits, so nobody guesses one; whoever tries is told to wait all the same. A visitor's own token is
looked up first and always opens their chat: whoever shares an address with somebody who guesses is not held up.
"""

import threading
import time

from core.keyed import keyed_hash
from core.throttles import seconds_to_wait

WRONG_TOKENS_PER_MINUTE = 60
# Of addresses that are told to wait, so many are kept in mind here; about the others the database is asked again.
_MOST_WAITING = 10_000

_waiting: dict[str, float] = {}
_lock = threading.Lock()


def seconds_after(address: str) -> int:
    """Note one more wrong token from this address; 0 while it has shown few, else how long it is to wait."""
    now = time.monotonic()
    left = _waiting.get(address, 0.0) - now
    if left > 0:
        return int(left) + 1
    # Nothing stays of the address but what cannot be read back, and that for an hour.
    left = seconds_to_wait(f"chat:{keyed_hash('chat address', address)[:24]}", most=WRONG_TOKENS_PER_MINUTE)
    if left <= 0:
        return 0
    with _lock:
        if len(_waiting) >= _MOST_WAITING:
            _waiting.clear()
        _waiting[address] = now + left
    return int(left) + 1


def forget() -> None:
    """Keep no address in mind."""
    _waiting.clear()
