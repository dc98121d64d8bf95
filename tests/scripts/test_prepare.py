"""Making the environment: each thing that can be wrong is one sentence that says what to do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import prepare

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize("version", [(3, 10), (3, 14), (2, 7)])
def test_another_python_is_refused_with_the_way_to_name_one(version: tuple[int, int]) -> None:
    with pytest.raises(
        prepare.CannotPrepareError, match=rf"is {version[0]}\.{version[1]}: .*make run PYTHON=python3\.12"
    ):
        prepare.judge_python(version)


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_the_pythons_that_the_pins_fit_are_taken(version: tuple[int, int]) -> None:
    prepare.judge_python(version)


def test_a_folder_for_data_that_cannot_be_written_is_one_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/prepare.py", "run"],
        cwd=ROOT,
        env=os.environ | {"VAR_DIR": "/proc/supportagent"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1
    assert "VAR_DIR=$HOME/supportagent" in done.stdout


def test_an_environment_that_cannot_be_written_is_told_before_a_folder_for_data_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(prepare, "is_writable", lambda _: False)
    monkeypatch.setenv("VAR_DIR", "/proc/supportagent")

    with pytest.raises(prepare.CannotPrepareError, match="copy the project into a folder of yours"):
        prepare.judge_folders("run")

    (tmp_path / ".venv").mkdir()
    for stamp, wanted in (
        (".prepared-run", prepare.asked_for("run")[1]),
        (".prepared-models", prepare.digest(prepare.MODELS)),
    ):
        (tmp_path / ".venv" / stamp).write_text(wanted)
    with pytest.raises(prepare.CannotPrepareError, match=r"the data has to go there: .*make run VAR_DIR="):
        prepare.judge_folders("run")


def test_a_python_without_its_venv_package_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    debians = tmp_path / "python3"
    debians.write_text(
        "#!/bin/sh\necho 'The virtual environment was not created because ensurepip is not available.'\nexit 1\n"
    )
    debians.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(debians))
    monkeypatch.setattr(prepare, "VENV", tmp_path / "venv")
    monkeypatch.setattr(prepare, "PYTHON", tmp_path / "venv" / "bin" / "python")

    with pytest.raises(prepare.CannotPrepareError, match=r"sudo apt install python3\.\d+-venv"):
        prepare.make_venv()

    assert not (tmp_path / "venv").exists()


def test_what_was_asked_for_is_remembered_until_it_changes(tmp_path: Path) -> None:
    pins, stamp = tmp_path / "requirements.txt", tmp_path / "stamp"
    pins.write_text("django==5.2.19\n")
    stamp.write_text(prepare.digest(pins))

    assert prepare.is_stamped(stamp, prepare.digest(pins))

    pins.write_text("django==5.2.20\n")
    assert not prepare.is_stamped(stamp, prepare.digest(pins))
