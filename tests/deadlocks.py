"""The database ends transactions for the sake of others, on command: a trigger raises what PostgreSQL itself would."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

DEADLOCK, SERIALIZATION_FAILURE = "40P01", "40001"


@contextmanager
def giving_way(table: str, *, times: int, code: str = DEADLOCK) -> Iterator[None]:
    """The next ``times`` updates of ``table`` end their transaction with ``code``.

    A sequence counts them, because that is what a rolled back transaction does not take back.
    """
    with connection.cursor() as cursor:
        cursor.execute("CREATE SEQUENCE gave_way")
        cursor.execute(
            f"""
            CREATE FUNCTION give_way() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF nextval('gave_way') <= {int(times)} THEN
                    RAISE EXCEPTION 'ended for the sake of another' USING ERRCODE = '{code}';
                END IF;
                RETURN NEW;
            END $$
            """
        )
        cursor.execute(
            f"CREATE TRIGGER give_way BEFORE UPDATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION give_way()"
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER give_way ON {table}")
            cursor.execute("DROP FUNCTION give_way()")
            cursor.execute("DROP SEQUENCE gave_way")
