"""Tools through whole turns, with the real engine: what customers are told, asked, and never told."""

import threading
from typing import Any

import pytest
from django.db import connection

from agent import services
from agent.models import AgentRun, Dialogue, Product, Tool, ToolCall
from agent.runtime import Runtime
from conversations.models import Conversation, Escalation, Message
from core import http
from core.models import OpeningCalendar
from tests.agent.asking import said, told
from tests.agent.tools.shop import Shop
from tests.conversations.talk import write
from tests.factories import make_account, make_channel

pytestmark = pytest.mark.django_db


def switch(name: str, **values: object) -> None:
    """Change a tool's settings."""
    Tool.objects.update_or_create(name=name, defaults=values)


def test_an_order_is_looked_up_and_told_with_its_source(mind: Runtime, shop: Shop) -> None:
    shop.knows("TH1234567", carrier="Northmail", expected_on="2026-12-03")

    answer = told("Where is my order TH1234567?", mind)

    assert answer == (
        "Your order TH1234567 is on its way. It travels with Northmail. It is expected on 3 December 2026."
    )
    reply = Message.objects.get(direction="out")
    assert reply.sources == [{"title": "Order system", "article": "", "passage": ""}]
    trace = AgentRun.objects.get().trace
    assert trace["reply"]["kind"] == "tool"
    assert {"check": "numbers", "ok": True, "detail": ""} in trace["checks"]
    assert "expected on 2026-12-03" in trace["tools"]["used"]["evidence"]
    assert [step["node"] for step in trace["steps"]].index("use_tool") > 0


def test_the_call_is_kept_once_with_its_input_masked(mind: Runtime, shop: Shop) -> None:
    shop.knows("TH1234567")

    told("Where is my order TH1234567?", mind)

    call = ToolCall.objects.get()
    assert (call.tool, call.outcome, call.input) == ("order_status", "ok", {"order_number": "•••567"})
    assert call.run == AgentRun.objects.get()
    assert shop.refused == 0
    assert shop.asked[0]["data"]["order_number"] == "TH1234567"


def test_without_a_number_it_is_asked_for_and_the_answer_is_enough(mind: Runtime, shop: Shop) -> None:
    shop.knows("TH1234567", status="delivered")

    first = told("Where is my order?", mind)
    assert said() == ("clarify", "ask_order_number")
    second = told("TH1234567", mind)

    assert first == "I can look that up. What is your order number?"
    assert second == "According to our system your order TH1234567 has been delivered."
    assert Dialogue.objects.get().waiting == ""


def test_the_number_is_remembered_over_turns(mind: Runtime, shop: Shop) -> None:
    shop.knows("TH1234567", status="processing")
    told("Where is my order TH1234567?", mind)

    told("How long does delivery take?", mind)
    again = told("And where is my order now?", mind)

    assert "TH1234567 is being prepared" in again
    assert Dialogue.objects.get().slots["order_number"] == {"value": "TH1234567", "seq": 1}


def test_the_address_is_asked_for_where_the_shop_wants_it(mind: Runtime, shop: Shop) -> None:
    switch("order_status", asks_for_email=True)
    shop.knows("TH1234567", "ada@mail.example")

    asked = told("Where is my order TH1234567?", mind)
    answer = told("ada@mail.example", mind)

    assert asked == "With which e-mail address did you place order TH1234567?"
    assert answer == "Your order TH1234567 is on its way."
    assert ToolCall.objects.get().input["email"] == "[e-mail]"


def test_another_topic_is_answered_and_lets_go_of_the_question(mind: Runtime, shop: Shop) -> None:
    told("Where is my order?", mind)

    answer = told("How long does delivery take?", mind)

    assert "working days" in answer
    assert Dialogue.objects.get().waiting == ""
    assert shop.asked == []


def test_after_two_questions_a_person_is_needed(mind: Runtime, shop: Shop) -> None:
    told("Where is my order?", mind)
    told("the blue one", mind)
    assert said() == ("clarify", "ask_order_number")

    told("you know, the blue one", mind)

    assert Escalation.objects.count() == 1
    assert shop.asked == []


