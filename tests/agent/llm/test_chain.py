"""The chain of models, over real HTTP against a loopback server."""

import json
import logging
import threading
import time

import pytest
from pytest_django import Settings

from agent.llm import calls, chain
from agent.models import SpendLedger
from tests.agent.llm.asking import ANTHROPIC, OPENAI, ask, budget, providers_asked, request
from tests.agent.providers import Answer, Script, never_accepting, reply
from tests.agent.scripted import line

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", [OPENAI, ANTHROPIC])
def test_a_model_answers_with_what_it_cites_and_what_it_cost(script: Script, settings: Settings, name: str) -> None:
    provider, _, model = name.partition(":")
    settings.MODEL_CHAIN = [name]
    script.will(provider, [reply("You have 45 days.", "p1")])

    result = ask()

    assert result.written is not None
    assert (result.written.text, result.written.cited) == ("You have 45 days.", ("p1",))
    assert (result.written.provider, result.written.model) == (provider, model)
    (call,) = result.calls
    assert (call["outcome"], call["tokens_in"], call["tokens_out"]) == ("ok", 200, 20)
    assert SpendLedger.objects.get().spent == call["cost_micros"] == (2400 if provider == "openai" else 240)
    assert SpendLedger.objects.get().reserved == 0


def test_too_many_requests_is_asked_once_more_when_told_when(script: Script) -> None:
    script.will("openai", [Answer(status=429, headers={"Retry-After": "0"}), reply("Yes.", "p1")])

    result = ask()

    assert providers_asked(script) == ["openai", "openai"]
    assert result.written is not None
    assert [call["outcome"] for call in result.calls] == ["retry: HTTP 429", "ok"]


@pytest.mark.parametrize("pause", ["3600", "Wed, 21 Oct 2099 07:28:00 GMT"])
def test_a_long_wait_is_not_waited_for(script: Script, pause: str) -> None:
    script.will("openai", [Answer(status=429, headers={"Retry-After": pause})])
    script.will("anthropic", [reply("Yes.", "p1")])

    result = ask()

    assert providers_asked(script) == ["openai", "anthropic"]
    assert result.written is not None
    assert result.written.provider == "anthropic"


@pytest.mark.parametrize(
    "pause", ["-1", "nan", "inf", "1e999", "Wed, 21 Oct 1999 07:28:00 GMT", "soon", "Wed, 99 Oct 2099"]
)
def test_a_pause_that_cannot_be_is_none(script: Script, pause: str) -> None:
    script.will("openai", [Answer(status=429, headers={"Retry-After": pause}), reply("Yes.", "p1")])

    result = ask()

    assert providers_asked(script) == ["openai", "openai"]
    assert result.written is not None


@pytest.mark.parametrize("status", [408, 409, 500, 501, 502, 503, 504, 529])
def test_a_server_error_twice_is_the_next_providers_turn(script: Script, status: int) -> None:
    script.will("openai", [Answer(status=status)])
    script.will("anthropic", [reply("Yes.", "p1")])

    result = ask()

    assert providers_asked(script) == ["openai", "openai", "anthropic"]
    assert result.written is not None


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_a_connection_that_is_reset_is_asked_once_more_and_then_it_is_the_next_models_turn(
    script: Script, settings: Settings, provider: str
) -> None:
    settings.MODEL_CHAIN = [OPENAI, ANTHROPIC] if provider == "openai" else [ANTHROPIC, OPENAI]
    script.will(provider, [Answer(reset=True)])
    other = "anthropic" if provider == "openai" else "openai"
    script.will(other, [reply("Yes.", "p1")])

    result = ask()

    assert providers_asked(script) == [provider, provider, other]
    assert result.written is not None
    assert [call["outcome"] for call in result.calls] == ["retry: no connection", "retry: no connection", "ok"]
    assert SpendLedger.objects.get().reserved == 0


def test_a_connection_that_is_reset_once_answers_the_second_time(script: Script) -> None:
    script.will("openai", [Answer(reset=True), reply("Yes.", "p1")])

    result = ask()

    assert providers_asked(script) == ["openai", "openai"]
    assert result.written is not None


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422])
def test_a_refusal_is_never_asked_again(script: Script, status: int) -> None:
    script.will("openai", [Answer(status=status)])
    script.will("anthropic", [reply("Yes.", "p1")])

    ask()

    assert providers_asked(script) == ["openai", "anthropic"]


def test_exhausted_credit_opens_the_breaker_at_once(script: Script) -> None:
    configured = chain.configured()
    assert configured is not None
    script.will("openai", [Answer(status=429, body=b'{"error":{"code":"insufficient_quota","message":"x"}}')])
    script.will("anthropic", [reply("Yes.", "p1")])

    configured.writer(budget()).write(request())
    configured.writer(budget()).write(request())

    assert providers_asked(script) == ["openai", "anthropic", "anthropic"]


