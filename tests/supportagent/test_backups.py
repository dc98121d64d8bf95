"""Back-ups: everything comes back, or nothing is changed; whoever was erased since stays erased."""

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from io import BytesIO, StringIO
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from supportagent.backups import databases
from tests import environment
from tests.product import ROOT

Manage = Callable[..., subprocess.CompletedProcess[str]]
ACCOUNT = ("account", "add", "--platform", "webchat", "--name")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The variables of an installation of this test's own, on the kind of database that the tests run on."""
    folder = tmp_path / "var"
    folder.mkdir()
    if not environment.ON_SERVICES:
        yield environment.embedded(folder)
        return
    name = f"backup_{os.getpid()}"
    with psycopg.connect(environment.DATABASE_URL, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            address = urlunsplit(urlsplit(environment.DATABASE_URL)._replace(path=f"/{name}"))
            yield dict(os.environ) | {"VAR_DIR": str(folder), "DATABASE_URL": address}
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@pytest.fixture
def manage(place: dict[str, str]) -> Manage:
    """Run a management command there."""

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=place,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=180,
        )

    return run


def accounts(manage: Manage) -> list[str]:
    """The names of the accounts that there are."""
    return sorted(each["name"] for each in json.loads(manage("account", "list").stdout)["accounts"])


def test_a_back_up_brings_everything_back_and_leaves_out_what_came_later(
    manage: Manage, place: dict[str, str], tmp_path: Path
) -> None:
    kept, picture = tmp_path / "kept.tar", Path(place["VAR_DIR"]) / "media" / "a.png"
    manage("setup")
    manage(*ACCOUNT, "Before", "--origin", "https://shop.example")
    picture.parent.mkdir()
    picture.write_bytes(b"a picture")
    made = json.loads(manage("backup", str(kept)).stdout)
    manage(*ACCOUNT, "After", "--origin", "https://shop.example")
    picture.unlink()

    refused = manage("restore", str(kept))
    restored = manage("restore", str(kept), "--force")

    assert refused.returncode == 1
    assert "say --force to replace it" in refused.stderr
    assert restored.returncode == 0, restored.stderr
    told = json.loads(restored.stdout)
    assert (told["taken_at"], told["pictures"]) == (made["taken_at"], 1)
    assert accounts(manage) == ["Before"]
    assert picture.read_bytes() == b"a picture"
    assert kept.stat().st_mode & 0o077 == 0


def test_a_damaged_back_up_changes_nothing(manage: Manage, tmp_path: Path) -> None:
    whole, damaged = tmp_path / "whole.tar", tmp_path / "damaged.tar"
    manage("setup")
    manage(*ACCOUNT, "Shop", "--origin", "https://shop.example")
    manage("backup", str(whole))
    with tarfile.open(whole) as source, tarfile.open(damaged, "w") as target:
        for member in source.getmembers():
            content = source.extractfile(member)
            data = content.read() if content is not None else b""
            if member.name == "database":
                data = data[: len(data) // 2]
                member.size = len(data)
            target.addfile(member, BytesIO(data))

    answer = manage("restore", str(damaged), "--force")

    assert answer.returncode == 1
    assert len(answer.stderr.strip().splitlines()) == 1
    assert accounts(manage) == ["Shop"]


def refusal(*command: str) -> str:
    """Why a command does not do it."""
    with pytest.raises(CommandError) as problem:
        call_command(*command, stdout=StringIO(), stderr=StringIO())
    return str(problem.value)


def packed(file: Path, **manifest: object) -> Path:
    """A back-up with another manifest."""
    told = {"format": 1, "version": "9.9", "database": connection.vendor, "taken_at": "2026-11-01T00:00:00+00:00"}
    content = json.dumps(told | {"migrations": []} | manifest).encode()
    with tarfile.open(file, "w") as archive:
        entry = tarfile.TarInfo("manifest.json")
        entry.size = len(content)
        archive.addfile(entry, BytesIO(content))
    return file


@pytest.fixture
def nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads of earlier tests may still be connected to the tests' database; a back-up wants to be alone there."""
    monkeypatch.setattr(databases, "others_connected", lambda: 0)


@pytest.mark.usefixtures("nobody_else")
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("manifest", "sentence"),
    [
        ({"format": 2}, "was written by a later version"),
        ({"database": "oracle"}, "restore it to one of its kind"),
        ({"migrations": ["core.9999_to_come"]}, "with core.9999_to_come): restore it with that one"),
        ({"taken_at": "yesterday"}, "is no back-up"),
    ],
)
def test_what_cannot_be_put_back_is_refused_in_a_sentence(
    tmp_path: Path, settings: Settings, manifest: dict[str, object], sentence: str
) -> None:
    settings.VAR_DIR = tmp_path

    assert sentence in refusal("restore", str(packed(tmp_path / "kept.tar", **manifest)), "--force")


@pytest.mark.usefixtures("nobody_else")
@pytest.mark.django_db
def test_a_back_up_is_unpacked_on_the_disk_of_the_data(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.VAR_DIR = tmp_path / "data"
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))

    assert "has no database in it" in refusal("restore", str(packed(tmp_path / "kept.tar")), "--force")


@pytest.mark.django_db
def test_a_file_that_is_none_and_one_that_is_there_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("No archive.")

    assert "cannot be read as a back-up" in refusal("restore", str(file))
    assert "is there already" in refusal("backup", str(file))


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(databases.CannotCopy, match="There is no pg_dump here: install PostgreSQL's client programs"):
        databases._run("pg_dump")
