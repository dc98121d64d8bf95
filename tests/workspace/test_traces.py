"""The trace as people read it, whole, empty and broken."""

from typing import Any

import pytest
from django.urls import reverse

from agent.models import AgentRun
from conversations.models import Message
from core.policy import Role
from tests.factories import make_release
from tests.workspace.scene import bot_answers, browser, customer_writes, set_scene
from workspace import traces

pytestmark = pytest.mark.django_db

WHOLE: dict[str, Any] = {
    "release": 3,
    "engine": "small",
    "steps": [{"node": "classify_message", "ms": 2.4}, {"node": "retrieve_context", "ms": 5.1}],
    "understanding": {
        "intent": "order_status",
        "confidence": 0.87,
        "confident": True,
        "candidates": [
            {"intent": "order_status", "probability": 0.87},
            {"intent": "return_item", "probability": 0.07},
            {"intent": "invoice", "probability": 0.03},
        ],
        "route": "support",
        "in_scope": False,
        "language": "de",
        "language_supported": False,
        "sentiment": -0.41,
        "signals": {
            "asks_person": {"score": 0.2, "fired": False, "phrase": ""},
            "urgent": {"score": 0.9, "fired": True},
        },
    },
    "knowledge": {
        "answerable": True,
        "query_joined": True,
        "passages": [
            {
                "passage": "p1",
                "title": "Shipping times",
                "heading": "Home",
                "quote": "Orders leave within a day.",
                "score": 4.83,
                "gate": 0.93,
                "answers": True,
            },
            {"passage": "p2", "title": "Tracking", "quote": "The link is in the mail.", "score": 1.7, "gate": 0.004},
            {"passage": "p3", "title": "Kept by an earlier version", "score": 1.2},
        ],
    },
    "rules": {
        "fired": [
            {
                "key": "urgent",
                "name": "It is urgent",
                "reason": "urgent",
                "conditions": [
                    {"fact": "urgent_phrase", "operator": "is", "value": True, "actual": True, "holds": True}
                ],
            }
        ],
        "nearly": [
            {
                "key": "upset",
                "name": "The customer is upset",
                "reason": "negative_sentiment",
                "conditions": [
                    {"fact": "sentiment", "operator": "at_most", "value": -0.5, "actual": -0.41, "holds": False}
                ],
            }
        ],
    },
    "reply": {"kind": "answer", "template": "", "cited": ["p1"], "provider": "openai", "model": "small-1"},
    "checks": [
        {"check": "length", "ok": True, "detail": ""},
        {"check": "links", "ok": False, "detail": "One link too many."},
    ],
    "models": [
        {"provider": "openai", "model": "small-1", "outcome": "ok", "ms": 420.0, "tokens_in": 300, "tokens_out": 40}
    ],
}
BROKEN: list[dict[str, Any]] = [
    {},
    {"understanding": None, "knowledge": [], "rules": "x", "reply": 5, "checks": {}, "models": None, "steps": "no"},
    {"understanding": {"intent": 5, "confidence": "high", "candidates": [None, {}, {"intent": "a"}], "signals": ["x"]}},
    {
        "knowledge": {"passages": [{}, "x", {"score": "high"}]},
        "reply": {"cited": [1, None]},
        "rules": {"fired": [{}], "nearly": [None]},
    },
    {"steps": [{}], "checks": [{}], "models": [{}], "switched_off": True},
]


