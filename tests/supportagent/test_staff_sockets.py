"""Staff's sockets: who is let in, and the look that ends them."""

import asyncio
import time
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib.sessions.models import Session
from django.db import InterfaceError, OperationalError
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from core.policy import Role
from supportagent import sessions, staff_sockets
from supportagent.asgi import application
from supportagent.staff_sockets import SIGN_IN_AGAIN, signed_in
from tests.factories import make_team, make_user

pytestmark = pytest.mark.django_db(transaction=True)
PATHS = ["/ws/workspace/", "/ws/dashboard/"]
LOOK_SECONDS = 0.1


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staff_sockets, "LOOK_SECONDS", LOOK_SECONDS)


@pytest.fixture
def browser() -> Client:
    """The browser of somebody who is signed in."""
    return signed_in_browser()


def signed_in_browser(role: Role = Role.SUPERVISOR) -> Client:
    client = Client()
    client.force_login(make_user(role=role, team=make_team()))
    return client


def key_in(client: Client, settings: Settings) -> str:
    return str(client.cookies[settings.SESSION_COOKIE_NAME].value)


def socket(path: str, key: str, settings: Settings) -> WebsocketCommunicator:
    """A page's socket with the cookie of a session."""
    headers = [(b"host", b"testserver"), (b"origin", b"http://testserver")]
    headers.append((b"cookie", f"{settings.SESSION_COOKIE_NAME}={key}".encode()))
    return WebsocketCommunicator(application, path, headers=headers)


async def opened(path: str, key: str, settings: Settings) -> WebsocketCommunicator:
    page = socket(path, key, settings)
    assert (await page.connect(timeout=5))[0]
    return page


async def closed_with(page: WebsocketCommunicator) -> int:
    """The code that the server closes with, past what it still tells."""
    while (frame := await page.receive_output(timeout=5))["type"] == "websocket.send":
        pass
    assert frame["type"] == "websocket.close"
    return int(frame["code"])


def put_back(client: Client, *, seconds: float, what: str) -> None:
    """Let one of the session's times be so long ago."""
    kept = client.session
    kept[what] = int(time.time() - seconds)
    kept.save()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("what", "limit"), [(sessions.ACTIVE, 30 * 60), (sessions.BEGUN, 12 * 3600)])
def test_a_session_whose_time_is_over_opens_no_socket_and_ends_an_open_one(
    path: str, what: str, limit: int, browser: Client, settings: Settings
) -> None:
    key = key_in(browser, settings)

    async def scenario() -> None:
        page = await opened(path, key, settings)
        await sync_to_async(put_back)(browser, seconds=limit, what=what)

        assert await closed_with(page) == SIGN_IN_AGAIN

        late = socket(path, key, settings)
        is_open, code = await late.connect(timeout=5)
        assert (await closed_with(late) if is_open else code) == SIGN_IN_AGAIN
        await late.disconnect()

    asyncio.run(scenario())


def test_being_looked_at_is_nobodys_activity(browser: Client, settings: Settings) -> None:
    key = key_in(browser, settings)
    put_back(browser, seconds=600, what=sessions.ACTIVE)
    before = Session.objects.values().get(pk=key)

    async def scenario() -> None:
        pages = [await opened(path, key, settings) for path in PATHS]
        await asyncio.sleep(3 * LOOK_SECONDS)
        assert not any(page.future.done() for page in pages)
        for page in pages:
            await page.disconnect()

    asyncio.run(scenario())

    assert Session.objects.values().get(pk=key) == before


@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("closed"), RuntimeError("a fault of ours")])
def test_a_look_that_fails_closes_nothing_and_is_repeated(
    error: Exception, browser: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = key_in(browser, settings)
    failed: list[Exception] = []

    def away(_: Any) -> Any:
        failed.append(error)
        raise error

    async def scenario() -> None:
        page = await opened("/ws/dashboard/", key, settings)
        with monkeypatch.context() as patch:
            patch.setattr(staff_sockets, "signed_in", away)
            await sync_to_async(browser.logout)()
            while len(failed) < 2:
                await asyncio.sleep(LOOK_SECONDS / 4)
            assert not page.future.done()

        assert await closed_with(page) == SIGN_IN_AGAIN

    async def in_time() -> None:
        async with asyncio.timeout(10):
            await scenario()

    asyncio.run(in_time())


def test_one_look_is_for_all_that_are_open_and_ends_with_the_last(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [key_in(signed_in_browser(), settings) for _ in range(2)]
    asked: list[set[str]] = []

    def note(wanted: Any) -> Any:
        asked.append(set(wanted))
        return signed_in(wanted)

    async def scenario() -> None:
        pages = [await opened(path, key, settings) for path in PATHS for key in keys]
        monkeypatch.setattr(staff_sockets, "signed_in", note)
        while len(asked) < 2:
            await asyncio.sleep(LOOK_SECONDS / 4)
        assert all(each == set(keys) for each in asked)
        for page in pages:
            await page.disconnect()
        # What was asked just then is still answered.
        await asyncio.sleep(LOOK_SECONDS)
        count = len(asked)
        await asyncio.sleep(3 * LOOK_SECONDS)
        assert len(asked) == count

    # Each event loop has a look of its own.
    for _ in range(2):
        asked.clear()
        monkeypatch.setattr(staff_sockets, "signed_in", signed_in)
        asyncio.run(scenario())


def test_however_many_are_open_a_look_is_two_questions(
    settings: Settings, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    keys = [key_in(signed_in_browser(role), settings) for role in (Role.ADMIN, Role.AGENT, Role.VIEWER)]

    with django_assert_num_queries(2):
        found = signed_in([*keys, "gone0123"])

    assert {key: found[key].role for key in found} == dict(
        zip(keys, (Role.ADMIN, Role.AGENT, Role.VIEWER), strict=True)
    )
    assert all(each.team_ids == each.person.policy_team_ids for each in found.values())


def test_a_key_that_is_being_replaced_still_proves_a_session(browser: Client, settings: Settings) -> None:
    key = key_in(browser, settings)
    old = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new one, for this test only 0123456789", [old]

    async def scenario() -> None:
        page = await opened("/ws/dashboard/", key, settings)
        await asyncio.sleep(3 * LOOK_SECONDS)
        assert not page.future.done()
        settings.SECRET_KEY_FALLBACKS = []

        assert await closed_with(page) == SIGN_IN_AGAIN

    asyncio.run(scenario())


def test_a_visitors_socket_asks_nothing_of_a_session(
    browser: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Any) -> Any:
        raise AssertionError

    monkeypatch.setattr(staff_sockets, "signed_in", refuse)

    async def scenario() -> None:
        page = socket("/ws/chat/nobody/", key_in(browser, settings), settings)
        await page.connect(timeout=5)
        await page.disconnect()

    asyncio.run(scenario())
