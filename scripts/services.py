"""A PostgreSQL and a Redis of the tests' own: on their own ports, with their own data, beside any others.

    python3 scripts/services.py up | down | reachable URL URL

Standard library only. As root, PostgreSQL runs as the user ``postgres``, since it refuses root. Ports and place can
be changed with SERVICES_POSTGRES_PORT, SERVICES_REDIS_PORT and SERVICES_DIR. The data are for tests: not synced to disk.
"""

import argparse
import os
import pwd
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
POSTGRES_PORT = int(os.environ.get("SERVICES_POSTGRES_PORT") or 55432)
REDIS_PORT = int(os.environ.get("SERVICES_REDIS_PORT") or 56379)
DATABASE_URL = f"postgres://postgres@127.0.0.1:{POSTGRES_PORT}/postgres"
REDIS_URL = f"redis://127.0.0.1:{REDIS_PORT}"
POSTGRES_OPTIONS = {
    "port": str(POSTGRES_PORT),
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
}
# Tests need nothing to outlive the machine; who measures sets SERVICES_DURABLE=1, so that a commit is on disk as it would be.
if os.environ.get("SERVICES_DURABLE") != "1":
    POSTGRES_OPTIONS |= {"fsync": "off", "full_page_writes": "off"}
WAIT_SECONDS = 30


class ServiceError(Exception):
    """What is wrong and what to do, in one sentence."""


def main() -> int:
    """Do what is asked; 0 done, 1 not possible."""
    parser = argparse.ArgumentParser(description="A PostgreSQL and a Redis of the tests' own.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("up", help="start both, unless they run")
    verbs.add_parser("down", help="stop both, if this folder started them")
    asking = verbs.add_parser("reachable", help="say what is missing when one of them does not answer")
    asking.add_argument("urls", nargs="+")
    asked = parser.parse_args()
    try:
        if asked.verb == "up":
            start_postgres()
            start_redis()
            print(f"TEST_DATABASE_URL={DATABASE_URL}\nTEST_REDIS_URL={REDIS_URL}")
        elif asked.verb == "down":
            stop_redis()
            stop_postgres()
        else:
            require_reachable(asked.urls)
    except ServiceError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def start_postgres() -> None:
    """Make the cluster once, and start it unless something answers on its port."""
    if answers(POSTGRES_PORT):
        return
    programs = postgres_programs()
    cluster = postgres_folder() / "data"
    if not (cluster / "PG_VERSION").exists():
        as_postgres(
            [
                programs / "initdb",
                "-D",
                cluster,
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "--no-sync",
            ]
        )
    options = " ".join(f"-c {name}={shlex.quote(value)}" for name, value in POSTGRES_OPTIONS.items())
    log = cluster.parent / "postgres.log"
    as_postgres([programs / "pg_ctl", "-D", cluster, "-l", log, "-o", options, "-w", "-t", str(WAIT_SECONDS), "start"])
    wait_for(POSTGRES_PORT, "PostgreSQL", log)


def stop_postgres() -> None:
    """Stop the cluster of this folder."""
    cluster = postgres_folder() / "data"
    if (cluster / "postmaster.pid").exists():
        as_postgres([postgres_programs() / "pg_ctl", "-D", cluster, "-m", "fast", "-w", "stop"])


def start_redis() -> None:
    """Start a Redis that keeps nothing, unless something answers on its port."""
    if answers(REDIS_PORT):
        return
    program = shutil.which("redis-server")
    if program is None:
        raise ServiceError(
            "redis-server is not installed: install it (on Debian and Ubuntu: apt install redis-server)."
        )
    folder = services_folder() / "redis"
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "redis.log"
    run(
        [
            program, "--port", str(REDIS_PORT), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "yes",
            "--dir", folder, "--pidfile", folder / "redis.pid", "--logfile", log,
        ]
    )  # fmt: skip
    wait_for(REDIS_PORT, "Redis", log)


def stop_redis() -> None:
    """Stop the Redis of this folder."""
    pid_file = services_folder() / "redis" / "redis.pid"
    if pid_file.exists():
        command = ["redis-cli", "-p", str(REDIS_PORT), "shutdown", "nosave"]
        subprocess.run(command, capture_output=True, check=False, timeout=10)
        pid_file.unlink(missing_ok=True)


def require_reachable(urls: list[str]) -> None:
    """ServiceError naming the first address at which nothing answers."""
    for url in urls:
        parts = urlsplit(url)
        port = parts.port or {"redis": 6379}.get(parts.scheme, 5432)
        if not answers(port, parts.hostname or "127.0.0.1"):
            raise ServiceError(
                f"Nothing answers at {parts.hostname}:{port}: start the test services with `make services-up`."
            )


def services_folder() -> Path:
    """Where the services of this folder keep their data."""
    return Path(os.environ.get("SERVICES_DIR") or ROOT / "var" / "services")


def postgres_folder() -> Path:
    """A folder that the user running PostgreSQL can reach; under the temporary folder where the project is closed to it."""
    folder = services_folder() / "postgres"
    if os.geteuid() != 0:
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    elsewhere = Path(tempfile.gettempdir()) / f"supportagent-postgres-{POSTGRES_PORT}"
    for candidate in (folder, elsewhere):
        candidate.mkdir(parents=True, exist_ok=True)
        owner = postgres_user()
        os.chown(candidate, owner.pw_uid, owner.pw_gid)
        reached = subprocess.run(
            ["su", "postgres", "-s", "/bin/sh", "-c", f"cd {shlex.quote(str(candidate))}"],
            capture_output=True,
            check=False,
        )
        if reached.returncode == 0:
            return candidate
    raise ServiceError(
        f"The user postgres can reach neither {folder} nor {elsewhere}: name a folder with SERVICES_DIR."
    )


def postgres_user() -> pwd.struct_passwd:
    """The system's user for PostgreSQL."""
    try:
        return pwd.getpwnam("postgres")
    except KeyError as missing:
        raise ServiceError(
            "There is no user postgres here: install PostgreSQL (on Debian and Ubuntu: apt install postgresql)."
        ) from missing


def postgres_programs() -> Path:
    """The folder of initdb and pg_ctl, of the newest PostgreSQL installed."""
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if packaged:
        return packaged[-1].parent
    found = shutil.which("initdb")
    if found is None:
        raise ServiceError(
            "PostgreSQL's server is not installed: install it (on Debian and Ubuntu: apt install postgresql)."
        )
    return Path(found).resolve().parent


def as_postgres(command: list[str | Path]) -> None:
    """Run one of PostgreSQL's programs, as its user where this is root."""
    if os.geteuid() == 0:
        line = " ".join(shlex.quote(str(word)) for word in command)
        command = ["su", "postgres", "-s", "/bin/sh", "-c", line]
    run(command)


def run(command: list[str | Path]) -> None:
    """Run a program; ServiceError with the last thing it said where it fails."""
    # Output goes to a file: a server left running would hold a pipe open, and this would wait for it.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            [str(word) for word in command],
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            cwd="/",
            check=False,
        )
        output.seek(0)
        lines = [line.strip() for line in output if line.strip()]
    if done.returncode:
        raise ServiceError(f"{Path(str(command[0])).name} failed: {lines[-1] if lines else 'it said nothing'}")


def answers(port: int, host: str = "127.0.0.1") -> bool:
    """Whether something listens there."""
    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except OSError:
        return False


def wait_for(port: int, name: str, log: Path) -> None:
    """Wait until it answers; ServiceError naming its log where it does not."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not answers(port):
        if time.monotonic() > deadline:
            raise ServiceError(f"{name} did not start within {WAIT_SECONDS} s; its log is {log}.")
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
