"""Emptying SQLite between tests although the audit trail's triggers refuse deletions.

PostgreSQL empties tables with TRUNCATE, which fires no row's trigger; SQLite deletes rows. So for the moment of the
flush the triggers are put aside, and then put back exactly as the database had them.
"""

from collections.abc import Iterable

from django.db import transaction
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.backends.sqlite3.operations import DatabaseOperations


def flush_without_triggers(operations: DatabaseOperations, sql_list: Iterable[str]) -> None:
    """What Django does to flush, between taking the triggers away and making them again, in one transaction."""
    connection = operations.connection
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f"DROP TRIGGER {name}")
        BaseDatabaseOperations.execute_sql_flush(operations, sql_list)
        for _, sql in triggers:
            cursor.execute(sql)
