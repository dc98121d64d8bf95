"""Crash points: each stands in the product once, and strikes only where it was ordered."""

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from core import crashpoints
from supportagent import drills
from tests.environment import embedded

ROOT = Path(__file__).resolve().parent.parent.parent
APPS = ("core", "conversations", "integrations", "agent", "analytics", "workspace", "privacy", "supportagent")
CALL = re.compile(r"crash_point(?:\(|, )\"([a-z0-9_.]+)\"")


@pytest.fixture(autouse=True)
def inert() -> None:
    """Nothing that a test arms strikes the tests themselves."""
    crashpoints.disarm()


def ending_of(tmp_path: Path, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """How a process ends that runs ``script`` with Django set up."""
    return subprocess.run(
        [sys.executable, "-c", f"import django\ndjango.setup()\nfrom core.crashpoints import crash_point\n{script}"],
        cwd=ROOT,
        env=embedded(tmp_path) | {"DJANGO_SETTINGS_MODULE": "supportagent.settings"} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_each_point_stands_in_the_product_exactly_once() -> None:
    found = Counter(
        name for app in APPS for file in (ROOT / app).rglob("*.py") for name in CALL.findall(file.read_text())
    )

    assert found == Counter(dict.fromkeys(crashpoints.POINTS, 1))


def test_a_point_is_inert_unless_it_is_armed() -> None:
    assert not crashpoints.are_armed()

    for name in crashpoints.POINTS:
        crashpoints.crash_point(name)


@pytest.mark.parametrize("at", ["turn.after_lunch", "turn.after_llm:0", "turn.after_llm:soon", "turn.after_llm=dance"])
def test_an_order_that_cannot_be_meant_is_refused_with_a_sentence(at: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"CRASH_AT.*\."):
        crashpoints.arm(at)


def test_an_order_without_the_setting_for_drills_is_refused(settings: Settings) -> None:
    settings.CRASH_POINTS, settings.CRASH_AT = False, "turn.after_llm"

    with pytest.raises(ImproperlyConfigured, match="CRASH_POINTS=1"):
        drills.prepare()


def test_nothing_is_armed_where_people_are_served_over_https(settings: Settings) -> None:
    settings.CRASH_POINTS, settings.HTTPS = True, True

    with pytest.raises(ImproperlyConfigured, match="refused"):
        drills.prepare()

    assert not crashpoints.are_armed()


def test_the_process_dies_at_the_pass_that_was_ordered(tmp_path: Path) -> None:
    script = "for number in (1, 2, 3): print(number, flush=True); crash_point('turn.after_llm')"

    done = ending_of(tmp_path, script, CRASH_POINTS="1", CRASH_AT="turn.after_llm:2")

    assert done.returncode == -signal.SIGKILL, done.stderr
    assert done.stdout.split() == ["1", "2"]
    assert "Crash point turn.after_llm" in done.stderr


def test_the_process_freezes_where_that_was_ordered_and_goes_on_when_told(tmp_path: Path) -> None:
    script = "crash_point('turn.after_llm'); crash_point('turn.after_llm'); print('went on')"
    frozen = subprocess.Popen(
        [sys.executable, "-c", f"import django\ndjango.setup()\nfrom core.crashpoints import crash_point\n{script}"],
        cwd=ROOT,
        env=embedded(tmp_path)
        | {
            "DJANGO_SETTINGS_MODULE": "supportagent.settings",
            "CRASH_POINTS": "1",
            "CRASH_AT": "turn.after_llm=stop",
        },
        stdout=subprocess.PIPE,
        text=True,
    )

    _, status = os.waitpid(frozen.pid, os.WUNTRACED)
    os.kill(frozen.pid, signal.SIGCONT)
    said, _ = frozen.communicate(timeout=60)

    assert os.WIFSTOPPED(status)
    assert (frozen.returncode, said.split()) == (0, ["went", "on"])


def test_an_order_in_a_file_is_carried_out_once(tmp_path: Path) -> None:
    order = tmp_path / "order"
    order.write_text("send.after_write")
    script = "crash_point('send.after_claim_commit'); crash_point('send.after_write'); print('lived')"

    first = ending_of(tmp_path, script, CRASH_POINTS="1", CRASH_AT=f"@{order}")
    second = ending_of(tmp_path, script, CRASH_POINTS="1", CRASH_AT=f"@{order}")

    assert (first.returncode, second.returncode) == (-signal.SIGKILL, 0)
    assert second.stdout.split() == ["lived"]
    assert not order.exists()
