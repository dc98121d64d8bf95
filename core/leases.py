"""Leases: a periodic job runs in one place at a time, and a dead holder's lease runs out by itself."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db.models.functions import Now

from core.clock import now_plus
from core.models import Lease

# Nobody takes a lease for longer.
LONGEST = timedelta(seconds=310)


def process_name() -> str:
    """This thread of this process, as an owner's name."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{threading.get_ident() % 100_000}"


def take(name: str, *, owner: str, seconds: float) -> bool:
    """Whether the lease is now ours for ``seconds``: it was free, run out, or ours already."""
    until = now_plus(timedelta(seconds=seconds))
    free = Lease.objects.filter(name=name, until__lt=Now()) | Lease.objects.filter(name=name, owner=owner)
    if free.update(owner=owner, until=until):
        return True
    if Lease.objects.filter(name=name).exists():
        return False
    # Not get_or_create: the other taker may have released the lease again before it is looked up.
    Lease.objects.bulk_create([Lease(name=name, owner=owner, until=until)], ignore_conflicts=True)
    return Lease.objects.filter(name=name, owner=owner).exists()


def release(name: str, *, owner: str) -> None:
    """Give the lease back, if it is still ours."""
    Lease.objects.filter(name=name, owner=owner).delete()


@contextmanager
def held(name: str, *, seconds: float) -> Iterator[bool]:
    """Whether the lease is this thread's while the block runs; it is given back at its end, however that comes.

    A block that lasts takes it again before ``seconds`` are over.
    """
    owner = process_name()
    is_ours = take(name, owner=owner, seconds=seconds)
    try:
        yield is_ours
    finally:
        if is_ours:
            release(name, owner=owner)


def shorten() -> int:
    """Let no lease end later than any is given for: the database's clock was put back; how many were mended."""
    return Lease.objects.filter(until__gt=now_plus(LONGEST)).update(until=Now())
