"""What open screens did not hear: bells may be lost with the channel layer, so the rows are looked at as well.

One look for all screens of a process every two seconds, as long as any is open. What bells told every one of them already
is not told again, so that with a healthy layer nothing comes from here. The layer may leave out a single screen, too, whose
channel is full: so it is remembered for a while who heard what. A visitor's page is told of its own conversation, whatever was
heard: it knows its version. A page that reads nothing holds up nobody: it is told again once it took what it was told.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from django.db import Error
from django.utils import timezone

from conversations.models import Conversation
from core.live import Bell

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
# A bell is given a moment to arrive by itself; a transaction, and another host's clock, some more until it is seen.
BELLS_TAKE = timedelta(seconds=1)
LOOK_BACK = timedelta(seconds=10)
# Longer than the rows are looked back at.
REMEMBER_SECONDS = 20.0
# All that read have taken it by then.
PATIENCE_SECONDS = 0.5

Hear = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(slots=True)
class _Told:
    """The latest version that was told of a conversation, when it was told first, and which screens heard of it."""

    version: int
    at: float
    screens: set[Hear]


class Listeners:
    """The open screens of one event loop."""

    def __init__(self) -> None:
        self._screens: dict[Hear, float] = {}
        self._pages: dict[int, set[Hear]] = {}
        self._told: dict[int, _Told] = {}
        self._telling: dict[Hear, asyncio.Task[None]] = {}
        self._fresh: dict[int, int] = {}
        self._owed: dict[Hear, dict[tuple[str, int], dict[str, Any]]] = {}
        self._since: datetime | None = None
        self._looking: asyncio.Task[None] | None = None

    def join(self, hear: Hear) -> None:
        """Call ``hear`` with each message that no bell brought."""
        self._screens[hear] = asyncio.get_running_loop().time()
        self._begin()

    def leave(self, hear: Hear) -> None:
        """Call it no more."""
        self._screens.pop(hear, None)
        self._owed.pop(hear, None)
        self._end_if_nobody_is_left()

    def follow(self, conversation_id: int, hear: Hear) -> None:
        """Call ``hear`` with the bell of this conversation's changes, heard or not, some seconds after each."""
        self._pages.setdefault(conversation_id, set()).add(hear)
        self._begin()

    def unfollow(self, conversation_id: int, hear: Hear) -> None:
        """Call it no more."""
        pages = self._pages.get(conversation_id, set())
        pages.discard(hear)
        if not pages:
            self._pages.pop(conversation_id, None)
        self._owed.pop(hear, None)
        self._end_if_nobody_is_left()

    def note(self, hear: Hear, bells: list[dict[str, Any]]) -> None:
        """These arrived by themselves at one screen."""
        now = asyncio.get_running_loop().time()
        for bell in bells:
            self._told_of(bell, now).add(hear)

    async def look(self) -> None:
        """Tell every screen what changed and no bell told it, and every page that its conversation changed."""
        begun = timezone.now()
        found = await database_sync_to_async(_changed)(self._since or begun)
        self._since = begun
        self._forget_old()
        changed = self._settled(found, begun - BELLS_TAKE)
        now = asyncio.get_running_loop().time()
        for bell, least in changed:
            missed = [
                hear for hear, opened_at in self._screens.items() if self._has_missed(hear, opened_at, bell, least)
            ]
            for hear in missed:
                self._owe(hear, "conversations.changed", bell)
            # Of what goes on changing, others may yet hear by their bell, or else once it rests.
            told = list(self._screens) if bell["version"] == least else missed
            if told:
                self._told_of(bell, now).update(told)
            for hear in self._pages.get(bell["conversation_id"], ()):
                self._owe(hear, "conversation.changed", bell)
        tellings = [self._tell(hear) for hear in list(self._owed) if hear not in self._telling]
        if tellings:
            await asyncio.wait(tellings, timeout=PATIENCE_SECONDS)

    def _owe(self, hear: Hear, kind: str, bell: dict[str, Any]) -> None:
        self._owed.setdefault(hear, {})[kind, bell["conversation_id"]] = bell

    def _tell(self, hear: Hear) -> asyncio.Task[None]:
        owed = self._owed.pop(hear)
        messages: list[dict[str, Any]] = [
            {"type": kind, "bell": bell} for (kind, _), bell in owed.items() if kind == "conversation.changed"
        ]
        if bells := [bell for (kind, _), bell in owed.items() if kind == "conversations.changed"]:
            messages.append({"type": "conversations.changed", "bells": bells})
        telling = self._telling[hear] = asyncio.create_task(_tell(hear, messages))
        telling.add_done_callback(lambda _: self._telling.pop(hear, None))
        return telling

    def _settled(
        self, found: list[tuple[dict[str, Any], datetime]], until: datetime
    ) -> list[tuple[dict[str, Any], int]]:
        """What bells have had a moment for, each with the version that they had it for.

        What changes again and again is newer than that at every look, so it counts by what it was at the last one.
        """
        fresh = {bell["conversation_id"]: bell["version"] for bell, at in found if at > until}
        least = [
            (bell, bell["version"] if at <= until else self._fresh.get(bell["conversation_id"])) for bell, at in found
        ]
        self._fresh = fresh
        return [(bell, version) for bell, version in least if version is not None]

    def _has_missed(self, hear: Hear, opened_at: float, bell: dict[str, Any], least: int) -> bool:
        """Whether a screen was open when this was told first, or it was told to none, and did not hear it."""
        told = self._told.get(bell["conversation_id"])
        if told is None or told.version < least:
            return True
        return bell["version"] == least and told.at >= opened_at and hear not in told.screens

    def _told_of(self, bell: dict[str, Any], now: float) -> set[Hear]:
        """The screens that heard of this version; of an older one than is known, nobody's."""
        pk, version = bell["conversation_id"], bell["version"]
        told = self._told.get(pk)
        if told is None or told.version < version:
            told = self._told[pk] = _Told(version, now, set())
        return told.screens if told.version == version else set()

    def _begin(self) -> None:
        if self._looking is None:
            self._since = timezone.now()
            self._looking = asyncio.create_task(self._look_forever())

    def _end_if_nobody_is_left(self) -> None:
        if not self._screens and not self._pages and self._looking is not None:
            self._looking.cancel()
            self._looking = None
            self._told.clear()
            self._fresh.clear()
            for telling in self._telling.values():
                telling.cancel()

    async def _look_forever(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except Error:
                logger.warning("The database did not say what changed; open screens are told later.")

    def _forget_old(self) -> None:
        oldest = asyncio.get_running_loop().time() - REMEMBER_SECONDS
        self._told = {pk: told for pk, told in self._told.items() if told.at > oldest}


async def _tell(hear: Hear, messages: list[dict[str, Any]]) -> None:
    # One that is just closing takes nothing any more.
    with contextlib.suppress(Exception):
        for message in messages:
            await hear(message)


_by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, Listeners] = WeakKeyDictionary()


def listeners() -> Listeners:
    """Those of the running event loop."""
    return _by_loop.setdefault(asyncio.get_running_loop(), Listeners())


def _changed(since: datetime) -> list[tuple[dict[str, Any], datetime]]:
    """What changed lately, as bells, and when it changed last."""
    rows = Conversation.objects.filter(updated_at__gt=since - LOOK_BACK).order_by("updated_at")
    return [
        (
            asdict(
                Bell(
                    conversation_id=row.pk,
                    public_id=str(row.public_id),
                    team_id=row.team_id,
                    assignee_id=row.assignee_id,
                    version=row.version,
                )
            ),
            row.updated_at,
        )
        for row in rows.only("public_id", "team_id", "assignee_id", "version", "updated_at")
    ]
