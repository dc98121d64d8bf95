"""The chat's live half."""

import asyncio
import uuid
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.db import OperationalError
from django.utils import timezone

from conversations import services as conversations
from conversations.listening import BELLS_TAKE, listeners
from conversations.models import Attachment, Conversation
from conversations.types import HandOver, MessageFacts, Picture, ReasonCategory, Reply
from core import live
from core.policy import Role
from integrations.models import PlatformAccount, Visitor
from integrations.webchat import consumers, services
from supportagent.asgi import application
from tests.factories import make_account, make_user
from tests.integrations.webchat.sites import SECRET, identity
from tests.pictures import make_png

pytestmark = pytest.mark.django_db(transaction=True)


def begin() -> tuple[PlatformAccount, Visitor, str]:
    account = make_account(platform="webchat")
    return (account, *services.begin(account, locale="en", address="192.0.2.1"))


def say(account: PlatformAccount, visitor: Visitor, text: str) -> Conversation:
    message, _ = services.write(account, visitor, client_msg_id=uuid.uuid4(), text=text)
    Conversation.objects.filter(pk=message.conversation_id).update(ready_at=message.created_at)
    return message.conversation


def answer(conversation: Conversation, outcome: Reply | HandOver) -> None:
    turn = conversations.claim_turn(conversation.pk, owner="test")
    assert turn is not None
    conversations.commit_turn(turn, outcome, run_id=1, facts=MessageFacts())


def socket(account: PlatformAccount) -> WebsocketCommunicator:
    return WebsocketCommunicator(
        application,
        f"/ws/chat/{account.public_key}/",
        headers=[(b"host", b"testserver"), (b"origin", b"http://testserver")],
    )


async def opened(account: PlatformAccount, token: str, after: int = 0) -> tuple[WebsocketCommunicator, dict[str, Any]]:
    page = socket(account)
    assert (await page.connect())[0]
    await page.send_json_to({"type": "auth", "token": token, "after": after})
    return page, await page.receive_json_from()


async def until(page: WebsocketCommunicator, kind: str) -> dict[str, Any]:
    while True:
        frame: dict[str, Any] = await page.receive_json_from(timeout=5)
        if frame["type"] == kind:
            return frame


def rung(conversation: Conversation) -> None:
    live.ring(
        live.Bell(
            conversation_id=conversation.pk,
            public_id=str(conversation.public_id),
            team_id=None,
            assignee_id=None,
            version=conversation.version,
        )
    )


def test_an_unknown_token_is_closed_with_4401() -> None:
    async def scenario() -> int:
        account, *_ = await sync_to_async(begin)()
        page = socket(account)
        await page.connect()
        await page.send_json_to({"type": "auth", "token": "nobody"})
        code: int = (await page.receive_output())["code"]
        return code

    assert asyncio.run(scenario()) == 4401


def test_a_reply_reaches_an_open_page_and_what_was_missed_comes_first() -> None:
    async def scenario() -> tuple[dict[str, Any], list[str]]:
        account, visitor, token = await sync_to_async(begin)()
        conversation = await sync_to_async(say)(account, visitor, "Hello")
        page, ready = await opened(account, token, after=0)
        missed = await until(page, "message")
        await sync_to_async(answer)(conversation, Reply(text="Hi there"))
        rung(conversation)
        pushed = await until(page, "message")
        await page.disconnect()
        return ready, [missed["message"]["text"], pushed["message"]["text"]]

    ready, texts = asyncio.run(scenario())

    assert ready["last_seq"] == 1
    assert texts == ["Hello", "Hi there"]


def test_a_reply_whose_bell_was_lost_reaches_an_open_page_a_moment_later_and_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario() -> list[str]:
        account, visitor, token = await sync_to_async(begin)()
        conversation = await sync_to_async(say)(account, visitor, "Hello")
        page, _ = await opened(account, token, after=1)
        monkeypatch.setattr(live, "ring", lambda _: None)
        await sync_to_async(answer)(conversation, Reply(text="Hi there"))
        await sync_to_async(Conversation.objects.update)(updated_at=timezone.now() - 2 * BELLS_TAKE)
        frames = []
        for _ in range(2):
            await listeners().look()
            await page.send_json_to({"type": "ping"})
            while (frame := await page.receive_json_from(timeout=5))["type"] != "pong":
                frames.append(frame)
        await page.disconnect()
        return [frame["message"]["text"] for frame in frames if frame["type"] == "message"]

    assert asyncio.run(scenario()) == ["Hi there"]


