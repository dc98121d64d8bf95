"""Signs of life of our processes, judged by the database's clock."""

import os
import socket
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models.functions import Now

from core.clock import database_now, now_plus
from core.models import WorkerHeartbeat

FORGOTTEN_AFTER = timedelta(days=1)


def process_id(kind: str) -> str:
    """The name of this process among all, in its role ``kind``."""
    return f"{kind}:{socket.gethostname()[:40]}:{os.getpid()}"


def beat(kind: str, details: Mapping[str, Any] | None = None) -> None:
    """Write that this process lives: one row, one commit. DatabaseError where that cannot be."""
    WorkerHeartbeat.objects.update_or_create(
        process=process_id(kind), defaults={"kind": kind, "at": Now(), "details": dict(details or {})}
    )


def forget_the_dead() -> int:
    """Drop the rows of processes that have been gone for a day."""
    gone, _ = WorkerHeartbeat.objects.filter(at__lt=now_plus(-FORGOTTEN_AFTER)).delete()
    return gone


def ages() -> dict[str, tuple[str, float]]:
    """Each process's kind and the seconds since its last sign of life."""
    now = database_now()
    rows = WorkerHeartbeat.objects.values_list("process", "kind", "at")
    return {process: (kind, max(0.0, (now - at).total_seconds())) for process, kind, at in rows}
