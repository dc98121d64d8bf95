"""What the drill makes of what it sees: erased customers, screens that heard late, answers that came unevenly."""

import random

import pytest

from drill.accounts import SHOP
from drill.faults.base import Stage
from drill.faults.load import _jain
from drill.invariants import acked_missing, sent_twice
from drill.rig import Rig
from drill.screens import Screen
from drill.staff import Colleague
from tests.drill.witness import Seen, acked, arrived
from tests.product import ROOT


def test_a_message_of_an_erased_customer_is_kept_as_a_hash_and_is_not_lost() -> None:
    kept = "INSERT INTO integrations_webhookevent (source, event_key) VALUES ('a', 'erased:1f'), ('a', 'msg:m2');"
    messages = [acked("m1", "gone"), acked("m2", "here")]

    assert acked_missing(Seen(kept, messages, {"gone"})) == []


@pytest.mark.parametrize("forgotten", [{"gone"}, set[str]()])
def test_a_message_that_left_no_trace_is_lost_whether_erased_or_not(forgotten: set[str]) -> None:
    kept = "INSERT INTO integrations_webhookevent (source, event_key) VALUES ('a', 'msg:m2');"

    found = acked_missing(Seen(kept, [acked("m1", "gone"), acked("m2", "here")], forgotten))

    assert len(found) == 1


def test_a_partner_that_is_tried_was_sent_no_message() -> None:
    tried = arrived("test:shop:1", "") | {"account": SHOP, "name": "account.test", "detail": {"account": SHOP}}

    assert sent_twice(Seen("", [tried], set())) == []


def test_what_arrived_at_an_erased_customer_needs_a_send_each() -> None:
    rows = (
        "INSERT INTO conversations_conversation (id, thread_key) VALUES (1, 'erased:c');"
        "INSERT INTO conversations_delivery (conversation_id, attempts, state, idem_key) VALUES (1, 1, 'sent', 'k1');"
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


@pytest.mark.parametrize(("is_exact", "problems", "remarks"), [(True, ["late"], []), (False, [], ["late"])])
def test_what_took_too_long_is_a_problem_in_a_full_drill_and_a_remark_in_a_short_one(
    is_exact: bool, problems: list[str], remarks: list[str]
) -> None:
    stage = Stage(rig=Rig(folder=ROOT), dice=random.Random(1), ends_at=0.0, is_exact=is_exact)

    stage.judge_time(2.0, 2.0, "in time")
    stage.judge_time(2.1, 2.0, "late")

    assert (stage.problems, stage.remarks) == (problems, remarks)
