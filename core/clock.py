"""The database's clock: leases and waiting times are judged by it, so that no host's clock can steal a lease."""

from datetime import UTC, datetime, timedelta

from django.db import connection
from django.db.models import DateTimeField, ExpressionWrapper
from django.db.models.functions import Now


def now_plus(delay: timedelta) -> ExpressionWrapper:  # type: ignore[type-arg]  # not subscriptable at run time
    """An expression for "now on the database's clock, plus ``delay``"."""
    return ExpressionWrapper(Now() + delay, output_field=DateTimeField())


def database_now() -> datetime:
    """The database's present instant, aware, in UTC (in steps of a millisecond on SQLite)."""
    if connection.vendor == "sqlite":
        # It runs in this process and reads this process's clock, so that there is nobody to ask.
        instant = datetime.now(UTC)
        return instant.replace(microsecond=instant.microsecond // 1000 * 1000)
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        told: datetime = cursor.fetchone()[0]
        return told.astimezone(UTC)
