"""The drill at the button: one at a time, apart from everything of ours, and over when its time is."""

import os
import shlex
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from core.exceptions import NotAllowed
from core.models import AuditEvent
from core.policy import Role
from tests.factories import make_user
from tests.waiting import wait_until
from workspace.models import DrillRun
from workspace.operations import drills, keeper

pytestmark = pytest.mark.django_db(transaction=True)
HELD = "held: worker-killed (embedded): kills 2, written 40, acked 40, lost 0, doubled 0, drained after 3.5 s"
SLEEPS = "import time\nwhile True: time.sleep(1)"


@pytest.fixture(autouse=True)
def _allowed(settings: Settings) -> None:
    settings.DRILL_BUTTON = True


def says(settings: Settings, script: str) -> None:
    """Let the drill be a program that does what ``script`` says."""
    settings.DRILL_COMMAND = shlex.join(["-c", script])


def ended() -> DrillRun:
    """The drill, once it has ended."""
    over = DrillRun.objects.exclude(state=DrillRun.State.RUNNING)
    wait_until(over.exists, seconds=30, what="the drill to end")
    return over.get()


def lives(pid: int) -> bool:
    """Whether a process is there and no mere entry that waits to be collected."""
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("script", "state"),
    [
        (f"print('{HELD}')", "held"),
        ("print('BROKEN: worker-killed (embedded): lost 1'); raise SystemExit(1)", "broken"),
        ("print('no port'); raise SystemExit(2)", "failed"),
    ],
)
def test_what_it_said_and_how_it_ended_is_kept(settings: Settings, script: str, state: str) -> None:
    says(settings, script)
    sam = make_user(role=Role.SUPERVISOR)

    drills.start(sam)

    run = ended()
    assert (run.state, run.started_by) == (state, sam)
    assert run.report.strip()
    assert run.ended_at is not None
    assert [(event.action, event.actor_id) for event in AuditEvent.objects.order_by("pk")] == [
        ("drill.start", sam.pk),
        ("drill.end", None),
    ]


def test_it_knows_nothing_of_ours(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "not-for-drills")
    says(settings, "import os, tempfile; print(sorted(os.environ), tempfile.gettempdir())")

    drills.start(make_user(role=Role.ADMIN))

    report = ended().report
    assert "drill-button-" in report
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "VAR_DIR", "OPENAI_API_KEY", "DJANGO_SETTINGS_MODULE"):
        assert name not in report


def test_one_runs_at_a_time(settings: Settings) -> None:
    sam = make_user(role=Role.SUPERVISOR)
    DrillRun.objects.create()

    with pytest.raises(drills.DrillRuns):
        drills.start(sam)

    assert DrillRun.objects.count() == 1
    assert not AuditEvent.objects.exists()


def test_one_that_nobody_watches_any_more_makes_room(settings: Settings) -> None:
    says(settings, f"print('{HELD}')")
    lost = DrillRun.objects.create(seen_at=timezone.now() - timedelta(minutes=1))

    drills.start(make_user(role=Role.ADMIN))

    wait_until(lambda: DrillRun.objects.filter(state="held").exists(), seconds=30, what="the drill to end")
    lost.refresh_from_db()
    assert (lost.state, lost.report) == (DrillRun.State.FAILED, drills.LOST)


def test_it_and_all_that_came_of_it_end_with_its_time(settings: Settings) -> None:
    settings.DRILL_SECONDS_AT_MOST = 2
    orphan = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {SLEEPS!r}], start_new_session=True)"
    says(settings, f"{orphan}\nprint('child', p.pid, flush=True)\n{SLEEPS}")

    drills.start(make_user(role=Role.ADMIN))

    run = ended()
    assert run.state == DrillRun.State.STOPPED
    child = int(run.report.split("child ")[1].split()[0])
    wait_until(lambda: not lives(child), seconds=10, what="the orphan to end")


def test_it_ends_with_the_process_that_started_it() -> None:
    keeping = subprocess.Popen(
        [
            sys.executable,
            keeper.__file__,
            "60",
            sys.executable,
            "-c",
            f"import os; print(os.getpid(), flush=True)\n{SLEEPS}",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert keeping.stdout is not None
    assert keeping.stdin is not None
    try:
        drilling = int(keeping.stdout.readline())
        keeping.stdin.close()

        assert keeping.wait(30) == keeper.STARTER_GONE
        assert not lives(drilling)
    finally:
        if keeping.poll() is None:
            os.killpg(keeping.pid, signal.SIGKILL)


@pytest.mark.parametrize("role", [Role.AGENT, Role.VIEWER, Role.PROMPT_EDITOR])
def test_others_start_none(role: Role) -> None:
    with pytest.raises(NotAllowed):
        drills.start(make_user(role=role))

    assert not DrillRun.objects.exists()


def test_where_it_is_switched_off_the_page_says_so_and_starts_none(settings: Settings, client: Client) -> None:
    settings.DRILL_BUTTON = False
    client.force_login(make_user(role=Role.ADMIN))

    page = client.get("/operations/").content.decode()
    answer = client.post("/operations/drills/", follow=True).content.decode()

    assert "Run a drill" not in page
    assert "Drills are not started from here" in page
    assert "Drills are switched off here." in answer
    assert not DrillRun.objects.exists()


def test_the_page_shows_how_it_went(client: Client) -> None:
    run = DrillRun.objects.create(
        state="held", ended_at=timezone.now(), report=HELD, numbers=drills.figures(HELD), started_by=make_user()
    )
    client.force_login(make_user(role=Role.SUPERVISOR))

    page = client.get("/operations/").content.decode()
    told = client.get(f"/operations/drills/{run.public_id}/").content.decode()

    assert 'data-drill="held"' in page
    assert "acked 40" in page
    assert HELD in told


@pytest.mark.parametrize(
    "line",
    [
        HELD,
        "held     embedded worker-killed                           kills 2, written 40, acked 40, drained after 3.5 s",
    ],
)
def test_figures_are_found_behind_what_was_tried(line: str) -> None:
    found = drills.figures(f"{line}\n1 held, 30 s\n")

    assert (found["kills"], found["acked"], found["drained after"]) == (2, 40, 3.5)


def test_the_drill_understands_what_the_button_tells_it(settings: Settings) -> None:
    done = subprocess.run(
        [sys.executable, *shlex.split(settings.DRILL_COMMAND), "--help"],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


def test_figures_are_summed_over_the_lines_that_judge() -> None:
    report = f"Starting 3 things\n{HELD}\n{HELD}\nstopped after 99 s"

    assert drills.figures(report) == {
        "kills": 4, "written": 80, "acked": 80, "lost": 0, "doubled": 0, "drained after": 7.0,
    }  # fmt: skip
