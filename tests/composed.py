"""The processes of docker-compose.yml, each started here by its own command, with what a container would be given."""

import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from drill.ports import free_ports
from drill.shapes import BIN
from tests.environment import ENCRYPTION_KEY
from tests.product import ROOT
from tests.waiting import wait_until

LASTING = ("ingest", "live", "worker", "sweeper", "beat")
"""Our processes that go on until they are told to end; `setup` ends by itself."""
HOST = "support.example.org"
START_SECONDS = 240
REDIS_PASSWORD = "only-for-the-tests"
# Where a container has something, and where it is here, in the folder of this product.
PLACES = {"/run/secrets": "secrets", "/data": "data", "/counts": "counts", "/app/staticfiles": "static"}
_DEFAULT = re.compile(r"\$\{\w+:-([^}]*)\}")


def compose() -> dict[str, Any]:
    """The compose file, read."""
    read: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return read


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """The product as the compose file has it. ``variables`` are what an operator's .env says; `redis` is among ``running``."""

    folder: Path
    variables: Mapping[str, str]
    ports: Mapping[str, int]
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    services: Mapping[str, Any] = field(default_factory=lambda: compose()["services"])

    def begin(self, name: str) -> None:
        """Start a service's command."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                self._words(name, self.services[name]["command"]),
                cwd=ROOT,
                env=self.environment(name),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run(self, name: str, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run a service's command, or another one in its place, to its end."""
        return subprocess.run(
            words or self._words(name, self.services[name]["command"]),
            cwd=ROOT,
            env=self.environment(name),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def is_well(self, name: str) -> bool:
        """What a service's health check says. AssertionError with the end of its log where the process has ended."""
        assert self.running[name].poll() is None, f"{name} ended: {self.log(name)[-3000:]}"
        return self.health(name) == 0

    def health(self, name: str) -> int:
        """The exit code of a service's health check."""
        kind, *words = self.services[name]["healthcheck"]["test"]
        asked = self._words(name, words if kind == "CMD" else ["/bin/sh", "-c", *words])
        return self.run(name, *asked).returncode

    def log(self, name: str) -> str:
        """Everything that a service has written."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def lines(self, name: str) -> list[dict[str, Any]]:
        """What it has written for machines, line by line."""
        return [json.loads(line) for line in self.log(name).splitlines() if line.startswith("{") and line.endswith("}")]

    def environment(self, name: str) -> dict[str, str]:
        """What a container of the service would have in its environment."""
        ours = {variable: value for variable, value in os.environ.items() if variable in {"HOME", "LANG", "TMPDIR"}}
        given = self.services[name].get("environment", {})
        image = {"PATH": f"{BIN}:{os.environ['PATH']}", "PYTHONUNBUFFERED": "1", "HOSTNAME": socket.gethostname()}
        # The health check knows the port that every container has, and where it is another one.
        port = {"PORT": str(self.ports[name])} if name in self.ports else {}
        return ours | image | dict(self.variables) | {key: self._here(value) for key, value in given.items()} | port

    def _here(self, value: str) -> str:
        for place, folder in PLACES.items():
            if value == place or value.startswith(f"{place}/"):
                return f"{self.folder / folder}{value.removeprefix(place)}"
        return value

    def _words(self, name: str, words: list[str]) -> list[str]:
        """A command as compose would give it to a container, but for the port, and for where Redis is."""
        said = [self._here(_DEFAULT.sub(r"\1", word).replace("$$", "$")) for word in words]
        if said[0] == "redis-server":
            return [*said, "--port", str(self.ports["redis"]), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        if said[0] == "redis-cli":
            return [said[0], "-p", str(self.ports["redis"]), *said[1:]]
        return [str(self.ports[name]) if word == "8000" else word for word in said]


@contextmanager
def running(folder: Path, *, database_url: str, owner_url: str, **variables: str) -> Iterator[Composed]:
    """Redis, then setup, then all others, on an empty database; everything is ended with the block."""
    ports = dict(zip(("ingest", "live", "redis"), free_ports(3), strict=True))
    given = {"ALLOWED_HOSTS": HOST, "PUBLIC_URL": f"https://{HOST}"} | variables
    product = Composed(folder=folder, variables=given, ports=ports)
    for place in PLACES.values():
        (folder / place).mkdir()
    secrets = {
        "database_url": database_url,
        "database_owner_url": owner_url,
        "redis_conf": f"requirepass {REDIS_PASSWORD}",
        "redis_url": f"redis://:{REDIS_PASSWORD}@127.0.0.1:{ports['redis']}",
        "secret_key": "only-for-the-tests-0123456789-abcdefghijklmnopqrstuvwxyz",
        "field_encryption_keys": ENCRYPTION_KEY,
    }
    for name, secret in secrets.items():
        (folder / "secrets" / name).write_text(f"{secret}\n")
    with ExitStack() as stack:
        stack.callback(_end, product.running)
        product.begin("redis")
        wait_until(lambda: product.is_well("redis"), seconds=START_SECONDS, what="Redis")
        done = product.run("setup")
        assert done.returncode == 0, done.stderr[-3000:]
        # The image's build does this.
        collected = product.run("live", "python", "manage.py", "collectstatic", "--noinput", "--verbosity", "0")
        assert collected.returncode == 0, collected.stderr[-3000:]
        for name in LASTING:
            product.begin(name)
        yield product


def _end(started: Mapping[str, "subprocess.Popen[bytes]"]) -> None:
    for process in started.values():
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