def test_an_account_without_credit_is_left_alone_although_its_provider_calls_that_a_bad_request(
    script: Script, settings: Settings
) -> None:
    settings.MODEL_CHAIN = [ANTHROPIC, OPENAI]
    configured = chain.configured()
    assert configured is not None
    said = (
        "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to purchase credits."
    )
    refused = {"type": "error", "error": {"type": "invalid_request_error", "message": said}}
    script.will("anthropic", [Answer(status=400, body=json.dumps(refused).encode())])
    script.will("openai", [reply("Yes.", "p1")])

    first = configured.writer(budget()).write(request())
    configured.writer(budget()).write(request())

    assert providers_asked(script) == ["anthropic", "openai", "openai"]
    assert [call["outcome"] for call in first.calls] == ["account: HTTP 400", "ok"]
    assert first.written is not None
    assert configured.breakers.open_now() == [ANTHROPIC]


def test_a_slow_model_is_left_for_the_next(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "READ_SECONDS", 0.3)
    never = threading.Event()
    script.will("openai", [Answer(hold=never, reply={})])
    script.will("anthropic", [reply("Yes.", "p1")])

    result = ask()
    never.set()

    assert providers_asked(script) == ["openai", "anthropic"]
    assert result.calls[0]["outcome"] == "timeout: timed out"
    assert result.calls[0]["cost_micros"] > 0


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_an_answer_that_trickles_ends_with_the_attempt(
    script: Script, settings: Settings, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    monkeypatch.setattr(calls, "ATTEMPT_SECONDS", 1.0)
    settings.MODEL_CHAIN = [OPENAI if provider == "openai" else ANTHROPIC]
    script.will(provider, [Answer(reply={"answer": "a" * 1000}, trickle=True)])
    begun = time.monotonic()

    result = ask()

    assert time.monotonic() - begun < 5
    assert [call["outcome"] for call in result.calls] == ["timeout: timed out"]


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_a_server_that_takes_no_connection_costs_nothing(
    script: Script, settings: Settings, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    monkeypatch.setattr(calls, "CONNECT_SECONDS", 0.3)
    settings.MODEL_CHAIN = [OPENAI if provider == "openai" else ANTHROPIC]
    with never_accepting() as port:
        settings.OPENAI_BASE_URL = settings.ANTHROPIC_BASE_URL = f"http://127.0.0.1:{port}"

        result = ask()

    assert [call["outcome"] for call in result.calls] == ["retry: could not connect in time"] * 2
    assert SpendLedger.objects.get().spent == SpendLedger.objects.get().reserved == 0


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_a_model_is_called_only_where_the_settings_allow(script: Script, settings: Settings, provider: str) -> None:
    settings.EGRESS_ALLOW = []
    settings.MODEL_CHAIN = [OPENAI if provider == "openai" else ANTHROPIC]

    result = ask()

    assert script.asked == []
    assert result.calls[0]["outcome"].startswith("refused: 127.0.0.1")
    assert "EGRESS_ALLOW" in result.calls[0]["outcome"]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=b"this is no JSON"),
        Answer(body=b" " * (2 * 1024 * 1024 + 1)),
        Answer(body=b'{"id": "x", "choices": []}'),
        Answer(body=b""),
        Answer(reply={"answer": "Yes.", "cited": "p1", "needs_person": False, "reason": ""}),
        Answer(reply={"answer": "Yes."}),
        Answer(reply={"answer": "Yes.", "cited": [], "needs_person": False, "reason": "", "discount": 100}),
        Answer(reply={"answer": "  ", "cited": [], "needs_person": False, "reason": ""}),
        Answer(reply={"answer": "You ha", "cited": [], "needs_person": False, "reason": ""}, cut=True),
        Answer(reply={"answer": "a" * 100_000, "cited": [], "needs_person": False, "reason": ""}),
    ],
)
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_an_unusable_answer_counts_as_a_failure(
    script: Script, settings: Settings, provider: str, answer: Answer
) -> None:
    settings.MODEL_CHAIN = [OPENAI if provider == "openai" else ANTHROPIC]
    script.will(provider, [answer])

    result = ask()

    assert result.written is None
    assert result.calls[0]["outcome"].startswith("unusable")


def test_without_an_answer_from_anybody_there_is_none(script: Script) -> None:
    script.will("openai", [Answer(status=503)])
    script.will("anthropic", [Answer(status=529)])

    result = ask()

    assert result.written is None
    assert len(result.calls) == 4
    assert SpendLedger.objects.get().spent == SpendLedger.objects.get().reserved == 0


def test_a_model_that_keeps_failing_is_left_alone(script: Script, settings: Settings) -> None:
    settings.MODEL_CHAIN = [OPENAI]
    script.will("openai", [Answer(status=500)])
    configured = chain.configured()
    assert configured is not None

    for _ in range(4):
        configured.writer(budget()).write(request())

    assert len(script.asked) == 5


def test_no_call_begins_when_the_time_is_up(script: Script) -> None:
    result = ask(budget(seconds=0.5))

    assert result.written is None
    assert script.asked == []


def test_no_call_is_made_that_the_cap_does_not_cover(script: Script) -> None:
    result = ask(budget(cap=10))

    assert result.written is None
    assert script.asked == []
    assert SpendLedger.objects.filter(spent__gt=0).count() == 0


