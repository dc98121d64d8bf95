"""Whether the database says that something is kept only when it is on the disk. Without that G1 does not hold."""

from collections.abc import Mapping

from django.db import connection

WAITING: Mapping[str, frozenset[str]] = {
    # FULL and EXTRA, of SQLite.
    "synchronous": frozenset({"2", "3"}),
    # Of PostgreSQL; each of these waits for its own disk at least.
    "synchronous_commit": frozenset({"local", "remote_write", "on", "remote_apply"}),
    "fsync": frozenset({"on"}),
}
"""The settings that decide it, and the values with which a commit waits."""


def asked() -> dict[str, str]:
    """The settings as they are for this connection; one query."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA synchronous")
            return {"synchronous": str(cursor.fetchone()[0])}
        cursor.execute("SELECT current_setting('synchronous_commit'), current_setting('fsync')")
        return dict(zip(("synchronous_commit", "fsync"), cursor.fetchone(), strict=True))


def unsafe(found: Mapping[str, str] | None = None) -> list[str]:
    """The settings with which a commit does not wait, as they are now or as they were ``found``; empty is durable."""
    found = asked() if found is None else found
    return [f"{name} = {value}" for name, value in found.items() if value not in WAITING[name]]
