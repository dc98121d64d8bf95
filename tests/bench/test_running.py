"""The bench itself, as small as it goes: a part runs, says what it measured and leaves nothing behind."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.product import ROOT

# Nothing is said about how long it may take: three others may test beside it.
pytestmark = [pytest.mark.product, pytest.mark.timeout(600)]


def started_in(folder: Path) -> list[str]:
    """The command of every process that was started for a product in ``folder``."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if str(folder).encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def test_sockets_are_opened_and_what_they_hear_is_told(tmp_path: Path) -> None:
    told = tmp_path / "figures.json"
    own = tmp_path / "own"
    own.mkdir()

    done = subprocess.run(
        [sys.executable, "-m", "bench", "sockets", "--shape", "embedded", "--quick", "--json", str(told)],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(own)},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=580,
    )

    assert done.returncode == 0, done.stderr[-2000:]
    figures = {each["name"]: each for each in json.loads(told.read_text())["figures"]}
    for pages in ("8 of staff", "16 of staff", "8 of visitors", "16 of visitors"):
        assert figures[f"embedded: {pages} hear of a message, p95"]["value"] > 0
        assert figures[f"embedded: {pages} do not hear of a message"]["value"] == 0
        assert figures[f"embedded: {pages}, p95 beside 2 that read nothing"]["value"] > 0
    assert {each["verdict"] for each in figures.values()} == {""}
    assert started_in(own) == []
    assert list(own.iterdir()) == []
