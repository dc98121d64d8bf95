"""The way out: who may be called, that the judged machine is the one connected to, and that every exchange ends."""

import socket
import threading
import time
from pathlib import Path

import httpx2
import pytest
from pytest_django import Settings

from core import egress, http
from core.exceptions import AnswerTooLong, EgressRefused
from tests.outside import PUBLIC, certificate, listening


@pytest.fixture(autouse=True)
def _nobody_is_vouched_for(settings: Settings) -> None:
    settings.EGRESS_ALLOW = []


def call(url: str, *, seconds: float = 5.0, limit: int = 1000) -> http.Answer:
    """One GET."""
    with http.client() as client:
        return http.exchange(
            client, "GET", url, deadline=time.monotonic() + seconds, connect=min(3.0, seconds), limit=limit
        )


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3", "172.16.0.1", "192.168.7.7", "127.0.0.1", "0.0.0.1", "169.254.169.254", "100.64.0.1", "224.0.0.1",
        "255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1", "192.88.99.1",
        "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1",
        "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1",
        "2002:7f00:1::", "2002:808:808::", "2001:0:7f00:1::", "not-an-address",
    ],
)  # fmt: skip
def test_only_a_public_machine_of_its_own_counts_as_public(address: str) -> None:
    assert not egress.is_public(address)


@pytest.mark.parametrize("address", [PUBLIC, "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:81b::200e"])
def test_public_machines_are_public(address: str) -> None:
    assert egress.is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "//example.com/x", "",
        "https://name:word@example.com/", "https://name@example.com/", "https://intranet/", "https://localhost/",
        "https://localhost./", "https://example.com./", "https://.example.com/", "https://-a.example.com/",
        "https://127.1/", "https://0x7f.0.0.1/", "https://0177.0.0.1/", "https://3232235777/", "https://0x7f000001/", "https://1.2.3.4.5/",
        "https://10.0.0.8/", "https://[::1]/", "https://[::ffff:7f00:1]/", "https://[fe80::1%25eth0]/",
        "https://①②⑦.⓪.⓪.①/", "https://under_score.example.com/",
    ],
)  # fmt: skip
def test_an_address_of_this_form_is_never_called(
    url: str, names: dict[str, list[list[str]]], dialled: list[str]
) -> None:
    names["example.com"] = names["intranet"] = names["localhost"] = [[PUBLIC]]

    with pytest.raises((EgressRefused, httpx2.HTTPError, httpx2.InvalidURL)):
        call(url)

    assert dialled == []


def test_a_name_that_leads_to_a_private_machine_is_not_called(
    names: dict[str, list[list[str]]], dialled: list[str]
) -> None:
    names["inside.example.com"] = [["10.0.0.5"]]
    names["both.example.com"] = [[PUBLIC, "10.0.0.5"]]

    for name in ("inside.example.com", "both.example.com", "xn--nxasmq6b.both.example.com"):
        with pytest.raises((EgressRefused, httpx2.ConnectError)):
            call(f"https://{name}/")

    assert dialled == []


def test_what_was_judged_is_what_is_connected_to(names: dict[str, list[list[str]]], dialled: list[str]) -> None:
    names["rebinding.example.com"] = [[PUBLIC], ["127.0.0.1"]]

    with pytest.raises(httpx2.ConnectError):
        call("https://rebinding.example.com/")

    assert dialled == [PUBLIC]


def test_every_address_of_a_name_is_tried(names: dict[str, list[list[str]]], dialled: list[str]) -> None:
    names["twice.example.com"] = [["2606:4700:4700::1111", PUBLIC]]

    with pytest.raises(httpx2.ConnectError):
        call("https://twice.example.com/")

    assert dialled == ["2606:4700:4700::1111", PUBLIC]


def test_a_name_without_an_address_is_an_error_before_anything_left(names: dict[str, list[list[str]]]) -> None:
    assert names == {}

    with pytest.raises(httpx2.ConnectError):
        call("https://nowhere.example.com/")


def test_name_and_certificate_stay_those_of_the_address(
    names: dict[str, list[list[str]]], tmp_path: Path, settings: Settings
) -> None:
    ours, trusted = certificate(tmp_path, "shop.example.com")
    told: list[str | None] = []
    ours.sni_callback = lambda _socket, name, _context: told.append(name)
    names["shop.example.com"] = names["other.example.com"] = [["127.0.0.1"]]

    with listening(lambda line: line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), ours) as port:
        settings.EGRESS_ALLOW = [f"shop.example.com:{port}", f"other.example.com:{port}"]
        client = httpx2.Client(transport=http.GuardedTransport(trusted))
        right = client.get(f"https://shop.example.com:{port}/")
        with pytest.raises(httpx2.ConnectError, match="certificate"):
            client.get(f"https://other.example.com:{port}/")

    assert right.text == "hi"
    assert told[0] == "shop.example.com"


def test_a_redirect_is_an_answer_and_not_followed(settings: Settings) -> None:
    reply = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"

    with listening(lambda line: line.sendall(reply)) as port:
        settings.EGRESS_ALLOW = [f"127.0.0.1:{port}"]
        answer = call(f"http://127.0.0.1:{port}/")

    assert answer.status == 302


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nX: "], ids=["in its body", "before its head ends"])
def test_an_answer_that_trickles_ends_at_the_deadline(head: bytes, settings: Settings) -> None:
    ended = threading.Event()

    def trickle(line: socket.socket) -> None:
        line.sendall(head or b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not ended.wait(0.02):
            line.sendall(b"x")

    with listening(trickle) as port:
        settings.EGRESS_ALLOW = [f"127.0.0.1:{port}"]
        with pytest.raises(httpx2.TimeoutException):
            call(f"http://127.0.0.1:{port}/", seconds=0.3, limit=100_000)
        ended.set()


def test_an_answer_is_read_to_its_limit_and_no_further(settings: Settings) -> None:
    def endless(line: socket.socket) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
        while True:
            line.sendall(b"x" * 65_536)

    with listening(endless) as port:
        settings.EGRESS_ALLOW = [f"127.0.0.1:{port}"]
        with pytest.raises(AnswerTooLong):
            call(f"http://127.0.0.1:{port}/", limit=5_000_000)


def test_a_compressed_answer_is_not_unfolded(settings: Settings) -> None:
    reply = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"

    with listening(lambda line: line.sendall(reply)) as port:
        settings.EGRESS_ALLOW = [f"127.0.0.1:{port}"]
        with pytest.raises(httpx2.DecodingError):
            call(f"http://127.0.0.1:{port}/")


def test_with_a_proxy_only_what_the_operator_vouches_for_is_called_without_it(settings: Settings) -> None:
    asked: list[bytes] = []

    def proxy(line: socket.socket) -> None:
        line.sendall(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")

    def note(line: socket.socket) -> None:
        asked.append(b"direct")
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with listening(proxy) as proxy_port, listening(note) as port:
        settings.EGRESS_PROXY = f"http://127.0.0.1:{proxy_port}"
        settings.EGRESS_ALLOW = [f"127.0.0.1:{port}"]
        direct = call(f"http://127.0.0.1:{port}/")
        with pytest.raises(httpx2.ProxyError):
            call("https://example.com/")
        with pytest.raises(EgressRefused):
            call("https://10.0.0.1/")

    assert direct.status == 200
    assert asked == [b"direct"]
