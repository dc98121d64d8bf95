"""What the drill makes of what it sees: erased customers, screens that heard late, answers that came unevenly."""

import random
import sqlite3
from dataclasses import dataclass, field
from typing import Any

import pytest

from drill.faults.base import Stage
from drill.faults.load import _jain, _p95
from drill.invariants import BUSINESS, acked_missing, sent_twice
from drill.rig import Rig
from drill.screens import Screen
from drill.staff import Colleague
from tests.product import ROOT

SCHEMA = """
CREATE TABLE integrations_webhookevent (source TEXT, event_key TEXT);
CREATE TABLE conversations_conversation (id INTEGER, thread_key TEXT);
CREATE TABLE conversations_delivery (conversation_id INTEGER, attempts INTEGER, state TEXT, platform_message_id TEXT, idem_key TEXT);
"""


@dataclass
class Seen:
    """Rows of a database, and the platform's log."""

    rows: str = ""
    logged: list[dict[str, Any]] = field(default_factory=list)
    forgotten: set[str] = field(default_factory=set)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(":memory:") as connection:
            connection.executescript(SCHEMA + self.rows)
            return list(connection.execute(sql))

    def log(self, kind: str) -> list[dict[str, Any]]:
        return [row for row in self.logged if row["kind"] == kind]


def acked(message_id: str, thread: str) -> dict[str, Any]:
    return {"kind": "webhook", "status": 200, "message_id": message_id, "conversation_id": thread}


def arrived(message_id: str, thread: str) -> dict[str, Any]:
    return {"kind": "accepted", "account": BUSINESS, "message_id": message_id, "conversation_id": thread}


def test_a_message_of_an_erased_customer_is_kept_as_a_hash_and_is_not_lost() -> None:
    kept = "INSERT INTO integrations_webhookevent VALUES ('a', 'erased:1f'), ('a', 'msg:m2');"
    messages = [acked("m1", "gone"), acked("m2", "here")]

    assert acked_missing(Seen(kept, messages, {"gone"})) == []


@pytest.mark.parametrize("forgotten", [{"gone"}, set[str]()])
def test_a_message_that_left_no_trace_is_lost_whether_erased_or_not(forgotten: set[str]) -> None:
    kept = "INSERT INTO integrations_webhookevent VALUES ('a', 'msg:m2');"

    found = acked_missing(Seen(kept, [acked("m1", "gone"), acked("m2", "here")], forgotten))

    assert len(found) == 1


def test_what_arrived_at_an_erased_customer_needs_a_send_each() -> None:
    rows = (
        "INSERT INTO conversations_conversation VALUES (1, 'erased:c');"
        "INSERT INTO conversations_delivery VALUES (1, 1, 'sent', NULL, 'k1');"
    )

    once = sent_twice(Seen(rows, [arrived("m1", "gone")], {"gone"}))
    twice = sent_twice(Seen(rows, [arrived("m1", "gone"), arrived("m2", "gone")], {"gone"}))

    assert once == []
    assert len(twice) == 1


@pytest.mark.parametrize(("seconds", "often"), [(10, 25), (20, 50), (40, 125), (60, 200), (600, 200)])
def test_the_time_given_says_how_often_something_happens(seconds: float, often: int) -> None:
    stage = Stage(rig=Rig(folder=ROOT), dice=random.Random(1), began_at=0.0, ends_at=seconds)

    assert stage.scaled(50, 200) == often


def test_a_screen_heard_of_a_change_when_it_heard_of_it_or_of_a_later_one() -> None:
    screen = Screen(colleague=Colleague(rig=Rig(folder=ROOT)), path="/ws/workspace/")
    screen.heard["c"] = [(11.0, 2), (19.0, 5)]

    assert screen.lag("c", 2, 10.0) == 1.0
    assert screen.lag("c", 4, 12.0) == 7.0
    assert screen.lag("c", 6, 12.0) is None
    assert screen.lag("d", 1, 12.0) is None


def test_waits_are_even_where_all_wait_alike() -> None:
    assert _jain([2.0, 2.0, 2.0]) == 1.0
    assert _jain([9.0, 0.0, 0.0]) == pytest.approx(1 / 3, abs=0.001)
    assert _p95([float(number) for number in range(1, 101)]) == 95.0
