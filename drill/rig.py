"""The processes of a drill: the simulator, which is never killed, and the product in one of its two shapes."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, Self

import httpx2

from drill import wire
from drill.accounts import ENVIRONMENT, Accounts
from drill.database import Database, Postgres, Rows, SqliteFile
from drill.forkserver import ForkServer
from drill.ports import free_port
from drill.shapes import BIN, Process, Shape, processes_of
from drill.visitors import Visitors

ROOT = Path(__file__).resolve().parent.parent
STAFF, PASSWORD = "drill", "only-for-a-drill-" + secrets.token_hex(8)
READY_SECONDS = 180
DEATH_SECONDS = 20
# A killed process's work is found again within seconds instead of half a minute.
SHORT_LEASES = {
    "TURN_LEASE_SECONDS": "4",
    "SEND_LEASE_SECONDS": "5",
    "PLATFORM_CALL_SECONDS": "2.5",
    "RECONCILE_AFTER_SECONDS": "0.3,0.8,1.5",
    "DATA_RIGHTS_LEASE_SECONDS": "4",
}


class DrillFailed(Exception):
    """The drill could not be carried out; the message says what stood against it."""


class Running(Protocol):
    """A started process, however it was started."""

    pid: int

    def poll(self) -> int | None: ...

    def wait(self) -> int: ...


@dataclass(slots=True, kw_only=True)
class Rig:
    """A product and its simulator in a folder of their own. Use as a context.

    ``variables`` are added to the product's environment. With ``quick_starts`` its processes are forks of one that has
    loaded it; ``overrides`` (settings) and ``mutant`` then hold for whatever is started from now on.
    ``forgotten`` are the platform's conversations whose customers were erased; ``visitors`` write in the web chat.
    """

    folder: Path
    database_url: str = ""
    redis_url: str = ""
    port: int = 0
    live_port: int = 0
    sim_port: int = 0
    variables: Mapping[str, str] = field(default_factory=dict)
    quick_starts: bool = False
    overrides: dict[str, Any] = field(default_factory=dict)
    mutant: str = ""
    running: dict[str, Running] = field(default_factory=dict)
    kills: int = 0
    forgotten: set[str] = field(default_factory=set)
    visitors: Visitors = field(default_factory=Visitors)
    _accounts: Accounts = field(default_factory=lambda: Accounts(sim_url="", url=""))
    _forks: ForkServer | None = None
    _database: Database | None = None

    @property
    def shape(self) -> Shape:
        """``embedded`` (one process, SQLite) or ``services`` (each by itself, PostgreSQL and Redis)."""
        return "services" if self.database_url else "embedded"

    @property
    def app_secret(self) -> str:
        """What the platform signs with."""
        return self._accounts.app_secret

    @property
    def url(self) -> str:
        """Where the product answers platforms."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pages_url(self) -> str:
        """Where people have their pages."""
        return f"http://127.0.0.1:{self.live_port or self.port}"

    @property
    def sim_url(self) -> str:
        """Where the simulator answers."""
        return f"http://127.0.0.1:{self.sim_port}"

    @property
    def processes(self) -> tuple[Process, ...]:
        """What the product consists of in this shape."""
        return processes_of(self.shape, port=self.port, live_port=self.live_port)

    def __enter__(self) -> Self:
        """Start everything and wait until it takes work."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port, self.sim_port = free_port(), free_port()
        self.live_port = free_port() if self.shape == "services" else 0
        try:
            self.database.create()
            self._start_simulator()
            self._prepare()
            if self.quick_starts:
                self.database.keep()
                kind = {"PROCESS_KIND": "worker"} if self.shape == "services" else {}
                self._forks = ForkServer(
                    root=ROOT, environment=self._environment(kind), log=self.folder / "forkserver.log"
                )
            self.start_all()
            self._be_challenged()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End everything."""
        self.visitors.leave()
        for process in self.running.values():
            _kill(process)
        self.running.clear()
        if self._forks is not None:
            self._forks.__exit__()
        self.database.drop()

    def reset(self, *, change: Callable[[Database], object] | None = None) -> None:
        """Make everything what it was at the beginning: no customer has written, nothing has happened.

        ``change`` may then touch the database before anybody is connected to it.
        """
        self.visitors.leave()
        for process in self.running.values():
            _kill(process)
        self.running.clear()
        self.forgotten.clear()
        self.database.restore()
        if change is not None:
            change(self.database)
        shutil.rmtree(self.folder / "simulator", ignore_errors=True)
        self._run_simulator()
        self.start_all()
        self._be_challenged()

    def _be_challenged(self) -> None:
        """Let LinkedIn see that the product is itself; before that it notifies nobody."""
        wait_for(
            lambda: all(each["good"] for each in self.simulator("POST", "linkedin/challenge")["challenges"]),
            seconds=DEATH_SECONDS,
            what="LinkedIn's challenge to be answered",
        )

    def start_all(self) -> None:
        """Start whatever does not run, and wait until the product is ready."""
        for process in self.processes:
            if not self.runs(process.name):
                self.begin(process)
        wait_for(self.is_ready, seconds=READY_SECONDS, what="the product to be ready")

    def start(self, name: str) -> None:
        """Start one process."""
        self.begin(next(each for each in self.processes if each.name == name))

    def begin(self, process: Process) -> None:
        """Start a process, which need not be one of the product's usual ones."""
        if self._forks is not None and process.forks:
            self.running[process.name] = self._forks.start(
                process.command,
                log=self.folder / f"{process.name}.log",
                settings=self.overrides,
                mutant=self.mutant,
            )
            return
        command, environment = process.command, dict(process.environment)
        if self.mutant and process.mutant_command:
            command = process.mutant_command
            environment["DRILL_MUTANT"] = self.mutant
        elif command[0] == "manage.py":
            command = (sys.executable, *command)
        elif command[0] == "celery":
            command = (str(BIN / "celery"), "-A", "supportagent", *command[1:])
        self._spawn(process.name, command, environment)

    def start_twin(self, name: str) -> None:
        """Start a process that runs once more, beside the first."""
        process = next(each for each in self.processes if each.name == name)
        self.begin(replace(process, name=f"{name}-twin"))

    def kill(self, name: str) -> None:
        """SIGKILL one process of the product and all it started."""
        _kill(self.running[name])
        self.kills += 1

    @property
    def order(self) -> Path:
        """Where a process is told at which crash point to die: whoever passes it takes the file away first."""
        return self.folder / "order"

    def bury_the_dead(self) -> dict[str, int]:
        """What has ended by itself, each with its exit code; waits until something has."""
        gone: dict[str, int] = {}

        def has_ended() -> bool:
            gone.update({each.name: -1 for each in self.processes if not self.runs(each.name)})
            return bool(gone)

        wait_for(has_ended, seconds=DEATH_SECONDS, what="the process that was to die")
        for name in gone:
            process = self.running.pop(name)
            gone[name] = process.wait()
            _kill(process)
            self.kills += 1
        return gone

    def runs(self, name: str) -> bool:
        """Whether the process is alive."""
        return name in self.running and self.running[name].poll() is None

    def simulator(self, method: str, path: str, body: object = None) -> Any:
        """One order to the simulator, or one look at it."""
        answer = wire.request(method, f"{self.sim_url}/_sim/{path}", json=body, timeout=30)
        if answer.status_code >= 400:
            raise DrillFailed(f"The simulator refused {path}: {answer.text[:300]}")
        return answer.json()

    def query(self, sql: str) -> Rows:
        """Rows of the product's database, by a connection of the drill's own."""
        return self.database.rows(sql)

    def log(self, kind: str) -> list[dict[str, Any]]:
        """Every row of one kind of the simulator's truth log, oldest first."""
        rows: list[dict[str, Any]] = []
        while True:
            page = self.simulator("GET", f"log?after={rows[-1]['id'] if rows else 0}&kind={kind}&limit=5000")["rows"]
            if not page:
                return rows
            rows += page

    @property
    def database(self) -> Database:
        """The product's database."""
        if self._database is None:
            self._database = Postgres(self.database_url) if self.database_url else SqliteFile(self.folder / "var")
        return self._database

    def _start_simulator(self) -> None:
        self._accounts = Accounts(sim_url=self.sim_url, url=self.url)
        self._configure_simulator()
        self._run_simulator()

    def _configure_simulator(self) -> None:
        (self.folder / "simulator.json").write_text(json.dumps(self._accounts.simulator()))

    def _run_simulator(self) -> None:
        config = self.folder / "simulator.json"
        self._spawn(
            "simulator",
            (
                *(sys.executable, "-m", "simulator", "--port", str(self.sim_port)),
                *("--data", str(self.folder / "simulator"), "--config", str(config)),
            ),
            {},
        )
        wait_for(lambda: _answers(f"{self.sim_url}/_sim/state?acked=0"), seconds=20, what="the simulator")

    def _prepare(self) -> None:
        self.manage("setup")
        person = ("--username", STAFF, "--email", "drill@example.org")
        self.manage("createsuperuser", "--noinput", *person, DJANGO_SUPERUSER_PASSWORD=PASSWORD)
        self._accounts.add(self.manage)
        # Only now is it known at which addresses the product takes signed webhooks.
        self._configure_simulator()
        self.simulator("POST", "partners", {"partners": self._accounts.partners()})
        self.visitors = Visitors(chat=f"{self.url}/chat/{self._accounts.chat_key}")

    def manage(self, *command: str, **variables: str) -> str:
        """What a management command answers on the product's data. Raises DrillFailed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=self._environment(variables),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode != 0:
            raise DrillFailed(f"manage.py {command[0]} failed: {done.stderr[-1500:]}")
        return done.stdout

    def _spawn(self, name: str, command: tuple[str, ...], environment: Mapping[str, str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self._environment(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        ours = {
            "ENV_FILE": os.devnull,
            "VAR_DIR": str(self.folder / "var"),
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "DEMO": "0",
            "LOG_FORMAT": "plain",
            **ENVIRONMENT,
            "BOT_TURNS_PER_MINUTE": "100000",
            "TWO_FACTOR_ROLES": "",
            "PYTHONUNBUFFERED": "1",
            "CRASH_POINTS": "1",
            "CRASH_AT": f"@{self.order}",
        }
        if self.shape == "services":
            ours |= {
                "DATABASE_URL": self.database.url,
                "REDIS_URL": self.redis_url,
                "SECRET_KEY": "only-for-a-drill-0123456789-abcdefghijklmnopqrstuvwxyz",
                "FIELD_ENCRYPTION_KEYS": urlsafe_b64encode(b"only-for-a-drill-32-bytes-long!!").decode(),
                "ALLOWED_HOSTS": "127.0.0.1,localhost",
                "HTTPS": "0",
                "PUBLIC_URL": self.url,
                "EGRESS_ALLOW": "127.0.0.1:*",
                "STATIC_FROM_SOURCE": "1",
            }
        return kept | ours | dict(self.variables) | dict(extra)

    def is_ready(self) -> bool:
        """Whether every process runs and answers. Raises DrillFailed where one has ended by itself."""
        for process in self.processes:
            if not self.runs(process.name):
                log = self.folder / f"{process.name}.log"
                # A fault may have put a device there, of which there is no end.
                tail = log.read_text(errors="replace")[-1500:] if log.is_file() else "what it logged went to a device."
                raise DrillFailed(f"{process.name} ended by itself: {tail}")
        return all(_answers(f"{url}/health/ready") for url in {self.url, self.pages_url})


def wait_for(condition: Callable[[], bool], *, seconds: float, what: str) -> float:
    """Wait until ``condition`` holds; answers for how many seconds. Raises DrillFailed."""
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        if condition():
            return time.monotonic() - begun
        time.sleep(0.05)
    raise DrillFailed(f"Waited {seconds:.0f} s in vain for {what}.")


def _answers(url: str) -> bool:
    try:
        return wire.get(url, timeout=5).status_code == 200
    except httpx2.TransportError:
        return False


def _kill(process: Running) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
