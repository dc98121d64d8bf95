"""`make run` from outside: it starts, and one Ctrl-C ends all of it."""

import os
import signal
import subprocess
from pathlib import Path

import httpx2
import pytest

from drill import wire
from drill.ports import free_ports
from tests.environment import embedded
from tests.product import START_SECONDS, STOP_SECONDS
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.product


def test_ctrl_c_ends_everything_and_make_does_not_complain(tmp_path: Path) -> None:
    if not (ROOT / ".venv" / ".prepared-run").exists():
        pytest.skip("no .venv made by make: make prepare-run")
    port, simulator_port = free_ports(2)
    log = tmp_path / "make.log"
    environment = embedded(tmp_path / "var") | {"PORT": str(port), "SIM_PORT": str(simulator_port), "DEMO": "1"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["make", "run"],  # noqa: S607  (found on the PATH, as by a person)
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # What a shell runs in the background ignores Ctrl-C, and so would what that starts.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  (nothing but this is done)
        )
    try:
        wait_until(lambda: process.poll() is not None or answers(port), seconds=START_SECONDS, what="make run")
        assert process.poll() is None, log.read_text()[-3000:]

        # A terminal sends it to the whole group at once.
        os.killpg(process.pid, signal.SIGINT)
        process.wait(STOP_SECONDS)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)

    wait_until(lambda: not group_exists(process.pid), what="every process to end")
    assert "***" not in log.read_text()
    assert "Traceback" not in log.read_text()


def answers(port: int) -> bool:
    """Whether the product takes work there."""
    try:
        return wire.get(f"http://127.0.0.1:{port}/health/ready", timeout=5).status_code == 200
    except httpx2.TransportError:
        return False


def group_exists(group: int) -> bool:
    """Whether a process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
