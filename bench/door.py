"""Durable acks a second: our door with a full and an empty inbox, a bare view and PostgreSQL's own least honest transaction, in turns."""

import hashlib
import hmac
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from bench.figures import Figure, Figures, median, percentile
from bench.inbox import Inbox
from bench.sizes import Sizes
from drill.accounts import TIKTOK_KEY
from drill.ports import free_port
from drill.rig import ROOT, DrillFailed, Rig, wait_for
from drill.servers import Servers
from drill.shapes import BIN

DATABASE = "bench"
# What the product does once only is done before anything counts, and leaves an event to fill the inbox with.
WARM_SECONDS = 1.0
CONNECTED_SECONDS = 60.0
# DECISIONS 9: the door at 32 connections, as a share of the transaction, and the slowest of a hundred answers.
MUST_SHARE, AIM_SHARE = {8: 0.3, 32: 0.33}, {8: 0.9, 32: 2.0}
MUST_P99_MS, AIM_P99_MS = 90.0, 15.0
TABLES = """
    CREATE TABLE bench_inbox (id bigserial PRIMARY KEY, key text UNIQUE NOT NULL, body bytea NOT NULL);
    CREATE TABLE bench_customer (id bigserial PRIMARY KEY, name text UNIQUE NOT NULL, seen int NOT NULL DEFAULT 0);
    CREATE TABLE bench_thread (id bigserial PRIMARY KEY, name text UNIQUE NOT NULL, last int NOT NULL DEFAULT 0);
    CREATE TABLE bench_message (id bigserial PRIMARY KEY, thread text NOT NULL, key text UNIQUE NOT NULL, body text NOT NULL);
"""
# The least inbound transaction that keeps every promise: known again, customer and thread kept, the message written.
TRANSACTION = r"""
\set who random(1, 5000)
BEGIN;
INSERT INTO bench_inbox (key, body) VALUES (gen_random_uuid()::text, convert_to(repeat('x', 400), 'UTF8')) ON CONFLICT DO NOTHING;
INSERT INTO bench_customer (name) VALUES ('c' || :who) ON CONFLICT (name) DO UPDATE SET seen = bench_customer.seen + 1;
INSERT INTO bench_thread (name) VALUES ('t' || :who) ON CONFLICT (name) DO UPDATE SET last = bench_thread.last + 1;
INSERT INTO bench_message (thread, key, body) VALUES ('t' || :who, gen_random_uuid()::text, repeat('x', 200));
END;
"""


def measure(rig: Rig, servers: Servers, figures: Figures, sizes: Sizes) -> None:
    """At 8 and at 32 connections; what else the product runs is ended, so that the door is what is measured."""
    if shutil.which("pgbench") is None:
        raise DrillFailed("The door is compared with pgbench: install PostgreSQL's programs.")
    for name in ("worker", "sweeper", "beat", "live"):
        if rig.runs(name):
            rig.kill(name)
    knock(rig.port, 8, signer(rig.app_secret), seconds=WARM_SECONDS)
    with (
        _database(servers),
        _bare_view(servers) as bare_port,
        psycopg.connect(rig.database.url, autocommit=True) as own,
    ):
        inbox = Inbox(own)
        for connections in (8, 32):
            acks: dict[str, list[float]] = {"door": [], "empty": [], "bare": [], "pgbench": []}
            slowest: dict[str, list[float]] = {"door": [], "empty": []}
            for _ in range(sizes.rounds):
                acks["pgbench"].append(_pgbench(servers, rig.folder, connections, seconds=sizes.seconds))
                acks["bare"].append(knock(bare_port, connections, signer(rig.app_secret), seconds=sizes.seconds)[0])
                for name, kept in (("empty", 0), ("door", sizes.kept)):
                    inbox.fill(kept)
                    own.execute("VACUUM ANALYZE integrations_webhookevent")
                    rate, waits = knock(rig.port, connections, signer(rig.app_secret), seconds=sizes.seconds)
                    acks[name].append(rate)
                    slowest[name].append(1000 * percentile(waits, 0.99))
            rates = {name: median(found) for name, found in acks.items()}
            _tell(
                figures, connections, rates, {name: median(found) for name, found in slowest.items()}, kept=sizes.kept
            )


def _tell(figures: Figures, connections: int, acks: dict[str, float], p99: dict[str, float], *, kept: int) -> None:
    """What is judged is the door beside an inbox that is not empty, as it never is."""
    figures.tell(
        Figure(
            name=f"door: durable acks a second at {connections} connections, as a share of pgbench's",
            value=acks["door"] / acks["pgbench"], unit="x", must=MUST_SHARE[connections], aim=AIM_SHARE[connections],
            detail=f"door {acks['door']:,.0f}/s with {kept:,} events kept, bare view {acks['bare']:,.0f}/s, "
            f"pgbench {acks['pgbench']:,.0f}/s",
        )
    )  # fmt: skip
    figures.tell(
        Figure(
            name=f"door: the same with {kept:,} events kept, as a share of none kept", value=acks["door"] / acks["empty"],
            unit="x", detail=f"none kept: {acks['empty']:,.0f}/s",
        )
    )  # fmt: skip
    is_many = connections == 32
    figures.tell(
        Figure(
            name=f"door: p99 at {connections} connections", value=p99["door"], unit="ms", less_is_better=True,
            must=MUST_P99_MS if is_many else None, aim=AIM_P99_MS if is_many else None,
            detail=f"none kept: {p99['empty']:.0f} ms",
        )
    )  # fmt: skip