def test_a_page_whose_end_nobody_tells_is_forgotten_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("The database is away.")

    async def scenario() -> tuple[int, int]:
        account, visitor, token = await sync_to_async(begin)()
        conversation = await sync_to_async(say)(account, visitor, "Hello")
        page, _ = await opened(account, token, after=1)
        before = len(listeners()._pages)
        monkeypatch.setattr(consumers, "_read_news", fail)
        rung(conversation)
        with pytest.raises(OperationalError):
            await until(page, "nothing of the kind")
        return before, len(listeners()._pages)

    assert asyncio.run(scenario()) == (1, 0)


def test_a_first_message_of_which_no_bell_told_is_found_when_the_page_asks_and_then_followed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario() -> list[str]:
        account, visitor, token = await sync_to_async(begin)()
        page, _ = await opened(account, token, after=0)
        with monkeypatch.context() as lost:
            lost.setattr(live, "signal", lambda *_: None)
            lost.setattr(live, "ring", lambda _: None)
            conversation = await sync_to_async(say)(account, visitor, "Hello")
            await page.send_json_to({"type": "ping"})
            first = await until(page, "message")
        await sync_to_async(answer)(conversation, Reply(text="Hi there"))
        rung(conversation)
        second = await until(page, "message")
        await page.disconnect()
        return [first["message"]["text"], second["message"]["text"]]

    assert asyncio.run(scenario()) == ["Hello", "Hi there"]


def test_a_picture_of_staff_reaches_an_open_page_with_its_address_and_words_for_it() -> None:
    picture = Picture(content=make_png(), description="The label on the box")

    async def scenario() -> dict[str, Any]:
        account, visitor, token = await sync_to_async(begin)()
        conversation = await sync_to_async(say)(account, visitor, "What does it look like?")
        page, _ = await opened(account, token, after=1)
        dana = await sync_to_async(make_user)(role=Role.SUPERVISOR)
        await sync_to_async(conversations.reply)(conversation, "", dana, picture=picture)
        rung(conversation)
        pushed = await until(page, "message")
        await page.disconnect()
        return pushed

    message = asyncio.run(scenario())["message"]

    (attachment,) = message["attachments"]
    assert (message["from"], message["text"], attachment["name"]) == ("human", "", "The label on the box")
    assert attachment["url"] == f"pictures/{Attachment.objects.get().public_id}"


def test_the_page_is_told_when_a_person_is_needed() -> None:
    async def scenario() -> dict[str, Any]:
        account, visitor, token = await sync_to_async(begin)()
        conversation = await sync_to_async(say)(account, visitor, "A person please")
        page, _ = await opened(account, token, after=1)
        await sync_to_async(answer)(conversation, HandOver(reason=ReasonCategory.ASKED, detail="asked"))
        rung(conversation)
        state = await until(page, "state")
        await page.disconnect()
        return state

    assert asyncio.run(scenario())["state"]["owner"] == "waiting"


def test_a_page_of_another_site_gets_no_socket() -> None:
    async def scenario() -> bool:
        account, *_ = await sync_to_async(begin)()
        page = WebsocketCommunicator(
            application,
            f"/ws/chat/{account.public_key}/",
            headers=[(b"host", b"testserver"), (b"origin", b"https://evil.example")],
        )
        accepted, _ = await page.connect()
        return bool(accepted)

    assert asyncio.run(scenario()) is False


def test_every_device_of_an_identified_person_hears_of_the_first_message() -> None:
    async def scenario() -> dict[str, Any]:
        account = await sync_to_async(make_account)(platform="webchat", secrets={"secret": SECRET})
        phone, _ = await sync_to_async(services.identify)(account, identity(), locale="en")
        _, token = await sync_to_async(services.identify)(account, identity(), locale="en")
        desk, _ = await opened(account, token)
        await sync_to_async(say)(account, phone, "From the phone")
        message = await until(desk, "message")
        await desk.disconnect()
        return message

    assert asyncio.run(scenario())["message"]["text"] == "From the phone"


def test_an_open_page_whose_time_is_over_hears_nothing_more() -> None:
    async def scenario() -> dict[str, Any]:
        account = await sync_to_async(make_account)(platform="webchat", secrets={"secret": SECRET})
        visitor, token = await sync_to_async(services.identify)(account, identity(), locale="en")
        page, _ = await opened(account, token)
        await sync_to_async(Visitor.objects.update)(expires_at=timezone.now())
        await sync_to_async(say)(account, visitor, "What nobody hears")
        closed: dict[str, Any] = await page.receive_output(timeout=5)
        return closed

    closed = asyncio.run(scenario())

    assert (closed["type"], closed["code"]) == ("websocket.close", 4401)
