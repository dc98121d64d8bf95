"""Each role at each websocket: let in as the matrix says, and told of their own team's conversations only."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client
from django.urls import URLPattern

from core import live
from core.policy import Action, Role
from supportagent import asgi
from tests.access.matrix import permits, reads
from tests.factories import make_account, make_channel, make_conversation, make_team, make_user

pytestmark = pytest.mark.django_db(transaction=True)

STAFF = [role for role in Role if role != Role.API_CLIENT]
# What each socket of staff wants; visitors' prove their token instead.
SOCKETS = {"ws/workspace/": Action.VIEW_TEAM_CONVERSATIONS, "ws/dashboard/": Action.VIEW_DASHBOARD}
VISITORS = {"ws/chat/<str:key>/"}


def addresses(routes: Iterable[URLPattern]) -> set[str]:
    """The addresses of some sockets."""
    return {str(route.pattern) for route in routes}


def test_every_socket_has_an_entry() -> None:
    assert addresses(asgi.staff) == set(SOCKETS)
    assert addresses(asgi.visitors) == VISITORS


def page_of(role: Role | None, path: str) -> tuple[WebsocketCommunicator, Any]:
    """A page's socket with the cookie of somebody of a team, or of nobody; and that team."""
    team = make_team()
    headers = [(b"host", b"testserver"), (b"origin", b"http://testserver")]
    if role is not None:
        client = Client()
        client.force_login(make_user(role=role, team=team))
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        headers.append((b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode()))
    return WebsocketCommunicator(asgi.application, f"/{path}", headers=headers), team


def bell_in(team: Any) -> live.Bell:
    """What is told of a change in one of a team's conversations."""
    found = make_conversation(channel=make_channel(make_account(team=team)))
    return live.Bell(
        conversation_id=found.pk, public_id=str(found.public_id), team_id=team.pk, assignee_id=None, version=1
    )


async def told_until(page: WebsocketCommunicator, last: str) -> set[str]:
    """The conversations of which the page is told, up to and with ``last``."""
    told: set[str] = set()
    while last not in told:
        frame: dict[str, Any] = await page.receive_json_from(timeout=5)
        told |= {each["id"] for each in frame.get("conversations", ())}
    return told


@pytest.mark.parametrize("role", [*STAFF, None], ids=str)
@pytest.mark.parametrize("path", SOCKETS)
def test_a_socket_opens_for_whom_the_matrix_names(path: str, role: Role | None) -> None:
    async def scenario() -> None:
        page, _ = await sync_to_async(page_of)(role, path)
        if role is None:
            assert await refusal(page) == 4401
        elif permits(role, SOCKETS[path]):
            assert (await page.connect(timeout=5))[0]
            await page.disconnect()
        else:
            assert await refusal(page) == 4403

    asyncio.run(scenario())


async def refusal(page: WebsocketCommunicator) -> int:
    """The code of a refusal, before or right after accepting."""
    accepted, code = await page.connect(timeout=5)
    if not accepted:
        return int(code or 0)
    frame: dict[str, Any] = await page.receive_output(timeout=5)
    assert frame["type"] == "websocket.close", frame
    return int(frame["code"])


@pytest.mark.parametrize("role", [role for role in STAFF if permits(role, Action.VIEW_TEAM_CONVERSATIONS)], ids=str)
def test_the_workspace_tells_of_what_its_reader_may_read(role: Role) -> None:
    async def scenario() -> None:
        page, team = await sync_to_async(page_of)(role, "ws/workspace/")
        theirs, others = await sync_to_async(bell_in)(team), await sync_to_async(lambda: bell_in(make_team()))()
        assert (await page.connect(timeout=5))[0]

        # The other team's is rung first: it would come before theirs, or with it.
        await sync_to_async(live.ring)(others)
        await sync_to_async(live.ring)(theirs)

        seen = {theirs.public_id, others.public_id} if reads(role, own=False) else {theirs.public_id}
        assert await told_until(page, theirs.public_id) == seen
        await page.disconnect()

    asyncio.run(scenario())
