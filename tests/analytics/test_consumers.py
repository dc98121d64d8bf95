"""The dashboard's live half: who is told, and how often."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from itertools import pairwise
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.test import Client

from analytics.consumers import INTERVAL_SECONDS, NOT_FOR_THEM, SIGN_IN_FIRST
from core import live
from core.models import Team, User
from core.policy import Action, Role, allows
from supportagent.asgi import application
from tests.factories import make_team, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def driven(scenario: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test that waits for sockets, run to its end."""

    @wraps(scenario)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(scenario(*args, **kwargs))

    return run


def socket(who: User | None) -> WebsocketCommunicator:
    headers = [(b"host", b"testserver"), (b"origin", b"http://testserver")]
    if who is not None:
        client = Client()
        client.force_login(who)
        cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
        headers.append((b"cookie", cookies.encode()))
    return WebsocketCommunicator(application, "/ws/dashboard/", headers=headers)


async def opened(who: User) -> WebsocketCommunicator:
    page = await sync_to_async(socket)(who)
    assert (await page.connect())[0]
    assert await page.receive_json_from() == {"type": "ready"}
    return page


async def person(role: Role, team: Team | None = None) -> User:
    return await sync_to_async(make_user)(role=role, team=team)


def bell(number: int = 1, *, team: Team | None = None, assignee: User | None = None) -> live.Bell:
    return live.Bell(
        conversation_id=number,
        public_id=str(number),
        team_id=team.pk if team else None,
        assignee_id=assignee.pk if assignee else None,
        version=number,
    )


async def refused_with(page: WebsocketCommunicator) -> int:
    await page.connect()
    frame: dict[str, Any] = await page.receive_output()
    assert frame["type"] == "websocket.close"
    return int(frame["code"])


@driven
async def test_strangers_are_told_to_sign_in() -> None:
    assert await refused_with(await sync_to_async(socket)(None)) == SIGN_IN_FIRST


@pytest.mark.parametrize("role", [role for role in Role if role != Role.API_CLIENT])
@driven
async def test_the_policy_says_whose_page_is_told(role: Role) -> None:
    who = await person(role)
    page = await sync_to_async(socket)(who)

    if allows(who, Action.VIEW_DASHBOARD):
        assert (await page.connect())[0]
        assert await page.receive_json_from() == {"type": "ready"}
        await page.disconnect()
    else:
        assert await refused_with(page) == NOT_FOR_THEM


@driven
async def test_another_sites_page_opens_no_socket() -> None:
    page = WebsocketCommunicator(
        application, "/ws/dashboard/", headers=[(b"host", b"testserver"), (b"origin", b"http://elsewhere.example")]
    )

    assert not (await page.connect())[0]


@driven
async def test_an_open_page_hears_of_a_change() -> None:
    page = await opened(await person(Role.SUPERVISOR))

    live.ring(bell())

    assert await page.receive_json_from(timeout=5) == {"type": "changed"}
    await page.disconnect()


@driven
async def test_many_changes_are_told_at_most_twice_a_second() -> None:
    page = await opened(await person(Role.SUPERVISOR))
    clock = asyncio.get_running_loop().time
    heard: list[float] = []

    begun = clock()
    ringing = asyncio.create_task(_ring_until(begun + 2 * INTERVAL_SECONDS + 0.2))
    while len(heard) < 3:
        assert await page.receive_json_from(timeout=5) == {"type": "changed"}
        heard.append(clock())
    await ringing

    gaps = [later - earlier for earlier, later in pairwise(heard)]
    assert min(gaps) > INTERVAL_SECONDS * 0.9
    await page.disconnect()


async def _ring_until(deadline: float) -> None:
    clock = asyncio.get_running_loop().time
    number = 0
    while clock() < deadline:
        number += 1
        live.ring(bell(number))
        await asyncio.sleep(0.02)


@driven
async def test_an_agent_hears_of_their_team_and_of_what_is_theirs_only() -> None:
    team, other = await sync_to_async(make_team)(), await sync_to_async(make_team)()
    agent = await person(Role.AGENT, team)
    page = await opened(agent)

    live.ring(bell(1, team=other))
    live.ring(bell(2))
    assert await page.receive_nothing(timeout=0.4)
    live.ring(bell(3, team=team))
    assert await page.receive_json_from(timeout=5) == {"type": "changed"}
    live.ring(bell(4, team=other, assignee=agent))
    assert await page.receive_json_from(timeout=5) == {"type": "changed"}
    await page.disconnect()


@driven
async def test_what_other_screens_tell_each_other_disturbs_nobody() -> None:
    page = await opened(await person(Role.ADMIN))

    live.signal(live.STAFF_GROUP, {"type": "presence.changed", "who": 1})
    live.ring(bell())

    assert await page.receive_json_from(timeout=5) == {"type": "changed"}
    await page.disconnect()


@pytest.mark.parametrize("frame", ["nonsense", "[]", "{}", '{"type": 5}', '{"type": "websocket.close"}'])
@driven
async def test_the_page_may_ask_whether_the_line_holds_and_nothing_else(frame: str) -> None:
    page = await opened(await person(Role.ADMIN))

    await page.send_to(text_data=frame)
    await page.send_json_to({"type": "ping"})

    assert await page.receive_json_from(timeout=5) == {"type": "pong"}
    await page.disconnect()
