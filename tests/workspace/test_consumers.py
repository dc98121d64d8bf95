"""The staff's socket: bells and presence for those who may see the conversation, and for nobody else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from conversations.listening import BELLS_TAKE, listeners
from conversations.models import Conversation
from core.live import STAFF_GROUP, conversation_group
from core.models import User
from core.policy import Role
from tests.factories import make_conversation, make_escalation
from tests.workspace.scene import Scene, set_scene
from workspace import consumers
from workspace.consumers import WorkspaceConsumer

pytestmark = pytest.mark.django_db(transaction=True)
SOON = 2.0
SILENCE = 0.15


def socket_of(user: User | AnonymousUser) -> WebsocketCommunicator:
    """A browser's socket."""
    communicator = WebsocketCommunicator(WorkspaceConsumer.as_asgi(), "/ws/workspace/")
    communicator.scope["user"] = user
    return communicator


@asynccontextmanager
async def connected(*people: User) -> AsyncIterator[list[WebsocketCommunicator]]:
    """The sockets of people who were let in."""
    async with AsyncExitStack() as stack:
        sockets = []
        for person in people:
            communicator = socket_of(person)
            accepted, _ = await communicator.connect(timeout=SOON)
            assert accepted
            stack.push_async_callback(communicator.disconnect)
            sockets.append(communicator)
        yield sockets


async def heard(communicator: WebsocketCommunicator) -> dict[str, Any]:
    """The next message."""
    message: dict[str, Any] = await communicator.receive_json_from(timeout=SOON)
    return message


async def heard_state(communicator: WebsocketCommunicator, state: str) -> dict[str, Any]:
    """The next presence with this state; the same one may be said several times before it."""
    while True:
        message = await heard(communicator)
        if message["type"] == "presence" and message["state"] == state:
            return message


async def ring(*conversations: Conversation) -> None:
    """A bell of the record for each conversation."""
    bells = [
        {
            "conversation_id": each.pk,
            "public_id": str(each.public_id),
            "team_id": each.team_id,
            "assignee_id": each.assignee_id,
            "version": each.version,
        }
        for each in conversations
    ]
    await get_channel_layer().group_send(STAFF_GROUP, {"type": "conversations.changed", "bells": bells})


def run(story: Callable[[], Awaitable[None]]) -> None:
    """Tell a story in an event loop of its own."""

    async def told() -> None:
        async with asyncio.timeout(20):
            await story()

    async_to_sync(told)()


def a_scene() -> tuple[Scene, Conversation]:
    """A team, and a conversation that waits. Rows only: a service would ring bells of its own into the story."""
    scene = set_scene()
    conversation = make_conversation(team_id=scene.team.pk)
    make_escalation(conversation)
    return scene, conversation


def test_bells_reach_those_who_see_the_conversation() -> None:
    scene, conversation = a_scene()

    async def story() -> None:
        people = [scene.person(Role.AGENT), scene.person(Role.SUPERVISOR), scene.person(Role.VIEWER), scene.stranger]
        async with connected(*people) as sockets:
            await ring(conversation)
            for communicator in sockets[:3]:
                assert await heard(communicator) == {
                    "type": "changed",
                    "conversations": [{"id": str(conversation.public_id), "version": conversation.version}],
                }
            assert await sockets[3].receive_nothing(timeout=SILENCE)

    run(story)


def test_a_change_that_no_bell_told_is_told_by_looking() -> None:
    scene, conversation = a_scene()
    person = scene.person(Role.AGENT)

    async def story() -> None:
        async with connected(person) as [communicator]:
            conversation.version += 1
            conversation.updated_at = timezone.now() - 2 * BELLS_TAKE
            await conversation.asave(update_fields=["version", "updated_at"])
            await listeners().look()

            told = await heard(communicator)

        assert told["conversations"] == [{"id": str(conversation.public_id), "version": conversation.version}]

    run(story)


def test_an_agent_hears_of_what_is_assigned_to_them_in_another_team() -> None:
    scene, conversation = a_scene()
    conversation.assignee = scene.stranger

    async def story() -> None:
        async with connected(scene.stranger) as [communicator]:
            await ring(conversation)
            assert (await heard(communicator))["conversations"][0]["id"] == str(conversation.public_id)

    run(story)


@pytest.mark.parametrize("role", [Role.PROMPT_EDITOR])
def test_who_does_not_read_conversations_is_not_let_in(role: Role) -> None:
    scene, _ = a_scene()
    gone = scene.person(Role.VIEWER)
    gone.is_active = False
    gone.save(update_fields=["is_active"])

    async def story() -> None:
        for person in (scene.person(role), gone, AnonymousUser()):
            communicator = socket_of(person)
            accepted, code = await communicator.connect(timeout=SOON)
            assert not accepted
            assert code in {consumers.NOT_SIGNED_IN, consumers.NOT_ALLOWED}

    run(story)


