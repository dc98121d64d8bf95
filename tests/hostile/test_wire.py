"""What is wrong with a request before it is one: lengths, pieces, headers, and time. Against the real servers."""

import hashlib
import hmac
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from tests import environment
from tests.fuzz.served import SECRET, Served, served
from tests.hostile.cases import covers
from tests.integrations.tiktok import text_event

pytestmark = pytest.mark.xdist_group("products")

HEAD = b"POST /webhooks/tiktok HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
ANSWER_SECONDS = 20


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The servers that webhooks meet: `make run`'s, or production's behind nginx."""
    folder = tmp_path_factory.mktemp("wire")
    with served(folder, database_url=environment.DATABASE_URL, redis_url=environment.REDIS_URL) as running:
        yield running


def signature_line(body: bytes) -> bytes:
    """The header that proves a body now."""
    now = int(time.time())
    digest = hmac.new(SECRET.encode(), b"%d." % now + body, hashlib.sha256).hexdigest()
    return f"Tiktok-Signature: t={now},s={digest}\r\n".encode()


def length_line(length: int) -> bytes:
    """The header that says how long the body is."""
    return b"Content-Length: %d\r\n" % length


def talk(product: Served, *pieces: bytes, finish: bool = False) -> bytes:
    """What comes back until the other end closes, or enough for one answer; nothing is sent after ``pieces``."""
    said = b""
    with socket.create_connection(("127.0.0.1", product.port), timeout=ANSWER_SECONDS) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
            if finish:
                # The other end may have hung up already; what it said before is still to be read.
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65_536):
                said += piece
        except (BrokenPipeError, ConnectionResetError):
            pass
    return said


def statuses(said: bytes) -> list[int]:
    """The statuses in what came back, in order."""
    return [int(part[1:4]) for part in said.split(b"HTTP/1.1")[1:]]


def events(product: Served, message_id: str) -> int:
    """How many rows an event with this id left."""
    sql = f"SELECT count(*) FROM integrations_webhookevent WHERE event_key = 'msg:{message_id}'"  # noqa: S608  (a constant)
    return int(product.query(sql)[0][0])


def test_a_body_in_pieces_is_a_body(product: Served) -> None:
    body = text_event("Hello", message_id="wire-chunks")
    pieces = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:7], body[7:8], body[8:]))

    said = talk(
        product, HEAD + signature_line(body) + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n", pieces + b"0\r\n\r\n"
    )  # fmt: skip

    assert statuses(said) == [200]
    assert events(product, "wire-chunks") == 1


def test_two_requests_in_one_breath_get_two_answers(product: Served) -> None:
    bodies = [text_event("Hello", message_id=f"wire-pipe-{number}") for number in range(2)]
    one, two = (HEAD + signature_line(body) + length_line(len(body)) for body in bodies)

    said = talk(product, one + b"\r\n" + bodies[0] + two + b"Connection: close\r\n\r\n" + bodies[1])

    assert statuses(said) == [200, 200]
    assert [events(product, f"wire-pipe-{number}") for number in range(2)] == [1, 1]


@covers("W-023")
def test_a_length_over_the_limit_is_refused_before_the_body_was_sent(product: Served) -> None:
    said = talk(product, HEAD + length_line(263_168) + b"Connection: close\r\n\r\n", b"{")

    assert statuses(said) == [413]


@covers("W-023")
def test_a_body_over_the_limit_is_refused_though_it_names_no_length(product: Served) -> None:
    piece = b"8000\r\n" + b"A" * 0x8000 + b"\r\n"

    said = talk(product, HEAD + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n", *[piece] * 9, b"0\r\n\r\n")

    assert statuses(said) == [413]


@covers("W-023")
def test_who_sends_all_of_a_long_body_reads_why_it_was_refused(product: Served) -> None:
    answer = httpx2.post(
        f"http://127.0.0.1:{product.port}/webhooks/tiktok",
        content=b"A" * 263_168,
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code == 413
    assert "detail" in answer.json()


@covers("W-022")
def test_what_would_grow_a_millionfold_is_refused_packed(product: Served) -> None:
    packed = b"\x1f\x8b\x08" + b"\x00" * 1_000

    said = talk(
        product,
        HEAD
        + signature_line(packed)
        + length_line(len(packed))
        + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n"
        + packed,
    )

    assert statuses(said) == [415]


@pytest.mark.parametrize(
    "lengths",
    [b"Content-Length: -1\r\n", b"Content-Length: x\r\n", b"Content-Length: 1\r\nContent-Length: 2\r\n", b"Content-Length: 99999999999999999999\r\n",
     b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", b"Transfer-Encoding: nonsense\r\n"],
)  # fmt: skip
def test_a_length_that_cannot_be_leaves_nothing(product: Served, lengths: bytes) -> None:
    before = product.query("SELECT count(*) FROM integrations_webhookevent")

    said = talk(product, HEAD + signature_line(b"{}") + lengths + b"Connection: close\r\n\r\n{}", finish=True)

    assert all(400 <= status < 500 for status in statuses(said)), said
    assert product.query("SELECT count(*) FROM integrations_webhookevent") == before


def test_a_body_that_ends_early_leaves_nothing(product: Served) -> None:
    body = text_event("Hello", message_id="wire-short")

    said = talk(product, HEAD + signature_line(body) + length_line(len(body) + 50) + b"\r\n" + body, finish=True)

    assert all(400 <= status < 500 for status in statuses(said)), said
    assert events(product, "wire-short") == 0


@covers("W-026")
@pytest.mark.parametrize(
    "headers",
    [b"X-A: b\r\n" * 20_000, b"X-A: " + b"b" * 1_000_000 + b"\r\n", b"".join(b"X-%d: b\r\n" % number for number in range(20_000)), b"Cookie: a=b\r\n" * 5_000],
    ids=["repeated", "long", "many", "cookies"],
)  # fmt: skip
def test_too_many_headers_are_refused_by_the_server(product: Served, headers: bytes) -> None:
    said = talk(product, HEAD + headers + length_line(2) + b"Connection: close\r\n\r\n{}", finish=True)

    assert statuses(said) in ([400], [431], []), said[:200]
    assert httpx2.get(f"http://127.0.0.1:{product.port}/health/live").status_code == 200


@covers("W-025")
@pytest.mark.skipif(environment.ON_SERVICES, reason="in production nginx reads bodies first: tests/test_deploy.py")
def test_a_body_that_trickles_is_cut_off_and_holds_up_nobody(product: Served) -> None:
    body = text_event("Hello", message_id="wire-slow")
    head = HEAD + signature_line(body) + length_line(len(body)) + b"\r\n"
    began = time.monotonic()

    with ThreadPoolExecutor(20) as pool:
        slow = [pool.submit(talk, product, head, body[:5]) for _ in range(20)]
        others = [httpx2.get(f"http://127.0.0.1:{product.port}/health/live", timeout=9).status_code for _ in range(10)]
        said = [each.result() for each in slow]

    assert others == [200] * 10
    assert {status for each in said for status in statuses(each)} == {408}
    # Cut by the deadline of webhooks, well before that of other requests.
    assert time.monotonic() - began < ANSWER_SECONDS
    assert events(product, "wire-slow") == 0


@covers("W-058")
@pytest.mark.parametrize("line", ["one\r\n[INFO] admin logged in", "\x1b[31mred\x1b[0m", "a\u2028b\x85c"])
def test_a_customer_writes_no_line_of_the_log(product: Served, line: str) -> None:
    def lines() -> int:
        return sum(len(log.read_text(errors="replace").splitlines()) for log in product.logs)

    body = text_event(line, message_id=f"wire-log-{len(line)}")
    before = lines()

    said = talk(
        product,
        HEAD
        + signature_line(body)
        + length_line(len(body))
        + b"User-Agent: \xe9[31m\r\nConnection: close\r\n\r\n"
        + body,
    )

    assert statuses(said) == [200]
    assert lines() == before
    assert not any("admin logged in" in Path(log).read_text(errors="replace") for log in product.logs)
