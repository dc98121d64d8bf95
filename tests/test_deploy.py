"""Production's files, as far as they can be judged without a container engine: none was built here."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.core.management import get_commands
from django.db import connection
from django.utils import timezone
from django.utils.module_loading import import_string

from core.models import WorkerHeartbeat
from supportagent import heartbeats
from tests.product import free_ports
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent
SERVICES = {"postgres", "redis", "setup", "ingest", "live", "worker", "sweeper", "beat", "nginx"}
OURS = SERVICES - {"postgres", "redis", "nginx"}


def compose() -> dict[str, Any]:
    """The compose file, read."""
    read: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return read


def test_compose_has_each_kind_of_process_and_nothing_else() -> None:
    services = compose()["services"]

    assert set(services) == SERVICES


@pytest.mark.django_db  # the door reads its keys as it starts
@pytest.mark.parametrize("name", sorted(OURS))
def test_each_process_of_ours_starts_something_that_exists(name: str) -> None:
    command = compose()["services"][name]["command"]

    words = command[2].split() if command[0] == "sh" else command
    started = [after for before, after in pairwise(words) if before == "manage.py"]
    if started:
        assert set(started) <= set(get_commands())
    else:
        assert (Path(sys.executable).parent / command[0]).is_file()
        for word in command[1:]:
            if word.startswith("supportagent.") and ":" in word:
                assert callable(import_string(word.replace(":", ".")))


@pytest.mark.parametrize("name", sorted(SERVICES - {"setup", "beat"}))
def test_each_lasting_process_says_whether_it_is_well(name: str) -> None:
    assert compose()["services"][name]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_processes_may_do_little_and_wait_for_what_they_need(name: str) -> None:
    service = compose()["services"][name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    conditions = {other: wait["condition"] for other, wait in service["depends_on"].items()}
    assert conditions["postgres"] == "service_healthy"
    if name != "setup":
        assert conditions == {
            "postgres": "service_healthy", "redis": "service_healthy", "setup": "service_completed_successfully"
        }  # fmt: skip


def test_every_secret_of_the_compose_file_is_a_file() -> None:
    read = compose()
    handed = {name: set(service.get("secrets", ())) for name, service in read["services"].items()}

    assert all(secret["file"].startswith("./deploy/secrets/") for secret in read["secrets"].values())
    assert set().union(*handed.values()) == set(read["secrets"])
    for name in OURS:
        variables = read["services"][name]["environment"]
        assert {variables[f"{key}_FILE"] for key in ("DATABASE_URL", "SECRET_KEY", "FIELD_ENCRYPTION_KEYS")} == {
            f"/run/secrets/{secret}" for secret in handed[name]
        }
        assert not {"SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "DATABASE_URL"} & set(variables)
    assert "POSTGRES_PASSWORD" not in read["services"]["postgres"]["environment"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_each_process_is_bounded(name: str) -> None:
    service = compose()["services"][name]

    assert service["mem_limit"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["logging"]["options"]["max-size"]


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_pages_are_served_by_the_command_of_live_and_end_when_told(tmp_path: Path) -> None:
    database = connection.settings_dict
    address = tmp_path / "database_url"
    address.write_text(f"postgres://{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}\n")
    (port,) = free_ports(1)
    command = [sys.executable, *compose()["services"]["live"]["command"][1:-1], str(port)]
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}

    process = subprocess.Popen(command, cwd=ROOT, env=environment | {"DATABASE_URL_FILE": str(address)})
    try:
        wait_until(lambda: process.poll() is not None or port_answers(port), what="live")
        answer = httpx2.get(f"http://127.0.0.1:{port}/health/ready")
        assert (answer.status_code, answer.json()) == (200, {"status": "ready"})
    finally:
        process.terminate()

    assert process.wait(timeout=20) == 0


def test_the_image_holds_each_app_and_runs_as_nobody_special() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}

    assert [line.split()[1] for line in lines if line.startswith("USER ")] == ["supportagent"]
    apps = {folder.name for folder in ROOT.iterdir() if (folder / "apps.py").is_file() or folder.name == "simulator"}
    assert apps | {"templates", "static", "manage.py", "requirements.txt", "requirements-models.txt"} <= let_in


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """A client of nginx running our configuration, before an `ingest` and a `live` that answer with their names."""
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if nginx is None:
        pytest.skip("no nginx: install it to have its configuration tried")
    folder = tmp_path_factory.mktemp("nginx")
    write_certificate(folder)
    http_port, https_port = free_ports(2)
    with named_server("ingest") as ingest_port, named_server("live") as live_port:
        configuration = folder / "nginx.conf"
        configuration.write_text(at_home(folder, http_port, https_port, ingest_port, live_port))
        process = subprocess.Popen([nginx, "-c", configuration, "-g", "daemon off;"], stderr=subprocess.PIPE)
        try:
            with httpx2.Client(base_url=f"https://127.0.0.1:{https_port}", verify=False) as client:
                wait_until(lambda: process.poll() is not None or port_answers(https_port), what="nginx")
                assert process.poll() is None, process.stderr.read() if process.stderr else ""
                yield client
        finally:
            process.send_signal(signal.SIGQUIT)
            process.communicate(timeout=10)


@pytest.mark.parametrize(
    ("path", "process"),
    [
        ("/webhooks/tiktok/", "ingest"),
        ("/api/v1/conversations", "ingest"),
        ("/agent/status", "ingest"),
        ("/oauth/tiktok/callback", "ingest"),
        ("/admin/agent/configure", "ingest"),
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
    answer = proxy.get(path, headers={"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "http"})

    assert answer.json() == {"process": process, "for": "127.0.0.1", "proto": "https"}


def test_nginx_refuses_what_is_too_large_before_a_process_reads_it(proxy: httpx2.Client) -> None:
    answer = proxy.post("/webhooks/tiktok/", content=b"x" * 600_000)

    assert answer.status_code == 413


class Named(BaseHTTPRequestHandler):
    """Answers with its server's name and what it was told of the caller."""

    name = ""

    def do_GET(self) -> None:
        """Who answers, and on whose behalf the proxy says it asks."""
        told = {
            "process": self.name,
            "for": self.headers["X-Forwarded-For"],
            "proto": self.headers["X-Forwarded-Proto"],
        }
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name is the library's)
        """Say nothing."""


