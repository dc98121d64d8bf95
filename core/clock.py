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
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT statement_timestamp()")
            instant: datetime = cursor.fetchone()[0]
            return instant.astimezone(UTC)
        cursor.execute("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")
        return datetime.fromisoformat(cursor.fetchone()[0]).replace(tzinfo=UTC)
