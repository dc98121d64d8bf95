"""Who may open a websocket."""

import asyncio
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from pytest_django import Settings

from supportagent.asgi import application
from supportagent.origins import NotFound, SameOrigin

HOST = (b"host", b"desk.example:8443")


async def accept(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """A socket that lets everybody in."""
    await send({"type": "websocket.accept"})


def opens(path: str, *headers: tuple[bytes, bytes]) -> bool:
    """Whether the handshake succeeds."""

    async def connect() -> bool:
        guarded = SameOrigin(accept, judged_within=("/ws/chat/",))
        communicator = WebsocketCommunicator(guarded, path, headers=list(headers))
        connected, _ = await communicator.connect()
        return bool(connected)

    return asyncio.run(connect())


@pytest.fixture(autouse=True)
def _hosts(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["desk.example"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://console.example"]


@pytest.mark.parametrize(
    "origin", [b"https://desk.example:8443", b"http://desk.example:8443", b"https://console.example"]
)
def test_our_own_pages_may(origin: bytes) -> None:
    assert opens("/ws/workspace/", HOST, (b"origin", origin))


@pytest.mark.parametrize(
    "origin",
    [
        b"https://evil.example",
        b"null",
        b"",
        b"https://desk.example.evil.example:8443",
        b"https://desk.example",
        b"https://desk.example:8443.evil.example",
        b"file://desk.example:8443",
        b"https://desk.example:8443@evil.example",
    ],
)
@pytest.mark.parametrize("path", ["/ws/workspace/", "/ws/dashboard/"])
def test_other_pages_may_not(path: str, origin: bytes) -> None:
    assert not opens(path, HOST, (b"origin", origin))


def test_two_origins_are_none() -> None:
    assert not opens(
        "/ws/workspace/", HOST, (b"origin", b"https://desk.example:8443"), (b"origin", b"https://evil.example")
    )


def test_programs_without_an_origin_reach_only_sockets_without_cookies() -> None:
    assert not opens("/ws/workspace/", HOST)
    assert not opens("/ws/dashboard/", HOST)
    assert opens("/ws/chat/key/", HOST)


def test_other_pages_are_judged_by_the_chat_itself() -> None:
    assert opens("/ws/chat/key/", HOST, (b"origin", b"https://shop.example"))


def test_a_host_that_is_not_ours_is_refused_whatever_the_origin() -> None:
    evil = (b"host", b"evil.example")

    assert not opens("/ws/workspace/", evil, (b"origin", b"https://evil.example"))
    assert not opens("/ws/chat/key/", evil)
    assert not opens("/ws/chat/key/")


@pytest.mark.django_db
def test_an_address_nobody_answers_is_closed_without_an_error() -> None:
    async def connect() -> bool:
        headers = [HOST, (b"origin", b"https://desk.example:8443")]
        communicator = WebsocketCommunicator(application, "/ws/nothing/here/", headers=headers)
        connected, _ = await communicator.connect()
        return bool(connected)

    assert not asyncio.run(connect())


def test_other_errors_are_not_hidden() -> None:
    async def fail(scope: dict[str, Any], receive: Any, send: Any) -> None:
        raise ValueError("something else")

    async def connect() -> None:
        await NotFound(fail)({"type": "websocket"}, _never, _never)

    with pytest.raises(ValueError, match="something else"):
        asyncio.run(connect())


async def _never(*_: object) -> None:
    raise AssertionError("nothing is sent")
