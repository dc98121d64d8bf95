"""Which backends Django has, and how each connection to SQLite is opened: what is acknowledged is on disk, and writers wait for one another."""

from typing import Any

POSTGRES_ENGINE = "supportagent.postgresql"
SQLITE_ENGINE = "supportagent.sqlite3"
SQLITE_OPTIONS: dict[str, Any] = {
    "timeout": 5,
    "transaction_mode": "IMMEDIATE",
    "init_command": (
        "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA foreign_keys=ON;PRAGMA busy_timeout=5000;"
        "PRAGMA cache_size=-4000;"
        # What is deleted is overwritten, so that what somebody had erased is not left in the file.
        "PRAGMA secure_delete=ON;"
    ),
}
