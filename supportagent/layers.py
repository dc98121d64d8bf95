"""The channel layer of the embedded default: in memory, and safe to send to from any thread."""

import asyncio
import itertools
import random
import string
import threading
import time
from collections.abc import Iterable
from copy import deepcopy
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from channels.layers import InMemoryChannelLayer

Message = dict[str, Any]


class ThreadsafeInMemoryChannelLayer(InMemoryChannelLayer):  # type: ignore[misc]
    """Hands each message to the event loop that its receiver waits in.

    Channels' own layer puts it into the other loop's queue without waking that loop, which then finds it up to two
    seconds later. Here a channel's name carries the number of the loop that made it.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._number_of: WeakKeyDictionary[asyncio.AbstractEventLoop, int] = WeakKeyDictionary()
        self._loop_of: WeakValueDictionary[int, asyncio.AbstractEventLoop] = WeakValueDictionary()

    async def new_channel(self, prefix: str = "specific.") -> str:
        """A channel for the loop that asks."""
        noise = "".join(random.choices(string.ascii_letters, k=12))
        return f"{prefix}.inmemory!{self._number(asyncio.get_running_loop())}-{noise}"

    async def send(self, channel: str, message: Message) -> None:
        """Put one message into a channel; ChannelFull where its receiver is too far behind."""
        home = self._home(channel)
        if home is None or home is asyncio.get_running_loop():
            await super().send(channel, message)
        else:
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(super().send(channel, message), home))

    async def group_add(self, group: str, channel: str) -> None:
        """Make a channel a member."""
        with self._lock:
            await super().group_add(group, channel)

    async def group_discard(self, group: str, channel: str) -> None:
        """End a membership."""
        with self._lock:
            await super().group_discard(group, channel)

    async def group_send(self, group: str, message: Message) -> None:
        """Put a message into every member's channel. A full channel misses it; nobody waits for anybody."""
        self.require_valid_group_name(group)
        with self._lock:
            members = list(self.groups.get(group, ()))
        here = asyncio.get_running_loop()
        for home, channels in self._by_home(members, here):
            if home is here:
                self._put_all(channels, message)
            else:
                self._hand_over(home, channels, message)

    def _remove_from_groups(self, channel: str) -> None:
        with self._lock:
            super()._remove_from_groups(channel)

    def _number(self, loop: asyncio.AbstractEventLoop) -> int:
        with self._lock:
            if loop not in self._number_of:
                self._number_of[loop] = next(self._numbers)
                self._loop_of[self._number_of[loop]] = loop
            return self._number_of[loop]

    def _home(self, channel: str) -> asyncio.AbstractEventLoop | None:
        number, separator, _ = channel.rpartition("!")[2].partition("-")
        loop = self._loop_of.get(int(number)) if separator and number.isdigit() else None
        return None if loop is None or loop.is_closed() else loop

    def _by_home(
        self, channels: Iterable[str], here: asyncio.AbstractEventLoop
    ) -> list[tuple[asyncio.AbstractEventLoop, list[str]]]:
        found: dict[asyncio.AbstractEventLoop, list[str]] = {}
        for channel in channels:
            found.setdefault(self._home(channel) or here, []).append(channel)
        return list(found.items())

    def _hand_over(self, home: asyncio.AbstractEventLoop, channels: list[str], message: Message) -> None:
        try:
            home.call_soon_threadsafe(self._put_all, channels, deepcopy(message))
        except RuntimeError:
            # The loop was closed a moment ago, and its receivers with it.
            return

    def _put_all(self, channels: list[str], message: Message) -> None:
        for channel in channels:
            queue = self.channels.setdefault(channel, asyncio.Queue(maxsize=self.get_capacity(channel)))
            try:
                queue.put_nowait((time.time() + self.expiry, deepcopy(message)))
            except asyncio.QueueFull:
                continue
