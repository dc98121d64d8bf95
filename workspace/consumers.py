"""The staff's socket: which conversations changed, who looks at them, and who is writing. The news itself is fetched."""

import uuid
from collections.abc import Mapping
from typing import Any, TypedDict

from channels.db import database_sync_to_async

from conversations.listening import listeners
from conversations.models import Conversation
from core import live
from core.models import User
from core.policy import Action, Subject, allows, sees_conversation
from core.sockets import PageSocket

NOT_SIGNED_IN = 4401
NOT_ALLOWED = 4403
# Whoever answers is "answering" while they write to the customer; colleagues see that they are typing.
STATES = frozenset({"viewing", "typing", "answering"})


class Presence(TypedDict):
    """Where somebody is. ``state`` is viewing, typing, or empty for having left."""

    type: str
    user_id: int
    name: str
    conversation: str
    team_id: int | None
    assignee_id: int | None
    state: str


class WorkspaceConsumer(PageSocket):
    """Forwards bells of conversations that the person may see.

    In: ``{"type": "here", "conversation": uuid or null, "state": "viewing" | "typing" | "answering"}``, every ten
    seconds and at each change. Out: ``{"type": "changed", "conversations": [{"id", "version"}]}``,
    ``{"type": "presence", "conversation", "person", "name", "state"}`` and, of the customer of the conversation that is
    open, ``{"type": "customer", "conversation", "typing"}``.
    """

    user: User
    place: Presence | None = None
    place_pk: int = 0
    is_answering: bool = False

    async def connect(self) -> None:
        """Let in staff who read conversations, and ask who is where."""
        person = self.scope.get("user")
        if not isinstance(person, User):
            await self.close(code=NOT_SIGNED_IN)
            return
        if not allows(person, Action.VIEW_TEAM_CONVERSATIONS):
            await self.close(code=NOT_ALLOWED)
            return
        self.user = person
        # Teams are read and kept here, in a thread: the event loop may not ask the database when it judges a bell.
        await database_sync_to_async(lambda: person.policy_team_ids)()
        await live.join(self.channel_layer, live.STAFF_GROUP, self.channel_name)
        await self.accept()
        listeners().join(self._pass_on)
        await self._tell_staff({"type": "presence.ask"})

    async def disconnect(self, code: int) -> None:
        """Tell the others that the person left."""
        await live.leave(self.channel_layer, live.STAFF_GROUP, self.channel_name)
        await self._leave()

    def forget(self) -> None:
        """Hear nothing more."""
        listeners().leave(self._pass_on)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """Take a heartbeat; anything else is ignored."""
        if not isinstance(content, dict) or content.get("type") != "here":
            return
        state = content.get("state")
        state = state if isinstance(state, str) and state in STATES else "viewing"
        await self._move_to(content.get("conversation"), "viewing" if state == "viewing" else "typing")
        await self._tell_customer(typing=state == "answering")

    async def conversations_changed(self, event: dict[str, Any]) -> None:
        """Bells that arrived by themselves."""
        listeners().note(self._pass_on, event["bells"])
        await self._pass_on(event)

    async def _pass_on(self, event: dict[str, Any]) -> None:
        """Tell the page of the bells that concern this person."""
        changed = [
            {"id": bell["public_id"], "version": bell["version"]}
            for bell in event["bells"]
            if sees_conversation(self.user, Subject(team_id=bell["team_id"], assignee_id=bell["assignee_id"]))
        ]
        if changed:
            await self.send_json({"type": "changed", "conversations": changed})
        for bell in event["bells"]:
            if self.place is not None and bell["public_id"] == self.place["conversation"]:
                self.place["team_id"], self.place["assignee_id"] = bell["team_id"], bell["assignee_id"]

    async def conversation_changed(self, event: dict[str, Any]) -> None:
        """The same bell, rung for those who have the conversation open: it came with all the others."""

    async def typing_changed(self, event: dict[str, Any]) -> None:
        """The customer of the open conversation writes, or has stopped; what colleagues do is presence."""
        if self.place is not None and event.get("who") == "customer":
            await self.send_json(
                {"type": "customer", "conversation": self.place["conversation"], "typing": bool(event["on"])}
            )

    async def presence_seen(self, event: dict[str, Any]) -> None:
        """Pass on where a colleague is, if this person may see that conversation."""
        if event["user_id"] == self.user.pk:
            return
        if sees_conversation(self.user, Subject(team_id=event["team_id"], assignee_id=event["assignee_id"])):
            await self.send_json(
                {
                    "type": "presence",
                    "conversation": event["conversation"],
                    "person": event["user_id"],
                    "name": event["name"],
                    "state": event["state"],
                }
            )

    async def presence_ask(self, event: dict[str, Any]) -> None:
        """Somebody new asks who is where."""
        if self.place is not None:
            await self._tell_staff(self.place)

    async def _move_to(self, conversation: object, state: str) -> None:
        here = self.place["conversation"] if self.place is not None else None
        if here is not None and here != conversation:
            await self._leave()
        if not isinstance(conversation, str):
            return
        if self.place is None:
            self.place = await database_sync_to_async(self._place_in)(conversation)
            if self.place is not None:
                await live.join(self.channel_layer, live.conversation_group(self.place_pk), self.channel_name)
        if self.place is not None:
            self.place["state"] = state
            await self._tell_staff(self.place)

    async def _leave(self) -> None:
        if self.place is not None:
            await self._tell_customer(typing=False)
            await live.leave(self.channel_layer, live.conversation_group(self.place_pk), self.channel_name)
            await self._tell_staff({**self.place, "state": ""})
            self.place = None

    async def _tell_customer(self, *, typing: bool) -> None:
        """Show the customer that whoever answers them is writing; nobody else, and never that somebody writes a note."""
        writes = typing and self.place is not None and self.place["assignee_id"] == self.user.pk
        if not writes and not self.is_answering:
            return
        self.is_answering = writes
        message = {"type": "typing.changed", "who": "human", "on": writes, "name": self.user.display_name}
        await live.tell(self.channel_layer, live.conversation_group(self.place_pk), message)

    async def _tell_staff(self, message: Mapping[str, Any]) -> None:
        """Presence is fleeting: where the channel layer does not answer, it is not told, and the socket goes on."""
        await live.tell(self.channel_layer, live.STAFF_GROUP, message)

    def _place_in(self, conversation: str) -> Presence | None:
        """The presence message for a conversation that the person may see; None for any other."""
        try:
            public_id = uuid.UUID(conversation)
        except ValueError:
            return None
        found = (
            Conversation.objects.visible_to(self.user)
            .filter(public_id=public_id)
            .only("team_id", "assignee_id")
            .first()
        )
        if found is None:
            return None
        self.place_pk = found.pk
        return Presence(
            type="presence.seen",
            user_id=self.user.pk,
            name=self.user.display_name,
            conversation=str(public_id),
            team_id=found.team_id,
            assignee_id=found.assignee_id,
            state="viewing",
        )