def test_what_is_not_found_is_asked_for_once_more_and_not_made_up(mind: Runtime, shop: Shop) -> None:
    shop.knows("TH7654321")

    first = told("Where is my order TH1234567?", mind)
    second = told("Sorry, TH7654321", mind)

    assert first.startswith("I find no order TH1234567. Could you check the number")
    assert second == "Your order TH7654321 is on its way."


def test_a_slow_system_ends_with_a_person_and_nothing_is_told(mind: Runtime, shop: Shop) -> None:
    switch("order_status", timeout_seconds=1)
    shop.hold = threading.Event()

    answer = told("Where is my order TH1234567?", mind)

    assert ToolCall.objects.get().outcome == "timeout"
    escalation = Escalation.objects.get()
    assert escalation.reason == "bot_failed"
    assert "did not answer in time" in escalation.detail
    assert "TH1234567" not in answer
    assert {"label": "Order number", "value": "TH1234567", "seq": 1} in escalation.card["facts"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b'{"found": "yes"}',
        b'{"found": true}',
        b'{"found": true, "order": {"number": "TH9999999", "status": "shipped"}}',
        b'{"found": true, "order": {"number": "TH1234567", "status": "lost in space"}}',
        b'{"found": true, "order": {"number": "TH1234567", "status": "shipped", "expected_on": "tomorrow"}}',
        b'{"found": true, "order": {"number": "TH1234567", "status": "shipped", "carrier": "<b>me</b> https://evil.example"}}',
        b'{"found": true, "order": {"number": "TH1234567", "status": "shipped", "carrier": "call 555 123 4567"}}',
        b'{"found": true, "pad": "' + b"x" * 70_000 + b'"}',
    ],
)
def test_a_bad_answer_ends_with_a_person_and_nothing_of_it_is_told(mind: Runtime, shop: Shop, body: bytes) -> None:
    shop.body = body

    answer = told("Where is my order TH1234567?", mind)

    call = ToolCall.objects.get()
    assert call.outcome == "bad_answer"
    assert call.problem
    assert Escalation.objects.get().reason == "bot_failed"
    assert not any(word in answer for word in ("shipped", "evil", "555", "TH9999999"))


@pytest.mark.parametrize("status", [401, 404, 500, 302])
def test_another_status_is_no_answer(mind: Runtime, shop: Shop, status: int) -> None:
    shop.status = status

    told("Where is my order TH1234567?", mind)

    assert ToolCall.objects.get().problem == f"It answered HTTP {status} instead of 200."
    assert Escalation.objects.count() == 1


def test_a_system_that_is_not_there_ends_with_a_person(mind: Runtime, shop: Shop) -> None:
    switch("order_status", url="http://127.0.0.1:1/nothing")

    told("Where is my order TH1234567?", mind)

    assert ToolCall.objects.get().outcome == "unreachable"
    assert Escalation.objects.count() == 1


def test_the_switch_takes_the_tool_away_with_the_next_message(mind: Runtime, shop: Shop) -> None:
    shop.knows("TH1234567")
    told("Where is my order TH1234567?", mind)

    switch("order_status", is_enabled=False)
    told("And where is my order TH1234567 now?", mind)

    assert ToolCall.objects.count() == 1
    assert said()[0] != "tool"


def test_where_everybody_reads_no_order_is_looked_up(mind: Runtime, shop: Shop) -> None:
    shop.knows("TH1234567")
    channel = make_channel(make_account(platform="linkedin"), is_public=True, debounce_seconds=0)
    message = write("Where is my order TH1234567?", channel=channel)
    assert message is not None

    services.answer(message.conversation_id, mind)

    assert shop.asked == []
    assert not ToolCall.objects.exists()
    answer = Message.objects.get(direction="out").text
    assert "TH1234567" not in answer
    assert "post no personal details here" in answer


