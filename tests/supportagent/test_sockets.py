"""The server's own limit to a websocket's frames, over a real connection: pings and pieces that no consumer sees."""

import socket
import struct
from urllib.parse import urlsplit

import pytest

from core.sockets import FRAMES_AT_ONCE
from drill.vitals import memory
from tests.product import RunningProduct

pytestmark = pytest.mark.product
UNMASKED = b"\x00" * 4
# What is sent again and again: a ping, a whole message, and one more piece of a message that never ends.
FLOODS = {
    "pings": b"\x89\x80" + UNMASKED,
    "messages": b"\x81\x82" + UNMASKED + b"{}",
    "pieces": b"\x00\x81" + UNMASKED + b"x",
}
BEGINNING = b"\x01\x81" + UNMASKED + b"x"
MOST_MEGABYTES = 20


@pytest.fixture(scope="module")
def chat(running_product: RunningProduct) -> str:
    """The path of a web chat's socket."""
    added = running_product.manage_json("account", "add", "--platform", "webchat", "--name", "Flooded")
    return f"/ws/chat/{added['public_key']}/"


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_of_frames_is_closed_with_1008_and_costs_no_memory(
    running_product: RunningProduct, chat: str, flood: str
) -> None:
    before = memory(running_product.process.pid)
    wire = connected(running_product, chat)

    with wire:
        wire.sendall((BEGINNING if flood == "pieces" else b"") + FLOODS[flood] * (FRAMES_AT_ONCE + 10_000))
        code = close_code(wire)

    assert code == 1008
    assert memory(running_product.process.pid) - before < MOST_MEGABYTES
    with connected(running_product, chat) as another:
        another.sendall(FLOODS["pings"])
        assert another.recv(2) == b"\x8a\x00"


def test_a_frame_of_bytes_is_closed_with_1003(running_product: RunningProduct, chat: str) -> None:
    with connected(running_product, chat) as wire:
        wire.sendall(b"\x82\x81" + UNMASKED + b"x")

        assert close_code(wire) == 1003


def connected(product: RunningProduct, path: str) -> socket.socket:
    """A websocket after its handshake."""
    address = urlsplit(product.url)
    wire = socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=20)
    wire.sendall(
        f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    head = b""
    while b"\r\n\r\n" not in head:
        piece = wire.recv(1)
        assert piece, head
        head += piece
    assert b" 101 " in head.split(b"\r\n")[0]
    return wire


def close_code(wire: socket.socket) -> int:
    """The code by which the other side closes, past the pongs before it."""
    while True:
        kind, length = exactly(wire, 2)
        payload = exactly(wire, length)
        if kind == 0x88:
            return int(struct.unpack("!H", payload[:2])[0])


def exactly(wire: socket.socket, count: int) -> bytes:
    """So many bytes."""
    got = b""
    while len(got) < count:
        piece = wire.recv(count - len(got))
        assert piece, "The connection ended without a close frame."
        got += piece
    return got