@contextmanager
def _database(servers: Servers) -> Iterator[None]:
    with psycopg.connect(servers.database_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}".encode())
    with psycopg.connect(
        urlunsplit(urlsplit(servers.database_url)._replace(path=DATABASE)), autocommit=True
    ) as connection:
        connection.execute(TABLES.encode())
    yield


@contextmanager
def _bare_view(servers: Servers) -> Iterator[int]:
    port = free_port()
    command = (
        str(BIN / "granian"),
        "--interface",
        "wsgi",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
    )
    environment = os.environ | {"BENCH_DATABASE": f"{DATABASE},{servers.postgres_port}"}
    process = subprocess.Popen(
        [*command, "bench.bare:application"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )  # fmt: skip
    try:
        wait_for(lambda: _listens(port), seconds=30, what="the bare view")
        yield port
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _pgbench(servers: Servers, folder: Path, connections: int, *, seconds: float) -> float:
    script = folder / "transaction.sql"
    script.write_text(TRANSACTION, encoding="utf-8")
    where = ("-h", "127.0.0.1", "-p", str(servers.postgres_port), "-U", "postgres", DATABASE)
    told = subprocess.run(
        ["pgbench", "-n", "-c", str(connections), "-j", "1", "-T", str(max(1, round(seconds))), "-f", str(script), *where],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = re.search(r"tps = ([0-9.]+)", told.stdout)
    if found is None:
        raise DrillFailed(f"pgbench failed: {told.stderr[-500:]}")
    return float(found[1])


def signer(secret: str) -> Callable[[int, int], bytes]:
    """Makes the whole request of one more message, as TikTok signs and sends it."""
    run = time.monotonic_ns()

    def request(caller: int, number: int) -> bytes:
        name = b64encode(f"{run}-{caller}-{number}".encode()).decode()
        content = {
            "from": "somebody", "to": "drill", "conversation_id": f"thread-{number % 500}", "message_id": name,
            "timestamp": int(time.time() * 1000), "type": "text", "text": {"body": "How long does delivery take?"},
            "from_user": {"id": f"customer-{number % 500}", "role": "personal_account"},
            "to_user": {"id": "drill", "role": "business_account"},
        }  # fmt: skip
        envelope = {
            "client_key": TIKTOK_KEY, "event": "im_receive_msg", "create_time": int(time.time()), "user_openid": "drill",
            "content": json.dumps(content),
        }  # fmt: skip
        body = json.dumps(envelope).encode()
        moment = int(time.time())
        proof = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
        head = (
            "POST /webhooks/tiktok HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Tiktok-Signature: t={moment},s={proof}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    return request


def knock(
    port: int, connections: int, request: Callable[[int, int], bytes], *, seconds: float
) -> tuple[float, list[float]]:
    """Acks a second over so many kept connections, and the seconds that each took. Raises DrillFailed."""
    waits: list[list[float]] = [[] for _ in range(connections)]
    refused: list[bytes] = []
    begin = threading.Barrier(connections + 1, timeout=CONNECTED_SECONDS)

    def call(caller: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as wire:
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            begin.wait()
            ends = time.monotonic() + seconds
            while time.monotonic() < ends:
                order = request(caller, len(waits[caller]))
                begun = time.monotonic()
                wire.sendall(order)
                answer = _answer(wire)
                waits[caller].append(time.monotonic() - begun)
                if not answer.startswith(b"HTTP/1.1 200"):
                    refused.append(answer)
                    return

    threads = [threading.Thread(target=call, args=(number,), daemon=True) for number in range(connections)]
    for thread in threads:
        thread.start()
    try:
        begin.wait()
    except threading.BrokenBarrierError:
        raise DrillFailed(f"Not all of {connections} callers could connect.") from None
    begun = time.monotonic()
    for thread in threads:
        thread.join()
    took = time.monotonic() - begun
    if refused:
        raise DrillFailed(f"The door refused: {refused[0][:300]!r}")
    everything = [wait for each in waits for wait in each]
    return len(everything) / took, everything


def _answer(wire: socket.socket) -> bytes:
    """One whole answer; each says how long it is."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += _more(wire)
    head, _, rest = got.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: *([0-9]+)", head, re.IGNORECASE)
    while length is not None and len(rest) < int(length[1]):
        rest += _more(wire)
    return head


def _more(wire: socket.socket) -> bytes:
    piece = wire.recv(65_536)
    if not piece:
        raise DrillFailed("The door closed the connection.")
    return piece
