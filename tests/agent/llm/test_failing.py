"""What goes wrong around a call costs its model at most: the next one answers, and a breaker is never left half open."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import OperationalError, connection
from langchain_core.messages import BaseMessage
from pytest_django import Settings

from agent.graph.context import WriteResult
from agent.llm import chain
from agent.llm.breaker import FAILURES
from agent.llm.calls import Completion, FailureKind, StructuredReply, failure_of_status
from agent.models import SpendLedger
from tests.agent.llm.asking import ANTHROPIC, OPENAI, ask, budget, providers_asked, request
from tests.agent.providers import Answer, Script, reply

pytestmark = pytest.mark.django_db

NESTED = "[" * 100_000
# Python reads it, and can then not write it out again.
NESTED_ENOUGH = "[" * 900 + "]" * 900


def calls_tool(arguments: str) -> bytes:
    """OpenAI's answer whose tool has these arguments."""
    call = {"id": "c1", "type": "function", "function": {"name": "StructuredReply", "arguments": arguments}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    choices = [{"index": 0, "message": message, "finish_reason": "tool_calls"}]
    return json.dumps({"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": choices}).encode()


@pytest.mark.parametrize(
    "body",
    [
        NESTED.encode(),
        NESTED_ENOUGH.encode(),
        calls_tool(NESTED),
        calls_tool(f'{{"answer": "x", "cited": {NESTED_ENOUGH}, "needs_person": false, "reason": ""}}'),
        b'{"choices": ' + NESTED_ENOUGH.encode() + b"}",
    ],
    ids=["body", "body that can be read", "arguments", "arguments that can be read", "choices"],
)
def test_an_answer_nested_without_end_is_the_next_models_turn(script: Script, body: bytes) -> None:
    script.will("openai", [Answer(body=body)])
    script.will("anthropic", [reply("Yes.", "p1")])

    result = ask()

    assert providers_asked(script) == ["openai", "anthropic"]
    assert result.written is not None
    assert result.calls[0]["outcome"].startswith("unusable: ")
    assert SpendLedger.objects.get().reserved == 0


SAID = {"answer": "HERE", "cited": ["p1"], "needs_person": False, "reason": "test"}
# Bytes that are no UTF-8, half a character as JSON can escape it, and the same as bytes that only look like UTF-8.
UNCLEAN = {"bytes": b"Yes\xff.", "escaped half": b"Yes \\ud83d.", "raw half": b"Yes \xed\xa0\xbd."}


def answering_with(provider: str, words: bytes, field: str) -> bytes:
    """The provider's answer, with these bytes in a field of the structured reply."""
    said = {**SAID, field: ["HERE"] if field == "cited" else "HERE"}
    if field != "answer":
        said["answer"] = "Yes."
    if provider == "openai":
        # There the reply is JSON within JSON, so that an escape in it is escaped once more.
        return calls_tool(json.dumps(said)).replace(b"HERE", words.replace(b"\\", b"\\\\"))
    content = [{"type": "tool_use", "id": "t1", "name": "StructuredReply", "input": said}]
    message = {"id": "x", "type": "message", "role": "assistant", "model": "m", "content": content}
    usage = {"input_tokens": 200, "output_tokens": 20}
    return json.dumps({**message, "stop_reason": "tool_use", "usage": usage}).encode().replace(b"HERE", words)


@pytest.mark.parametrize("field", ["answer", "cited", "reason"])
@pytest.mark.parametrize("unclean", UNCLEAN)
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_an_answer_that_is_not_clean_text_is_the_next_models_turn(
    script: Script, settings: Settings, provider: str, unclean: str, field: str
) -> None:
    other = "anthropic" if provider == "openai" else "openai"
    settings.MODEL_CHAIN = [OPENAI, ANTHROPIC] if provider == "openai" else [ANTHROPIC, OPENAI]
    script.will(provider, [Answer(body=answering_with(provider, UNCLEAN[unclean], field))])
    script.will(other, [reply("Yes.", "p1")])

    result = ask()

    assert providers_asked(script) == [provider, other]
    assert [call["outcome"] for call in result.calls] == ["unusable: not clean UTF-8", "ok"]
    assert result.calls[0]["cost_micros"] > 0
    assert result.written is not None
    assert SpendLedger.objects.get().reserved == 0


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_the_same_answer_in_clean_text_is_taken(script: Script, settings: Settings, provider: str) -> None:
    settings.MODEL_CHAIN = [OPENAI if provider == "openai" else ANTHROPIC]
    script.will(provider, [Answer(body=answering_with(provider, b"Yes \\ud83d\\ude00 \xc3\xa9.", "answer"))])

    result = ask()

    assert result.written is not None
    assert result.written.text == "Yes 😀 é."


def test_a_refusal_nested_without_end_is_judged_by_its_status() -> None:
    body: list[Any] = []
    for _ in range(100_000):
        body = [body]

    assert failure_of_status(401, body, None).kind is FailureKind.ACCOUNT
    assert failure_of_status(429, body, None).kind is FailureKind.RETRY


class Surprising:
    """A model whose package raises what nobody thought of."""

    provider, model = "openai", "gpt-test"

    def complete(self, messages: Sequence[BaseMessage], *, seconds: float, max_tokens: int) -> Completion:
        raise ArithmeticError("of the package's own")


class Answering:
    """A model that answers."""

    provider, model = "anthropic", "claude-test"

    def complete(self, messages: Sequence[BaseMessage], *, seconds: float, max_tokens: int) -> Completion:
        said = StructuredReply(answer="Yes.", cited=["p1"], needs_person=False, reason="")
        return Completion(reply=said, tokens_in=1, tokens_out=1)


def test_what_nobody_expected_of_a_package_is_the_next_models_turn_and_counts_against_it() -> None:
    models = chain.Chain([Surprising(), Answering()])

    results = [models.writer(budget()).write(request()) for _ in range(FAILURES + 1)]

    assert all(result.written is not None for result in results)
    assert [call["outcome"] for call in results[0].calls] == ["unusable: ArithmeticError", "ok"]
    assert [call["provider"] for call in results[-1].calls] == ["anthropic"]
    assert models.breakers.open_now() == [OPENAI]
    assert SpendLedger.objects.get().reserved == 0


@pytest.mark.parametrize("at", ["reserving", "settling"])
def test_a_database_that_fails_beside_a_probe_leaves_the_model_to_the_next_turn(script: Script, at: str) -> None:
    models, clock = configured(), [0.0]
    models.breakers = type(models.breakers)(lambda: clock[0])
    for _ in range(FAILURES):
        models.breakers.failed(("openai", "gpt-test"))
    clock[0] = 31.0
    script.will("openai", [Answer(status=400) if at == "settling" else reply("Yes.", "p1"), reply("Yes.", "p1")])
    script.will("anthropic", [reply("Yes.", "p1")])

    with connection.execute_wrapper(Failing(at, script)), pytest.raises(OperationalError):
        models.writer(budget()).write(request())
    clock[0] += 31.0
    after = models.writer(budget()).write(request())

    assert by_whom(after) == "openai"
    assert models.breakers.open_now() == []


class Failing:
    """A database that takes nothing into the ledger: before the call, or from the call on."""

    def __init__(self, at: str, script: Script) -> None:
        self._at, self._script = at, script

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        is_ledger = "agent_spendledger" in sql and not sql.startswith("SELECT")
        if is_ledger and (self._at == "reserving" or self._script.asked):
            raise OperationalError("database or disk is full")
        return execute(sql, params, many, context)


def configured() -> chain.Chain:
    """The configured chain."""
    found = chain.configured()
    assert found is not None
    return found


def by_whom(result: WriteResult) -> str:
    """The provider that wrote."""
    assert result.written is not None
    return result.written.provider
