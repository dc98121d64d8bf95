"""What is wrong with a request before it is one: lengths, pieces, headers, and time. Against the real servers."""

import hashlib
import hmac
import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from drill import wire
from drill.vitals import memory
from tests import environment
from tests.fuzz.doors import SECRET
from tests.fuzz.served import Served, served
from tests.hostile.cases import covers
from tests.integrations.tiktok import text_event
from tests.waiting import wait_until

pytestmark = pytest.mark.xdist_group("products")

HEAD = b"POST /webhooks/tiktok HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
ANSWER_SECONDS = 20
# supportagent.settings.WEBHOOK_READ_SECONDS, as it stands without variables of its own.
WEBHOOK_READ_SECONDS = 10
FLAT_MEGABYTES = 32
# How a record of the log begins: no row of it is a customer's.
RECORD = re.compile(r"\d{4}-\d\d-\d\dT\d\d:|\{\"event\": .*\}\Z")


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
        # The other end may have hung up already; what it said before is still to be read.
        with suppress(BrokenPipeError, ConnectionResetError):
            for piece in pieces:
                connection.sendall(piece)
        if finish:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while piece := connection.recv(65_536):
                said += piece
    return said


def trickle(product: Served, head: bytes, body: bytes) -> tuple[bytes, float]:
    """What comes back to who sends a byte of the body each second, and after how many seconds that was."""
    said, began = b"", time.monotonic()
    with socket.create_connection(("127.0.0.1", product.port), timeout=1) as connection:
        connection.sendall(head)
        with suppress(BrokenPipeError, ConnectionResetError):
            for number in range(ANSWER_SECONDS):
                connection.sendall(body[number : number + 1])
                with suppress(TimeoutError):
                    said = connection.recv(65_536)
                    break
    return said, time.monotonic() - began


def statuses(said: bytes) -> list[int]:
    """The statuses in what came back, in order."""
    return [int(part[1:4]) for part in said.split(b"HTTP/1.1")[1:]]


def weight(product: Served) -> float:
    """The megabytes that the product's processes hold."""
    return sum(map(memory, product.pids))


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
    answer = wire.post(
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
    [b"X-A: b\r\n" * 20_000, b"X-A: " + b"b" * 100_000 + b"\r\n", b"X-A: " + b"b" * 1_000_000 + b"\r\n",
     b"".join(b"X-%d: b\r\n" % number for number in range(20_000)), b"Cookie: a=b\r\n" * 5_000],
    ids=["repeated", "long", "longer", "many", "cookies"],
)  # fmt: skip
def test_too_many_headers_are_refused_by_the_server(product: Served, headers: bytes) -> None:
    before = weight(product)

    for _ in range(5):
        said = talk(product, HEAD + headers + length_line(2) + b"Connection: close\r\n\r\n{}", finish=True)
        # A line that does not end is hung up on, before there is a request to be answered.
        hung_up = said == b"" and headers.count(b"\r\n") == 1
        # In production nginx stands before the server, which itself takes a line of a hundred kilobytes: it proves nothing.
        let_in = [401] if environment.ON_SERVICES and len(headers) < 200_000 else [431]
        assert hung_up or statuses(said) in ([400], [431], let_in), said[:200]

    assert wire.get(f"http://127.0.0.1:{product.port}/health/live").status_code == 200
    # Of five times two megabytes little is kept.
    assert weight(product) - before < FLAT_MEGABYTES


@covers("W-025")
@pytest.mark.skipif(
    environment.ON_SERVICES, reason="in production nginx reads bodies first: tests/test_nginx.py tries that"
)
def test_a_body_that_trickles_is_cut_off_and_holds_up_nobody(product: Served) -> None:
    body = text_event("Hello", message_id="wire-slow")
    head = HEAD + signature_line(body) + length_line(len(body)) + b"\r\n"

    def probe() -> float:
        began = time.monotonic()
        assert wire.get(f"http://127.0.0.1:{product.port}/health/live", timeout=9).status_code == 200
        return time.monotonic() - began

    alone = sorted(probe() for _ in range(20))
    with ThreadPoolExecutor(20) as pool:
        slow = [pool.submit(trickle, product, head, body) for _ in range(20)]
        beside = sorted(probe() for _ in range(20))
        said = [each.result() for each in slow]

    assert {tuple(statuses(words)) for words, _ in said} == {(408,)}
    # Cut by the deadline of webhooks for the whole body, though never a second passed without a byte.
    assert all(WEBHOOK_READ_SECONDS - 1 < seconds < WEBHOOK_READ_SECONDS + 5 for _, seconds in said)
    # What two cores that do much else take is no hold-up.
    assert beside[-1] < max(2 * alone[-1], 2.0)
    assert events(product, "wire-slow") == 0


@covers("W-058")
@pytest.mark.parametrize("line", ["one\r\n[INFO] admin logged in", "\x1b[31mred\x1b[0m", "a\u2028b\x85c"])
def test_a_customer_writes_no_line_of_the_log(product: Served, line: str) -> None:
    def logged() -> list[str]:
        return [log.read_text(errors="replace") for log in product.logs]

    message_id = f"wire-log-{len(line)}"
    body = text_event(line, message_id=message_id)
    before = logged()

    said = talk(
        product,
        HEAD
        + signature_line(body)
        + length_line(len(body))
        + b"User-Agent: \xe9[31m\r\nConnection: close\r\n\r\n"
        + body,
    )

    assert statuses(said) == [200]
    # Not only the door: whatever takes the event in has had it too.
    state = f"SELECT state FROM integrations_webhookevent WHERE event_key = 'msg:{message_id}'"  # noqa: S608  (a constant)
    wait_until(lambda: product.query(state) == [("ingested",)], seconds=ANSWER_SECONDS, what="the event to be taken in")
    added = [text[len(earlier) :] for text, earlier in zip(logged(), before, strict=True)]
    assert [row for text in added for row in text.splitlines() if not RECORD.match(row)] == []
    assert not any(sign in text for text in added for sign in ("admin logged in", "\x1b", "\u2028"))
