"""The dashboard's live half: an open page is told that something changed, and fetches the figures again itself."""

import asyncio
from typing import Any

from channels.db import database_sync_to_async

from conversations.listening import listeners
from core import live
from core.models import User
from core.policy import Action, Grant, allows, reach
from core.sockets import PageSocket

SIGN_IN_FIRST = 4401
NOT_FOR_THEM = 4403
# However much happens, a page fetches no oftener than this.
INTERVAL_SECONDS = 0.5


class DashboardConsumer(PageSocket):
    """One open dashboard. Frames out: ``{"type": "changed"}``, at most one in INTERVAL_SECONDS, and ``pong``."""

    sees_all: bool = False
    team_ids: frozenset[int] = frozenset()
    user_id: int | None = None
    telling: asyncio.Task[None] | None = None
    told_at: float = 0.0

    async def connect(self) -> None:
        """Let in who may see the dashboard; others are told why by the close code."""
        await self.accept()
        user = self.scope.get("user")
        if not isinstance(user, User):
            await self.close(SIGN_IN_FIRST)
            return
        if not allows(user, Action.VIEW_DASHBOARD):
            await self.close(NOT_FOR_THEM)
            return
        self.sees_all = reach(user, Action.VIEW_DASHBOARD) is Grant.ALL
        self.user_id = user.pk
        if not self.sees_all:
            self.team_ids = await database_sync_to_async(_team_ids)(user)
        await live.join(self.channel_layer, live.STAFF_GROUP, self.channel_name)
        if self.sees_all:
            await live.join(self.channel_layer, live.OPERATIONS_GROUP, self.channel_name)
        listeners().join(self._hear)
        await self.send_json({"type": "ready"})

    async def disconnect(self, code: int) -> None:
        """Leave."""
        if self.telling is not None:
            self.telling.cancel()
        await live.leave(self.channel_layer, live.STAFF_GROUP, self.channel_name)
        await live.leave(self.channel_layer, live.OPERATIONS_GROUP, self.channel_name)

    def forget(self) -> None:
        """Hear nothing more."""
        listeners().leave(self._hear)

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Pass over what staff's screens tell each other and this one has no use for."""
        if hasattr(self, message["type"].replace(".", "_")):
            await super().dispatch(message)

    async def receive_json(self, content: Any, **_: Any) -> None:
        """The page asks whether the line holds; nothing else is heard."""
        if isinstance(content, dict) and content.get("type") == "ping":
            await self.send_json({"type": "pong"})

    async def conversations_changed(self, event: dict[str, Any]) -> None:
        """Bells that arrived by themselves."""
        listeners().note(self._hear, event["bells"])
        await self._hear(event)

    async def _hear(self, event: dict[str, Any]) -> None:
        """Bells: tell the page soon, once for all that ring until then."""
        if any(self._concerns(bell) for bell in event["bells"]):
            self._tell_soon()

    async def operations_changed(self, event: dict[str, Any]) -> None:
        """Something that touches no conversation: an event was set aside, a drill went on."""
        self._tell_soon()

    def _tell_soon(self) -> None:
        if self.telling is None:
            self.telling = asyncio.create_task(self._tell())

    def _concerns(self, bell: dict[str, Any]) -> bool:
        return self.sees_all or bell["team_id"] in self.team_ids or bell["assignee_id"] == self.user_id

    async def _tell(self) -> None:
        clock = asyncio.get_running_loop().time
        await asyncio.sleep(max(0.0, self.told_at + INTERVAL_SECONDS - clock()))
        self.told_at, self.telling = clock(), None
        await self.send_json({"type": "changed"})


def _team_ids(user: User) -> frozenset[int]:
    return user.policy_team_ids