def test_danger_comes_before_any_tool(mind: Runtime, shop: Shop) -> None:
    shop.knows("TH1234567")

    told("The stove of order TH1234567 exploded, there is a fire!", mind)

    assert shop.asked == []
    assert Escalation.objects.get().priority == "first"


def test_whoever_tries_many_numbers_talks_to_a_person(mind: Runtime, shop: Shop) -> None:
    shop.knows("TH1234567")
    told("Where is my order TH1234567?", mind)
    run = AgentRun.objects.get()
    for epoch in range(100, 109):
        earlier = AgentRun.objects.create(
            conversation_id=run.conversation_id,
            epoch=epoch,
            release=run.release,
            from_seq=1,
            to_seq=1,
            state="failed",
            ended_at=run.ended_at,
        )
        ToolCall.objects.create(
            run=earlier, conversation_id=run.conversation_id, tool="order_status", outcome="not_found"
        )

    told("And where is my order TH1234568?", mind)

    assert len(shop.asked) == 1
    assert ToolCall.objects.filter(outcome="refused").count() == 1
    assert Escalation.objects.get().detail.startswith("A look-up was refused.")


def test_no_transaction_is_open_while_the_shop_is_asked(
    mind: Runtime, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange, depth, seen = http.exchange, len(connection.savepoint_ids), []

    def looking(*given: Any, **named: Any) -> http.Answer:
        seen.append(len(connection.savepoint_ids))
        return exchange(*given, **named)

    monkeypatch.setattr(http, "exchange", looking)
    shop.knows("TH1234567")

    told("Where is my order TH1234567?", mind)

    # The test itself runs in a transaction; the turn adds none.
    assert seen == [depth]


def test_a_price_is_quoted_from_the_catalogue(mind: Runtime, catalogue: Product) -> None:
    assert told("How much is the rain jacket?", mind) == (
        "Rain jacket costs 89.90 EUR. From 15 pieces on, each is 82.71 EUR. From 50 pieces on, each is 76.40 EUR."
    )
    assert Message.objects.get(direction="out").sources[0]["title"] == "Price list"


def test_a_quantity_later_is_about_the_same_product(mind: Runtime, catalogue: Product) -> None:
    told("How much is the rain jacket?", mind)

    assert told("And for 60 pieces?", mind) == "60 × Rain jacket at 76.40 EUR each come to 4584.00 EUR."


def test_a_quote_is_german_to_whom_writes_german(mind: Runtime, catalogue: Product) -> None:
    assert told("Was kosten 20 Regenjacken?", mind).startswith(
        "20 × Rain jacket zu je 82,71 EUR kosten zusammen 1654,20 EUR."
    )


def test_which_of_two_products_is_meant_is_asked(mind: Runtime, catalogue: Product) -> None:
    asked = told("What does the tent cost?", mind)
    answer = told("the Fjell tent for two", mind)

    assert asked == "Which of these do you mean: Fjell tent for two, Fjell tent for four?"
    assert answer == "Fjell tent for two costs 249.00 EUR."


def test_without_a_catalogue_articles_answer_as_ever(mind: Runtime, db: None) -> None:
    told("How much is the rain jacket?", mind)

    assert not ToolCall.objects.exists()


def test_the_hours_that_are_kept_are_told(mind: Runtime, always_open: OpeningCalendar) -> None:
    assert told("Are you open right now?", mind) == "Yes, we are open now."
    assert ToolCall.objects.get().tool == "opening_hours"


def test_ways_to_reach_the_business_stay_with_the_articles(mind: Runtime, always_open: OpeningCalendar) -> None:
    assert "+49 341" in told("What is your phone number?", mind)
    assert not ToolCall.objects.exists()


def test_what_is_known_ends_with_the_episode(mind: Runtime, shop: Shop) -> None:
    shop.knows("TH1234567")
    told("Where is my order TH1234567?", mind)
    Conversation.objects.get().episodes.update(ended_at="2026-11-28T10:00:00Z", outcome="resolved")

    told("Where is my order?", mind)

    assert said() == ("clarify", "ask_order_number")
