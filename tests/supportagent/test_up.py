"""`manage.py up` from outside: what stops its start, what it refuses, how it ends."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from drill import wire
from drill.ports import free_ports
from tests.environment import embedded
from tests.product import ROOT, RunningProduct
from tests.waiting import wait_until

START = Callable[..., RunningProduct]

pytestmark = pytest.mark.product


def try_to_start(folder: Path, *options: str, **variables: str) -> tuple[int, str]:
    """The exit code of a start that must fail, and all it said."""
    port, simulator_port = free_ports(2)
    environment = embedded(folder) | {"PORT": str(port), "SIM_PORT": str(simulator_port)} | variables
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", "up", *options],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=60,
    )
    return done.returncode, (done.stdout + done.stderr).strip()


@pytest.fixture
def taken_port() -> Iterator[str]:
    """A port somebody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield str(taken.getsockname()[1])


def assert_one_sentence(said: str, pattern: str) -> None:
    """One line that says what is wrong and what to do."""
    assert "\n" not in said, said
    assert re.search(pattern, said), said


def test_a_port_in_use(tmp_path: Path, taken_port: str) -> None:
    code, said = try_to_start(tmp_path, PORT=taken_port)

    assert code == 1
    assert_one_sentence(
        said, rf"Port {taken_port} on 127\.0\.0\.1 is in use: stop what uses it, or choose another with PORT="
    )
    assert not list(tmp_path.glob("db.sqlite3*"))


def test_a_simulator_port_in_use(tmp_path: Path, taken_port: str) -> None:
    code, said = try_to_start(tmp_path, DEMO="1", SIM_PORT=taken_port)

    assert code == 1
    assert_one_sentence(said, rf"Port {taken_port} .* choose another with SIM_PORT=")


def test_one_port_for_two(tmp_path: Path) -> None:
    code, said = try_to_start(tmp_path, DEMO="1", PORT="9137", SIM_PORT="9137")

    assert code == 1
    assert_one_sentence(said, "PORT and SIM_PORT are both 9137: give the simulator another port")


def test_a_variable_with_a_wrong_value(tmp_path: Path) -> None:
    code, said = try_to_start(tmp_path, PORT="abc")

    assert code == 1
    assert_one_sentence(said, "PORT is set to “abc”: it must be a whole number from 1 to 65535")


def test_a_port_that_is_none_and_a_host_that_is_not_ours(tmp_path: Path) -> None:
    code, said = try_to_start(tmp_path, "--port", "99999")
    assert code == 1
    assert_one_sentence(said, "99999 is no port: set PORT to a number from 1 to 65535")

    code, said = try_to_start(tmp_path, "--host", "203.0.113.77")
    assert code == 1
    assert_one_sentence(said, r"203\.0\.113\.77 is no address of this machine: set HOST")


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    code, said = try_to_start(tmp_path / "file" / "var")

    assert code == 1
    assert_one_sentence(said, "The folder .* cannot be used .* set VAR_DIR to a folder that is")


def test_a_database_that_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "db.sqlite3").write_text("This is not a database. " * 100)

    code, said = try_to_start(tmp_path)

    assert code == 1
    assert_one_sentence(said, "The database .* cannot be read .* move it away to start afresh")


def test_a_second_copy_on_the_same_folder(running_product: RunningProduct) -> None:
    code, said = try_to_start(running_product.folder)

    assert code == 1
    pid = running_product.process.pid
    assert_one_sentence(
        said, rf"A copy of this already runs on .* \(process {pid}\): stop it, or set VAR_DIR to another folder"
    )
    assert wire.get(f"{running_product.url}/health/ready").status_code == 200


def test_a_body_that_is_too_large_is_refused_before_it_is_read(running_product: RunningProduct) -> None:
    head = "POST /webhooks/tiktok HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n"

    assert talk(running_product, head.encode()).startswith(b"HTTP/1.1 413")


def test_a_body_that_turns_out_to_be_too_large_is_refused_too(running_product: RunningProduct) -> None:
    head = b"POST /webhooks/tiktok HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"

    assert talk(running_product, head, *[chunk] * 12).startswith(b"HTTP/1.1 413")


