"""``manage.py evaluate`` as programs call it."""

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from agent.evaluation.conversations import surroundings
from supportagent.rehearsal.script import load_all
from tests.agent.evaluation.conftest import Write, lessons, measured
from tests.environment import embedded
from tests.factories import make_account

ROOT = Path(__file__).resolve().parents[3]


def run(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, without a database that is set up."""
    return subprocess.run(
        [sys.executable, "manage.py", "evaluate", *arguments],
        cwd=ROOT,
        env=embedded(folder / "var") | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_one_json_object_goes_to_standard_output_and_nothing_else(write: Write, tmp_path: Path) -> None:
    write("pool.jsonl", [*lessons(), measured("is the pool open today", intent="opening")])

    done = run(tmp_path, "pool", "--shots", "2", "--json", EVAL_DATA_DIR=str(tmp_path))

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    answer = json.loads(done.stdout)
    assert answer.keys() - {"precision_covered"} == {"n", "accuracy", "macro_f1", "ece", "coverage", "latency_ms"}
    assert answer["latency_ms"].keys() == {"p50", "p95"}
    assert "Fitting from 6 rows" in done.stderr
    # Nothing is written: there is no database where there was none.
    assert not list((tmp_path / "var").glob("*.sqlite3"))


def test_people_get_a_table_with_confusions_and_calibration(write: Write) -> None:
    path = write("pool.jsonl", [*lessons(), measured("is the pool open today", intent="lessons")])
    output = StringIO()

    call_command("evaluate", str(path), stdout=output, stderr=StringIO())

    assert "accuracy" in output.getvalue()
    assert "opening" in output.getvalue().split("most frequent confusions")[1]
    assert "calibration" in output.getvalue()


@pytest.mark.parametrize(
    ("arguments", "says", "code"),
    [
        (["nothing-of-that-name"], "neither a suite nor a file", 2),
        (["../pool"], "neither a suite nor a file", 2),
        (["gate", "--shots", "3"], "--shots goes with a file", 2),
        (["gate", "--shots=-1"], "0 or more", 2),
        (["conversations", "--shots", "3"], "--shots goes with a file", 2),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(
    arguments: list[str], says: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "pool.jsonl").write_text("", encoding="utf-8")
    monkeypatch.setattr(settings, "EVAL_DATA_DIR", str(tmp_path / "inner"))

    with pytest.raises(CommandError, match=says) as refused:
        call_command("evaluate", *arguments)

    assert refused.value.returncode == code


def test_a_broken_file_ends_with_its_line_and_code_1(tmp_path: Path) -> None:
    path = tmp_path / "pool.jsonl"
    path.write_text("no json\n", encoding="utf-8")

    with pytest.raises(CommandError, match=r"pool\.jsonl, line 1: this is no JSON") as refused:
        call_command("evaluate", str(path))

    assert refused.value.returncode == 1


@pytest.mark.product
def test_conversations_are_played_on_an_installation_that_is_forgotten(tmp_path: Path) -> None:
    done = run(tmp_path, "conversations", "--json", TMPDIR=str(tmp_path))

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"n": len(load_all()), "accuracy": 1.0}
    assert not [each for each in tmp_path.iterdir() if each.name != "var"]


def test_a_rehearsal_knows_nothing_of_this_installation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DATABASE_URL", "DATABASE_URL_FILE", "REDIS_URL", "SECRET_KEY_FILE", "MODEL_CHAIN", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, "ours")

    place = surroundings(str(tmp_path))

    assert "ours" not in place.values()
    assert (place["VAR_DIR"], place["PATH"]) == (str(tmp_path), os.environ["PATH"])


@pytest.mark.django_db
def test_nobody_rehearses_among_customers() -> None:
    make_account(platform="webchat")

    with pytest.raises(CommandError, match="evaluate conversations"):
        call_command("rehearse", stdout=StringIO())
