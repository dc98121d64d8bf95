"""A running product to be attacked: what `make run` starts, or production's processes on PostgreSQL and Redis."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis

from drill import wire
from drill.ports import free_ports
from tests.fuzz import doors
from tests.fuzz.doors import BUSINESS, LINKEDIN_KEY, PAGE, SECRET, TIKTOK_KEY, Door
from tests.product import ROOT, answers, start_product, stop
from tests.waiting import wait_until

BIN = Path(sys.executable).parent
# Nobody listens there: nothing of what is tried may leave.
NOWHERE = "http://127.0.0.1:9"
# As agent.runtime.warm_up logs it.
ENGINE_READY = "The engine of release"
ACCOUNTS = {
    "tiktok": (
        *("--external-id", BUSINESS, "--client-key", TIKTOK_KEY, "--secret", SECRET, "--access-token", "act.fuzz"),
        *("--refresh-token", "rft.fuzz", "--api-base", f"{NOWHERE}/open_api/v1.3", "--auth-base", NOWHERE),
    ),
    "linkedin": (
        *("--api-kind", "comments", "--external-id", PAGE, "--client-key", LINKEDIN_KEY, "--secret", SECRET),
        *("--access-token", "li.fuzz", "--auth-base", NOWHERE),
    ),
    "events": ("--api-base", f"{NOWHERE}/replies"),
    "webchat": (),
}
# Each may write twenty times a minute; what comes beyond is told to wait, which is tried by itself.
VISITORS = 100
UNLIMITED = {"CHAT_SESSIONS_PER_TEN_MINUTES": "100000", "LINKEDIN_RATE_LIMIT": "100000"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A product with one account behind each door, whose bots are off so that the doors and the taking in are what is tried.

    ``pids`` are the processes whose memory counts, ``logs`` what they said; ``query`` asks the database, and ``manage`` gives a
    management command's answer.
    """

    shape: str
    port: int
    pids: tuple[int, ...]
    logs: tuple[Path, ...]
    query: Callable[[str], list[tuple[Any, ...]]]
    manage: Callable[..., dict[str, Any]]
    accounts: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def doors(self) -> tuple[Door, ...]:
        """Those of its accounts, with visitors in the chat."""
        key = self.accounts["webchat"]["public_key"]
        begun = [wire.post(f"http://127.0.0.1:{self.port}/chat/{key}/session", json={}) for _ in range(VISITORS)]
        return doors.doors(
            events_id=self.accounts["events"]["public_id"],
            events_secret=self.accounts["events"]["secret"],
            chat_key=key,
            chat_tokens=[answer.json()["token"] for answer in begun],
        )


@contextmanager
def served(folder: Path, *, database_url: str = "", redis_url: str = "") -> Iterator[Served]:
    """Start the product in ``folder``; on PostgreSQL and Redis where they are given, else as `make run` does."""
    product_of = _services(folder, database_url, redis_url) if database_url else _embedded(folder)
    with nothing_found() as linkedin, product_of as product:
        for platform, options in (ACCOUNTS | {"linkedin": (*ACCOUNTS["linkedin"], "--api-base", linkedin)}).items():
            product.accounts[platform] = product.manage(
                "account", "add", "--platform", platform, "--name", "Fuzz", *options
            )
        product.query("UPDATE integrations_platformaccount SET bot_enabled = false")
        yield product


class _NotFound(BaseHTTPRequestHandler):
    """Answers as LinkedIn does about what it does not have."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = json.dumps({"status": 404, "code": "NOT_FOUND", "message": "Not Found"}).encode()
        self.send_response(404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def nothing_found() -> Iterator[str]:
    """The address of a LinkedIn that has nothing it is asked for: where a body was robbed of its words, that is asked for them."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _NotFound) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def _embedded(folder: Path) -> Iterator[Served]:
    def query(sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(folder / "product" / "db.sqlite3", timeout=30)) as connection, connection:
            return list(connection.execute(sql))

    with start_product(folder / "product", demo=False, **UNLIMITED) as product:
        yield Served(
            shape="embedded, SQLite",
            port=int(product.environment["PORT"]),
            pids=(product.process.pid,),
            logs=(product.log,),
            query=query,
            manage=product.manage_json,
        )


@contextmanager
def _services(folder: Path, database_url: str, redis_url: str) -> Iterator[Served]:
    folder.mkdir(parents=True, exist_ok=True)
    (port,) = free_ports(1)
    name = f"fuzz_{os.getpid()}_{port}"
    own_url = urlunsplit(urlsplit(database_url)._replace(path=f"/{name}"))
    environment = _production(folder, own_url, redis_url, port)

    def query(sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(own_url, autocommit=True) as connection:
            found = connection.execute(sql.encode())
            return found.fetchall() if found.description else []

    commands = {
        "ingest": (
            *(str(BIN / "granian"), "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
            *("--no-access-log", "supportagent.wsgi:application"),
        ),
        "sweeper": (sys.executable, "manage.py", "work"),
    }  # fmt: skip
    with ExitStack() as stack:
        _administer(database_url, f"CREATE DATABASE {name}")
        stack.callback(_administer, database_url, f"DROP DATABASE {name} WITH (FORCE)")
        stack.callback(redis.Redis.from_url(redis_url).delete, "celery")
        for order in (("migrate", "--verbosity", "0"), ("setup",)):
            _manage(environment, *order)
        running = {}
        for process, command in commands.items():
            with (folder / f"{process}.log").open("ab") as log:
                running[process] = subprocess.Popen(
                    command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
                )  # fmt: skip
            stack.callback(stop, running[process])
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/health/ready"), seconds=90, what="the product to be ready")
        # Its engine is not growth: what is weighed first is the product with everything it keeps.
        sweepers_log = folder / "sweeper.log"
        wait_until(
            lambda: ENGINE_READY in sweepers_log.read_text(), seconds=90, what="the sweeper's engine to be loaded"
        )
        yield Served(
            shape="services, PostgreSQL and Redis",
            port=port,
            pids=tuple(process.pid for process in running.values()),
            logs=tuple(folder / f"{process}.log" for process in running),
            query=query,
            manage=lambda *command: json.loads(_manage(environment, *command)),
        )


def _production(folder: Path, database_url: str, redis_url: str, port: int) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    return kept | {
        "ENV_FILE": os.devnull,
        "VAR_DIR": str(folder / "var"),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        # No worker runs, so that memory is the door's and the sweeper's; what is rung is thrown away at the end.
        "CELERY_BROKER_URL": redis_url,
        "SECRET_KEY": "only-for-the-fuzz-0123456789-abcdefghijklmnopqrstuvwxyz",
        "FIELD_ENCRYPTION_KEYS": urlsafe_b64encode(b"only-for-the-fuzz-32-bytes-long!").decode(),
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "HTTPS": "0",
        "TRUSTED_PROXIES": "0",
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "EGRESS_ALLOW": "127.0.0.1:*",
        "STATIC_FROM_SOURCE": "1",
        "DEMO": "0",
        "PYTHONUNBUFFERED": "1",
        **UNLIMITED,
    }


def _manage(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"manage.py {command[0]}: {done.stderr[-2000:]}"
    return done.stdout


def _administer(database_url: str, sql: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(sql.encode())
