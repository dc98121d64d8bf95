"""What is tried at websockets and the web chat."""

import asyncio
import base64
import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from core.models import CallWindow, User
from core.policy import Role
from core.sockets import FRAMES_AT_ONCE
from core.throttles import forget_old_windows
from integrations.models import PlatformAccount, Visitor
from integrations.webchat import guesses, services
from supportagent import staff_sockets
from supportagent.asgi import application
from supportagent.embedded import server
from tests.factories import make_account, make_team, make_user
from tests.hostile.cases import covers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("nobody_guessed")]
STAFF = ["/ws/workspace/", "/ws/dashboard/"]
HERE = (b"origin", b"http://testserver")


@pytest.fixture
def nobody_guessed() -> Iterator[None]:
    """No address is known for guessing before the test, nor after it."""
    guesses.forget()
    yield
    guesses.forget()


def cookie_of(role: Role) -> tuple[bytes, bytes]:
    """The session cookie of somebody who is signed in."""
    client = Client()
    client.force_login(make_user(role=role, team=make_team()))
    return cookie_in(client)


def cookie_in(client: Client) -> tuple[bytes, bytes]:
    """The session cookie of a browser."""
    return b"cookie", f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}".encode()


def socket(path: str, *headers: tuple[bytes, bytes]) -> WebsocketCommunicator:
    """A socket of a page."""
    return WebsocketCommunicator(application, path, headers=[(b"host", b"testserver"), *headers])


@covers("S-001")
@pytest.mark.parametrize("path", STAFF)
@pytest.mark.parametrize(
    "origin",
    [b"https://evil.example", b"null", None, b"http://testserver.evil.example", b"http://evil.example/testserver"],
)
def test_a_page_of_another_site_gets_no_socket_whoever_looks_at_it(path: str, origin: bytes | None) -> None:
    async def scenario() -> tuple[bool, int | None]:
        cookie = await sync_to_async(cookie_of)(Role.ADMIN)
        page = socket(path, cookie, *([(b"origin", origin)] if origin is not None else []))
        accepted, code = await page.connect(timeout=5)
        return bool(accepted), code

    assert asyncio.run(scenario()) == (False, 4403)


@covers("S-002")
@pytest.mark.parametrize("path", STAFF)
@pytest.mark.parametrize("cookie", ["", "not-a-session", "' OR 1=1 --", "x" * 4_000])
def test_without_a_session_nothing_is_told(path: str, cookie: str) -> None:
    async def scenario() -> int:
        page = socket(path, HERE, (b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode()))
        accepted, code = await page.connect(timeout=5)
        if accepted:
            frame = await page.receive_output(timeout=5)
            assert frame["type"] == "websocket.close"
            code = frame["code"]
        return int(code or 0)

    assert asyncio.run(scenario()) == 4401


async def closed_with(page: WebsocketCommunicator) -> int:
    """The code that the server closes with, past what it still tells; and the consumer is over as well."""
    while (frame := await page.receive_output(timeout=5))["type"] == "websocket.send":
        pass
    assert frame["type"] == "websocket.close"
    await asyncio.wait_for(page.future, 5)
    return int(frame["code"])


def end(how: str, client: Client, sam: User) -> None:
    """One of the ends of a session or of its rights."""
    if how == "logout":
        client.post("/accounts/logout/")
    elif how == "password":
        sam.set_password("a wholly different one 7")
        sam.save()
    elif how == "deactivation":
        User.objects.filter(pk=sam.pk).update(is_active=False)
    elif how == "role":
        User.objects.filter(pk=sam.pk).update(role=Role.AGENT)
    else:
        sam.teams.add(make_team())


