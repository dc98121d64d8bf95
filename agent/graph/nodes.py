"""The graph's steps: functions from the state to what they add. None has an effect outside but through its context."""

import functools
from collections.abc import Callable
from typing import Literal, Protocol

from langgraph.runtime import Runtime

from agent.graph import composing, searching, validation
from agent.graph.context import Context, WriteRequest, Written
from agent.graph.links import without_foreign_links
from agent.graph.rules import facts_of, judge
from agent.graph.state import AgentState, Check, RuleMatch, Step

_HISTORY_LINES = 12
_RECENT_MOODS = 5
_HANDOFF_TEXTS = {
    "danger": "danger_handoff",
    "account_security": "security_handoff",
    "urgent": "urgent_handoff",
    "dispute": "dispute_handoff",
    "sent_picture": "picture_handoff",
}

NodeFunction = Callable[[AgentState, Runtime[Context]], AgentState]


class Node(Protocol):
    """A node as LangGraph calls it: what it runs with comes by name."""

    def __call__(self, state: AgentState, runtime: Runtime[Context]) -> AgentState: ...


def step(node: NodeFunction) -> Node:
    """The node, leaving in the state that it ran and for how long."""

    @functools.wraps(node)
    def timed(state: AgentState, runtime: Runtime[Context]) -> AgentState:
        started = runtime.context.clock.monotonic()
        added = node(state, runtime)
        took = round((runtime.context.clock.monotonic() - started) * 1000, 2)
        added["steps"] = [Step(node=node.__name__, ms=took)]
        return added

    return timed


@step
def classify_message(state: AgentState, runtime: Runtime[Context]) -> AgentState:
    """Find out the intent, the language, the mood, and whether anything in it calls for a person."""
    context = runtime.context
    moods = [line["sentiment"] for line in state["conversation_history"] if line["sender"] == "customer"]
    found = context.understanding.understand(
        state["message"],
        prior=state.get("language_prior"),
        recent_sentiment=[mood for mood in moods if mood is not None][-_RECENT_MOODS:],
    )
    supported = found.language in context.manner.languages
    return AgentState(
        read_as=found.read_as,
        intent=found.intent,
        route=found.route,
        confidence=round(found.confidence, 4),
        confident=found.confident,
        certain_from=round(found.certain_from, 4),
        candidates=[{"intent": c.intent, "probability": round(c.probability, 4)} for c in found.candidates],
        in_scope=found.in_scope,
        scope_score=round(found.scope_score, 4),
        language=found.language if supported else context.manner.default_language,
        detected_language=found.language,
        language_confidence=round(found.language_confidence, 3),
        language_supported=supported,
        sentiment_score=round(found.sentiment, 4),
        signals={
            name: {"score": round(signal.score, 4), "fired": signal.fired, "phrase": signal.phrase}
            for name, signal in found.signals.items()
        },
        says=context.understanding.says(state["message"]),
        small_talk=found.confident and found.intent in context.manner.small_talk,
    )


@step
def retrieve_context(state: AgentState, runtime: Runtime[Context]) -> AgentState:
    """Lay out the talk so far and find the knowledge that fits what is asked."""
    found = searching.search(state, runtime.context)
    return AgentState(
        formatted_context=_formatted(state),
        query=found.query,
        passages=list(found.passages),
        answerable=found.answerable,
        gate_score=round(found.gate_score, 4),
        quoted=found.quoted,
        rest_unanswered=found.rest_unanswered,
    )


def _formatted(state: AgentState) -> str:
    lines = [f"{line['sender']}: {line['text']}" for line in state["conversation_history"][-_HISTORY_LINES:]]
    return "\n".join(lines)


@step
def check_escalation(state: AgentState, runtime: Runtime[Context]) -> AgentState:
    """Judge the release's rules over the facts; the first that fired decides."""
    return _ruled(state, runtime.context)


def _ruled(state: AgentState, context: Context) -> AgentState:
    enabled = state.get("intent") not in context.manner.disabled_intents
    ruling = judge(context.rules, facts_of(state, platform_facts={"intent_enabled": enabled}))
    added = AgentState(
        rules_fired=list(ruling.fired), rules_nearly=list(ruling.nearly), requires_escalation=bool(ruling.fired)
    )
    if ruling.fired:
        added.update(_reason(ruling.fired[0]))
    return added


def _reason(rule: RuleMatch) -> AgentState:
    return AgentState(
        escalation_reason=rule["reason"], escalation_detail=rule["name"], escalation_priority=rule["priority"]
    )


@step
def generate_response(state: AgentState, runtime: Runtime[Context]) -> AgentState:
    """Write the reply: with a language model where one is configured, else quoted or from a fixed text."""
    context = runtime.context
    chosen = composing.plan(state, context)
    added = AgentState(generations=1, provider="embedded", model="", cited=[], sources=[], template=chosen.template)
    # The last attempt is the embedded writer's: it quotes, so a model's bad day does not end in silence.
    with_model = state.get("failed_validations", 0) < context.manner.validation_retries
    if (
        with_model
        and chosen.kind in {"answer", "clarify", "offer"}
        and state["passages"]
        and context.writer is not None
    ):
        result = context.writer.write(_request(state, context))
        added["model_calls"] = list(result.calls)
        if result.written is not None:
            return {**added, **_from_model(result.written, state)}
    text, removed = without_foreign_links(composing.words_of(chosen, state, context), context.manner.allowed_hosts)
    text = composing.with_invitation(text, chosen.kind, state, context)
    cited = list(chosen.passages)
    added.update(
        AgentState(
            response=text,
            reply_kind=chosen.kind,
            silence_reason=chosen.silence_reason,
            offers_person=chosen.offers,
            cited=[passage["passage"] for passage in cited],
            sources=composing.sources_of(cited),
            removed_links=removed,
        )
    )
    return added


