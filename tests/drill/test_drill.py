"""The drill itself, short: what it can do is what it says, and one strike at the real product is judged."""

import subprocess
import sys

import pytest

from core.crashpoints import POINTS
from drill import crash
from drill.checker import Verdict
from drill.faults import FAULTS
from drill.faults.needs import NEEDS, why_not
from drill.faults.runner import Result
from drill.report import markdown
from tests.product import ROOT


def result(**values: object) -> Result:
    """One fault that held, unless told otherwise."""
    given: dict[str, object] = {
        "number": "F10",
        "name": "Redis flushed",
        "shape": "services",
        "injected": 7,
        "drained_after": 1.25,
        "verdict": Verdict(written=40, acked=40, replies=31, parked=0, broken={"1 acked is kept": []}),
        "figures": {"slowest door, s": 0.2},
        "problems": (),
    }
    return Result(**(given | values))  # type: ignore[arg-type]


def order(*words: str) -> subprocess.CompletedProcess[str]:
    """What ``manage.py drill`` says."""
    return subprocess.run(
        [sys.executable, "manage.py", "drill", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=500,
    )


def test_every_point_of_the_product_is_taken() -> None:
    assert set(POINTS) <= {point.name for point in crash.POINTS}
    assert len(crash.POINTS) == 20


def test_every_fault_is_numbered_once_and_has_a_shape() -> None:
    assert list(FAULTS) == [fault.number for fault in FAULTS.values()]
    assert all(fault.shapes and fault.name for fault in FAULTS.values())


@pytest.mark.parametrize(
    "wrong",
    [
        {"problems": ("The door took 3.0 s.",)},
        {"verdict": Verdict(written=40, acked=40, replies=31, parked=0, broken={"1 acked is kept": [("msg-1",)]})},
        {"verdict": Verdict(written=40, acked=39, replies=31, parked=0)},
        {"verdict": Verdict(written=0, acked=0, replies=0, parked=0)},
    ],
)
def test_a_broken_promise_a_problem_and_an_empty_run_are_not_held(wrong: dict[str, object]) -> None:
    assert result().holds
    assert not result(**wrong).holds


def test_the_report_sums_up_and_names_what_did_not_hold() -> None:
    lost = Verdict(written=5, acked=5, replies=4, parked=0, broken={"1 acked is kept": [("msg-1",)]})

    text = markdown([result(), result(number="F11", name="Redis gone", verdict=lost)], command="python -m drill faults")

    assert "| F10 Redis flushed | services | 7 | 40 | 0 |" in text
    assert "| **sum** |  | **14** | **45** | **1** |" in text
    assert "- services F11 Redis gone: 1 acked is kept" in text


def test_an_order_that_is_not_known_is_refused() -> None:
    answer = order("faults", "--only", "F99")

    assert answer.returncode == 2
    assert "F99" in answer.stderr


def test_what_a_fault_needs_is_told_as_a_reason() -> None:
    needing = {fault.number: fault.needs for fault in FAULTS.values() if fault.needs}

    assert set(needing.values()) <= set(NEEDS)
    assert why_not("", is_full=False) == ""
    assert why_not("mount", is_full=False) == "it needs mount: make drill-full"
    assert {number for number, needs in needing.items() if needs == "mount"} == {"F21", "F22"}
