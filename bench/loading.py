"""A year's records in a minute: conversations that the product has had itself, copied in the database thousands of times.

Only what makes rows differ is changed: their keys, what must be unique, and when they happened.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

# Keys of a copy: those of the pattern, and so much more for each copy. No pattern has a key above it.
STRIDE = 10_000
OF_CONVERSATION = sql.SQL("conversation_id = %(conversation)s")
# Each after those that it points to.
TABLES = {
    "conversations_customer": sql.SQL(
        "id = (SELECT customer_id FROM conversations_conversation WHERE id = %(conversation)s)"
    ),
    "conversations_conversation": sql.SQL("id = %(conversation)s"),
    "conversations_episode": OF_CONVERSATION,
    "conversations_message": OF_CONVERSATION,
    "conversations_delivery": OF_CONVERSATION,
    "conversations_deliveryattempt": sql.SQL(
        "delivery_id IN (SELECT id FROM conversations_delivery WHERE conversation_id = %(conversation)s)"
    ),
    "conversations_escalation": OF_CONVERSATION,
    "conversations_fact": OF_CONVERSATION,
    "agent_agentrun": OF_CONVERSATION,
    "analytics_episodefact": OF_CONVERSATION,
}
KEYS = frozenset(
    f"{name}id"
    for name in ("", "customer_", "conversation_", "episode_", "message_", "delivery_", "disposition_", "escalation_", "run_")
)  # fmt: skip
UNIQUE = """
    SELECT DISTINCT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
    WHERE i.indisunique AND i.indrelid = %s::regclass
"""
COLUMNS = """
    SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s AND is_generated = 'NEVER'
    ORDER BY ordinal_position
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A conversation to copy, by its key: each copy happened ``apart`` seconds before the one made before it."""

    conversation: int
    apart: float


def copy(connection: psycopg.Connection, pattern: Pattern, numbers: range) -> None:
    """Add a copy for each of the numbers, which are nobody else's and above 0. Raises psycopg.Error."""
    values = {
        "conversation": pattern.conversation,
        "first": numbers.start,
        "last": numbers.stop - 1,
        "apart": pattern.apart,
        "stride": STRIDE,
    }
    for table, of_pattern in TABLES.items():
        columns = _columns(connection, table)
        statement = sql.SQL(
            "INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE SELECT {copied} FROM {table}, "
            "generate_series(%(first)s::bigint, %(last)s::bigint) AS copies (n) WHERE {of_pattern}"
        ).format(
            table=sql.Identifier(table),
            names=sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns),
            copied=sql.SQL(", ").join(made for _, made in columns),
            of_pattern=of_pattern,
        )
        connection.execute(statement, values)
    connection.commit()


def settle(connection: psycopg.Connection) -> None:
    """Let new rows have keys above the copies', and let the planner know what there is."""
    for table in TABLES:
        if "id" not in dict(_columns(connection, table)):
            continue
        above = sql.SQL("SELECT setval(pg_get_serial_sequence({name}, 'id'), (SELECT max(id) + 1 FROM {table}))")
        connection.execute(above.format(name=sql.Literal(table), table=sql.Identifier(table)))
    connection.commit()
    connection.autocommit = True
    connection.execute("VACUUM ANALYZE")
    connection.autocommit = False


def _columns(connection: psycopg.Connection, table: str) -> Sequence[tuple[str, sql.Composable]]:
    unique = {row[0] for row in connection.execute(UNIQUE, (table,))}
    found = connection.execute(COLUMNS, (table,)).fetchall()
    return [(name, _copied(name, kind, is_unique=name in unique)) for name, kind in found]


def _copied(name: str, kind: str, *, is_unique: bool) -> sql.Composable:
    column = sql.Identifier(name)
    if kind == "uuid" and is_unique:
        return sql.SQL("gen_random_uuid()")
    if name in KEYS:
        return sql.SQL("{} + n * %(stride)s").format(column)
    if kind == "timestamp with time zone":
        return sql.SQL("{} - make_interval(secs => (n - %(first)s) * %(apart)s)").format(column)
    if is_unique and kind in {"character varying", "text"}:
        return sql.SQL("CASE WHEN {0} = '' THEN '' ELSE md5({0} || n) END").format(column)
    return column
