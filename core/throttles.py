"""How many REST calls one key or person may make a minute, counted in a row that all processes share."""

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


def caller_name(who: User | ApiKey) -> str:
    """A name for somebody that no person and key share."""
    return f"{'key' if isinstance(who, ApiKey) else 'user'}:{who.pk}"


class CallsPerMinute(BaseThrottle):
    """At most ``API_CALLS_PER_MINUTE`` calls in the minute that the first of them begins; one row written a call."""

    _seconds = 60.0

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Whether one more call is allowed; it is counted if so. A call of nobody is refused elsewhere."""
        who = caller(request)
        if who is None:
            return True
        name = caller_name(who)
        if _count(name):
            return True
        # No call has been counted before, or another one has just begun the next minute.
        CallWindow.objects.bulk_create([CallWindow(caller=name, began_at=Now(), calls=0)], ignore_conflicts=True)
        if _count(name):
            return True
        began = CallWindow.objects.values_list("began_at", flat=True).get(caller=name)
        self._seconds = max(1.0, (began + MINUTE - database_now()).total_seconds())
        return False

    def wait(self) -> float:
        """Seconds until the next call may be made."""
        return self._seconds


def _count(name: str) -> bool:
    """Whether one more call fits into the present minute, or begins the next; it is counted if so."""
    rows = CallWindow.objects.filter(caller=name)
    present = {"began_at__gt": now_plus(-MINUTE)}
    if rows.filter(**present, calls__lt=settings.API_CALLS_PER_MINUTE).update(calls=F("calls") + 1):
        return True
    return bool(rows.exclude(**present).update(began_at=Now(), calls=1))