def why(trace: object, **columns: Any) -> str:
    """The panel behind a message whose run left ``trace``."""
    scene = set_scene()
    conversation = customer_writes(scene.team)
    run = bot_answers(conversation)
    AgentRun.objects.filter(pk=run.pk).update(trace=trace, **columns)
    message = Message.objects.get(conversation=conversation, sender_type="bot")
    answer = browser(scene.person(Role.VIEWER)).get(
        reverse("workspace-why", args=[conversation.public_id, message.public_id])
    )
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_whole_trace_says_what_was_understood_found_checked_and_spent() -> None:
    page = why(
        WHOLE, duration_ms=431, tokens_in=300, tokens_out=40, cost_micros=1200, provider="openai", model="small-1"
    )

    for words in (
        "Order status",
        "87 %",
        "Return item",
        "7 %",
        "Unhappy",
        "It is urgent",
        "Urgent phrase = yes (was yes)",
        "The customer is upset",
        "Sentiment ≤ -0.50 (was -0.41)",
        "Shipping times",
        "Orders leave within a day.",
        "quoted",
        "One link too many.",
        "openai · small-1",
        "431 ms",
        "300 + 40",
        "$0.0012",
        "Classify message",
        "outside of what the bot knows",
        "Signals: Urgent",
    ):
        assert words in page


def view_of(trace: dict[str, Any]) -> traces.TraceView:
    """The view of a run that left ``trace``."""
    scene = set_scene()
    run = bot_answers(customer_writes(scene.team), trace=trace)
    return traces.read(AgentRun.objects.select_related("release").get(pk=run.pk))


def test_a_passage_shows_how_likely_it_answers_and_nothing_where_that_is_not_known() -> None:
    view = view_of(WHOLE)

    assert [each.likelihood.percent if each.likelihood else None for each in view.passages] == [93, 0, None]
    assert [passage.is_cited for passage in view.passages] == [True, False, False]
    assert [score.percent for score in view.runners_up] == [7, 3]


@pytest.mark.parametrize(
    ("confidence", "least", "shown", "said"),
    [
        (0.9549, 0.9551, 95, "The bot counts on an intent from 96 %, so this one is not certain."),
        (0.9, 0.95, 90, "The bot counts on an intent from 95 %, so this one is not certain."),
        (0.57, None, 57, "This is less than the bot counts on as certain."),
    ],
)
def test_what_is_called_uncertain_is_shown_below_what_would_be_certain(
    confidence: float, least: float | None, shown: int, said: str
) -> None:
    understood = {"intent": "refund", "confidence": confidence, "confident": False, "certain_from": least}

    view = view_of({"understanding": understood})

    assert view.intent is not None
    assert view.intent.percent == shown
    assert said in view.facts


@pytest.mark.parametrize("trace", BROKEN)
def test_a_trace_without_its_parts_still_says_what_the_run_knows(trace: dict[str, Any]) -> None:
    page = why(trace)

    assert "Order status" in page
    assert "embedded" in page


def test_a_trace_that_is_no_object_is_read_as_empty() -> None:
    page = why(["x"])

    assert "embedded" in page


def test_a_message_without_a_run_says_that_no_trace_was_kept() -> None:
    scene = set_scene()
    conversation = customer_writes(scene.team)
    message = conversation.messages.get()

    answer = browser(scene.person(Role.AGENT)).get(
        reverse("workspace-why", args=[conversation.public_id, message.public_id])
    )

    assert "No trace was kept" in answer.content.decode()


def test_a_run_of_another_conversation_is_never_shown() -> None:
    scene = set_scene()
    other = bot_answers(customer_writes(scene.team, thread="other"), trace=WHOLE)
    conversation = customer_writes(scene.team)
    Message.objects.filter(conversation=conversation).update(run_id=other.pk)
    message = conversation.messages.get()

    answer = browser(scene.person(Role.AGENT)).get(
        reverse("workspace-why", args=[conversation.public_id, message.public_id])
    )

    assert "No trace was kept" in answer.content.decode()


def test_it_says_whose_answers_were_stopped_and_by_which_checks() -> None:
    refused = {
        "provider": "openai",
        "model": "gpt-test",
        "checks": [{"check": "promises", "ok": False, "detail": "refund"}],
    }
    run = AgentRun(release_id=1, trace={"refusals": [refused, "broken"]})
    run.release = make_release()

    assert "Stopped an answer of openai · gpt-test: Promises" in traces.read(run).facts
