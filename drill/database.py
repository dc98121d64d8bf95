"""The product's database as the drill sees it: read by a connection of its own, copied whole, put back whole."""

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

import psycopg

Rows = list[tuple[Any, ...]]


class Database(Protocol):
    """One drill's database."""

    @property
    def url(self) -> str:
        """Its address for the product; empty for the product's own file."""

    def create(self) -> None:
        """Make it, empty."""

    def drop(self) -> None:
        """Take it away."""

    def keep(self) -> None:
        """Remember what is in it. Nothing may be connected."""

    def restore(self) -> None:
        """Make it what it was when it was kept. Nothing may be connected."""

    def rows(self, sql: str) -> Rows:
        """What a query finds, in a transaction of its own."""

    def tables(self) -> list[str]:
        """The names of all tables."""

    def change(self, sql: str) -> int:
        """Write to it past the product; returns how many rows were touched."""

    def drop_unique(self, table: str, constraint: str) -> None:
        """Take a named UNIQUE constraint away. Nothing may be connected."""


class SqliteFile:
    """The embedded default's file."""

    url = ""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "db.sqlite3"
        self._kept = folder / "db.kept"

    def create(self) -> None:
        """The product makes its file itself."""

    def drop(self) -> None:
        """The file goes with its folder."""

    def keep(self) -> None:
        """Copy it, with what its log still holds."""
        with closing(sqlite3.connect(self._file)) as source, closing(sqlite3.connect(self._kept)) as target:
            source.backup(target)

    def restore(self) -> None:
        """Write the copy over it, page by page: whoever has the file open goes on with the same one."""
        with closing(sqlite3.connect(self._kept)) as source, closing(sqlite3.connect(self._file)) as target:
            source.backup(target)

    def rows(self, sql: str) -> Rows:
        """Read."""
        with closing(sqlite3.connect(self._file, timeout=10)) as connection:
            return list(connection.execute(sql))

    def tables(self) -> list[str]:
        """As SQLite lists them."""
        return [row[0] for row in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]

    def change(self, sql: str) -> int:
        """Write."""
        with closing(sqlite3.connect(self._file, timeout=10)) as connection, connection:
            return connection.execute(sql).rowcount

    def drop_unique(self, table: str, constraint: str) -> None:
        """Write the table's definition anew without it, and forget the index that came with it."""
        with closing(sqlite3.connect(self._file)) as connection, connection:
            (made_by,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
            without, found = re.subn(rf',\s*CONSTRAINT "{constraint}" UNIQUE \([^)]*\)', "", made_by)
            indexes = connection.execute(
                "SELECT name FROM sqlite_master WHERE tbl_name = ? AND type = 'index' AND sql IS NULL", (table,)
            ).fetchall()
            if found != 1 or len(indexes) != 1:
                raise ValueError(f"{table} has not exactly one constraint {constraint}.")
            connection.execute("PRAGMA writable_schema = ON")
            connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (without, table))
            connection.execute("DELETE FROM sqlite_master WHERE name = ?", indexes[0])


class Postgres:
    """A database of this drill's own on a PostgreSQL server."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._name = f"drill_{os.getpid()}"
        self.url = urlunsplit(urlsplit(server)._replace(path=f"/{self._name}"))

    def create(self) -> None:
        """Make it."""
        self._order(f'CREATE DATABASE "{self._name}"')

    def drop(self) -> None:
        """Drop it and its copy, whoever is connected."""
        for name in (self._name, f"{self._name}_kept"):
            self._order(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def keep(self) -> None:
        """Copy it on the server."""
        self._order(f'DROP DATABASE IF EXISTS "{self._name}_kept" WITH (FORCE)')
        self._order(f'CREATE DATABASE "{self._name}_kept" TEMPLATE "{self._name}"')

    def restore(self) -> None:
        """Copy it back."""
        self._order(f'DROP DATABASE IF EXISTS "{self._name}" WITH (FORCE)')
        self._order(f'CREATE DATABASE "{self._name}" TEMPLATE "{self._name}_kept"')

    def rows(self, sql: str) -> Rows:
        """Read."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(sql.encode()).fetchall()

    def tables(self) -> list[str]:
        """Those of the product's schema."""
        return [row[0] for row in self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]

    def change(self, sql: str) -> int:
        """Write."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(sql.encode()).rowcount

    def drop_unique(self, table: str, constraint: str) -> None:
        """By its name."""
        self.change(f'ALTER TABLE {table} DROP CONSTRAINT "{constraint}"')

    def _order(self, sql: str) -> None:
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(sql.encode())