def test_a_turn_has_at_most_three_answers(script: Script) -> None:
    script.will("openai", [reply("Yes.", "p1")])
    configured = chain.configured()
    assert configured is not None
    writer = configured.writer(budget())

    answers = [writer.write(request()).written for _ in range(4)]

    assert [answer is None for answer in answers] == [False, False, False, True]
    assert len(script.asked) == 3


def test_the_key_is_never_in_the_log(script: Script, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    script.will("openai", [Answer(status=401)])
    script.will("anthropic", [Answer(status=500)])

    ask()

    assert "key-for-tests-only" not in caplog.text


def test_without_keys_there_is_no_chain(settings: Settings) -> None:
    settings.MODEL_CHAIN = [OPENAI, ANTHROPIC]
    settings.OPENAI_API_KEY = settings.ANTHROPIC_API_KEY = ""

    assert chain.configured() is None


def test_an_unknown_provider_is_named(settings: Settings) -> None:
    settings.MODEL_CHAIN = ["moon:one"]

    with pytest.raises(chain.UnknownProvider, match="moon:one"):
        chain.configured()


@pytest.mark.parametrize("name", [OPENAI, ANTHROPIC])
def test_a_model_is_told_nothing_personal_and_its_answer_says_it_again(
    script: Script, settings: Settings, name: str
) -> None:
    settings.MODEL_CHAIN = [name]
    provider = name.partition(":")[0]
    script.will(provider, [reply("We write to [e-mail 1] about the card [card 1].", "p1")])
    told = "I am ada@mail.example. My card is 4111 1111 1111 1111, my password is Hunter2! and my key sk-live-51Habc99."

    result = ask(
        message=told,
        history=(line("Call me at +49 171 2345678 or ada@mail.example"),),
        objections=("ada@mail.example stands in no passage.",),
    )

    ((_, asked),) = script.asked
    sent = json.dumps(asked)
    assert not [each for each in ("ada@", "4111", "Hunter2", "51Habc", "2345678") if each in sent]
    assert sent.count("[e-mail 1]") == 3
    assert result.written is not None
    assert result.written.said == "We write to ada@mail.example about the card •••1111."


@pytest.mark.parametrize(
    ("name", "temperature", "effort"),
    [
        ("openai:gpt-4.1-mini", 0, None),
        ("openai:gpt-5-mini", None, "low"),
        ("openai:o4-mini", None, "low"),
        ("anthropic:claude-haiku-4-5", 0, None),
        ("anthropic:claude-sonnet-5-5", None, None),
    ],
)
def test_a_model_that_thinks_first_is_given_no_temperature(
    script: Script, settings: Settings, name: str, temperature: int | None, effort: str | None
) -> None:
    settings.MODEL_CHAIN = [name]
    script.will(name.partition(":")[0], [reply("Yes.", "p1")])

    result = ask()

    ((_, asked),) = script.asked
    assert result.written is not None
    assert (asked.get("temperature"), asked.get("reasoning_effort")) == (temperature, effort)


def test_a_purpose_has_models_of_its_own_and_others_the_chain(script: Script, settings: Settings) -> None:
    settings.MODEL_CHAIN = [OPENAI, f"sales={ANTHROPIC}"]
    script.will("openai", [reply("Support.", "p1")])
    script.will("anthropic", [reply("Sales.", "p1")])

    answers = [ask(purpose=purpose).written for purpose in ("support", "sales", "general")]

    assert [answer.text for answer in answers if answer is not None] == ["Support.", "Sales.", "Support."]
    assert providers_asked(script) == ["openai", "anthropic", "openai"]


def test_a_purpose_without_models_is_left_to_the_embedded_engine(script: Script, settings: Settings) -> None:
    settings.MODEL_CHAIN = [OPENAI, "general=embedded"]
    script.will("openai", [reply("Support.", "p1")])

    result = ask(purpose="general")

    assert (result.written, result.calls, script.asked) == (None, (), [])


def test_a_purpose_can_have_models_where_the_chain_has_none(script: Script, settings: Settings) -> None:
    settings.MODEL_CHAIN = [f"sales={OPENAI}"]
    script.will("openai", [reply("Sales.", "p1")])

    assert ask(purpose="support").written is None
    assert ask(purpose="sales").written is not None


def test_any_compatible_server_ends_the_chain_and_needs_no_key(script: Script, settings: Settings) -> None:
    settings.MODEL_CHAIN, settings.ANTHROPIC_API_KEY = [ANTHROPIC, "compatible:own-model"], "key"
    settings.COMPATIBLE_BASE_URL = f"http://127.0.0.1:{script.port}/v1"
    script.will("anthropic", [Answer(status=400)])
    script.will("openai", [reply("From our own server.", "p1")])

    result = ask()

    assert result.written is not None
    assert (result.written.provider, result.written.model) == ("compatible", "own-model")
    assert [call["provider"] for call in result.calls] == ["anthropic", "compatible"]


def test_a_compatible_server_without_an_address_is_left_out(settings: Settings) -> None:
    settings.MODEL_CHAIN = ["compatible:own-model"]

    assert chain.configured() is None
