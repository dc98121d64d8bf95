"""From the graph's last state to what is committed, what is traced, and what the run's row says."""

from typing import Any

from agent.graph.brief import Brief, Thought
from agent.graph.state import AgentState, FoundPassage
from agent.models import AgentRun
from agent.services.card import card_of
from conversations.types import HandOver, MessageFacts, Outcome, Priority, ReasonCategory, Reply, Silence, Turn


def outcome_of(state: AgentState, *, brief: Brief, turn: Turn) -> Outcome:
    """What the turn commits."""
    if state["reply_kind"] == "hand_over":
        return HandOver(
            reason=ReasonCategory(state["escalation_reason"]),
            detail=state["escalation_detail"],
            priority=Priority(state["escalation_priority"]),
            customer_text=state["response"],
            suggestion=state.get("suggestion", ""),
            card=card_of(state, history=brief.history, asked_seq=turn.to_seq, release_id=brief.release_id),
        )
    if state["reply_kind"] == "silence":
        return Silence(reason=state["silence_reason"])
    return Reply(
        text=state["response"],
        sources=tuple(
            {"title": source["title"], "article": source["article"], "passage": source["passage"]}
            for source in state["sources"]
        ),
    )


def facts_of(state: AgentState) -> MessageFacts:
    """What is kept about the customer's words."""
    return MessageFacts(intent=state["intent"], sentiment=state["sentiment_score"], language=state["detected_language"])


def trace_of(thought: Thought) -> dict[str, Any]:
    """Why the agent said what it said: every number the decision rests on, and no article's whole text."""
    state = thought.state
    passages = [_traced(passage) for passage in state.get("passages", [])]
    return {
        "release": thought.release_number,
        "engine": thought.engine,
        "steps": state["steps"],
        "understanding": {
            "intent": state["intent"],
            "confidence": state["confidence"],
            "confident": state["confident"],
            "certain_from": state.get("certain_from"),
            "candidates": state["candidates"],
            "route": state["route"],
            "in_scope": state["in_scope"],
            "scope_score": state["scope_score"],
            "respelled": state["read_as"].split() != state["message"].split(),
            "language": state["detected_language"],
            "answered_in": state["language"],
            "language_confidence": state["language_confidence"],
            "language_supported": state["language_supported"],
            "sentiment": state["sentiment_score"],
            "signals": state["signals"],
            "says": state["says"],
        },
        "progress": state["progress"],
        "knowledge": {
            "query_joined": state.get("query", state["read_as"]) != state["read_as"],
            "answerable": state.get("answerable"),
            "rest_unanswered": state.get("rest_unanswered", False),
            "gate_score": state.get("gate_score"),
            "passages": passages,
            "runner_up": passages[1] if len(passages) > 1 else None,
        },
        "rules": {"fired": state.get("rules_fired", []), "nearly": state.get("rules_nearly", [])},
        "reply": {
            "kind": state["reply_kind"],
            "template": state.get("template", ""),
            "cited": state.get("cited", []),
            "sources": state.get("sources", []),
            "provider": state.get("provider", "embedded"),
            "model": state.get("model", ""),
            "silence_reason": state.get("silence_reason", ""),
            "offers_person": state.get("offers_person", False),
        },
        "escalation": {
            "reason": state.get("escalation_reason", ""),
            "detail": state.get("escalation_detail", ""),
            "priority": state.get("escalation_priority", ""),
        },
        "checks": state.get("checks", []),
        "removed_links": state.get("removed_links", 0),
        "failed_validations": state.get("failed_validations", 0),
        "generations": state.get("generations", 0),
        "models": state.get("model_calls", []),
    }


def _traced(passage: FoundPassage) -> dict[str, Any]:
    return {name: value for name, value in passage.items() if name != "text"}


def apply_thought(run: AgentRun, thought: Thought) -> None:
    """Put what was thought into the run's columns; the caller saves."""
    state = thought.state
    calls = state.get("model_calls", [])
    run.trace = trace_of(thought)
    run.draft = state.get("suggestion", "") if state["reply_kind"] == "hand_over" else state["response"]
    run.route = state["route"]
    run.intent = state["intent"][:60]
    run.confidence = state["confidence"]
    run.sentiment = state["sentiment_score"]
    run.language = state["detected_language"]
    run.provider = state.get("provider", "embedded")
    run.model = state.get("model", "")
    run.tokens_in = sum(call["tokens_in"] for call in calls)
    run.tokens_out = sum(call["tokens_out"] for call in calls)
    run.cost_micros = sum(call["cost_micros"] for call in calls)
