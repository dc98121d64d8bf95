"""How many calls a minute somebody may make, counted in a row that all processes share: keys and people REST calls, an
address tries with tokens that prove nobody."""

from datetime import timedelta

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Now
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from core.authentication import caller
from core.clock import database_now, now_plus
from core.models import ApiKey, CallWindow, User

MINUTE = timedelta(minutes=1)
KEPT = timedelta(hours=1)


def caller_name(who: User | ApiKey) -> str:
    """A name for somebody that no person and key share."""
    return f"{'key' if isinstance(who, ApiKey) else 'user'}:{who.pk}"


class CallsPerMinute(BaseThrottle):
    """At most ``API_CALLS_PER_MINUTE`` calls in the minute that the first of them begins; one row written a call."""

    _seconds = 0.0

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Whether one more call is allowed; it is counted if so. A call of nobody is refused elsewhere."""
        who = caller(request)
        if who is None:
            return True
        self._seconds = seconds_to_wait(caller_name(who), most=settings.API_CALLS_PER_MINUTE)
        return not self._seconds

    def wait(self) -> float:
        """Seconds until the next call may be made."""
        return self._seconds


def seconds_to_wait(name: str, *, most: int) -> float:
    """0 if one more call is among the ``most`` of its minute, which counts it; else the seconds until the next minute begins."""
    if _count(name, most):
        return 0.0
    # No call has been counted before, or another one has just begun the next minute.
    CallWindow.objects.bulk_create([CallWindow(caller=name, began_at=Now(), calls=0)], ignore_conflicts=True)
    if _count(name, most):
        return 0.0
    began = CallWindow.objects.values_list("began_at", flat=True).get(caller=name)
    return max(1.0, (began + MINUTE - database_now()).total_seconds())


def forget_old_windows() -> int:
    """Let go of who has not called for an hour; how many."""
    return CallWindow.objects.filter(began_at__lt=now_plus(-KEPT)).delete()[0]


def _count(name: str, most: int) -> bool:
    """Whether one more call fits into the present minute, or begins the next; it is counted if so."""
    rows = CallWindow.objects.filter(caller=name)
    present = {"began_at__gt": now_plus(-MINUTE)}
    if rows.filter(**present, calls__lt=most).update(calls=F("calls") + 1):
        return True
    return bool(rows.exclude(**present).update(began_at=Now(), calls=1))