def _request(state: AgentState, context: Context) -> WriteRequest:
    return WriteRequest(
        persona=context.manner.persona,
        guidance=context.manner.guidance.get(state["route"], ""),
        message=state["message"],
        history=tuple(state["conversation_history"][-_HISTORY_LINES:]),
        passages=tuple(state["passages"]),
        language=state["language"],
        max_characters=composing.character_limit(state, context),
        objections=tuple(check["detail"] for check in state.get("checks", []) if not check["ok"]),
    )


def _from_model(written: Written, state: AgentState) -> AgentState:
    known = {passage["passage"]: passage for passage in state["passages"]}
    cited = [known[name] for name in written.cited if name in known]
    added = AgentState(
        provider=written.provider,
        model=written.model,
        response=written.text.strip(),
        reply_kind="model",
        cited=[passage["passage"] for passage in cited],
        sources=composing.sources_of(cited),
    )
    if written.needs_person:
        added.update(
            AgentState(
                reply_kind="hand_over",
                requires_escalation=True,
                escalation_reason="low_confidence",
                escalation_detail="The language model says that a person is needed.",
                escalation_priority="normal",
            )
        )
    return added


@step
def validate_response(state: AgentState, runtime: Runtime[Context]) -> AgentState:
    """Put the reply through the output gate. A silence and a hand-over have nothing to check."""
    context = runtime.context
    if state["reply_kind"] in {"silence", "hand_over"}:
        return AgentState(response_valid=True, checks=[])
    is_composed = state["reply_kind"] == "model"
    text, removed = without_foreign_links(state["response"], context.manner.allowed_hosts)
    checks: list[Check] = validation.check(
        validation.Answer(
            text=text,
            limit=composing.character_limit(state, context),
            allowed_hosts=context.manner.allowed_hosts,
            secret_words=context.manner.secret_words,
            is_composed=is_composed,
            is_public=state["channel"]["is_public"],
            known=[passage["text"] for passage in state.get("passages", [])],
            grounds=[p["text"] for p in state["passages"] if p["passage"] in state["cited"]] if is_composed else (),
            wanted_language=state["language"],
            language=context.understanding.language_of(text) if is_composed else ("", 0.0),
        )
    )
    valid = all(check["ok"] for check in checks)
    added = AgentState(
        response=text, response_valid=valid, checks=checks, removed_links=removed, failed_validations=int(not valid)
    )
    if not valid and state.get("failed_validations", 0) >= context.manner.validation_retries:
        added.update(
            AgentState(
                requires_escalation=True,
                escalation_reason="bot_failed",
                escalation_detail="No answer passed the checks.",
                escalation_priority="normal",
            )
        )
    return added


@step
def escalate(state: AgentState, runtime: Runtime[Context]) -> AgentState:
    """Hand over: the reason, the one message that tells the customer, and what a person could say."""
    context = runtime.context
    added = AgentState(requires_escalation=True, reply_kind="hand_over", sources=[])
    if "rules_fired" not in state:
        added.update(_ruled(state, context))
        added["requires_escalation"] = True
    if not (state.get("escalation_reason") or added.get("escalation_reason")):
        added.update(
            AgentState(
                escalation_reason="urgent", escalation_detail="The message is urgent.", escalation_priority="high"
            )
        )
    reason = added.get("escalation_reason") or state["escalation_reason"]
    language = state["language"]
    added["template"] = _HANDOFF_TEXTS.get(reason, "handoff")
    if not state["language_supported"]:
        added["template"] = "language_not_supported"
    said = context.templates.render(added["template"], language)
    if added["template"] == "handoff":
        said = composing.with_regret(said, state, context)
    added["response"] = composing.with_invitation(said, "hand_over", state, context)
    added["suggestion"] = _suggestion(state)
    return added


def _suggestion(state: AgentState) -> str:
    if state.get("response_valid") and state.get("reply_kind") in {"answer", "model"}:
        return state["response"]
    if not state.get("answerable"):
        return ""
    # Of a customer whose language nobody here answers in, the suggestion is in the business's own, or there is none.
    own = [
        passage
        for passage in state.get("passages", [])
        if state["language_supported"] or (passage["answers"] and passage["language"] == state["language"])
    ]
    return own[0]["quote"] if own else ""


def after_classification(state: AgentState) -> Literal["escalate", "retrieve_context"]:
    """Urgent messages go straight to a person."""
    return "escalate" if state["route"] == "urgent" else "retrieve_context"


def after_check(state: AgentState) -> Literal["escalate", "generate_response"]:
    """A rule that fired ends the bot's part."""
    return "escalate" if state["requires_escalation"] else "generate_response"


def after_validation(state: AgentState) -> Literal["escalate", "generate_response", "__end__"]:
    """Pass, write again, or give up."""
    if state.get("requires_escalation"):
        return "escalate"
    return "__end__" if state["response_valid"] else "generate_response"
