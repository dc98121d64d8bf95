"""From the graph's last state to what is committed, what is traced, and what the run's row says."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from agent import world
from agent.graph.brief import Brief, Thought
from agent.graph.state import AgentState, FoundPassage
from agent.models import AgentRun
from agent.services.card import card_of
from agent.tools.keeping import masked_input
from conversations.types import HandOver, MessageFacts, Outcome, Priority, ReasonCategory, Reply, Silence, Turn


def outcome_of(state: AgentState, *, brief: Brief, turn: Turn) -> Outcome:
    """What the turn commits."""
    if state["reply_kind"] == "hand_over":
        return HandOver(
            reason=ReasonCategory(state["escalation_reason"]),
            detail=state["escalation_detail"],
            priority=Priority(state["escalation_priority"]),
            customer_text=state["response"],
            answer_by=datetime.fromisoformat(state["answer_by"]) if state.get("answer_by") else None,
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
        "tools": _tools(state),
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
        "refusals": state.get("refusals", []),
        "removed_links": state.get("removed_links", 0),
        "failed_validations": state.get("failed_validations", 0),
        "generations": state.get("generations", 0),
        "models": state.get("model_calls", []),
    }


def _tools(state: AgentState) -> dict[str, Any]:
    """What a tool was asked, masked, and the text its facts stand in; which waits for more."""
    use, plan = state.get("tool_use"), state.get("tool_plan")
    if use is None:
        asks = plan["asks"]["template"] if plan is not None and plan["asks"] is not None else ""
        return {"planned": plan["tool"], "asks": asks} if plan is not None else {}
    told = {name: use[name] for name in ("tool", "title", "outcome", "problem", "evidence", "ms")}
    return {"planned": use["tool"], "used": {**told, "input": masked_input(use["input"])}}


def _traced(passage: FoundPassage) -> dict[str, Any]:
    return {name: value for name, value in passage.items() if name != "text"}


def keep_outcome(run: AgentRun, outcome: Outcome) -> None:
    """Put what the turn commits into the run's envelope, so that a replay has something to be equal to."""
    run.envelope = {**run.envelope, "outcome": told_outcome(outcome)}


def told_outcome(outcome: Outcome) -> dict[str, Any]:
    """The outcome as JSON: its kind, ``reply``, ``hand_over`` or ``silence``, and its fields; moments in ISO 8601."""
    kinds = {Reply: "reply", HandOver: "hand_over", Silence: "silence"}
    return {"kind": kinds[type(outcome)], **asdict(outcome, dict_factory=_for_json)}


def _for_json(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in fields}


def apply_thought(run: AgentRun, thought: Thought) -> None:
    """Put what was thought into the run's columns; the caller saves."""
    state = thought.state
    run.envelope = {
        **run.envelope,
        "versions": asdict(thought.versions),
        "exchanges": list(thought.exchanges),
        "world": world.as_json(thought.world),
    }
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
