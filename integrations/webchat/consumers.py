"""The chat's live half: what was said reaches an open page at once. A page that missed a frame asks over HTTP."""

import asyncio
from typing import Any

from channels.db import database_sync_to_async

from conversations.listening import listeners
from core import live
from core.sockets import PageSocket
from integrations.models import Visitor
from integrations.origins import is_listed, is_own
from integrations.webchat import services
from integrations.webchat.exceptions import PageGone, TooManyRequests, VisitorUnknown
from integrations.webchat.wire import MessageOnWire, State, bot_is_typing, message_on_wire, state_on_wire

TOKEN_UNKNOWN = 4401
# The page comes back by itself, later each time.
TRY_LATER = 1013
ORIGIN_REFUSED = 4403
SECONDS_TO_SAY_WHO = 10


class VisitorConsumer(PageSocket):
    """One open chat page. The first frame proves the visitor; nothing is told before."""

    visitor: Visitor | None = None
    sent_to: int = 0
    groups_joined: set[str]
    one_at_a_time: asyncio.Lock
    conversation_id: int | None = None
    version_heard: int = -1
    typing: bool = False
    last_state: State | None = None
    deadline: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Accept a page that may use the chat, and wait a short while for the token."""
        self.groups_joined = set()
        self.one_at_a_time = asyncio.Lock()
        if not await self._may_connect():
            await self.close(ORIGIN_REFUSED)
            return
        await self.accept()
        self.deadline = asyncio.create_task(self._close_if_silent())

    async def disconnect(self, code: int) -> None:
        """Leave the groups."""
        if self.deadline is not None:
            self.deadline.cancel()
        for group in self.groups_joined:
            await live.leave(self.channel_layer, group, self.channel_name)

    def forget(self) -> None:
        """Hear nothing more."""
        if self.conversation_id is not None:
            listeners().unfollow(self.conversation_id, self._hear_late)

    async def receive_json(self, content: Any, **_: Any) -> None:
        """A frame of the page; what is not known is passed over."""
        kind = content.get("type") if isinstance(content, dict) else None
        if kind == "auth":
            await self._begin(content)
        elif self.visitor is None:
            await self.close(TOKEN_UNKNOWN)
        elif kind == "ping":
            await self.send_json({"type": "pong"})
            if self.conversation_id is None:
                # What tells of the first message may be lost, and nothing more would be heard of that conversation.
                await self._tell_news()
        elif kind == "typing":
            await database_sync_to_async(services.tell_typing)(self.visitor, on=bool(content.get("on")))
        elif kind == "seen" and isinstance(content.get("seq"), int):
            await database_sync_to_async(services.mark_seen)(self.visitor, max(0, content["seq"]))

    async def conversation_changed(self, event: dict[str, Any]) -> None:
        """A bell: look what is new."""
        await self._tell_news()
        # Only now: where telling fails, the next look tries again.
        self.version_heard = max(self.version_heard, event["bell"]["version"])

    async def _hear_late(self, event: dict[str, Any]) -> None:
        """The conversation changed some seconds ago; its bell may have been lost."""
        if event["bell"]["version"] > self.version_heard:
            await self.conversation_changed(event)

    async def conversation_opened(self, event: dict[str, Any]) -> None:
        """The visitor wrote for the first time, perhaps in another tab."""
        await self._tell_news()

    async def typing_changed(self, event: dict[str, Any]) -> None:
        """Somebody writes; the visitor is shown everybody but themselves."""
        if event.get("who") != "customer":
            await self.send_json(
                {"type": "typing", "who": event["who"], "on": event["on"], "name": event.get("name") or None}
            )

    async def _begin(self, content: dict[str, Any]) -> None:
        key = self.scope["url_route"]["kwargs"]["key"]
        try:
            visitor = await database_sync_to_async(_prove)(key, content.get("token"))
        except TooManyRequests:
            await self.close(TRY_LATER)
            return
        except (PageGone, VisitorUnknown):
            await self.close(TOKEN_UNKNOWN)
            return
        if self.deadline is not None:
            self.deadline.cancel()
        self.visitor = visitor
        after = content.get("after")
        self.sent_to = after if isinstance(after, int) and after >= 0 else 0
        await self._join(services.visitor_group(visitor))
        async with self.one_at_a_time:
            news = await self._news()
            if news is None:
                await self.close(TOKEN_UNKNOWN)
                return
            await self.send_json({"type": "ready", "last_seq": news["last_seq"], "state": news["state"]})
            self.last_state = news["state"]
            await self._tell(news)

    async def _may_connect(self) -> bool:
        given = [(name, value.decode("latin-1")) for name, value in self.scope["headers"]]
        origins = [value for name, value in given if name == b"origin"]
        host = next((value for name, value in given if name == b"host"), "")
        if not origins or (len(origins) == 1 and is_own(origins[0], host)):
            return True
        key = self.scope["url_route"]["kwargs"]["key"]
        return len(origins) == 1 and await database_sync_to_async(_lists)(key, origins[0])

    async def _tell_news(self) -> None:
        async with self.one_at_a_time:
            news = await self._news()
            if news is None:
                # Their time is over, or they were erased; the page finds out what becomes of it.
                await self.close(TOKEN_UNKNOWN)
            else:
                await self._tell(news)

    async def _tell(self, news: dict[str, Any]) -> None:
        for message in news["messages"]:
            self.sent_to = max(self.sent_to, message["seq"])
            await self.send_json({"type": "message", "message": message})
        if news["state"] != self.last_state:
            self.last_state = news["state"]
            await self.send_json({"type": "state", "state": news["state"]})
        if news["typing"] != self.typing:
            self.typing = news["typing"]
            await self.send_json({"type": "typing", "who": "bot", "on": self.typing})

    async def _news(self) -> dict[str, Any] | None:
        news: dict[str, Any] | None = await database_sync_to_async(_read_news)(self.visitor, self.sent_to)
        if news is not None and news["conversation_id"] is not None:
            await self._follow(news["conversation_id"])
        return news

    async def _follow(self, conversation_id: int) -> None:
        if conversation_id == self.conversation_id:
            return
        listeners().follow(conversation_id, self._hear_late)
        self.forget()
        self.conversation_id, self.version_heard = conversation_id, -1
        await self._join(live.conversation_group(conversation_id))

    async def _join(self, group: str) -> None:
        if group not in self.groups_joined:
            self.groups_joined.add(group)
            await live.join(self.channel_layer, group, self.channel_name)

    async def _close_if_silent(self) -> None:
        await asyncio.sleep(SECONDS_TO_SAY_WHO)
        if self.visitor is None:
            await self.close(TOKEN_UNKNOWN)


def _lists(key: str, origin: str) -> bool:
    account = services.account_of(key)
    return account is not None and is_listed(origin, account.origins)


def _prove(key: str, token: object) -> Visitor:
    account = services.account_of(key)
    if account is None:
        raise PageGone
    return services.prove(account, token if isinstance(token, str) else "")


def _read_news(visitor: Visitor, after: int) -> dict[str, Any] | None:
    """What is new, or None for somebody who is known no longer."""
    if not services.is_known(visitor):
        return None
    page = services.read(visitor, after=after)
    messages: list[MessageOnWire] = [message_on_wire(message) for message in page.messages]
    return {
        "messages": messages,
        "last_seq": page.last_seq,
        "state": state_on_wire(page.conversation),
        "typing": bot_is_typing(page.conversation),
        "conversation_id": page.conversation.pk if page.conversation else None,
    }
