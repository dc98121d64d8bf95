"""The world outside, as far as tests need one: a name server, machines that note who rings, servers on loopback."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PUBLIC = "93.184.215.14"
Answering = Callable[[socket.socket], None]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """A name server: what each name leads to, one list for each time it is asked; the last one stays."""
    known: dict[str, list[list[str]]] = {}

    def look_up(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        try:
            ip_address(host)
            found = [host]
        except ValueError:
            if host not in known:
                raise socket.gaierror(socket.EAI_NONAME, "not known") from None
            found = known[host].pop(0) if len(known[host]) > 1 else known[host][0]
        kind = {4: socket.AF_INET, 6: socket.AF_INET6}
        return [
            (kind[ip_address(each).version], socket.SOCK_STREAM, 6, "", (each, port, 0, 0)[: 2 if "." in each else 4])
            for each in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were connected to. Nobody answers there."""
    addresses: list[str] = []

    def connect(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        addresses.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    return addresses


@contextmanager
def listening(answer: Answering, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server on loopback that gives each connection to ``answer``; its port."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            try:
                with tls.wrap_socket(connection, server_side=True) if tls else connection as open_connection:
                    open_connection.recv(65_536)
                    answer(open_connection)
            except OSError:
                continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(5)


def self_signed(name: str) -> tuple[bytes, bytes]:
    """A private key, and a certificate of its own for ``name`` that is good today, both as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    return (
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        signed.public_bytes(pem),
    )


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's side and a client's side that trust one certificate, for ``name``."""
    key, signed = self_signed(name)
    file = folder / "server.pem"
    file.write_bytes(key + signed)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cadata=signed.decode())
