"""What models may cost: reserved in the ledger before a call, settled after it. Amounts are millionths of a dollar."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from agent.models import SpendLedger, SpendReservation
from core.clock import now_plus

MICROS = 1_000_000
_CHARACTERS_A_TOKEN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """The most a scope may cost in a day."""

    scope: str
    micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """An estimate that is held in the ledger, and its row."""

    pk: int
    scopes: tuple[str, ...]
    day: date
    micros: int


class CapReached(Exception):
    """A scope's cap leaves no room for the estimate."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__(f"The spending cap of {scope} is reached for today.")


@transaction.atomic
def reserve(caps: Sequence[Cap], micros: int) -> Reservation:
    """Hold the estimate in every scope, or in none: one UPDATE a scope decides, at any concurrency. Raises CapReached."""
    today = timezone.now().date()
    for cap in caps:
        row, created = SpendLedger.objects.get_or_create(scope=cap.scope, day=today, defaults={"cap": cap.micros})
        if not created and row.cap != cap.micros:
            SpendLedger.objects.filter(pk=row.pk).update(cap=cap.micros)
        room = SpendLedger.objects.filter(pk=row.pk, cap__gte=F("spent") + F("reserved") + micros)
        if not room.update(reserved=F("reserved") + micros):
            raise CapReached(cap.scope)
    scopes = tuple(cap.scope for cap in caps)
    held = SpendReservation.objects.create(day=today, scopes=scopes, micros=micros)
    return Reservation(pk=held.pk, scopes=scopes, day=today, micros=micros)


@transaction.atomic
def settle(reservation: Reservation, micros: int) -> None:
    """Book what the call really cost, 0 for one that cost nothing, and give the estimate back if that was not done yet."""
    is_held, _ = SpendReservation.objects.filter(pk=reservation.pk).delete()
    back = reservation.micros if is_held else 0
    for scope in reservation.scopes:
        SpendLedger.objects.filter(scope=scope, day=reservation.day).update(
            reserved=Greatest(F("reserved") - back, 0), spent=F("spent") + micros
        )


def give_back(*, older_than: timedelta, most: int) -> int:
    """Give back what calls hold that must have ended long ago, the oldest ``most``; returns how many."""
    stale = SpendReservation.objects.filter(made_at__lt=now_plus(-older_than)).order_by("made_at")[:most]
    for row in stale:
        settle(Reservation(pk=row.pk, scopes=tuple(row.scopes), day=row.day, micros=row.micros), 0)
    return len(stale)


def price(prices: Mapping[str, Any], model: str, *, tokens_in: int, tokens_out: int) -> int:
    """What a call costs; the longest entry that ``model`` ("provider:name") begins with counts, else "default"."""
    fitting = [name for name in prices if model.startswith(name)]
    dollars_in, dollars_out = prices[max(fitting, key=len)] if fitting else prices["default"]
    return round(tokens_in * float(dollars_in) + tokens_out * float(dollars_out))


def estimate_tokens(text: str) -> int:
    """At least as many tokens as the text will have in most languages."""
    return len(text.encode()) // _CHARACTERS_A_TOKEN + 200
