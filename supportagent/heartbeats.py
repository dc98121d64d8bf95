"""Signs of life of our processes, judged by the database's clock."""

import logging
import os
import socket
import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from celery.signals import beat_init, worker_ready
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models.functions import Now
from django.utils import timezone

from core import vitals
from core.clock import database_now, now_plus
from core.models import WorkerHeartbeat
from supportagent import counters

logger = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
FORGOTTEN_AFTER = timedelta(days=1)
ALIVE_WITHIN = timedelta(seconds=30)


def process_id(kind: str) -> str:
    """The name of this process among all, in its role ``kind``."""
    return f"{kind}:{socket.gethostname()[:40]}:{os.getpid()}"


def beat(kind: str, details: Mapping[str, Any] | None = None) -> None:
    """Write that this process lives, its version, what it counts and leaves alone, and how far ahead its clock is.

    DatabaseError where that cannot be.
    """
    ahead = (timezone.now() - database_now()).total_seconds()
    told = {
        "version": settings.VERSION,
        "breakers": vitals.left_alone(),
        "clock_ahead": round(ahead, 1),
        "counts": counters.of_this_process(),
        **(details or {}),
    }
    WorkerHeartbeat.objects.update_or_create(
        process=process_id(kind), defaults={"kind": kind, "at": Now(), "details": told}
    )


def keep_beating(kind: str, stop: threading.Event) -> threading.Thread:
    """Beat from a thread of its own until ``stop`` is set; a database that is away is tried again at the next beat."""

    def run() -> None:
        while True:
            try:
                beat(kind)
            except DatabaseError as error:
                logger.warning("No sign of life could be written: %s", str(error).partition("\n")[0])
                connection.close()
            if stop.wait(BEAT_SECONDS):
                connection.close()
                return

    thread = threading.Thread(target=run, name="heartbeat", daemon=True)
    thread.start()
    return thread


def connect() -> None:
    """Let Celery's workers and its clock beat too."""
    worker_ready.connect(_beat_as_worker, weak=False, dispatch_uid="heartbeat")
    beat_init.connect(_beat_as_clock, weak=False, dispatch_uid="heartbeat of beat")


def _beat_as_worker(**_: object) -> None:
    keep_beating("worker", threading.Event())


def _beat_as_clock(**_: object) -> None:
    keep_beating("beat", threading.Event())


def forget_the_dead() -> int:
    """Drop the rows of processes that have been gone for a day."""
    gone, _ = WorkerHeartbeat.objects.filter(at__lt=now_plus(-FORGOTTEN_AFTER)).delete()
    return gone


def ages() -> dict[str, tuple[str, float]]:
    """Each process's kind and the seconds since its last sign of life."""
    now = database_now()
    rows = WorkerHeartbeat.objects.values_list("process", "kind", "at")
    return {process: (kind, max(0.0, (now - at).total_seconds())) for process, kind, at in rows}


def clocks_apart() -> dict[str, tuple[str, float]]:
    """Each living process's kind and by how many seconds its clock and the database's differ."""
    alive = WorkerHeartbeat.objects.filter(at__gte=now_plus(-ALIVE_WITHIN)).values_list("process", "kind", "details")
    return {process: (kind, abs(float(details.get("clock_ahead", 0.0)))) for process, kind, details in alive}


def counts() -> dict[str, list[tuple[str, str, dict[str, str], float]]]:
    """What living processes that nobody can scrape have counted: by name, the kind, process, labels and value of each.

    Those of the web tell theirs themselves.
    """
    found: dict[str, list[tuple[str, str, dict[str, str], float]]] = {}
    alive = WorkerHeartbeat.objects.filter(at__gte=now_plus(-ALIVE_WITHIN)).exclude(kind="web")
    for process, kind, details in alive.values_list("process", "kind", "details"):
        for name, labels, value in details.get("counts", ()):
            found.setdefault(name, []).append((kind, process, labels, float(value)))
    return found