def test_colleagues_see_who_views_types_and_leaves() -> None:
    scene, conversation = a_scene()
    here = str(conversation.public_id)

    async def story() -> None:
        async with connected(scene.person(Role.AGENT), scene.person(Role.SUPERVISOR), scene.stranger) as [
            agent,
            supervisor,
            stranger,
        ]:
            seen = []
            for said, meant in (("viewing", "viewing"), ("typing", "typing"), ("nonsense", "viewing")):
                await agent.send_json_to({"type": "here", "conversation": here, "state": said})
                seen.append(await heard_state(supervisor, meant))
            await agent.send_json_to({"type": "here", "conversation": None})
            left = await heard_state(supervisor, "")

            assert {(message["conversation"], message["name"]) for message in [*seen, left]} == {(here, "Agent")}
            assert await stranger.receive_nothing(timeout=SILENCE)
            assert await agent.receive_nothing(timeout=SILENCE)

    run(story)


def test_whoever_comes_later_is_told_who_is_there() -> None:
    scene, conversation = a_scene()

    async def story() -> None:
        async with connected(scene.person(Role.AGENT)) as [agent]:
            await agent.send_json_to({"type": "here", "conversation": str(conversation.public_id), "state": "typing"})
            await ring(conversation)
            await heard(agent)
            async with connected(scene.person(Role.SUPERVISOR)) as [supervisor]:
                message = await heard(supervisor)

                assert (message["type"], message["state"], message["name"]) == ("presence", "typing", "Agent")

    run(story)


def test_the_customer_sees_whoever_answers_write_and_nobody_else() -> None:
    scene, conversation = a_scene()
    dana, sam = scene.person(Role.AGENT), scene.person(Role.SUPERVISOR)
    Conversation.objects.filter(pk=conversation.pk).update(mode=Conversation.Mode.HUMAN, assignee=dana)
    here = str(conversation.public_id)

    async def story() -> list[dict[str, Any]]:
        layer = get_channel_layer()
        page = await layer.new_channel()
        await layer.group_add(conversation_group(conversation.pk), page)
        async with connected(dana, sam) as [owner, other]:
            await other.send_json_to({"type": "here", "conversation": here, "state": "answering"})
            await heard_state(owner, "typing")
            for state in ("typing", "answering", "answering", "viewing", "answering"):
                await owner.send_json_to({"type": "here", "conversation": here, "state": state})
                await heard_state(other, "viewing" if state == "viewing" else "typing")
            await owner.send_json_to({"type": "here", "conversation": None})
            return [await asyncio.wait_for(layer.receive(page), SOON) for _ in range(5)]

    told: list[list[dict[str, Any]]] = []

    async def told_story() -> None:
        told.append(await story())

    run(told_story)

    assert [(message["name"], message["on"]) for message in told[0]] == [
        ("Agent", on) for on in (True, True, False, True, False)
    ]


def test_staff_see_the_customer_of_the_open_conversation_write() -> None:
    scene, conversation = a_scene()
    here = str(conversation.public_id)

    async def story() -> None:
        async with connected(scene.person(Role.AGENT), scene.person(Role.SUPERVISOR)) as [agent, supervisor]:
            await agent.send_json_to({"type": "here", "conversation": here, "state": "viewing"})
            await heard_state(supervisor, "viewing")
            message = {"type": "typing.changed", "who": "customer", "on": True, "name": ""}
            await get_channel_layer().group_send(conversation_group(conversation.pk), message)

            assert await heard(agent) == {"type": "customer", "conversation": here, "typing": True}
            await ring(conversation)
            kinds = [(await heard(supervisor))["type"]]
            while kinds[-1] != "changed":
                kinds.append((await heard(supervisor))["type"])
            assert "customer" not in kinds

    run(story)


def test_closing_the_socket_is_leaving() -> None:
    scene, conversation = a_scene()

    async def story() -> None:
        async with connected(scene.person(Role.SUPERVISOR)) as [supervisor]:
            async with connected(scene.person(Role.AGENT)) as [agent]:
                await agent.send_json_to(
                    {"type": "here", "conversation": str(conversation.public_id), "state": "viewing"}
                )
                await heard_state(supervisor, "viewing")
            left = await heard_state(supervisor, "")

            assert left["conversation"] == str(conversation.public_id)

    run(story)


def test_nobody_is_present_where_they_may_not_be() -> None:
    scene, conversation = a_scene()

    async def story() -> None:
        async with connected(scene.stranger, scene.person(Role.SUPERVISOR)) as [stranger, supervisor]:
            for place in (str(conversation.public_id), "nonsense", 5, {"a": 1}):
                await stranger.send_json_to({"type": "here", "conversation": place, "state": "viewing"})
            assert await supervisor.receive_nothing(timeout=SILENCE)

    run(story)


@pytest.mark.parametrize("text", ["not json", "[]", "5", '{"type": "other"}', '{"type": ["x"]}'])
def test_what_is_not_a_heartbeat_is_ignored(text: str) -> None:
    scene, conversation = a_scene()

    async def story() -> None:
        async with connected(scene.person(Role.AGENT)) as [communicator]:
            await communicator.send_to(text_data=text)
            await ring(conversation)
            assert (await heard(communicator))["type"] == "changed"

    run(story)
