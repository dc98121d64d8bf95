"""Screens that the channel layer leaves alone still learn what changed, once, and only what no bell told them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.utils import timezone

from conversations import listening
from conversations.listening import BELLS_TAKE, Listeners
from conversations.models import Conversation
from tests.factories import make_conversation

pytestmark = pytest.mark.django_db(transaction=True)
JUST_NOW = timedelta()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for who reads nothing."""
    monkeypatch.setattr(listening, "PATIENCE_SECONDS", 0.05)


def changed(conversation: Conversation, *, ago: timedelta = 2 * BELLS_TAKE) -> Conversation:
    """The conversation, changed: if nothing else is said, long enough ago for a bell to have arrived."""
    conversation.version += 1
    conversation.updated_at = timezone.now() - ago
    conversation.save(update_fields=["version", "updated_at"])
    return conversation


def bell(conversation: Conversation) -> dict[str, Any]:
    """The bell of its last change."""
    return {"conversation_id": conversation.pk, "version": conversation.version}


def screen(heard: list[tuple[int, int]]) -> Callable[[dict[str, Any]], Awaitable[None]]:
    """An open screen that writes down what it is told."""

    async def hear(message: dict[str, Any]) -> None:
        heard.extend((told["conversation_id"], told["version"]) for told in message["bells"])

    return hear


def told_by_two_looks(conversation: Conversation, *, is_heard_by_one: bool) -> list[list[tuple[int, int]]]:
    """What two screens are told by looking twice after a change; its bell may have reached one of them."""
    one: list[tuple[int, int]] = []
    other: list[tuple[int, int]] = []

    @async_to_sync
    async def look_twice() -> None:
        listeners = Listeners()
        hearing = screen(one)
        for each in (hearing, screen(other)):
            listeners.join(each)
        await sync_to_async(changed)(conversation)
        if is_heard_by_one:
            listeners.note(hearing, [bell(conversation)])
        await listeners.look()
        await listeners.look()

    look_twice()
    return [one, other]


def test_a_change_without_a_bell_is_told_once_to_every_screen() -> None:
    conversation = make_conversation()

    first, second = told_by_two_looks(conversation, is_heard_by_one=False)

    assert first == second == [(conversation.pk, conversation.version)]


def test_what_changes_at_every_look_is_told_two_looks_later_at_most() -> None:
    conversation = make_conversation()
    heard: list[tuple[int, int]] = []
    told: list[int] = []

    @async_to_sync
    async def look() -> None:
        listeners = Listeners()
        listeners.join(screen(heard))
        for _ in range(4):
            await sync_to_async(changed)(conversation, ago=JUST_NOW)
            await listeners.look()
            told.append(len(heard))

    look()

    assert told == [0, 1, 1, 2]
    assert heard == [(conversation.pk, conversation.version - 2), (conversation.pk, conversation.version)]


def test_a_bell_that_is_lost_after_others_arrived_is_told_although_it_changes_at_every_look() -> None:
    conversation = make_conversation()
    heard: list[tuple[int, int]] = []

    @async_to_sync
    async def look() -> None:
        listeners = Listeners()
        hear = screen(heard)
        listeners.join(hear)
        await sync_to_async(changed)(conversation, ago=JUST_NOW)
        listeners.note(hear, [bell(conversation)])
        await listeners.look()
        await sync_to_async(changed)(conversation, ago=JUST_NOW)
        await listeners.look()
        await sync_to_async(changed)(conversation)
        await listeners.look()

    look()

    assert heard == [(conversation.pk, conversation.version)]


def test_what_a_bell_told_is_not_told_again() -> None:
    told, missed = make_conversation(), make_conversation()
    heard: list[tuple[int, int]] = []

    @async_to_sync
    async def look() -> None:
        listeners = Listeners()
        hear = screen(heard)
        listeners.join(hear)
        for conversation in (told, missed):
            await sync_to_async(changed)(conversation)
        listeners.note(hear, [bell(told)])
        await listeners.look()

    look()

    assert heard == [(missed.pk, missed.version)]


def test_a_screen_that_a_bell_left_out_hears_of_it_and_of_nothing_twice_after_that() -> None:
    conversation = make_conversation()

    # The layer's channel of the other one was full.
    heard, left_out = told_by_two_looks(conversation, is_heard_by_one=True)

    assert (heard, left_out) == ([], [(conversation.pk, conversation.version)])


def test_a_screen_that_was_opened_afterwards_is_not_told_what_others_heard_before() -> None:
    conversation = make_conversation()
    heard: list[tuple[int, int]] = []

    @async_to_sync
    async def look() -> None:
        listeners = Listeners()
        first = screen(heard)
        listeners.join(first)
        await sync_to_async(changed)(conversation)
        listeners.note(first, [bell(conversation)])
        listeners.join(screen(heard))
        await listeners.look()

    look()

    assert heard == []


def test_a_screen_that_fails_does_not_keep_the_news_from_the_others() -> None:
    conversation = make_conversation()
    heard: list[tuple[int, int]] = []

    async def fail(_: dict[str, Any]) -> None:
        raise RuntimeError("This socket is just closing.")

    @async_to_sync
    async def look() -> None:
        listeners = Listeners()
        listeners.join(fail)
        listeners.join(screen(heard))
        await sync_to_async(changed)(conversation)
        await listeners.look()

    look()

    assert heard == [(conversation.pk, conversation.version)]


def test_a_page_that_reads_nothing_holds_up_nobody_and_is_told_once_it_reads() -> None:
    first, second = make_conversation(), make_conversation()
    heard: list[tuple[int, int]] = []
    late: list[tuple[int, int]] = []

    @async_to_sync
    async def look_twice_then_read() -> None:
        reads = asyncio.Event()

        async def deaf(message: dict[str, Any]) -> None:
            await reads.wait()
            await screen(late)(message)

        listeners = Listeners()
        listeners.join(deaf)
        listeners.join(screen(heard))
        for conversation in (first, second):
            await sync_to_async(changed)(conversation)
            await listeners.look()
        assert late == []
        reads.set()
        await listeners.look()
        await listeners.look()

    look_twice_then_read()

    assert heard == [(each.pk, each.version) for each in (first, second)]
    assert late == heard


def test_nobody_looks_where_no_screen_is_open() -> None:
    @async_to_sync
    async def open_and_close() -> bool:
        listeners = Listeners()
        hear = screen([])
        listeners.join(hear)
        looking = listeners._looking
        listeners.leave(hear)
        assert looking is not None
        await sync_to_async(lambda: None)()
        return looking.cancelled() or looking.cancelling() > 0

    assert open_and_close()


def test_each_event_loop_has_screens_of_its_own() -> None:
    @async_to_sync
    async def those_here() -> tuple[Listeners, Listeners]:
        return listening.listeners(), listening.listeners()

    first, again = those_here()

    assert first is again
    assert those_here()[0] is not first