def test_a_request_that_never_ends_is_cut_off_and_sigterm_ends_all_of_it_within_seconds(start: START) -> None:
    product = start(demo=True, REQUEST_READ_SECONDS="1.5")
    wait_until(lambda: simulator_answers(product), seconds=20, what="the simulator")
    began = time.monotonic()
    with socket.create_connection(address(product), timeout=10) as slow:
        slow.sendall(b"POST /webhooks/tiktok HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{")
        assert wire.get(f"{product.url}/health/live").status_code == 200
        assert read_all(slow).startswith(b"HTTP/1.1 408")
    assert 1 < time.monotonic() - began < 8

    began = time.monotonic()
    product.process.send_signal(signal.SIGTERM)
    assert product.process.wait(20) == 0
    assert time.monotonic() - began < 8
    assert not simulator_answers(product)


def test_it_names_no_server_and_answers_only_to_its_own_names(running_product: RunningProduct) -> None:
    assert "server" not in wire.get(f"{running_product.url}/health/live").headers
    assert wire.get(f"{running_product.url}/accounts/login/", headers={"host": "evil.example"}).status_code == 400


def test_killed_it_takes_the_simulator_along_and_starts_again_on_its_data(start: START, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    product = start(demo=True, folder=folder)
    wait_until(lambda: simulator_answers(product), seconds=20, what="the simulator")

    os.kill(product.process.pid, signal.SIGKILL)

    product.process.wait(10)
    wait_until(lambda: not simulator_answers(product), seconds=10, what="the simulator to end")
    password = product.secrets()["DEMO_PASSWORD"]
    again = start(demo=True, folder=folder)
    assert again.secrets()["DEMO_PASSWORD"] == password
    wait_until(lambda: password in again.log.read_text(), seconds=30, what="the logins to be printed")


def test_its_data_is_its_owners_alone_also_what_was_open_before(start: START, tmp_path: Path) -> None:
    folder = tmp_path / "older"
    folder.mkdir()
    (folder / "db.sqlite3").touch(mode=0o644)
    (folder / "simulator").mkdir()
    (folder / "simulator").chmod(0o755)

    start(demo=True, folder=folder)

    # The files beside the database are there as long as somebody reads it.
    with closing(sqlite3.connect(folder / "db.sqlite3", timeout=10)) as reader:
        reader.execute("SELECT 1 FROM django_migrations")
        modes = {str(path.relative_to(folder)): path.stat().st_mode & 0o077 for path in folder.rglob("*")}
    assert {"db.sqlite3", "db.sqlite3-wal", "db.sqlite3-shm", "secrets.json", "simulator", ".up.lock"} <= set(modes)
    assert [name for name, open_to_others in modes.items() if open_to_others] == []


def test_a_simulator_that_dies_is_started_again(running_demo: RunningProduct) -> None:
    first = wait_until(lambda: simulator_pid(running_demo), seconds=20, what="the simulator")

    os.kill(first, signal.SIGKILL)

    second = wait_until(lambda: simulator_pid(running_demo, other_than=first), seconds=20, what="another simulator")
    assert second != first
    wait_until(lambda: simulator_answers(running_demo), seconds=20, what="it to answer")


def address(product: RunningProduct) -> tuple[str, int]:
    """Where a product listens."""
    return "127.0.0.1", int(product.url.rpartition(":")[2])


def talk(product: RunningProduct, *parts: bytes) -> bytes:
    """What comes back for these bytes until the other side ends, as far as it could be read."""
    with socket.create_connection(address(product), timeout=15) as connection:
        try:
            for part in parts:
                connection.sendall(part)
        except OSError:
            # Refused in the middle of it; the answer is still there to be read.
            pass
        return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    """Everything until the other side ends or resets."""
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionResetError:
        return received
    return received


def simulator_answers(product: RunningProduct) -> bool:
    """Whether somebody listens where the simulator should."""
    try:
        return wire.get(product.simulator_url, timeout=2).status_code == 200
    except httpx2.TransportError:
        return False


def simulator_pid(product: RunningProduct, *, other_than: int = 0) -> int:
    """The child process that is the simulator, 0 for none."""
    listed = subprocess.run(
        ["/bin/ps", "-ww", "-o", "pid=,args=", "--ppid", str(product.process.pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    found = [int(line.split()[0]) for line in listed.stdout.splitlines() if "tether.py" in line]
    return next((pid for pid in found if pid != other_than), 0)


def test_a_worker_of_its_own_is_refused_where_the_broker_is_in_memory(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "celery", "-A", "supportagent", "worker"],
        cwd=ROOT,
        # Empty variables, as an .env file may have them, count as not set.
        env=embedded(tmp_path) | {"DATABASE_URL": "", "REDIS_URL": "", "CELERY_BROKER_URL": ""},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=60,
    )

    assert done.returncode == 1
    assert_one_sentence(done.stderr.strip(), "start it with manage.py up, or set REDIS_URL for a worker")
