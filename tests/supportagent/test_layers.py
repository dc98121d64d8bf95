"""The embedded channel layer, sent to from other threads."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest
from channels.exceptions import ChannelFull

from supportagent.layers import ThreadsafeInMemoryChannelLayer
from tests.waiting import wait_until


class Listener:
    """A server's event loop in a thread of its own, with one socket in the group that does nothing but wait."""

    def __init__(self, layer: ThreadsafeInMemoryChannelLayer, group: str) -> None:
        self.received: list[tuple[float, object]] = []
        self.loop = asyncio.new_event_loop()
        self._layer = layer
        self.channel = ""
        self._thread = threading.Thread(target=self.loop.run_until_complete, args=(self._listen(group),), daemon=True)
        self._thread.start()
        wait_until(lambda: self.channel, what="the listener to join")

    def stop(self) -> None:
        """End the loop."""
        self.loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(5)
        self.loop.close()

    async def _listen(self, group: str) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        channel = await self._layer.new_channel()
        await self._layer.group_add(group, channel)
        self.channel = channel
        try:
            while True:
                message = await self._layer.receive(channel)
                self.received.append((time.monotonic(), message))
        except asyncio.CancelledError:
            return


@pytest.fixture
def layer() -> ThreadsafeInMemoryChannelLayer:
    """A layer nobody else uses."""
    return ThreadsafeInMemoryChannelLayer(capacity=100)


@pytest.fixture
def listener(layer: ThreadsafeInMemoryChannelLayer) -> Iterator[Listener]:
    """A waiting member of the group "staff"."""
    listener = Listener(layer, "staff")
    yield listener
    listener.stop()


def test_a_message_from_another_thread_wakes_an_idle_loop_at_once(
    layer: ThreadsafeInMemoryChannelLayer, listener: Listener
) -> None:
    sent_at = time.monotonic()
    asyncio.run(layer.group_send("staff", {"type": "bell", "n": 1}))

    wait_until(lambda: listener.received, seconds=5, what="the message")
    received_at, message = listener.received[0]
    assert message == {"type": "bell", "n": 1}
    # The loop has no timer of its own: woken by nobody it would wait for ever, not a little longer.
    assert received_at - sent_at < 1


def test_every_message_from_several_threads_arrives(layer: ThreadsafeInMemoryChannelLayer, listener: Listener) -> None:
    def send(first: int) -> None:
        async def all_of_them() -> None:
            for n in range(first, first + 20):
                await layer.group_send("staff", {"type": "bell", "n": n})

        asyncio.run(all_of_them())

    threads = [threading.Thread(target=send, args=(first,)) for first in (0, 20, 40, 60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    wait_until(lambda: len(listener.received) == 80, seconds=5, what="80 messages")
    numbers = sorted(message["n"] for _, message in listener.received if isinstance(message, dict))
    assert numbers == list(range(80))


def test_a_message_to_one_channel_crosses_threads_too(
    layer: ThreadsafeInMemoryChannelLayer, listener: Listener
) -> None:
    asyncio.run(layer.send(listener.channel, {"type": "direct"}))

    wait_until(lambda: listener.received, seconds=5, what="the message")
    assert listener.received[0][1] == {"type": "direct"}


def test_a_full_channel_misses_a_message_and_holds_up_nobody() -> None:
    layer = ThreadsafeInMemoryChannelLayer(capacity=1)

    async def fill() -> tuple[str, str]:
        full, other = await layer.new_channel(), await layer.new_channel()
        await layer.group_add("staff", full)
        await layer.send(full, {"type": "first"})
        await layer.group_add("staff", other)
        await layer.group_send("staff", {"type": "second"})
        with pytest.raises(ChannelFull):
            await layer.send(full, {"type": "third"})
        return (await layer.receive(full))["type"], (await layer.receive(other))["type"]

    assert asyncio.run(fill()) == ("first", "second")


def test_a_member_whose_loop_is_gone_is_no_error(layer: ThreadsafeInMemoryChannelLayer) -> None:
    gone = Listener(layer, "staff")
    gone.stop()

    asyncio.run(layer.group_send("staff", {"type": "bell"}))

    assert gone.received == []
