"""Pages of a bench: what they say and hear on their sockets, against a server that is not ours."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from bench.crowd import PING, TEXT, Crowd, frame, frames
from drill.rig import DrillFailed
from tests.waiting import wait_until


def sent(kind: int, content: bytes) -> bytes:
    """A frame of a server, which masks nothing."""
    length = len(content)
    if length <= 125:
        return bytes([0x80 | kind, length]) + content
    if length <= 0xFFFF:
        return bytes([0x80 | kind, 126]) + length.to_bytes(2) + content
    return bytes([0x80 | kind, 127]) + length.to_bytes(8) + content


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536])
def test_a_frame_of_any_length_is_read(length: int) -> None:
    content = b"x" * length

    assert frames(sent(TEXT, content)) == ([(TEXT, content)], b"")


@pytest.mark.parametrize("first", [b"short", b"y" * 300])
def test_what_has_come_in_part_waits_for_the_rest(first: bytes) -> None:
    whole = sent(TEXT, first) + sent(PING, b"?") + sent(TEXT, b"next")

    for cut in range(len(whole)):
        begun, rest = frames(whole[:cut])
        ended, left = frames(rest + whole[cut:])

        assert begun + ended == [(TEXT, first), (PING, b"?"), (TEXT, b"next")]
        assert left == b""


def test_a_page_says_no_more_than_fits() -> None:
    with pytest.raises(ValueError, match="so much"):
        frame(TEXT, b"x" * 65_536)


@contextmanager
def served(*, refuses: bool = False) -> Iterator[tuple[str, list[ServerConnection], list[str]]]:
    """A server on loopback: its address, the pages that are open, and what they said."""
    pages: list[ServerConnection] = []
    said: list[str] = []

    def take(page: ServerConnection) -> None:
        pages.append(page)
        try:
            said.extend(str(each) for each in page)
        except ConnectionClosed:
            return

    def judge(page: ServerConnection, _: object) -> object:
        return page.respond(403, "No.") if refuses else None

    with serve(take, "127.0.0.1", 0, process_request=judge) as server:  # type: ignore[arg-type]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.socket.getsockname()[1]}", pages, said
        finally:
            server.shutdown()
            thread.join()


def test_pages_say_what_they_are_told_to_and_hear_what_all_are_sent() -> None:
    with served() as (url, pages, said), Crowd(url) as crowd:
        numbers = [crowd.open("/ws/", {}, first=word) for word in (b"one", b"w" * 200)]
        wait_until(lambda: len(said) == 2)

        for page in pages:
            page.send("news")
        wait_until(lambda: len(crowd.told) == 2)

        assert numbers == [0, 1]
        assert sorted(said) == ["one", "w" * 200]
        assert {(each.page, each.text) for each in crowd.told} == {(0, b"news"), (1, b"news")}


def test_a_page_answers_when_it_is_asked_whether_it_is_there() -> None:
    with served() as (url, pages, _), Crowd(url) as crowd:
        crowd.open("/ws/", {})
        wait_until(lambda: pages)

        assert pages[0].ping().wait(10)


def test_a_page_that_the_server_closes_is_counted() -> None:
    with served() as (url, pages, _), Crowd(url) as crowd:
        crowd.open("/ws/", {})
        wait_until(lambda: pages)

        pages[0].socket.close()

        wait_until(lambda: crowd.gone == 1)


def test_a_page_that_is_refused_is_told() -> None:
    with served(refuses=True) as (url, _, _), Crowd(url) as crowd, pytest.raises(DrillFailed, match="403"):
        crowd.open("/ws/", {})
