"""What an answer costs counts for all, for its account, its customer and its conversation, from the customer to the ledger."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.db.models import F
from pytest_django import Settings

from agent import services
from agent.models import Release, SpendLedger
from agent.runtime import Runtime
from conversations import services as conversations
from conversations.models import Conversation
from tests.agent.conftest import Fitted
from tests.agent.providers import Script, obeying, serving
from tests.conversations.talk import TIKTOK, inbound_message

pytestmark = pytest.mark.django_db

QUESTION = "How long do I have to return something?"
OTHER_ACCOUNT = replace(TIKTOK, account_id=9, account_name="Other shop")


@pytest.fixture
def asked(release: Release, fitted: Fitted, settings: Settings) -> Iterator[tuple[Script, Runtime]]:
    """A model on loopback, and a mind that asks it."""
    with serving() as script:
        settings.MODEL_CHAIN = ["openai:gpt-test"]
        settings.OPENAI_API_KEY = "key-for-tests-only"
        settings.OPENAI_BASE_URL = f"http://127.0.0.1:{script.port}/v1"
        script.will("openai", [obeying("You may return goods within 45 days.")])
        yield script, Runtime(fitted.encoder)


def answered(mind: Runtime, *, customer: str, thread: str, other_account: bool = False) -> Conversation:
    """A customer asks and is answered."""
    given = inbound_message(QUESTION, thread=thread, channel=OTHER_ACCOUNT if other_account else TIKTOK)
    message = conversations.receive(replace(given, customer_id=customer))
    assert message is not None
    services.answer(message.conversation_id, mind)
    return message.conversation


def test_an_answer_is_booked_for_each_that_it_counts_for(asked: tuple[Script, Runtime]) -> None:
    script, mind = asked

    conversation = answered(mind, customer="ada", thread="one")

    booked = {row.scope: row.spent for row in SpendLedger.objects.all()}
    assert set(booked) == {
        "global",
        f"account:{conversation.account_id}",
        f"customer:{conversation.customer_id}",
        f"conversation:{conversation.pk}",
    }
    assert len(script.asked) > 0
    assert len(set(booked.values())) == 1
    assert min(booked.values()) > 0


@pytest.mark.parametrize(
    ("full", "still_asked_for"),
    [("customer", ["another customer", "another account"]), ("account", ["another account"])],
)
def test_where_a_cap_is_reached_no_model_is_asked_any_more_and_everybody_is_answered(
    asked: tuple[Script, Runtime], full: str, still_asked_for: list[str]
) -> None:
    script, mind = asked
    first = answered(mind, customer="ada", thread="one")
    pk = first.customer_id if full == "customer" else first.account_id
    assert SpendLedger.objects.filter(scope=f"{full}:{pk}").update(spent=F("cap")) == 1
    asked_for = []

    for who, customer, thread in (
        ("the same customer", "ada", "two"),
        ("another customer", "bob", "three"),
        ("another account", "eve", "four"),
    ):
        before = len(script.asked)
        conversation = answered(mind, customer=customer, thread=thread, other_account=who == "another account")
        assert conversation.messages.filter(direction="out").exists(), who
        asked_for += [who] * (len(script.asked) > before)

    assert asked_for == still_asked_for
