"""nginx with the configuration that stands before production's processes, and a name server that tells where they are."""

import os
import shutil
import signal
import socket
import socketserver
import ssl
import struct
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from drill import wire
from drill.ports import free_ports
from tests.outside import self_signed
from tests.product import ROOT
from tests.waiting import wait_until

HERE = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A running nginx: a client of it, its port for those who come without encryption, and what it writes down."""

    client: httpx2.Client
    http_port: int
    log: Path

    def connection(self) -> ssl.SSLSocket:
        """A connection of one's own, encrypted."""
        port = self.client.base_url.port or 0
        return anybody().wrap_socket(socket.create_connection((HERE, port), timeout=10))


def anybody() -> ssl.SSLContext:
    """Encryption with whoever answers: its certificate is nobody's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@contextmanager
def running(folder: Path, addresses: Mapping[str, str], ports: Mapping[str, int]) -> Iterator[Proxy]:
    """nginx before `ingest` and `live`, each at its address of now and its port; skips the test where it is not installed."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if program is None:
        pytest.skip("no nginx: install it to have its configuration tried")
    key, signed = self_signed("test.invalid")
    (folder / "privkey.pem").write_bytes(key)
    (folder / "fullchain.pem").write_bytes(signed)
    http_port, https_port = free_ports(2)
    with name_server(addresses) as names_port:
        configuration = folder / "nginx.conf"
        configuration.write_text(at_home(folder, http_port, https_port, names_port, ports))
        # Its workers give up root's rights, and nobody else may look into this folder.
        ours = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")
        process = subprocess.Popen([program, "-c", configuration, "-g", ours], stderr=subprocess.PIPE)
        try:
            with wire.Client(base_url=f"https://127.0.0.1:{https_port}", verify=False) as client:
                wait_until(lambda: process.poll() is not None or port_answers(https_port), what="nginx")
                assert process.poll() is None, process.stderr.read() if process.stderr else ""
                yield Proxy(client=client, http_port=http_port, log=folder / "access.log")
        finally:
            process.send_signal(signal.SIGQUIT)
            process.communicate(timeout=10)


@contextmanager
def name_server(addresses: Mapping[str, str]) -> Iterator[int]:
    """Docker's name server in small: each name's one address, as long as there is one; its port."""

    class Asked(socketserver.BaseRequestHandler):
        """Looks again for each question."""

        def handle(self) -> None:
            question, reply = self.request
            reply.sendto(answer_to(question, addresses), self.client_address)

    server = socketserver.UDPServer((HERE, 0), Asked)
    with serving(server):
        yield int(server.server_address[1])


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    """Let a server answer in a thread of its own."""
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def answer_to(question: bytes, addresses: Mapping[str, str]) -> bytes:
    """What DNS says to a question for one IPv4 address: that, to be kept for long, or that there is no such name."""
    labels, at = [], 12
    while length := question[at]:
        labels.append(question[at + 1 : at + 1 + length].decode())
        at += 1 + length
    address = addresses.get(".".join(labels))
    counts = struct.pack(">HHHHH", 0x8180 if address else 0x8183, 1, 1 if address else 0, 0, 0)
    record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 600, 4) + socket.inet_aton(address) if address else b""
    return question[:2] + counts + question[12 : at + 5] + record


def port_answers(port: int) -> bool:
    """Whether something listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def at_home(folder: Path, http_port: int, https_port: int, names_port: int, ports: Mapping[str, int]) -> str:
    """Our configuration with this machine's ports and folders in place of the container's."""
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    # The directive is newer than the nginx of some distributions; HTTP/2 is not what is tried here.
    replaced = {
        "        http2 on;\n": "",
        "listen 8080": f"listen 127.0.0.1:{http_port}",
        "listen 8443": f"listen 127.0.0.1:{https_port}",
        "set $ingest ingest:8000": f"set $ingest ingest:{ports['ingest']}",
        "set $live live:8000": f"set $live live:{ports['live']}",
        " /spool/": f" {folder}/",
        "pid /tmp/": f"pid {folder}/",
        "/dev/stdout": str(folder / "access.log"),
        # Tests wait less long.
        "resolver 127.0.0.11 valid=5s": f"resolver 127.0.0.1:{names_port} valid=1s",
        "client_body_timeout 10s": "client_body_timeout 3s",
        "limit_conn callers 256": "limit_conn callers 12",
        "/etc/nginx/certs": str(folder),
    }
    for old, new in replaced.items():
        assert old in text, old
        text = text.replace(old, new)
    return text
