"""Breakers."""

import pytest

from agent.llm.breaker import Breakers

NAME = ("openai", "gpt-test")


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock at 100 s."""
    return Clock()


def test_five_failures_in_half_a_minute_open_it(clock: Clock) -> None:
    breakers = Breakers(clock)

    opened = [breakers.failed(NAME) for _ in range(5)]

    assert opened == [False, False, False, False, True]
    assert not breakers.allows(NAME)
    assert breakers.allows(("anthropic", "claude-test"))


def test_old_failures_are_forgotten(clock: Clock) -> None:
    breakers = Breakers(clock)
    for _ in range(4):
        breakers.failed(NAME)
    clock.now += 31

    assert not breakers.failed(NAME)


def test_half_of_ten_calls_failing_opens_it(clock: Clock) -> None:
    breakers = Breakers(clock)
    for _ in range(6):
        breakers.succeeded(NAME)

    assert [breakers.failed(NAME) for _ in range(5)][-1]


def test_after_the_pause_one_caller_tries(clock: Clock) -> None:
    breakers = Breakers(clock)
    for _ in range(5):
        breakers.failed(NAME)
    clock.now += 30

    assert [breakers.allows(NAME) for _ in range(3)] == [True, False, False]
    breakers.succeeded(NAME)
    assert breakers.allows(NAME)


def test_a_failed_try_closes_the_door_again(clock: Clock) -> None:
    breakers = Breakers(clock)
    for _ in range(5):
        breakers.failed(NAME)
    clock.now += 60
    assert breakers.allows(NAME)

    breakers.failed(NAME)

    assert not breakers.allows(NAME)
    clock.now += 30
    assert breakers.allows(NAME)


def test_a_try_that_was_not_made_is_anothers(clock: Clock) -> None:
    breakers = Breakers(clock)
    for _ in range(5):
        breakers.failed(NAME)
    clock.now += 30
    assert breakers.allows(NAME)

    breakers.left_alone(NAME)

    assert breakers.allows(NAME)


def test_an_accounts_problem_lasts_ten_minutes(clock: Clock) -> None:
    breakers = Breakers(clock)
    breakers.failed(NAME, is_account=True)
    clock.now += 599

    assert not breakers.allows(NAME)
    clock.now += 1
    assert breakers.allows(NAME)


def test_what_is_left_alone_is_named(clock: Clock) -> None:
    breakers = Breakers(clock)
    breakers.failed(("anthropic", "fine"))
    for _ in range(5):
        breakers.failed(NAME)

    assert breakers.open_now() == ["openai:gpt-test"]


def test_a_model_that_nobody_tries_is_told_of_for_ten_minutes_after_its_pause(clock: Clock) -> None:
    breakers = Breakers(clock)
    for _ in range(5):
        breakers.failed(NAME)

    clock.now += 30 + 599
    before = breakers.open_now()
    clock.now += 1

    assert (before, breakers.open_now()) == (["openai:gpt-test"], [])
    # Known again at the next failure, and tried by one caller as ever.
    assert [breakers.allows(NAME) for _ in range(2)] == [True, False]
    breakers.failed(NAME)
    assert breakers.open_now() == ["openai:gpt-test"]


def test_an_accounts_problem_is_told_until_there_is_an_answer(clock: Clock) -> None:
    breakers = Breakers(clock)
    breakers.failed(NAME, is_account=True)
    clock.now += 8 * 3600
    assert breakers.open_now() == ["openai:gpt-test"]

    assert breakers.allows(NAME)
    breakers.succeeded(NAME)

    assert breakers.open_now() == []


def test_a_call_that_ends_late_does_not_shorten_an_accounts_pause(clock: Clock) -> None:
    breakers = Breakers(clock)
    breakers.failed(NAME, is_account=True)

    for _ in range(5):
        breakers.failed(NAME)

    clock.now += 599
    assert not breakers.allows(NAME)
