"""Bells for open screens: "conversation 42 changed". A bell carries no news, so a lost one costs only time.

Changes are gathered in the process and rung together by one thread, so that a request never waits for the channel
layer and a burst becomes a few messages. Screens fetch what changed, and also look by themselves now and then.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Awaitable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from channels.layers import get_channel_layer
from django.conf import settings
from prometheus_client import Counter

logger = logging.getLogger(__name__)
unheard = Counter(
    "screen_bells_unheard_total", "Bells for open screens that the channel layer did not take.", registry=None
)

STAFF_GROUP = "staff"
OPERATIONS_GROUP = "operations"
LAYER_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bell:
    """What a screen needs to decide whether a change concerns it."""

    conversation_id: int
    public_id: str
    team_id: int | None
    assignee_id: int | None
    version: int


def conversation_group(conversation_id: int) -> str:
    """The channel group of one conversation's visitors and viewers."""
    return f"conversation.{conversation_id}"


async def join(layer: Any, group: str, channel: str) -> None:
    """Let a screen hear a group's bells. Never raises: without the layer it finds out by looking, only later."""
    await _reach(layer.group_add(group, channel))


async def leave(layer: Any, group: str, channel: str) -> None:
    """Hear them no more. Never raises."""
    await _reach(layer.group_discard(group, channel))


async def tell(layer: Any, group: str, message: Mapping[str, Any]) -> None:
    """Send something fleeting to a group from an event loop. Never raises."""
    await _reach(layer.group_send(group, message))


async def _reach(deed: Awaitable[object]) -> None:
    try:
        async with asyncio.timeout(LAYER_SECONDS):
            await deed
    except Exception:
        # Whatever the layer's backend raises: a socket outlives it.
        unheard.inc()
        logger.exception("The channel layer did not answer a screen.")


class _Ringer:
    """Gathers bells and rings them from its own thread and event loop."""

    def __init__(self) -> None:
        self._waiting: dict[int, Bell] = {}
        self._signals: list[tuple[str, dict[str, object]]] = []
        self._operations = False
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._process = 0
        self._is_unheard = False

    def add(self, bell: Bell) -> None:
        with self._lock:
            known = self._waiting.get(bell.conversation_id)
            if known is None or known.version <= bell.version:
                self._waiting[bell.conversation_id] = bell
            loop = self._running_loop()
        loop.call_soon_threadsafe(self._wake.set)

    def add_signal(self, group: str, message: dict[str, object]) -> None:
        with self._lock:
            self._signals.append((group, message))
            loop = self._running_loop()
        loop.call_soon_threadsafe(self._wake.set)

    def add_operations(self) -> None:
        with self._lock:
            self._operations = True
            loop = self._running_loop()
        loop.call_soon_threadsafe(self._wake.set)

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        """The thread's loop, begun at the first bell of a process (a fork begins its own)."""
        if self._loop is None or self._process != os.getpid():
            self._process = os.getpid()
            self._wake = asyncio.Event()
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=self._run, args=(self._loop,), name="bells", daemon=True).start()
        return self._loop

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(self._ring_forever())

    async def _ring_forever(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            with self._lock:
                bells, self._waiting = list(self._waiting.values()), {}
                signals, self._signals = self._signals, []
                if self._operations:
                    signals.append((OPERATIONS_GROUP, {"type": "operations.changed"}))
                    self._operations = False
            await self._ring(bells, signals)
            await asyncio.sleep(settings.LIVE_INTERVAL_SECONDS)

    async def _ring(self, bells: list[Bell], signals: list[tuple[str, dict[str, object]]]) -> None:
        layer = get_channel_layer()
        messages = list(signals)
        if bells:
            messages.append((STAFF_GROUP, {"type": "conversations.changed", "bells": [asdict(bell) for bell in bells]}))
        messages += [
            (conversation_group(bell.conversation_id), {"type": "conversation.changed", "bell": asdict(bell)})
            for bell in bells
        ]
        told = 0
        try:
            async with asyncio.timeout(5):
                for group, message in messages:
                    await layer.group_send(group, message)
                    told += 1
        except Exception as error:  # noqa: BLE001  (it is logged, once)
            # Whatever the layer's backend raises: screens catch up by version, and the next bell tries again.
            if not self._is_unheard:
                logger.warning("The channel layer does not answer (%r): screens find out by looking.", error)
            self._is_unheard = True
            unheard.inc(len(messages) - told)
            return
        if self._is_unheard:
            logger.warning("The channel layer answers again.")
        self._is_unheard = False


_ringer = _Ringer()


def ring(bell: Bell) -> None:
    """Tell open screens that a conversation changed, soon and together with others. Never blocks, never raises."""
    _ringer.add(bell)


def signal(group: str, message: dict[str, object]) -> None:
    """Send something fleeting (typing, presence) to a group's screens. Never blocks, never raises."""
    _ringer.add_signal(group, message)


def ring_operations() -> None:
    """Tell open screens that something for operators changed, once for all who ring. Never blocks, never raises."""
    _ringer.add_operations()
