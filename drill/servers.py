"""A PostgreSQL and a Redis of the drill's own, to be killed, frozen, filled and cut off; no other's is ever touched."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psycopg
import redis

from drill.ports import free_port
from drill.rig import ROOT, DrillFailed

START_SECONDS = 60
# Whoever is cut off comes back, and may be faster than the drill.
CROWDINGS = 3
CUT_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> ALL(%s)
"""


@dataclass(slots=True, kw_only=True)
class Servers:
    """Both servers, on free ports, with their data in ``folder``. Use as a context. Raises DrillFailed.

    Where they are ``durable``, a commit of PostgreSQL waits for the disk.
    """

    folder: Path
    durable: bool = False
    postgres_port: int = 0
    redis_port: int = 0

    @property
    def database_url(self) -> str:
        """The maintenance database."""
        return f"postgres://postgres@127.0.0.1:{self.postgres_port}/postgres"

    @property
    def redis_url(self) -> str:
        """The Redis server."""
        return f"redis://127.0.0.1:{self.redis_port}"

    def __enter__(self) -> Self:
        """Start both."""
        self.postgres_port, self.redis_port = free_port(), free_port()
        try:
            self._services("up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End both, whatever state they were left in."""
        for pid in (self._redis_pid(), *self._postgres_pids()):
            _signal(pid, signal.SIGCONT)
        self._services("down", must=False)

    def flush_redis(self) -> None:
        """Forget everything Redis holds."""
        self.redis().flushall()

    def kill_redis(self) -> None:
        """SIGKILL Redis; what it held is gone."""
        _signal(self._redis_pid(), signal.SIGKILL)

    def start_redis(self) -> None:
        """Start Redis again, empty."""
        self._services("up")

    @contextmanager
    def frozen_redis(self) -> Iterator[None]:
        """Redis accepts connections and answers nothing while the block runs."""
        pid = self._redis_pid()
        _signal(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            _signal(pid, signal.SIGCONT)

    def cut_redis_connections(self) -> int:
        """Cut every connection to Redis; answers how many."""
        client = self.redis()
        cut = sum(int(client.client_kill_filter(_type=kind, skipme=True)) for kind in ("normal", "pubsub"))
        client.close()
        return cut

    @contextmanager
    def full_redis(self) -> Iterator[None]:
        """Redis refuses every write while the block runs."""
        client = self.redis()
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", "1")
        try:
            yield
        finally:
            client.config_set("maxmemory", "0")
            client.close()

    @contextmanager
    def read_only_redis(self) -> Iterator[None]:
        """Redis takes no write while the block runs, for want of a replica that would have it too."""
        client = self.redis()
        client.config_set("min-replicas-to-write", "1")
        try:
            yield
        finally:
            client.config_set("min-replicas-to-write", "0")
            client.close()

    @contextmanager
    def refused_channels(self) -> Iterator[None]:
        """Redis takes no PUBLISH and no SUBSCRIBE while the block runs; bells of work ring on."""
        client = self.redis()
        client.acl_setuser("default", enabled=True, categories=["-@pubsub"])
        try:
            yield
        finally:
            client.acl_setuser("default", enabled=True, categories=["+@pubsub"])
            client.close()

    @contextmanager
    def crowded_channels(self) -> Iterator[None]:
        """Redis cuts off every listener who has one message waiting while the block runs."""
        client = self.redis()
        client.config_set("client-output-buffer-limit", "pubsub 1 1 1")
        try:
            yield
        finally:
            client.config_set("client-output-buffer-limit", "pubsub 33554432 8388608 60")
            client.close()

    def restart_postgres(self) -> None:
        """``pg_ctl restart -m immediate``: every server process is killed and the log is replayed."""
        for pid in self._postgres_pids():
            _signal(pid, signal.SIGQUIT)
        self._wait_until_postgres_ended()
        self._services("up")

    def start_postgres(self) -> None:
        """Start PostgreSQL where it does not run."""
        self._services("up")

    @contextmanager
    def stopped_postgres(self) -> Iterator[None]:
        """PostgreSQL is killed, and started again after the block."""
        for pid in self._postgres_pids():
            _signal(pid, signal.SIGQUIT)
        self._wait_until_postgres_ended()
        yield
        self._services("up")

    def damage_of_postgres(self, database_url: str) -> str:
        """What ``pg_amcheck`` finds wrong with the tables and their indexes, each row looked up in them; "" if nothing."""
        packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_amcheck"), key=lambda path: int(path.parts[-3]))
        program = packaged[-1] if packaged else shutil.which("pg_amcheck")
        if program is None:
            raise DrillFailed("There is no pg_amcheck here; it comes with PostgreSQL's server (on Debian: postgresql).")
        words = [program, "--install-missing", "--heapallindexed", database_url]
        done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, timeout=300)
        return "" if done.returncode == 0 else (done.stdout + done.stderr).strip()[:500]

    @contextmanager
    def frozen_postgres(self) -> Iterator[None]:
        """PostgreSQL accepts connections and answers nothing while the block runs."""
        pids = self._postgres_pids()
        for pid in pids:
            _signal(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                _signal(pid, signal.SIGCONT)

    @contextmanager
    def locked_table(self, database_url: str, table: str) -> Iterator[None]:
        """Nobody else may read or write the table while the block runs."""
        with psycopg.connect(database_url) as connection:
            connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
            try:
                yield
            finally:
                connection.rollback()

    @contextmanager
    def crowded_postgres(self, database_url: str) -> Iterator[int]:
        """Take every connection while the block runs, those that others had as well; gives how many were taken."""
        held: list[psycopg.Connection[Any]] = []
        try:
            for _ in range(CROWDINGS):
                with suppress(psycopg.OperationalError):
                    while len(held) < 500:
                        held.append(psycopg.connect(database_url, connect_timeout=5, autocommit=True))
                held[0].execute(CUT_OTHERS, ([connection.info.backend_pid for connection in held],))
            with suppress(psycopg.OperationalError):
                while len(held) < 500:
                    held.append(psycopg.connect(database_url, connect_timeout=5))
            yield len(held)
        finally:
            for connection in held:
                connection.close()

    def redis(self) -> "redis.Redis":
        """A connection of the drill's own."""
        return redis.Redis.from_url(self.redis_url, socket_timeout=10)

    def _services(self, verb: str, *, must: bool = True) -> None:
        environment = os.environ | {
            "SERVICES_DIR": str(self.folder / "servers"),
            "SERVICES_POSTGRES_PORT": str(self.postgres_port),
            "SERVICES_REDIS_PORT": str(self.redis_port),
            "SERVICES_DURABLE": "1" if self.durable else "0",
        }
        done = subprocess.run(
            [sys.executable, "scripts/services.py", verb],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=START_SECONDS,
        )
        if must and done.returncode != 0:
            raise DrillFailed(f"The drill's own PostgreSQL and Redis could not be started: {done.stderr.strip()}")

    def _redis_pid(self) -> int:
        return _pid_listening(self.redis_port)

    def _postgres_pids(self) -> list[int]:
        """The postmaster and its children, the postmaster first."""
        postmaster = _pid_listening(self.postgres_port)
        return [postmaster, *_children(postmaster)] if postmaster else []

    def _wait_until_postgres_ended(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while _pid_listening(self.postgres_port):
            if time.monotonic() > deadline:
                raise DrillFailed("PostgreSQL did not end after SIGQUIT.")
            time.sleep(0.05)


def _signal(pid: int, number: signal.Signals) -> None:
    if pid:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _pid_listening(port: int) -> int:
    """The process that listens on a port of loopback, or 0."""
    wanted = f"0100007F:{port:04X}"
    inodes = {
        fields[9]
        for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
        if (fields := line.split())[1] == wanted and fields[3] == "0A"
    }
    sockets = {f"socket:[{inode}]" for inode in inodes}
    for folder in sorted(Path("/proc").glob("[0-9]*"), key=lambda each: int(each.name)):
        with suppress(OSError):
            if any(str(file.readlink()) in sockets for file in (folder / "fd").iterdir()):
                return int(folder.name)
    return 0


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []
