"""The scripted model server: what it does well the product understands, and what it does badly is a failure there."""

from collections.abc import Iterator

import pytest
from langchain_core.messages import HumanMessage
from pytest_django import Settings

from agent.llm.calls import CallFailed, Completion
from agent.llm.hosted import HostedModel
from drill.model import FAILING, MODEL, PROVIDERS, ModelServer


@pytest.fixture
def model(settings: Settings) -> Iterator[ModelServer]:
    """The server, with the product's settings for it."""
    with ModelServer() as model:
        for name, value in model.settings.items():
            setattr(settings, name, value)
        yield model


def ask(provider: str) -> Completion:
    """One call."""
    asked = [
        HumanMessage(
            "Edition amber.\n[[x1 passage p1]]\nCosts\nShipping\nIt costs 4.90 euros. More than that never.\n[[x1 end]]"
        )
    ]
    return HostedModel(provider, MODEL).complete(asked, seconds=1.0, max_tokens=100)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_it_quotes_the_passage_and_names_the_edition_it_was_given(model: ModelServer, provider: str) -> None:
    reply = ask(provider).reply

    assert (reply.answer, reply.cited) == ("It costs 4.90 euros (Edition amber)", ["p1"])
    assert model.served == {(provider, "well"): 1}


@pytest.mark.parametrize("kind", FAILING)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_each_kind_of_misbehaviour_is_a_failed_call(model: ModelServer, provider: str, kind: str) -> None:
    model.misbehave(kind)

    with pytest.raises(CallFailed):
        ask(provider)

    assert model.served == {(provider, kind): 1}


def test_several_kinds_are_done_in_turn(model: ModelServer) -> None:
    model.misbehave("http_500", "reset", "empty")

    for _ in range(3):
        with pytest.raises(CallFailed):
            ask("openai")

    assert set(model.served.values()) == {1}
