"""How the door answered while a fault lasted, by the platform's own record of its webhooks."""

import hashlib
import hmac
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import httpx2

from drill import wire
from drill.faults.base import Stage
from drill.recovery import percentile
from drill.rig import Rig

# Refusing a forgery is the door's duty; LinkedIn's challenge, which may come at any moment, delivers nothing.
FORGED, CHALLENGE = "forged", "challenge"
TAKEN = 200
Span = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """How one delivery of a webhook was answered (0: not at all), when it began (epoch seconds), and how long it took."""

    status: int
    began: float
    took: float


def acks(rig: Rig, since: float, until: float = inf) -> list[Ack]:
    """Each authentic delivery that was under way at some moment between two instants, oldest first."""
    found = []
    for row in rig.log("webhook"):
        if row["name"] == CHALLENGE or row["detail"]["variant"] == FORGED:
            continue
        took = row["detail"]["ms"] / 1000
        began = row["at"] - took
        if row["at"] >= since and began <= until:
            found.append(Ack(status=row["status"] or 0, began=began, took=took))
    return found


def slowest_ack(rig: Rig, since: float) -> float:
    """The longest wait for an answer since then, in seconds."""
    return round(max((ack.took for ack in acks(rig, since)), default=0.0), 3)


def judge_acks(stage: Stage, spans: Sequence[Span], *, within: float, trouble: str) -> None:
    """In each stretch everything was taken, and nobody waited longer than ``within``; ``trouble`` says what there was."""
    found = [ack for span in spans for ack in acks(stage.rig, *span)]
    took = [ack.took for ack in found]
    stage.figures |= {
        "acks meanwhile": len(found),
        "ack p99, s": round(percentile(took, 0.99) or 0.0, 3),
        "slowest ack, s": round(max(took, default=0.0), 3),
    }
    if not found:
        stage.object_to(f"No event came while {trouble}.")
    if other := sorted({ack.status for ack in found} - {TAKEN}):
        stage.object_to(f"Events were answered {other} while {trouble}.")
    slowest = max(took, default=0.0)
    stage.judge_time(slowest, within, f"An event waited {slowest:.1f} s for its answer while {trouble}.")


def judge_next_reply(stage: Stage, after: str, *, within: float) -> None:
    """Somebody is answered again, so many seconds after what ``after`` names at the latest."""
    patience = stage.patience(within)
    answered = stage.await_reply(seconds=patience)
    took = patience if answered is None else answered
    stage.highest("first answer after it, s", took)
    if answered is None:
        stage.object_to(f"Nobody was answered within {patience:.0f} s of {after}.")
    else:
        stage.judge_time(took, within, f"Nobody was answered within {within:.0f} s of {after}.")


def deliver(rig: Rig, body: bytes, *, seconds: float = 15.0) -> httpx2.Response | None:
    """One event of the drill's own, signed as the platform signs; None where nobody answered."""
    at = int(time.time())
    signed = hmac.new(rig.app_secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "Tiktok-Signature": f"t={at},s={signed}"}
    try:
        return wire.post(f"{rig.url}/webhooks/tiktok", content=body, headers=headers, timeout=seconds)
    except httpx2.TransportError:
        return None
