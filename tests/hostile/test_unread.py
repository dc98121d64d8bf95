"""A page that never reads what its socket is sent: it costs the others nothing, and the server no more than it may."""

import json
import socket
import struct
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from core.sockets import FRAMES_AT_ONCE
from drill import wire
from drill.vitals import memory
from supportagent.embedded.sockets import MOST_UNREAD_BYTES, BoundedSocket
from tests.hostile.cases import covers
from tests.playing import query
from tests.product import RunningProduct
from tests.supportagent.test_sockets import connected, exactly
from tests.waiting import wait_until

MESSAGES = 20
# As much as a message can hold, and three times that in JSON: 4,000 signs of eight bytes each.
LONG = "👍🏽" * 4_000
ASKED = FRAMES_AT_ONCE - 20
MOST_MEGABYTES = 40
CUT_OFF = "does not read what it is sent"


@covers("S-008")
@pytest.mark.product
def test_a_page_that_reads_nothing_is_cut_off_and_others_are_told_at_once(running_product: RunningProduct) -> None:
    account = running_product.manage_json("account", "add", "--platform", "webchat", "--name", "Unread")
    key = account["public_key"]
    query(running_product, "UPDATE integrations_platformaccount SET bot_enabled = 0 WHERE public_key = ?", key)
    deaf_visitor, other_visitor = Visitor(running_product, key), Visitor(running_product, key)
    for _ in range(MESSAGES):
        deaf_visitor.say(LONG)

    with (
        connected(running_product, f"/ws/chat/{key}/") as deaf,
        connected(running_product, f"/ws/chat/{key}/") as other,
    ):
        send(other, {"type": "auth", "token": other_visitor.token})
        assert heard(other)["type"] == "ready"
        before = memory(running_product.process.pid)
        # All of it is sent anew each time: two hundred megabytes in two thousand frames, if somebody kept them.
        for _ in range(ASKED):
            send(deaf, {"type": "auth", "token": deaf_visitor.token, "after": 0})

        said = other_visitor.say("Is anybody there?")

        until(other, lambda frame: frame.get("message", {}).get("id") == said["id"])
        wait_until(lambda: CUT_OFF in running_product.log.read_text(), seconds=60, what="the page to be cut off")
        assert memory(running_product.process.pid) - before < MOST_MEGABYTES
        # What had left for the page arrives; nothing of all the rest was kept for it.
        assert read_to_the_end(deaf) < ASKED * MESSAGES * len(json.dumps(LONG)) / 4
        said = other_visitor.say(LONG)
        # Longer than what a page may send, it is a frame like any other.
        until(other, lambda frame: frame.get("message") == said)


class Deaf:
    """A connection whose other end takes nothing."""

    dataBuffer = b""  # noqa: N815  (Twisted's name)
    offset = 0

    def __init__(self) -> None:
        self._tempDataLen = 0
        self.is_aborted = False

    def abortConnection(self) -> None:  # noqa: N802
        """End it, and what waits with it."""
        self.is_aborted = True


class UnderTest(BoundedSocket):
    """One that writes its frames without Autobahn's handshake."""

    def __init__(self) -> None:
        self.transport = Deaf()
        self.state = self.STATE_OPEN
        self.maxMessagePayloadSize = 65_536
        self.client_addr = None

    def sendMessage(self, payload: bytes, *_: object) -> None:  # noqa: N802
        """Hand the frame to the connection, which keeps it."""
        self.transport._tempDataLen += len(payload)


@covers("S-008")
def test_what_lies_unread_is_bounded_and_let_go_with_its_connection() -> None:
    page, frame = UnderTest(), "x" * (MOST_UNREAD_BYTES // 100)
    was_let_go = []
    for _ in range(2):
        for _ in range(100):
            page.serverSend(frame)
        was_let_go.append(page.transport.is_aborted)

    assert was_let_go == [False, True]
    # After the one that was too much nothing more is kept.
    assert page.transport._tempDataLen == 101 * len(frame)


class Visitor:
    """Somebody in the chat, by HTTP."""

    def __init__(self, product: RunningProduct, key: str) -> None:
        self._base = f"{product.url}/chat/{key}/"
        self.token = str(wire.post(f"{self._base}session", json={}).json()["token"])

    def say(self, text: str) -> dict[str, Any]:
        """The message as it is kept."""
        body = json.dumps({"client_msg_id": str(uuid.uuid4()), "text": text}, ensure_ascii=False).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        answer = wire.post(f"{self._base}messages", content=body, headers=headers)
        assert answer.status_code == 201, answer.text
        kept: dict[str, Any] = answer.json()["message"]
        return kept


def send(wire_: socket.socket, frame: dict[str, Any]) -> None:
    """One frame of a page."""
    body = json.dumps(frame).encode()
    assert len(body) < 65_536
    length = bytes([0x80 | len(body)]) if len(body) < 126 else b"\xfe" + struct.pack("!H", len(body))
    wire_.sendall(b"\x81" + length + bytes(4) + body)


def heard(wire_: socket.socket) -> dict[str, Any]:
    """The next frame that the page is sent, past the server's pings."""
    while True:
        kind, length = exactly(wire_, 2)
        if length == 126:
            (length,) = struct.unpack("!H", exactly(wire_, 2))
        elif length == 127:
            (length,) = struct.unpack("!Q", exactly(wire_, 8))
        body = exactly(wire_, length)
        if kind == 0x81:
            frame: dict[str, Any] = json.loads(body)
            return frame


def until(wire_: socket.socket, wanted: Callable[[dict[str, Any]], bool]) -> None:
    """Read until the frame is there; the socket's own limit of time ends a vain wait."""
    while not wanted(heard(wire_)):
        continue


def read_to_the_end(wire_: socket.socket) -> int:
    """How many bytes came before the other end hung up."""
    count = 0
    try:
        while piece := wire_.recv(1 << 20):
            count += len(piece)
    except ConnectionResetError:
        pass
    return count
