"""A database copied whole into a file while it is written to, and put back whole or not at all."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from django.db import connection

# Said before anything can be started on what was put back: nothing goes out until the platforms were asked. Accounts that
# cannot be asked are let go a moment later, by the same command.
HOLD = (
    "INSERT INTO conversations_restoration (account_id, since, begun_at) "
    "SELECT id, {since}, {now} FROM integrations_platformaccount p WHERE NOT EXISTS ("
    "SELECT 1 FROM conversations_restoration r WHERE r.account_id = p.id AND r.ended_at IS NULL)"
)
INSTALL = "install PostgreSQL's client programs, of the server's version or later (on Debian and Ubuntu: apt install postgresql-client)"
DROP = """
DO $$ DECLARE each record; BEGIN
  FOR each IN SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE 'DROP TABLE IF EXISTS public.' || each.name || ' CASCADE';
  END LOOP;
  FOR each IN SELECT p.oid::regprocedure AS name FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace LOOP
    EXECUTE 'DROP ROUTINE IF EXISTS ' || each.name || ' CASCADE';
  END LOOP;
END $$;
"""


class CannotCopy(Exception):
    """Why a database cannot be copied; the message says what to do."""


def dump(target: Path) -> None:
    """Copy the database as it is at one moment; others read and write meanwhile. Raises CannotCopy."""
    if connection.vendor == "sqlite":
        _dump_sqlite(target)
    else:
        _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")


def is_empty() -> bool:
    """Whether there is no table yet."""
    return not connection.introspection.table_names()


def others_connected() -> int:
    """How many connections others have to a PostgreSQL database."""
    if connection.vendor == "sqlite":
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return int(cursor.fetchone()[0])


def load(source: Path, *, since: str) -> None:
    """Make the database what it was, in one transaction, with every account held. Raises CannotCopy.

    ``since`` is the moment of the back-up. Nothing else may be connected.
    """
    connection.close()
    if connection.vendor == "sqlite":
        _load_sqlite(source, since)
    else:
        _load_postgres(source, since)


def _dump_sqlite(target: Path) -> None:
    try:
        with closing(sqlite3.connect(_file(), timeout=30)) as database:
            database.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.Error as error:
        raise CannotCopy(f"The database {_file()} cannot be copied ({error}): see to it, then try again.") from error


def _load_sqlite(source: Path, since: str) -> None:
    # Stored as Django stores times.
    moment = since.replace("T", " ").removesuffix("+00:00")
    try:
        with closing(sqlite3.connect(source)) as kept, closing(sqlite3.connect(_file(), timeout=30)) as database:
            (found,) = kept.execute("PRAGMA integrity_check").fetchone()
            if found != "ok":
                raise CannotCopy(f"The back-up's database is damaged ({found}): take another back-up.")
            kept.execute(HOLD.format(since="?", now="strftime('%Y-%m-%d %H:%M:%f', 'now')"), (moment,))
            kept.commit()
            kept.backup(database)
    except sqlite3.Error as error:
        raise CannotCopy(f"The back-up cannot be put into {_file()} ({error}): stop whatever uses it.") from error


def _load_postgres(source: Path, since: str) -> None:
    script, drop, hold = (source.with_name(f"{source.name}.{name}") for name in ("sql", "drop", "hold"))
    _run("pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(source))
    drop.write_text(DROP)
    mark = HOLD.format(since=f"'{since}'::timestamptz", now="now()")
    hold.write_text(f"SET search_path = public; {mark};")
    once = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null")
    _run("psql", *once, f"--file={drop}", f"--file={script}", f"--file={hold}")


def _run(program: str, *words: str) -> None:
    """One of PostgreSQL's programs on our database."""
    if shutil.which(program) is None:
        raise CannotCopy(f"There is no {program} here: {INSTALL}.")
    told = connection.settings_dict
    named = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD", "PGDATABASE": "NAME"}
    where = {variable: str(told[name]) for variable, name in named.items() if told.get(name)}
    done = subprocess.run(  # noqa: S603  (its name stands in this file)
        [program, *words], env=os.environ | where, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise CannotCopy(f"{program} failed, and nothing was changed: {lines[0] if lines else 'it said nothing'}")


def _file() -> str:
    return str(connection.settings_dict["NAME"])
