"""What open screens did not hear: bells may be lost with the channel layer, so the rows are looked at as well.

One look for all screens of a process every two seconds, as long as any is open. What a bell told already is not told
again, so that with a healthy layer nothing comes from here.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from django.db import DatabaseError
from django.utils import timezone

from conversations.models import Conversation
from core.live import Bell

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
# A bell is given a moment to arrive by itself; a transaction, and another host's clock, some more until it is seen.
BELLS_TAKE = timedelta(seconds=1)
LOOK_BACK = timedelta(seconds=10)
REMEMBER_SECONDS = 60.0

Hear = Callable[[dict[str, Any]], Awaitable[None]]


class Listeners:
    """The open screens of one event loop."""

    def __init__(self) -> None:
        self._screens: set[Hear] = set()
        self._told: dict[int, tuple[int, float]] = {}
        self._since: datetime | None = None
        self._looking: asyncio.Task[None] | None = None

    def join(self, hear: Hear) -> None:
        """Call ``hear`` with each message that no bell brought."""
        self._screens.add(hear)
        if self._looking is None:
            self._since = timezone.now()
            self._looking = asyncio.create_task(self._look_forever())

    def leave(self, hear: Hear) -> None:
        """Call it no more."""
        self._screens.discard(hear)
        if not self._screens and self._looking is not None:
            self._looking.cancel()
            self._looking = None
            self._told.clear()

    def note(self, bells: list[dict[str, Any]]) -> None:
        """These arrived by themselves."""
        now = asyncio.get_running_loop().time()
        for bell in bells:
            pk, version = bell["conversation_id"], bell["version"]
            self._told[pk] = (max(version, self._told.get(pk, (0, 0.0))[0]), now)

    async def look(self) -> None:
        """Tell every screen what changed and no bell told."""
        begun = timezone.now()
        changed = await database_sync_to_async(_changed)(self._since or begun, begun - BELLS_TAKE)
        unheard = [bell for bell in changed if self._told.get(bell["conversation_id"], (-1, 0.0))[0] < bell["version"]]
        self._since = begun
        self._forget_old()
        self.note(unheard)
        if unheard:
            message = {"type": "conversations.changed", "bells": unheard}
            for hear in list(self._screens):
                # A screen that is just closing must not keep the news from the others.
                with contextlib.suppress(Exception):
                    await hear(message)

    async def _look_forever(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except DatabaseError:
                logger.warning("The database did not say what changed; open screens are told later.")

    def _forget_old(self) -> None:
        oldest = asyncio.get_running_loop().time() - REMEMBER_SECONDS
        self._told = {pk: told for pk, told in self._told.items() if told[1] > oldest}


_by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, Listeners] = WeakKeyDictionary()


def listeners() -> Listeners:
    """Those of the running event loop."""
    return _by_loop.setdefault(asyncio.get_running_loop(), Listeners())


def _changed(since: datetime, until: datetime) -> list[dict[str, Any]]:
    rows = Conversation.objects.filter(updated_at__gt=since - LOOK_BACK, updated_at__lte=until).order_by("updated_at")
    return [
        asdict(
            Bell(
                conversation_id=row.pk,
                public_id=str(row.public_id),
                team_id=row.team_id,
                assignee_id=row.assignee_id,
                version=row.version,
            )
        )
        for row in rows.only("public_id", "team_id", "assignee_id", "version")
    ]
