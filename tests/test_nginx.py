"""What stands before production's processes, tried for real where nginx is installed."""

import json
import re
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import httpx2
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import ServerConnection, serve

from drill import wire
from tests.composed import compose
from tests.nginx import HERE, Proxy, anybody, running, serving
from tests.waiting import wait_until

PROBLEM = "application/problem+json"
ELSEWHERE = "127.0.0.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """What nginx finds behind it: at which address each process is now, and on which port for good."""

    ports: Mapping[str, int]
    addresses: dict[str, str] = field(default_factory=lambda: {"ingest": HERE, "live": HERE})


@pytest.fixture(scope="module")
def behind() -> Iterator[Behind]:
    """An `ingest` and a `live` that answer with their names."""
    with named_server("ingest") as ingest_port, named_server("live") as live_port:
        yield Behind(ports={"ingest": ingest_port, "live": live_port})


@pytest.fixture(scope="module")
def nginx(behind: Behind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Our configuration before them, and a name server that tells where they are."""
    with running(tmp_path_factory.mktemp("nginx"), behind.addresses, behind.ports) as proxy:
        yield proxy


@pytest.fixture
def proxy(nginx: Proxy) -> httpx2.Client:
    """A client of nginx."""
    return nginx.client


@pytest.mark.parametrize(
    ("path", "process"),
    [
        ("/webhooks/tiktok/", "ingest"),
        ("/api/v1/conversations", "ingest"),
        ("/agent/status", "ingest"),
        ("/oauth/tiktok/callback", "ingest"),
        ("/admin/agent/configure", "ingest"),
        ("/admin/agent/train/", "ingest"),
        ("/admin/escalate/7", "ingest"),
        ("/admin/override/7/", "ingest"),
        ("/admin/agent/", "live"),
        ("/admin/agent/release/", "live"),
        ("/admin/agent/status/more", "live"),
        ("/admin/logs", "ingest"),
        ("/chat/0123456789abcdef/session", "ingest"),
        ("/chat/0123456789abcdef/", "live"),
        ("/admin/agents/", "live"),
        ("/admin/", "live"),
        ("/ws/workspace/", "live"),
        ("/workspace/", "live"),
        ("/", "live"),
    ],
)
def test_nginx_sends_programs_to_ingest_and_people_to_live(proxy: httpx2.Client, path: str, process: str) -> None:
    answer = proxy.get(f"{path}?page=2", headers={"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "http"})

    told = answer.json()
    assert (told["process"], told["path"]) == (process, f"{path}?page=2")
    assert (told["x-forwarded-for"], told["x-forwarded-proto"], told["connection"]) == (HERE, "https", "close")


def test_nginx_finds_a_container_that_was_made_anew_at_another_address(proxy: httpx2.Client, behind: Behind) -> None:
    def answers() -> str:
        return str(proxy.get("/webhooks/tiktok/").json()["process"])

    assert answers() == "ingest"
    with named_server("made anew", ELSEWHERE, behind.ports["ingest"]):
        behind.addresses["ingest"] = ELSEWHERE
        wait_until(lambda: answers() == "made anew", what="the new address")
        behind.addresses["ingest"] = HERE
        wait_until(lambda: answers() == "ingest", what="the old address")


def test_a_pages_socket_is_passed_on_both_ways(nginx: Proxy, behind: Behind) -> None:
    address = f"wss://{nginx.client.base_url.host}:{nginx.client.base_url.port}/ws/workspace/?after=7"

    def echo(page: ServerConnection) -> None:
        for frame in page:
            page.send(f"{page.request and page.request.path} {frame!s}")

    def opened() -> ClientConnection | None:
        with suppress(InvalidStatus):
            return connect(address, ssl=anybody(), proxy=None)
        return None

    with serve(echo, ELSEWHERE, behind.ports["live"]) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        behind.addresses["live"] = ELSEWHERE
        page = wait_until(opened, what="the new address")
        assert page is not None
        with page:
            page.send("Hello")
            assert page.recv(timeout=10) == "/ws/workspace/?after=7 Hello"
        server.shutdown()
    behind.addresses["live"] = HERE
    wait_until(lambda: nginx.client.get("/").status_code == 200, what="the old address")


def test_who_asks_a_process_that_is_nowhere_is_told_to_try_again_and_the_other_one_is_served(
    proxy: httpx2.Client, behind: Behind
) -> None:
    del behind.addresses["ingest"]
    try:
        wait_until(lambda: proxy.get("/webhooks/tiktok/").status_code == 503, what="ingest to be gone")
        refused = proxy.get("/webhooks/tiktok/")

        assert (refused.headers["Content-Type"], refused.json()["code"]) == (PROBLEM, "service-unavailable")
        assert (refused.headers["Retry-After"], refused.headers["X-Content-Type-Options"]) == ("5", "nosniff")
        assert "max-age" in refused.headers["Strict-Transport-Security"]
        assert proxy.get("/workspace/").json()["process"] == "live"
    finally:
        behind.addresses["ingest"] = HERE
    wait_until(lambda: proxy.get("/webhooks/tiktok/").status_code == 200, what="ingest to be back")


def test_each_request_has_an_id_of_nginxs_own_which_it_writes_down(nginx: Proxy) -> None:
    told = nginx.client.get("/webhooks/tiktok/", headers={"X-Request-ID": "somebody-elses"}).json()

    assert re.fullmatch("[0-9a-f]{32}", told["x-request-id"])
    wait_until(lambda: told["x-request-id"] in nginx.log.read_text(), what="its line")
    (line,) = [line for line in nginx.log.read_text().splitlines() if line.endswith(f" {told['x-request-id']}")]
    assert '"GET /webhooks/tiktok/" 200' in line


def test_the_health_check_of_the_compose_file_is_answered(nginx: Proxy) -> None:
    address = urlsplit(compose()["services"]["nginx"]["healthcheck"]["test"][-1])

    assert address.port == 8080
    assert wire.get(f"http://127.0.0.1:{nginx.http_port}{address.path}").status_code == 204


def test_nginx_refuses_what_is_too_large_before_a_process_reads_it(proxy: httpx2.Client) -> None:
    answer = proxy.post("/webhooks/tiktok/", content=b"x" * 600_000)

    assert (answer.status_code, answer.headers["Content-Type"]) == (413, PROBLEM)
    assert answer.json()["code"] == "body-too-large"


def test_what_staff_import_passes(proxy: httpx2.Client) -> None:
    answer = proxy.post("/admin/agent/importjob/add/", content=b"x" * 10_000_000)

    assert answer.json()["process"] == "live"


def test_nginx_keeps_slow_bodies_to_itself_and_ends_them(nginx: Proxy, proxy: httpx2.Client) -> None:
    head = b"POST /webhooks/tiktok HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n{"
    with ExitStack() as stack:
        slow: list[ssl.SSLSocket] = []

        def are_kept_and_hold_all() -> bool:
            for connection in slow:
                connection.sendall(b" ")
            return len(slow) == 12 and proxy.get("/webhooks/tiktok/").status_code == 503

        for _ in range(12):
            slow.append(stack.enter_context(nginx.connection()))
            slow[-1].sendall(head)
            are_kept_and_hold_all()
        # A byte now and then keeps a connection, and nothing behind hears of it: all others are served, from elsewhere.
        wait_until(are_kept_and_hold_all, what="the bound of one address")
        # Without another byte each is ended, and the address is served again.
        assert [connection.recv(100) for connection in slow] == [b""] * 12

    wait_until(lambda: proxy.get("/webhooks/tiktok/").status_code == 200, what="the bound to be free again")


class Named(BaseHTTPRequestHandler):
    """Answers with its server's name and what it was told of the request."""

    name = ""

    def do_GET(self) -> None:
        """Who answers, what is asked for, and on whose behalf the proxy says it asks."""
        told = {"process": self.name, "path": self.path}
        told |= {name.lower(): value for name, value in self.headers.items()}
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """The same, once all was read."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name is the library's)
        """Say nothing."""


@contextmanager
def named_server(name: str, address: str = HERE, port: int = 0) -> Iterator[int]:
    """A server that answers with its name, and its port."""
    server = ThreadingHTTPServer((address, port), type("Handler", (Named,), {"name": name}))
    with serving(server):
        yield server.server_port