@contextmanager
def named_server(name: str) -> Iterator[int]:
    """A server that answers with its name, and its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Named,), {"name": name}))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def port_answers(port: int) -> bool:
    """Whether something listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def at_home(folder: Path, http_port: int, https_port: int, ingest_port: int, live_port: int) -> str:
    """Our configuration with this machine's ports and folders in place of the container's."""
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    # The directive is newer than the nginx of some distributions; HTTP/2 is not what is tried here.
    replaced = {
        "        http2 on;\n": "",
        "listen 8080": f"listen 127.0.0.1:{http_port}",
        "listen 8443": f"listen 127.0.0.1:{https_port}",
        "server ingest:8000": f"server 127.0.0.1:{ingest_port}",
        "server live:8000": f"server 127.0.0.1:{live_port}",
        "/dev/stdout": "/dev/null",
        " /tmp/": f" {folder}/",
        "/etc/nginx/certs": str(folder),
    }
    for old, new in replaced.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def write_certificate(folder: Path) -> None:
    """A certificate for nobody, good for an hour, as fullchain.pem and privkey.pem."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test.invalid")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(hours=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_a_silent_sweeper_is_not_well() -> None:
    database = connection.settings_dict
    address = f"postgres://{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    command = [sys.executable, "deploy/healthcheck.py", "process", "sweeper"]
    environment = os.environ | {"DATABASE_URL": address}

    before = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    heartbeats.beat("sweeper")
    alive = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    WorkerHeartbeat.objects.update(at=timezone.now() - timedelta(seconds=31))
    silent = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode

    assert (before, alive, silent) == (1, 0, 1)
