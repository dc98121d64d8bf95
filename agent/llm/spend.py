"""What models may cost: reserved in the ledger before a call, settled after it. Amounts are millionths of a dollar."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import BigIntegerField, Case, F, Q, QuerySet, When
from django.db.models.functions import Greatest
from django.utils import timezone

from agent.models import SpendLedger, SpendReservation
from core.clock import now_plus

MICROS = 1_000_000
GLOBAL = "global"
RELEASE_KEYS: Mapping[str, str] = {
    kind: f"spend.{kind}_cents_per_day" for kind in ("account", "customer", "conversation")
}
"""The settings of a release that say what one of each may cost in a day. All together have a cap of the installation's."""
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


def caps_of(release: Mapping[str, Any], *, account_id: int, customer_id: int, conversation_id: int) -> tuple[Cap, ...]:
    """What a call for a conversation must leave room in: all that is spent, its account's, its customer's and its own.

    ``release`` holds the settings that RELEASE_KEYS names.
    """
    pks = {"account": account_id, "customer": customer_id, "conversation": conversation_id}
    whole = Cap(scope=GLOBAL, micros=round(settings.SPEND_CAP_DOLLARS_PER_DAY * MICROS))
    return whole, *(
        Cap(scope=f"{kind}:{pks[kind]}", micros=release[key] * MICROS // 100) for kind, key in RELEASE_KEYS.items()
    )


def reserve(caps: Sequence[Cap], micros: int) -> Reservation:
    """Hold the estimate in every scope of one or more, or in none, at any concurrency. Raises CapReached."""
    today = timezone.now().date()
    while (held := _hold(caps, micros, today)) is None:
        _open(caps, today)
    return held


@transaction.atomic
def _open(caps: Iterable[Cap], day: date) -> None:
    """Make the day's rows, in a transaction of their own: whoever waits for one of them must hold none that others wait for."""
    rows = [SpendLedger(scope=cap.scope, day=day, cap=cap.micros) for cap in caps]
    SpendLedger.objects.bulk_create(rows, ignore_conflicts=True)


@transaction.atomic
def _hold(caps: Sequence[Cap], micros: int, today: date) -> Reservation | None:
    """The estimate held; None while a scope has no row of the day. One UPDATE decides for all scopes. Raises CapReached."""
    scopes = tuple(cap.scope for cap in caps)
    rows = {row.scope: row for row in _in_turn(scopes, today)}
    if len(rows) < len(caps):
        return None
    promised = F("reserved")
    room = [Q(scope=cap.scope, spent__lte=cap.micros - micros - promised) for cap in caps]
    taken = SpendLedger.objects.filter(reduce(or_, room), day=today).update(
        reserved=F("reserved") + micros,
        dearest_call=Greatest(F("dearest_call"), micros),
        cap=Case(*(When(scope=cap.scope, then=cap.micros) for cap in caps), output_field=BigIntegerField()),
    )
    if taken < len(caps):
        full = (cap for cap in caps if rows[cap.scope].spent + rows[cap.scope].reserved + micros > cap.micros)
        raise CapReached(next(full, caps[0]).scope)
    held = SpendReservation.objects.create(day=today, scopes=scopes, micros=micros)
    return Reservation(pk=held.pk, scopes=scopes, day=today, micros=micros)


def _in_turn(scopes: Iterable[str], day: date) -> QuerySet[SpendLedger]:
    """The day's rows of the scopes, held in one order by everybody, so that no two wait for each other."""
    return SpendLedger.objects.filter(day=day, scope__in=scopes).select_for_update().order_by("scope")


@transaction.atomic
def settle(reservation: Reservation, micros: int) -> None:
    """Book what the call really cost, 0 for one that cost nothing, and give the estimate back, or take it back if it was booked."""
    is_held, _ = SpendReservation.objects.filter(pk=reservation.pk).delete()
    back, booked = (reservation.micros, 0) if is_held else (0, reservation.micros)
    pks = [row.pk for row in _in_turn(reservation.scopes, reservation.day)]
    SpendLedger.objects.filter(pk__in=pks).update(
        reserved=Greatest(F("reserved") - back, 0), spent=Greatest(F("spent") + micros - booked, 0)
    )


def book_stale(*, older_than: timedelta, most: int) -> int:
    """Book the estimates of calls that must have ended long ago, the oldest ``most``; returns how many.

    Their processes are gone, and the provider may well have worked for them.
    """
    stale = SpendReservation.objects.filter(made_at__lt=now_plus(-older_than)).order_by("made_at")[:most]
    for row in stale:
        settle(Reservation(pk=row.pk, scopes=tuple(row.scopes), day=row.day, micros=row.micros), row.micros)
    return len(stale)


def price(prices: Mapping[str, Any], model: str, *, tokens_in: int, tokens_out: int) -> int:
    """What a call costs; the longest entry that ``model`` ("provider:name") begins with counts, else "default"."""
    fitting = [name for name in prices if model.startswith(name)]
    dollars_in, dollars_out = prices[max(fitting, key=len)] if fitting else prices["default"]
    return round(tokens_in * float(dollars_in) + tokens_out * float(dollars_out))


def estimate_tokens(text: str) -> int:
    """At least as many tokens as the text will have in most languages."""
    return len(text.encode()) // _CHARACTERS_A_TOKEN + 200
