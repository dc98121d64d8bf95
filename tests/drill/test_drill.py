"""The drill itself, short: what it can do is what it says, and one strike at the real product is judged."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import Mock

import pytest

from core.crashpoints import POINTS
from drill import __main__ as commands
from drill import catalogue, crash, mutants
from drill.__main__ import what_was_asked
from drill.checker import Verdict
from drill.complaints import TRACEBACK, Complaints
from drill.faults import FAULTS
from drill.faults.base import BOTH, SHORT_SECONDS
from drill.faults.needs import NEEDS, why_not
from drill.faults.people import RACES, TAKEOVERS
from drill.faults.runner import Result
from drill.invariants import INVARIANTS
from drill.pace import Pace
from drill.recovery import ends_of, percentile, recoveries
from drill.report import Report
from drill.slice import LANES, missing, wanted
from drill.traffic import mean_breath
from tests.product import ROOT
from tests.waiting import wait_until


def result(**values: object) -> Result:
    """One fault that held, unless told otherwise."""
    given: dict[str, object] = {
        "number": "F10",
        "name": "Redis flushed",
        "shape": "services",
        "injected": 7,
        "drained_after": 1.25,
        "recovery": None,
        "verdict": Verdict(written=40, acked=40, replies=31, parked=0, broken={"1 acked is kept": []}),
        "figures": {"slowest door, s": 0.2},
        "problems": (),
        "remarks": (),
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


def test_the_whole_matrix_is_there() -> None:
    # F02 are the crash points, which are a drill of their own.
    assert {f"F{number:02}" for number in range(1, 51)} - set(FAULTS) == {"F02"}


def test_what_there_is_can_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    catalogue.tell()

    told = capsys.readouterr().out
    listed = [*POINTS, *FAULTS, *(trial.mutant for trial in mutants.TRIALS), *(each.name for each in INVARIANTS)]
    assert [each for each in listed if each not in told] == []


def test_every_fault_is_numbered_once_and_has_a_shape() -> None:
    assert list(FAULTS) == [fault.number for fault in FAULTS.values()]
    assert all(fault.shapes and fault.name for fault in FAULTS.values())


def test_a_fault_that_is_not_tried_in_both_shapes_says_why() -> None:
    assert all(bool(fault.only) == (fault.shapes != BOTH) for fault in FAULTS.values())


@pytest.mark.parametrize(
    "wrong",
    [
        {"problems": ("The door took 3.0 s.",)},
        {"injected": 0},
        {"verdict": Verdict(written=40, acked=40, replies=31, parked=0, broken={"1 acked is kept": [("msg-1",)]})},
        {"verdict": Verdict(written=40, acked=39, replies=31, parked=0)},
        {"verdict": Verdict(written=0, acked=0, replies=0, parked=0)},
    ],
)
def test_a_broken_promise_a_problem_an_empty_run_and_a_fault_that_never_struck_are_not_held(
    wrong: dict[str, object],
) -> None:
    assert result().holds
    assert not result(**wrong).holds


def test_what_did_not_hold_comes_with_the_errors_in_the_processes_logs(tmp_path: Path) -> None:
    log = tmp_path / "live.log"
    log.write_text(f"{TRACEBACK}\n  before the fault\nValueError: long ago\n")
    complaints = Complaints(tmp_path)
    frames = f'  File "{ROOT}/workspace/panes.py", line 7, in show\n  File "/elsewhere/django.py", line 9, in get\n'
    with log.open("a") as file:
        file.write(f"{TRACEBACK}\n{frames}    raise it\n             ^^\nKeyError: 'turn'\n" * 2)

    told = complaints.told()

    assert told == ("2 × live workspace/panes.py:7 KeyError: 'turn'",)
    assert told[0] in result(problems=("One thing was wrong.",), complaints=told).detail
    assert told[0] not in result(complaints=told).detail


def told(*results: Result) -> Report:
    """A report of these."""
    report = Report(commands=["python -m drill faults"])
    for each in results:
        report.tell("held" if each.holds else "BROKEN", each.title, each.detail, **each.as_json())
    return report


def test_the_report_sums_up_and_names_what_did_not_hold() -> None:
    lost = Verdict(written=5, acked=5, replies=4, parked=0, broken={"1 acked is kept": [("msg-1",)]})

    text = told(result(recovery=4.25), result(number="F11", name="Redis gone", verdict=lost)).markdown()

    assert "| F10 Redis flushed | services | 7 | 40 | 0 |" in text
    assert "| 4.2 | 1.2 | yes |" in text
    assert "| **sum** |  | **14** | **45** | **1** |" in text
    assert "- services F11 Redis gone: injected 7, written 5" in text


def test_customers_write_what_makes_for_a_fifth_of_the_answers() -> None:
    pace = Pace(answers=6.0, breath=12)

    assert mean_breath(12) == 5.0
    assert pace.rate == 6.0


def test_reports_of_several_drills_become_one(tmp_path: Path) -> None:
    first, second = told(result()), told(result(number="F11", name="Redis gone"))
    first.tell("held", "embedded turn.after_claim", "up died, 5.0 s")
    first.seconds = second.seconds = 10.0
    first.file, second.file = tmp_path / "first.json", tmp_path / "second.json"
    first.write()
    second.write()

    whole = Report.read([tmp_path / "first.json", tmp_path / "second.json"])

    assert whole.summary == "3 held, 20 s"
    assert whole.markdown().count("| services |") == 2
    assert "- held: embedded turn.after_claim. up died, 5.0 s" in whole.markdown()


def test_what_was_carried_out_again_counts_as_it_ended_last(tmp_path: Path) -> None:
    first, second = told(result(), result(problems=("The door took 3.0 s.",), number="F11")), told(result(number="F11"))
    first.file, second.file = tmp_path / "first.json", tmp_path / "second.json"
    first.write()
    second.write()

    whole = Report.read([tmp_path / "first.json", tmp_path / "second.json"])

    assert [(item["number"], item["result"]) for item in whole.items] == [("F10", "held"), ("F11", "held")]


def test_a_report_says_what_was_typed_but_for_where_it_is_kept() -> None:
    typed = ["faults", "--only", "F10", "--json", "a.json", "--seconds", "60", "--keep-logs", "logs"]

    assert what_was_asked(typed) == ["faults", "--only", "F10", "--seconds", "60"]


def test_a_drill_that_is_ended_leaves_what_it_has_found(tmp_path: Path) -> None:
    report = Report(file=tmp_path / "made" / "drill.json")

    report.tell("held", "embedded turn.after_claim", "up died, 5.0 s")

    assert Report.read([tmp_path / "made" / "drill.json"]).items == report.items


def test_a_drill_that_fails_itself_has_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(_: object, report: Report) -> None:
        report.tell("held", "embedded turn.after_claim", "up died, 5.0 s")
        raise ConnectionRefusedError("nobody listens")

    monkeypatch.setitem(commands.ORDERS, "crash", fails)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["drill", "crash", "--json", str(tmp_path / "drill.json")])

    assert commands.main() == 2

    assert "nobody listens" in capsys.readouterr().err
    kept = json.loads((tmp_path / "drill.json").read_text())
    assert (kept["ended"], kept["holds"]) == (False, False)
    assert "did not come to its end" in Report.read([tmp_path / "drill.json"]).markdown()


def test_nothing_carried_out_is_nothing_held() -> None:
    assert not Report().holds


def test_a_change_passes_only_with_everything_that_the_slice_has() -> None:
    done = [{"item": item, "result": "held"} for item in wanted()]
    left_out = {"item": "embedded blind-retry", "result": "skipped"}

    assert len(done) == 2 * 20 + 6 + 3 + 3
    assert missing(done) == []
    assert missing([item for item in done if item["item"] != left_out["item"]] + [left_out]) == [left_out["item"]]


def test_recovery_is_the_time_that_nineteen_of_twenty_do_not_exceed() -> None:
    assert percentile([float(number) for number in range(1, 21)], 0.95) == 19.0
    assert percentile([], 0.95) is None


def test_a_reply_had_arrived_when_the_platform_took_it_and_not_when_we_found_out() -> None:
    moments = [datetime.fromtimestamp(second, UTC) for second in (100, 140)]
    rig = Mock()
    rig.query.return_value = [(*moments, "taken"), (*moments, "elsewhere"), (*moments, "by another clock")]
    rig.log.return_value = [{"message_id": "taken", "at": 110.0}, {"message_id": "by another clock", "at": 90.0}]

    assert ends_of(rig) == [(100.0, 110.0), (100.0, 140.0), (100.0, 140.0)]
    assert recoveries(rig, [105.0]) == [5.0, 35.0, 35.0]


def of_this_drill(folder: Path) -> list[str]:
    """The command of every process that was started for the drill in ``folder``."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if str(folder).encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def test_a_drill_that_is_asked_to_stop_ends_what_it_started(tmp_path: Path) -> None:
    drill = subprocess.Popen(
        [sys.executable, "-m", "drill", "crash", "--only", "ingest.mid_tx"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: any("simulator" in command for command in of_this_drill(tmp_path)), seconds=120)

        drill.send_signal(signal.SIGTERM)

        assert drill.wait(60) == 128 + signal.SIGTERM
    finally:
        drill.kill()
    assert of_this_drill(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_an_order_that_is_not_known_is_refused() -> None:
    answer = order("faults", "--only", "F99")

    assert answer.returncode == 2
    assert "F99" in answer.stderr


def test_the_slice_takes_over_fifty_times_and_races_two_hundred_times() -> None:
    people = [order for lane in LANES for order in lane if "F41" in order]
    seconds = [float(order[order.index("--seconds") + 1]) for order in people]

    assert seconds == [SHORT_SECONDS]
    assert (TAKEOVERS[0], RACES[0]) == (50, 200)


def test_what_a_fault_needs_is_told_as_a_reason() -> None:
    needing = {fault.number: fault.needs for fault in FAULTS.values() if fault.needs}

    assert set(needing.values()) <= set(NEEDS)
    assert why_not("", is_full=False) == ""
    assert why_not("mount", is_full=False) == "it needs mount: make drill-full"
    assert {number for number, needs in needing.items() if needs == "mount"} == {"F21", "F22"}
