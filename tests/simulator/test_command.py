"""``python -m simulator``: one line when it listens, one sentence when it cannot, a quick end."""

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.simulator import rig


def start(*arguments: str) -> subprocess.Popen[str]:
    """The command, running."""
    return subprocess.Popen(
        [sys.executable, "-m", "simulator", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_ends_at_once(tmp_path: Path, number: int) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(rig.config("http://127.0.0.1:9/hook")))
    process = start("--port", "0", "--data", str(tmp_path / "data"), "--config", str(path))
    assert process.stdout is not None
    line = process.stdout.readline()

    process.send_signal(number)
    started = time.monotonic()
    code = process.wait(timeout=5)

    assert "listens on http://127.0.0.1:" in line
    assert code == 0
    assert time.monotonic() - started < 2
    assert process.communicate()[1] == ""


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = start("--port", str(taken.getsockname()[1]), "--data", str(tmp_path))
        output, error = process.communicate(timeout=10)

    assert process.returncode == 1
    assert output == ""
    assert error.count("\n") == 1
    assert "in use" in error


@pytest.mark.parametrize("text", ["{", "[]", '{"apps": 7}', '{"settings": {"speed": 1}}'])
def test_a_file_that_cannot_be_used_is_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(text)

    process = start("--port", "0", "--data", str(tmp_path), "--config", str(path))
    _, error = process.communicate(timeout=10)

    assert process.returncode == 1
    assert error.count("\n") == 1
    assert str(path) in error


def test_data_that_cannot_be_opened_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "simulator.sqlite3").mkdir()

    process = start("--port", "0", "--data", str(tmp_path))
    _, error = process.communicate(timeout=10)

    assert process.returncode == 1
    assert error.count("\n") == 1
    assert str(tmp_path) in error
