"""What the tests of the chain ask it."""

import time
from dataclasses import replace
from typing import Any

from agent.graph.context import WriteRequest, WriteResult
from agent.llm import chain, spend
from tests.agent.providers import Script
from tests.agent.scripted import passage

OPENAI, ANTHROPIC = "openai:gpt-test", "anthropic:claude-test"


def budget(*, seconds: float = 20.0, cap: int = 10 * spend.MICROS) -> chain.Budget:
    """What a turn may use."""
    return chain.Budget(
        deadline=time.monotonic() + seconds,
        caps=(spend.Cap(scope="global", micros=cap),),
        prices={"default": [1, 2], OPENAI: [10, 20]},
        max_tokens=100,
    )


def request() -> WriteRequest:
    """A request with one passage."""
    return WriteRequest(
        persona="Be kind.",
        guidance="",
        message="Can I return this?",
        history=(),
        passages=(passage(),),
        language="en",
        max_characters=500,
    )


def ask(given: chain.Budget | None = None, **changes: Any) -> WriteResult:
    """One turn's question to the configured chain."""
    configured = chain.configured()
    assert configured is not None
    return configured.writer(given or budget()).write(replace(request(), **changes))


def providers_asked(script: Script) -> list[str]:
    """Who was asked, in order."""
    return [provider for provider, _ in script.asked]
