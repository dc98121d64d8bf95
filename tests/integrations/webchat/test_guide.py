"""What docs/webchat.md says of the websocket, against the code: each kind of frame with its members, and each code."""

import asyncio
import inspect
import re
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer

from conversations.models import Delivery
from conversations.types import HandOver, ReasonCategory
from core import live, sockets
from integrations.webchat import consumers
from integrations.webchat.urls import urlpatterns
from tests.integrations.webchat.test_consumers import answer, begin, opened, rung, say, until
from tests.test_house import ROOT

GUIDE = (ROOT / "docs" / "webchat.md").read_text()
CODE = inspect.getsource(consumers) + inspect.getsource(sockets)
PAGE = (ROOT / "static" / "js" / "chat" / "connection.js").read_text()


def rows(head: str) -> list[str]:
    """The first column of the table under this head."""
    table = GUIDE.split(f"| {head} | |\n|---|---|\n")[1].split("\n\n")[0]
    return [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()]


def frames(head: str) -> dict[str, tuple[set[str], set[str]]]:
    """The kinds of frames of a table, each with the members that it must and that it may have beside its type."""
    found = {}
    for row in rows(head):
        kind = re.findall(r'"type": "(\w+)"', row)[0]
        members = re.findall(r'(?:, )"(\w+)"(\??)', row)
        found[kind] = {name for name, _ in members}, {name for name, mark in members if mark}
    return found


def test_each_kind_of_frame_is_told_of() -> None:
    assert set(frames("From the page")) == set(re.findall(r'kind == "(\w+)"', CODE))
    assert set(frames("To the page")) == set(re.findall(r'send_json\(\s*\{"type": "(\w+)"', CODE))
    # The page of ours listens to nothing else; what it does not name it needs no word of.
    assert set(re.findall(r'frame\.type === "(\w+)"', PAGE)) == set(frames("To the page")) - {"pong"}
    for kind, (members, _) in frames("From the page").items():
        assert members == set(re.findall(r'content(?:\.get\(|\[)"(\w+)"', part_about(kind)))


def part_about(kind: str) -> str:
    """The lines of the consumer that read a frame of this kind."""
    if kind == "auth":
        return inspect.getsource(consumers.VisitorConsumer._begin)
    return re.split(r"\n\s+(?:el)?if ", CODE.split(f'kind == "{kind}"')[1])[0].split("\n\n")[0]


def test_each_code_is_told_of() -> None:
    named = set(re.findall(r"\.close\((\w+)\)", CODE))

    codes = {getattr(consumers, name, None) or getattr(sockets, name) for name in named}

    assert sorted(map(int, rows("Closed with"))) == sorted(codes)
    numbers = (sockets.FRAMES_AT_ONCE, sockets.FRAMES_A_SECOND)
    assert f"{numbers[0]} at once, {numbers[1]} a second" in GUIDE
    assert consumers.SECONDS_TO_SAY_WHO == 10


def test_each_address_is_told_of() -> None:
    by_http = GUIDE.split("## By HTTP")[1].split("## By websocket")[0]
    for name in {str(each.pattern).partition("<str:key>/")[2].split("/")[0] for each in urlpatterns} - {""}:
        assert re.search(rf"(/chat/KEY|…)/{name}\b", by_http), name


@pytest.mark.django_db(transaction=True)
def test_each_frame_to_the_page_has_the_members_that_are_told_of() -> None:
    async def scenario() -> list[dict[str, Any]]:
        account, visitor, token = await sync_to_async(begin)()
        conversation = await sync_to_async(say)(account, visitor, "A person please")
        page, ready = await opened(account, token)
        seen = [ready, await until(page, "message"), await until(page, "typing")]
        await page.send_json_to({"type": "ping"})
        seen.append(await until(page, "pong"))
        await sync_to_async(answer)(conversation, HandOver(reason=ReasonCategory.ASKED, detail="asked"))
        rung(conversation)
        seen += [await until(page, "state"), await until(page, "typing")]
        group = live.conversation_group(conversation.pk)
        writes = {"type": "typing.changed", "who": "human", "on": True, "name": "Dana"}
        await get_channel_layer().group_send(group, writes)
        seen.append(await until(page, "typing"))
        await page.disconnect()
        return seen

    told = frames("To the page")
    for frame in asyncio.run(scenario()):
        members, optional = told[frame["type"]]
        assert members - optional <= set(frame) - {"type"} <= members, frame


@pytest.mark.django_db(transaction=True)
def test_what_was_seen_is_no_longer_counted_and_is_known_to_staff() -> None:
    async def scenario() -> list[int]:
        account, visitor, token = await sync_to_async(begin)()
        conversation = await sync_to_async(say)(account, visitor, "Hello")
        await sync_to_async(answer)(
            conversation, HandOver(reason=ReasonCategory.ASKED, detail="asked", customer_text="Soon.")
        )
        page, ready = await opened(account, token)
        # Too high a number is the newest message; then an older one, which changes nothing.
        for seq in (10**30, 1):
            await page.send_json_to({"type": "seen", "seq": seq})
        await page.send_json_to({"type": "ping"})
        await until(page, "pong")
        await page.disconnect()
        _, after = await opened(account, token)
        return [ready["state"]["unread"], after["state"]["unread"]]

    assert asyncio.run(scenario()) == [1, 0]
    assert Delivery.objects.get().read_at is not None
