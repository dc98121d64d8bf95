"""The embedded server's end: what cannot be cancelled does not hold it up."""

import asyncio
from typing import Any

import pytest
from twisted.internet.task import Clock

from supportagent.asgi import application
from supportagent.embedded import server


def test_what_cannot_be_cancelled_is_waited_for_a_moment_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(server, "reactor", clock)
    ended: list[Any] = []

    async def stubborn(until: asyncio.Event) -> None:
        while not until.is_set():
            try:
                await until.wait()
            except asyncio.CancelledError:
                continue

    async def scenario() -> tuple[list[Any], list[Any]]:
        over = asyncio.Event()
        answering = asyncio.ensure_future(stubborn(over))
        listening = server.EmbeddedServer(application, host="127.0.0.1", port=0, when_listening=lambda: None)
        listening.connections = {None: {"application_instance": answering}}
        await asyncio.sleep(0)
        listening.kill_all_applications().addCallback(ended.append)
        await asyncio.sleep(0)
        before = list(ended)
        clock.advance(server.CANCEL_SECONDS)
        after = list(ended)
        over.set()
        await answering
        return before, after

    assert asyncio.run(scenario()) == ([], [None])
