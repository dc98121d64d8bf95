"""The truth log: what the platform side saw and did, append only.

Kinds: ``call`` (an API call and its answer), ``accepted`` (a send that counts, written in the transaction that
accepts it), ``customer`` and ``business`` (what was typed in TikTok's own app), ``webhook`` (one attempt),
``fault`` (one applied), ``control`` (an order given to the simulator). Tokens and secrets never enter it.
"""

import json
import time
from collections.abc import Mapping
from typing import Any

from simulator.store import Transaction

MAX_ROWS = 10_000


def append(
    transaction: Transaction,
    *,
    kind: str,
    name: str,
    status: int | None = None,
    code: int | None = None,
    account: str | None = None,
    conversation_id: str | None = None,
    message_id: str | None = None,
    detail: Mapping[str, object] | None = None,
) -> int:
    """Add one row; answers its id."""
    cursor = transaction.execute(
        "INSERT INTO truth (at, kind, name, status, code, account, conversation_id, message_id, detail)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (time.time(), kind, name, status, code, account, conversation_id, message_id, json.dumps(detail or {})),
    )
    return int(cursor.lastrowid or 0)


def after(transaction: Transaction, row_id: int, *, limit: int, kind: str | None = None) -> list[dict[str, Any]]:
    """Rows past ``row_id``, oldest first, at most ``limit`` (capped at 10,000)."""
    rows = transaction.all(
        "SELECT * FROM truth WHERE id > ? AND (? IS NULL OR kind = ?) ORDER BY id LIMIT ?",
        (row_id, kind, kind, max(1, min(limit, MAX_ROWS))),
    )
    return [{**dict(row), "detail": json.loads(row["detail"])} for row in rows]


def newest(transaction: Transaction, *, limit: int) -> list[dict[str, Any]]:
    """The last rows, oldest first."""
    last = transaction.number("SELECT max(id) FROM truth")
    return after(transaction, max(0, last - limit), limit=limit)
