"""An inbox as it is after days: full of events that were taken in and are kept for a while. So that a table that grows is seen."""

import psycopg
from psycopg import sql

# How far one kept event came before the next: what came an hour ago is among the first thousand.
APART_SECONDS = 4
PATTERN = "CREATE TEMPORARY TABLE bench_event AS SELECT * FROM integrations_webhookevent ORDER BY id DESC LIMIT 1"
COLUMNS = """
    SELECT column_name FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name = 'integrations_webhookevent' AND column_name <> 'id'
    ORDER BY ordinal_position
"""
# What differs between one kept event and the next; all else is the pattern's.
KEPT = {
    "event_key": "event_key || '-' || n",
    "conv_key": "conv_key || '-' || mod(n, 500)",
    "state": "'ingested'",
    "received_at": f"received_at - make_interval(secs => n * {APART_SECONDS})",
    "ingested_at": f"received_at - make_interval(secs => n * {APART_SECONDS})",
}


class Inbox:
    """The product's, over a connection of its own that is in no transaction. One event must be there to make others like it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        if connection.execute(PATTERN).rowcount != 1:
            raise ValueError("There is no event in the inbox to make others like it.")
        self._names = [row[0] for row in connection.execute(COLUMNS)]

    def fill(self, count: int) -> None:
        """Have so many kept events in it, and nothing else."""
        statement = sql.SQL(
            "INSERT INTO integrations_webhookevent ({names}) SELECT {values} FROM bench_event, generate_series(1, %s::int) AS kept (n)"
        ).format(
            names=sql.SQL(", ").join(sql.Identifier(name) for name in self._names),
            values=sql.SQL(", ").join(
                sql.SQL(KEPT[name]) if name in KEPT else sql.Identifier(name) for name in self._names
            ),
        )
        self._connection.execute("TRUNCATE integrations_webhookevent")
        self._connection.execute(statement, (count,))
