"""The drawing is the design document's."""

import pytest

from agent.graph.carrying import merged
from agent.graph.state import Step
from tests.agent.scripted import (
    GRAPH,
    NOTHING_FOUND,
    Library,
    Writer,
    context,
    given,
    nodes_run,
    rule,
    run,
    with_route,
    written,
)


def test_the_graph_is_drawn_as_the_design_says() -> None:
    drawn = {(edge.source, edge.target) for edge in GRAPH.get_graph().edges}

    assert drawn == {
        ("__start__", "classify_message"),
        ("classify_message", "retrieve_context"),
        ("classify_message", "escalate"),
        ("retrieve_context", "fill_slots"),
        ("fill_slots", "check_escalation"),
        ("check_escalation", "use_tool"),
        ("use_tool", "generate_response"),
        ("use_tool", "escalate"),
        ("check_escalation", "generate_response"),
        ("check_escalation", "escalate"),
        ("generate_response", "validate_response"),
        ("validate_response", "generate_response"),
        ("validate_response", "escalate"),
        ("validate_response", "__end__"),
        ("escalate", "__end__"),
    }


@pytest.mark.parametrize("route", ["support", "sales", "general"])
def test_an_ordinary_message_goes_through_every_step_in_order(route: str) -> None:
    state = run(given(), context(understanding=with_route(route)))  # type: ignore[arg-type]

    assert nodes_run(state) == [
        "classify_message",
        "retrieve_context",
        "fill_slots",
        "check_escalation",
        "generate_response",
        "validate_response",
    ]
    assert state["response"] == "You may return goods within 45 days."
    assert state["response_valid"]


def test_an_urgent_message_goes_straight_to_a_person() -> None:
    state = run(given("My hand is burnt!"), context(understanding=with_route("urgent", fired=("urgent",))))

    assert nodes_run(state) == ["classify_message", "escalate"]
    assert (state["escalation_reason"], state["escalation_priority"]) == ("urgent", "high")
    assert state["response"] == "urgent_handoff in en"


def test_a_rule_that_fires_ends_the_bots_part() -> None:
    state = run(given(), context(rules=(rule(("answerable", "is", True), reason="policy"),)))

    assert nodes_run(state) == ["classify_message", "retrieve_context", "fill_slots", "check_escalation", "escalate"]
    assert state["escalation_reason"] == "policy"
    assert state["suggestion"] == "You may return goods within 45 days."


def test_a_refused_answer_is_written_again_twice_and_then_quoted() -> None:
    writer = Writer([written("You have 90 days."), written("You have 60 days.")])

    state = run(given(), context(writer=writer))

    assert nodes_run(state).count("generate_response") == 3
    assert "90" in writer.requests[1].objections[0]
    assert len(writer.requests) == 2
    assert state["response"] == "You may return goods within 45 days."
    assert state["provider"] == "embedded"


def test_when_nothing_passes_the_checks_a_person_is_called_after_two_retries() -> None:
    bad = Library(findings=NOTHING_FOUND)
    state = run(
        given("one two three four", channel={"platform": "x", "text_limit": 5, "is_public": False}),
        context(knowledge=bad),
    )

    assert nodes_run(state).count("validate_response") == 3
    assert nodes_run(state)[-1] == "escalate"
    assert state["escalation_reason"] == "bot_failed"
    assert state["response"] == "handoff in en"


def test_nothing_is_kept_between_runs() -> None:
    assert GRAPH.checkpointer is None
    assert GRAPH.store is None
    assert GRAPH.cache is None


def test_the_state_is_one_value_to_look_after() -> None:
    assert [name for name in GRAPH.channels if not name.startswith(("branch:", "__"))] == ["state"]


def test_what_grows_is_there_from_the_beginning_and_the_rest_is_replaced() -> None:
    first = merged({}, {"message": "Hi", "intent": "greeting"})
    second = merged(first, {"intent": "thanks", "generations": 1, "steps": [Step(node="a", ms=1.0)]})
    third = merged(second, {"generations": 2, "steps": [Step(node="b", ms=2.0)]})

    assert first == {
        "message": "Hi", "intent": "greeting", "generations": 0, "removed_links": 0, "failed_validations": 0,
        "model_calls": [], "refusals": [], "steps": [],
    }  # fmt: skip
    assert (third["intent"], third["generations"], [step["node"] for step in third["steps"]]) == (
        "thanks",
        3,
        ["a", "b"],
    )
    assert (second["generations"], len(second["steps"])) == (1, 1)
