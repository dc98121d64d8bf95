"""The real product in a process of its own, for tests from outside: `manage.py up` on free ports and in its own folder."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from drill import wire
from drill.ports import free_ports
from tests.environment import embedded
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent
# Nothing is said about how long it may take: a slow machine beside which two others test needs more than a minute.
START_SECONDS = 240
STOP_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningProduct:
    """A product that answers at ``url`` (no slash at the end); the simulator, where it runs, at ``simulator_url``."""

    url: str
    simulator_url: str
    folder: Path
    log: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes]

    def manage(self, *command: str) -> str:
        """What a management command prints on this product's data; AssertionError with its errors if it fails."""
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, f"manage.py {' '.join(command)}: {done.stderr[-2000:]}"
        return done.stdout

    def manage_json(self, *command: str) -> dict[str, Any]:
        """The same, read as the one JSON object that it prints."""
        answer: dict[str, Any] = json.loads(self.manage(*command))
        return answer

    def secrets(self) -> dict[str, str]:
        """The embedded default's own secrets, the demo password among them."""
        kept: dict[str, str] = json.loads((self.folder / "secrets.json").read_text())
        return kept


@pytest.fixture(scope="session")
def running_product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProduct]:
    """A product without demo data, simulator and scripted customers; one for the whole session."""
    with start_product(tmp_path_factory.mktemp("product"), demo=False) as product:
        yield product


@pytest.fixture(scope="session")
def running_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProduct]:
    """What `make run` starts: demo people and data, the simulator beside it; one for the whole session."""
    with start_product(tmp_path_factory.mktemp("demo"), demo=True) as product:
        yield product


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., RunningProduct]]:
    """Start a product for this test alone: ``start(demo=False, folder=..., PORT="…")``; all are stopped after it."""
    with ExitStack() as stack:

        def begin(*, demo: bool = False, folder: Path | None = None, **variables: str) -> RunningProduct:
            return stack.enter_context(start_product(folder or tmp_path / "product", demo=demo, **variables))

        yield begin


@contextmanager
def start_product(folder: Path, *, demo: bool, **variables: str) -> Iterator[RunningProduct]:
    """Run `manage.py up` until the block ends; enters once `/health/ready` says yes and the simulator, if any, answers."""
    port, simulator_port = free_ports(2)
    environment = embedded(folder) | {
        "PORT": str(port),
        "SIM_PORT": str(simulator_port),
        "DEMO": "1" if demo else "0",
        "PYTHONUNBUFFERED": "1",
        **variables,
    }
    folder.mkdir(parents=True, exist_ok=True)
    log = folder.with_name(f"{folder.name}.log")
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    product = RunningProduct(
        url=f"http://127.0.0.1:{environment['PORT']}",
        simulator_url=f"http://127.0.0.1:{environment['SIM_PORT']}",
        folder=folder,
        log=log,
        environment=environment,
        process=process,
    )
    try:
        wait_until(lambda: is_ready(product), seconds=START_SECONDS, what="the product to be ready")
        if demo:
            wait_until(
                lambda: is_ready(product) and answers(product.simulator_url),
                seconds=START_SECONDS,
                what="the simulator to answer",
            )
        yield product
    finally:
        stop(process)


def is_ready(product: RunningProduct) -> bool:
    """Whether it takes work; AssertionError with the end of its log if it has ended instead."""
    ended = product.process.poll()
    assert ended is None, f"manage.py up ended with {ended}: {product.log.read_text()[-3000:]}"
    try:
        return wire.get(f"{product.url}/health/ready", timeout=5).status_code == 200
    except httpx2.TransportError:
        return False


def answers(url: str) -> bool:
    """Whether somebody listens there."""
    try:
        return wire.get(url, timeout=5).status_code == 200
    except httpx2.TransportError:
        return False


def stop(process: subprocess.Popen[bytes]) -> None:
    """End it as Ctrl-C would, and everything it started, by force if it has to be."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