@covers("A-033")
@pytest.mark.parametrize("path", STAFF)
@pytest.mark.parametrize("how", ["logout", "password", "deactivation", "role", "team"])
def test_an_open_socket_ends_with_what_it_was_opened_for_although_its_page_sends_nothing(
    how: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert staff_sockets.LOOK_SECONDS <= 5
    monkeypatch.setattr(staff_sockets, "LOOK_SECONDS", 0.1)
    sam, client = make_user(role=Role.SUPERVISOR, team=make_team()), Client()
    client.force_login(sam)
    cookie, of_another = cookie_in(client), cookie_of(Role.SUPERVISOR)

    async def scenario() -> tuple[int, bool]:
        page, another = socket(path, HERE, cookie), socket(path, HERE, of_another)
        for each in (page, another):
            assert (await each.connect(timeout=5))[0]
        await sync_to_async(end)(how, client, sam)

        code = await closed_with(page)

        assert not another.future.done()
        again = socket(path, HERE, cookie)
        is_open, _ = await again.connect(timeout=5)
        if path == "/ws/dashboard/":
            # Its consumer accepts before it judges.
            is_open = (await again.receive_output(timeout=5))["type"] == "websocket.send"
        for each in (again, another):
            await each.disconnect(timeout=5)
        return code, is_open

    changes = how in ("role", "team")
    expected = staff_sockets.RIGHTS_CHANGED if changes else staff_sockets.SIGN_IN_AGAIN
    assert asyncio.run(scenario()) == (expected, changes)


@covers("A-033")
@pytest.mark.parametrize("path", STAFF)
def test_what_frames_a_page_sends_keep_its_socket_open_no_longer(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staff_sockets, "LOOK_SECONDS", 0.1)
    client = Client()
    client.force_login(make_user(role=Role.SUPERVISOR))
    cookie = cookie_in(client)

    async def scenario() -> int:
        page = socket(path, HERE, cookie)
        assert (await page.connect(timeout=5))[0]

        async def chatter() -> None:
            while True:
                await page.send_json_to({"type": "here" if path == "/ws/workspace/" else "ping"})
                await asyncio.sleep(0.06)

        chattering = asyncio.create_task(chatter())
        await sync_to_async(client.post)("/accounts/logout/")
        code = await closed_with(page)
        chattering.cancel()
        return code

    assert asyncio.run(scenario()) == staff_sockets.SIGN_IN_AGAIN


JUNK: list[dict[str, Any]] = [
    {"bytes_data": b"\x00\xff"}, {"bytes_data": b"{}"}, {"text_data": "NaN"}, {"text_data": '{"type":NaN}'}, {"text_data": "{"},
    {"text_data": "[" * 20_000}, {"text_data": '{"a":' * 5_000}, {"text_data": "[]"}, {"text_data": "null"}, {"text_data": '"x"'},
    {"text_data": '{"type":"nobody.knows.it"}'}, {"text_data": '{"type":[]}'}, {"text_data": '{"type":{}}'},
    {"text_data": '{"type":"here","conversation":5,"state":[]}'}, {"text_data": '{"type":"here","conversation":"\\u0000"}'},
    {"text_data": '{"type":"seen","seq":-1}'}, {"text_data": '{"type":"seen","seq":' + "9" * 30 + "}"},
    {"text_data": '{"type":"seen","seq":true}'}, {"text_data": '{"type":"typing","on":{}}'}, {"text_data": '{"type":"auth"}'},
    {"text_data": '{"type":"auth","token":5,"after":1e308}'}, {"text_data": '{"type":"auth","token":"\\ud800"}'},
]  # fmt: skip


@covers("S-005")
@pytest.mark.parametrize("path", [*STAFF, "/ws/chat/"])
def test_no_frame_raises_and_the_socket_lives_or_is_closed(path: str, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        headers = [await sync_to_async(cookie_of)(Role.SUPERVISOR)] if path in STAFF else []
        account = await sync_to_async(make_account)(platform="webchat")
        _, token = await sync_to_async(services.begin)(account, locale="en", address="192.0.2.1")
        for junk in JUNK:
            page = socket(path if path in STAFF else f"{path}{account.public_key}/", HERE, *headers)
            assert (await page.connect(timeout=5))[0]
            if path not in STAFF and "auth" not in str(junk):
                await page.send_json_to({"type": "auth", "token": token})
            await page.send_to(**junk)
            # A consumer that raised ends with its exception here.
            await page.disconnect(timeout=5)

    asyncio.run(scenario())

    assert not [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]


@covers("S-004")
@pytest.mark.parametrize("path", [*STAFF, "/ws/chat/"])
def test_a_page_that_floods_frames_is_closed_with_1008_and_another_goes_on(path: str) -> None:
    async def scenario() -> tuple[int, bool]:
        headers = [await sync_to_async(cookie_of)(Role.SUPERVISOR)] if path in STAFF else []
        account = await sync_to_async(make_account)(platform="webchat")
        _, token = await sync_to_async(services.begin)(account, locale="en", address="192.0.2.1")
        place = path if path in STAFF else f"{path}{account.public_key}/"
        flooding, quiet = socket(place, HERE, *headers), socket(place, HERE, *headers)
        for page in (flooding, quiet):
            assert (await page.connect(timeout=5))[0]
            await page.send_json_to({"type": "auth", "token": token})
        for _ in range(FRAMES_AT_ONCE + 1_000):
            await flooding.send_to(text_data='{"type":"nobody.knows.it"}')
        frame = {"type": ""}
        while frame["type"] != "websocket.close":
            frame = await flooding.receive_output(timeout=10)
        await quiet.send_json_to({"type": "ping"})
        still_open = not quiet.future.done()
        await quiet.disconnect(timeout=5)
        return int(frame["code"]), still_open

    assert asyncio.run(scenario()) == (1008, True)


@covers("S-004")
def test_a_frame_is_bounded_before_it_is_kept() -> None:
    listening = server.EmbeddedServer(application, host="127.0.0.1", port=0, when_listening=lambda: None)

    assert (listening.websocket_max_message_size, listening.websocket_max_frame_size) == (65_536, 65_536)


@covers("S-011")
def test_no_token_that_was_made_up_opens_a_chat() -> None:
    account, other = make_account(platform="webchat"), make_account(platform="webchat")
    _, good = services.begin(account, locale="en", address="192.0.2.1")
    unsigned = (
        ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b'{"alg":"none"}', b'{"sub":"1"}'))
        + "."
    )
    made_up = [
        good[:-1],
        good[1:],
        good + "A",
        good.swapcase(),
        unsigned,
        "",
        "0" * len(good),
        str(Visitor.objects.get().pk),
    ]
    made_up += [secrets.token_urlsafe(32) for _ in range(40)]

    assert {shown(account, token).status_code for token in made_up} == {401}
    assert shown(other, good).status_code == 401
    assert shown(account, good).status_code == 200
    assert len(base64.urlsafe_b64decode(good[-40:])) * 8 >= 128


