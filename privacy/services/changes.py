"""What the database keeps of rows that are gone."""

from django.db import connection


def empty_log_of_changes() -> None:
    """SQLite keeps earlier states of rows in the log beside its file until that is written back."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
