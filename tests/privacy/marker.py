"""Where a marker stands: every table, every file of this session, and what Redis holds."""

import base64
import re
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.db import connection

from tests import environment

_BODY = re.compile(rb'"body": ?"([A-Za-z0-9+/]+=*)"')


def places(marker: str) -> list[str]:
    """Every place that holds the marker, by name."""
    sought = marker.encode()
    return [*_tables(sought), *_files(sought), *_redis(sought)]


def _tables(sought: bytes) -> list[str]:
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608  (names from the database itself)
            columns = [str(column[0]) for column in cursor.description]
            found += [
                f"{table}.{column}"
                for row in cursor.fetchall()
                for column, value in zip(columns, row, strict=True)
                if sought in _as_bytes(value)
            ]
    return sorted(set(found))


def _as_bytes(value: object) -> bytes:
    if isinstance(value, bytes | memoryview):
        return bytes(value)
    # Escaped as JSON keeps it, and plain.
    return str(value).encode()


def _files(sought: bytes) -> list[str]:
    roots = {environment.FOLDER, Path(settings.VAR_DIR), Path(settings.MEDIA_ROOT), Path(settings.EXPORTS_ROOT)}
    files = [path for root in roots if root.exists() for path in root.rglob("*") if path.is_file()]
    return sorted({str(path) for path in files if sought in path.read_bytes() or sought in str(path).encode()})


def _redis(sought: bytes) -> list[str]:
    if not environment.ON_SERVICES:
        return []
    found = []
    base = re.sub(r"/\d*$", "", environment.REDIS_URL)
    for number in range(3):
        with redis.Redis.from_url(f"{base}/{number}") as client:
            keys = client.scan_iter(count=1000)
            found += [f"redis {number}: {key!r}" for key in keys if sought in key or sought in _value(client, key)]
    return found


def _value(client: "redis.Redis", key: bytes) -> bytes:
    kind: Any = client.type(key)
    match kind:
        case b"string":
            value: Any = client.get(key)
        case b"list":
            value = client.lrange(key, 0, -1)
        case b"hash":
            value = client.hgetall(key)
        case b"set":
            value = client.smembers(key)
        case b"zset":
            value = client.zrange(key, 0, -1)
        case _:
            value = b""
    written = repr(value).encode()
    # The broker writes what a task is given in another alphabet.
    return b"\n".join([written, *(base64.b64decode(body) for body in _BODY.findall(written))])
