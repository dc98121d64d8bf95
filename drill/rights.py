"""What a customer has a right to: to be erased, and to leave no trace; and the files that staff take out."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import redis

from drill.rig import DrillFailed, Rig
from drill.staff import Colleague

# What lies in the rig's folder and is not the product's: the drill's own copy, and all that the platform keeps.
NOT_THE_PRODUCTS = ("db.kept", "simulator.log")


def customer_of(rig: Rig, thread: str) -> int | None:
    """The customer whose conversation the platform calls ``thread``; None while nobody is there."""
    found = rig.query(f"SELECT customer_id FROM conversations_conversation WHERE thread_key = '{thread}'")  # noqa: S608  (the platform's own id)
    return int(found[0][0]) if found else None


def have_erased(rig: Rig, customer: int, thread: str, by: Colleague, second: Colleague) -> None:
    """One person asks, the other agrees; it is done in the background. From now on ``thread`` may be forgotten."""
    rig.forgotten.add(thread)
    by.fill_in(f"conversations/customer/{customer}/erase-person/", {"word": "ERASE"})
    asked = rig.query(f"SELECT id FROM privacy_erasure WHERE customer_id = {customer} AND state = 'requested'")  # noqa: S608  (a number)
    if not asked:
        raise DrillFailed(f"That customer {customer} be erased was asked for, and no row says so.")
    second.fill_in("privacy/erasure/", {"action": "agree", "_selected_action": str(asked[0][0])})


def places_of(rig: Rig, marker: str) -> list[str]:
    """Every place of the product's that holds the marker: tables, files, logs, Redis."""
    sought = marker.encode()
    return sorted({*_tables(rig, sought), *_files(rig, sought), *_redis(rig, sought)})


def messages_exported(rig: Rig, by: Colleague) -> list[str]:
    """What is wrong with the newest file of messages, as whoever asked for it gets it; nothing if it is whole."""
    rows = rig.query("SELECT id, public_id, state FROM privacy_export ORDER BY id DESC")
    if not rows:
        return ["Nobody asked for a file."]
    pk, public_id, state = rows[0]
    if state != "ready":
        return [f"The file is {state}, not ready."]
    answer = by.look(f"exports/{UUID(str(public_id))}/")
    if answer.status_code != 200:
        return [f"The file is ready, and nobody gets it (HTTP {answer.status_code})."]
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))[1:]
    given = [(line[0], int(line[4])) for line in lines]
    meant = rig.query(
        "SELECT c.public_id, m.seq FROM conversations_message m "  # noqa: S608  (a number)
        "JOIN conversations_conversation c ON c.id = m.conversation_id "
        "JOIN conversations_customer k ON k.id = c.customer_id AND k.erased_at IS NULL "
        f"JOIN privacy_export e ON e.id = {pk} AND m.created_at < e.until"
    )
    kept = sorted((str(UUID(str(conversation))), seq) for conversation, seq in meant)
    if not kept or sorted(given) != kept:
        return [f"The file has {len(given)} messages, and {len(kept)} were meant."]
    return []


def _tables(rig: Rig, sought: bytes) -> Iterator[str]:
    for table in rig.database.tables():
        for row in rig.query(f'SELECT * FROM "{table}"'):  # noqa: S608  (names from the database itself)
            if any(sought in _as_bytes(value) for value in row):
                yield f"table {table}"


def _as_bytes(value: object) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()


def _files(rig: Rig, sought: bytes) -> Iterator[str]:
    files = [*rig.folder.glob("*.log"), *(rig.folder / "var").rglob("*")]
    for path in files:
        if path.name not in NOT_THE_PRODUCTS and path.is_file() and _holds(path, sought):
            yield f"file {path.name}"


def _holds(path: Path, sought: bytes) -> bool:
    try:
        return sought in path.read_bytes() or sought in path.name.encode()
    except FileNotFoundError:
        return False  # a file that is gone holds nothing


def _redis(rig: Rig, sought: bytes) -> Iterator[str]:
    for number in range(3) if rig.redis_url else ():
        with redis.Redis.from_url(f"{rig.redis_url}/{number}") as client:
            for key in client.scan_iter(count=1000):
                dumped: Any = client.dump(key)
                if sought in key or sought in bytes(dumped or b""):
                    yield f"redis {number} {key!r}"
