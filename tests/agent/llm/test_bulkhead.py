"""The bulkhead: who gets a place, who does not, and what is free while a provider hangs."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress

import pytest
from django.db import connection
from pytest_django import Settings

from agent import services
from agent.llm import calls
from agent.llm.bulkhead import Bulkhead
from agent.models import AgentRun, Release
from agent.runtime import Runtime
from conversations.types import TurnResult
from tests.agent.providers import Answer, Script, reply, serving
from tests.conversations.talk import wrote
from tests.waiting import wait_until

PROVIDERS = ("openai", "anthropic")


@pytest.mark.parametrize(
    ("threads", "each", "together"), [(1, 1, 1), (2, 1, 1), (3, 1, 2), (4, 2, 3), (8, 4, 6), (100, 50, 75)]
)
def test_a_provider_has_half_the_threads_and_all_of_them_three_quarters(threads: int, each: int, together: int) -> None:
    bulkhead = Bulkhead(PROVIDERS, threads=threads)

    with ExitStack() as held:
        of_one = [held.enter_context(bulkhead.place("openai", wait=0)) for _ in range(threads + 1)]
        of_both = of_one + [held.enter_context(bulkhead.place("anthropic", wait=0)) for _ in range(threads + 1)]

    assert (sum(of_one), sum(of_both)) == (each, together)
    assert (bulkhead.each, bulkhead.together) == (each, together)


def test_a_place_is_free_again_however_its_call_ended() -> None:
    bulkhead = Bulkhead(PROVIDERS, threads=2)
    with suppress(RuntimeError), bulkhead.place("openai", wait=0):
        raise RuntimeError

    with bulkhead.place("anthropic", wait=0) as first, bulkhead.place("openai", wait=0) as second:
        assert (first, second) == (True, False)
    with bulkhead.place("openai", wait=0) as again:
        assert again


@pytest.fixture
def hanging(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Script, threading.Event]]:
    """A provider that takes every question and answers none until it is told to, and callers with patience."""
    let_go = threading.Event()
    settings.TURN_DEADLINE_SECONDS = 60.0
    monkeypatch.setattr(calls, "READ_SECONDS", 50.0)
    monkeypatch.setattr(calls, "ATTEMPT_SECONDS", 50.0)
    with serving() as script:
        script.will("openai", [Answer(reply=reply("At last.").reply, hold=let_go)])
        settings.MODEL_CHAIN = ["openai:gpt-test"]
        settings.OPENAI_API_KEY = "key"
        settings.OPENAI_BASE_URL = f"http://127.0.0.1:{script.port}/v1"
        settings.WORK_THREADS = 4
        yield script, let_go
        let_go.set()


@pytest.mark.django_db(transaction=True)
def test_turns_go_through_with_the_embedded_engine_while_a_provider_hangs(
    hanging: tuple[Script, threading.Event], release: Release, mind: Runtime
) -> None:
    script, let_go = hanging
    modelled = Runtime(mind.release(release.pk).engine.encoder)
    modelled.release(release.pk)
    asking = [wrote("How long does delivery take?", thread=f"thread-{number}").pk for number in range(6)]

    with ThreadPoolExecutor(4) as hands:
        turns = [hands.submit(answered, pk, modelled) for pk in asking]
        try:
            # Four threads and six turns: two threads wait for the provider, and the others see to the rest.
            wait_until(lambda: sum(map(Future.done, turns)) == 4, seconds=28, what="the turns beside those that hang")
            hung = len(script.asked)
            by_whom = sorted(AgentRun.objects.exclude(state="running").values_list("provider", flat=True))
        finally:
            let_go.set()

    assert (hung, by_whom) == (2, ["embedded"] * 4)
    assert [turn.result() for turn in turns] == [TurnResult.REPLIED] * 6


def answered(conversation_id: int, mind: Runtime) -> TurnResult | None:
    """A turn as a worker's thread does it."""
    try:
        return services.answer(conversation_id, mind)
    finally:
        connection.close()