def shown(account: PlatformAccount, token: str, *, address: str = "192.0.2.7") -> Any:
    """The chat's answer to a token."""
    headers = {"authorization": f"Bearer {token}"}
    return Client(REMOTE_ADDR=address).get(f"/chat/{account.public_key}/messages", headers=headers)


@covers("S-011")
def test_whoever_shows_one_wrong_token_after_another_is_told_to_wait_and_no_neighbour_is(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    account = make_account(platform="webchat")
    _, good = services.begin(account, locale="en", address="192.0.2.7")

    answers = [shown(account, secrets.token_urlsafe(32)) for _ in range(guesses.WRONG_TOKENS_PER_MINUTE + 10)]

    statuses = [answer.status_code for answer in answers]
    assert statuses == [401] * guesses.WRONG_TOKENS_PER_MINUTE + [429] * 10
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    # Who goes on costs the database no more than the look for the token.
    with django_assert_num_queries(2):
        assert shown(account, "made-up").status_code == 429
    assert shown(account, secrets.token_urlsafe(32), address="192.0.2.8").status_code == 401
    assert shown(account, good).status_code == 200
    # What is kept to count by is no address.
    assert "192.0.2" not in str(CallWindow.objects.values())


@covers("S-011")
def test_at_the_socket_wrong_tokens_count_too(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1
    account = make_account(platform="webchat")
    _, good = services.begin(account, locale="en", address="192.0.2.7")

    async def code_of(token: str, address: bytes) -> int | None:
        page = socket(f"/ws/chat/{account.public_key}/", HERE, (b"x-forwarded-for", address))
        assert (await page.connect(timeout=5))[0]
        await page.send_json_to({"type": "auth", "token": token})
        frame = await page.receive_output(timeout=5)
        if frame["type"] == "websocket.close":
            return int(frame["code"])
        await page.disconnect(timeout=5)
        return None

    async def scenario() -> tuple[list[int | None], int | None, int | None]:
        most = guesses.WRONG_TOKENS_PER_MINUTE
        wrong = [await code_of(f"wrong-{number}", b"6.6.6.6, 192.0.2.7") for number in range(most + 1)]
        elsewhere = await code_of("wrong", b"192.0.2.7, 192.0.2.8")
        return wrong, elsewhere, await code_of(good, b"192.0.2.7")

    wrong, elsewhere, own = asyncio.run(scenario())

    assert wrong == [4401] * guesses.WRONG_TOKENS_PER_MINUTE + [1013]
    assert (elsewhere, own) == (4401, None)


def test_a_window_that_nobody_needs_is_forgotten() -> None:
    guesses.seconds_after("192.0.2.7")
    assert forget_old_windows() == 0

    CallWindow.objects.update(began_at=timezone.now() - timedelta(hours=1, seconds=1))

    assert forget_old_windows() == 1


@covers("S-008")
def test_a_screen_that_takes_nothing_keeps_no_bell_from_the_others() -> None:
    async def scenario() -> list[int]:
        layer = get_channel_layer()
        deaf, other = [await layer.new_channel() for _ in range(2)]
        for channel in (deaf, other):
            await layer.group_add("s-008", channel)
        for number in range(500):
            await layer.group_send("s-008", {"type": "bell", "number": number})
        return [(await asyncio.wait_for(layer.receive(other), 5))["number"] for _ in range(500)]

    assert asyncio.run(scenario()) == list(range(500))


@covers("S-013")
def test_a_site_that_is_not_listed_neither_frames_nor_begins_a_chat() -> None:
    account = make_account(platform="webchat", origins=["https://shop.example"])
    client = Client()

    page = client.get(f"/chat/{account.public_key}/")
    begun = client.post(
        f"/chat/{account.public_key}/session",
        b"{}",
        content_type="application/json",
        headers={"origin": "https://evil.example"},
    )

    ancestors = next(part for part in page.headers["Content-Security-Policy"].split(";") if "frame-ancestors" in part)
    assert "https://shop.example" in ancestors
    assert "evil" not in ancestors
    assert begun.status_code == 403
    assert not Visitor.objects.exists()
