"""On which sites a chat may run."""

import asyncio

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.test import Client

from integrations.models import PlatformAccount, Visitor
from integrations.origins import is_listed, is_own, origin_of
from supportagent.asgi import application
from tests.factories import make_account
from tests.integrations.webchat.sites import ChatPage

SHOP = "https://shop.example"
LISTED = [SHOP, "https://shop.example:8443", "http://localhost:3000"]
STRANGERS = [
    "https://evil.example",
    "http://shop.example",
    "https://shop.example:444",
    "https://www.shop.example",
    "https://shop.example.evil.example",
    "https://SHOP.example",
    "https://shop.example/",
    "null",
]


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://shop.example", "https://shop.example"),
        (" HTTPS://Shop.Example/ ", "https://shop.example"),
        ("https://shop.example:443", "https://shop.example"),
        ("http://shop.example:80", "http://shop.example"),
        ("http://shop.example:443", "http://shop.example:443"),
        ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
def test_an_origin_is_written_as_browsers_do(address: str, origin: str) -> None:
    assert origin_of(address) == origin


@pytest.mark.parametrize(
    "address",
    [
        "",
        "null",
        "*",
        "shop.example",
        "https://",
        "ftp://shop.example",
        "https://*.shop.example",
        "https://shop.example/a",
        "https://shop.example?a",
        "https://shop.example#a",
        "https://ada@shop.example",
        "https://shop.example:0",
        "https://shop.example:70000",
        "https://shop.example; script-src *",
        "https://shop .example",
    ],
)
def test_what_is_more_or_less_than_an_origin_is_none(address: str) -> None:
    assert origin_of(address) is None


def test_an_origin_is_compared_whole() -> None:
    assert all(is_listed(origin, LISTED) for origin in LISTED)
    assert not any(is_listed(origin, LISTED) for origin in STRANGERS)


def test_our_own_page_is_known_by_the_host_it_calls() -> None:
    assert is_own("https://desk.example", "desk.example")
    assert not any(
        is_own(origin, "desk.example") for origin in ("https://desk.example:444", "null", "ws://desk.example")
    )


@pytest.fixture
def account() -> PlatformAccount:
    return make_account(platform="webchat", origins=LISTED)


@pytest.mark.django_db
@pytest.mark.parametrize("origin", LISTED)
def test_a_listed_site_may_call_and_read_the_answers(client: Client, account: PlatformAccount, origin: str) -> None:
    page = ChatPage(client, account, origin=origin)

    answers = [page.begin(), page.say("Hello"), page.get("messages"), page.get("messages?after=x")]

    assert [answer.status_code for answer in answers] == [201, 201, 200, 422]
    for answer in answers:
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert "Origin" in answer.headers["Vary"]
        assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.django_db
@pytest.mark.parametrize("origin", STRANGERS)
def test_any_other_is_refused_in_words(client: Client, account: PlatformAccount, origin: str) -> None:
    here = ChatPage(client, account)
    here.begin()
    there = ChatPage(client, account, origin=origin)
    there.token = here.token

    answers = [
        there.begin(),
        there.say("Hello"),
        there.get("messages"),
        there.send(("a.pdf", b"")),
        there.options("session"),
    ]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(403, "origin")}
    assert f"may not be used on {origin}" in answers[0].json()["detail"]
    assert not any("Access-Control-Allow-Origin" in answer.headers for answer in answers)
    assert Visitor.objects.count() == 1


@pytest.mark.django_db
def test_a_site_of_another_account_is_a_stranger(client: Client) -> None:
    make_account(platform="webchat", origins=[SHOP])

    answer = ChatPage(client, make_account(platform="webchat"), origin=SHOP).begin()

    assert answer.status_code == 403


@pytest.mark.django_db
def test_our_own_page_and_programs_need_no_listing(client: Client, account: PlatformAccount) -> None:
    own, program = ChatPage(client, account, origin="http://testserver"), ChatPage(client, account)

    answers = [own.begin(), program.begin()]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert not any("Access-Control-Allow-Origin" in answer.headers for answer in answers)


@pytest.mark.django_db
def test_a_browser_is_told_what_a_listed_site_may_send(client: Client, account: PlatformAccount) -> None:
    answer = ChatPage(client, account, origin=SHOP).options("messages")

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == SHOP
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST, HEAD, OPTIONS"
    assert answer.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type"


@pytest.mark.django_db
def test_a_chat_that_does_not_exist_is_404_for_every_site(client: Client, account: PlatformAccount) -> None:
    page = ChatPage(client, account, origin=SHOP)
    page.base = "/chat/nothing/"

    assert page.begin().status_code == 404


@pytest.mark.django_db
def test_only_what_is_an_origin_gets_into_the_pages_policy(client: Client) -> None:
    account = make_account(platform="webchat", origins=["https://Shop.example/", "https://a.example; script-src *"])

    policy = client.get(f"/chat/{account.public_key}/").headers["Content-Security-Policy"]

    assert "frame-ancestors 'self' https://shop.example;" in policy
    assert "a.example" not in policy


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("origins", "is_open"),
    [
        ([], True),
        ([b"http://testserver"], True),
        ([SHOP.encode()], True),
        ([b"http://shop.example"], False),
        ([b"null"], False),
        ([b""], False),
        ([SHOP.encode(), b"https://evil.example"], False),
    ],
)
def test_a_socket_opens_for_the_same_sites(origins: list[bytes], is_open: bool) -> None:
    async def scenario() -> bool:
        account = await sync_to_async(make_account)(platform="webchat", origins=LISTED)
        headers = [(b"host", b"testserver"), *((b"origin", origin) for origin in origins)]
        socket = WebsocketCommunicator(application, f"/ws/chat/{account.public_key}/", headers=headers)
        connected, _ = await socket.connect()
        await socket.disconnect()
        return bool(connected)

    assert asyncio.run(scenario()) is is_open
