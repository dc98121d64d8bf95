"""The graph's steps: functions from the state to what they add. None has an effect outside but through its context."""

import functools
from collections.abc import Callable
from typing import Literal, Protocol

from langgraph.runtime import Runtime

from agent.engine.refusal import offers_person
from agent.engine.types import Understanding
from agent.graph import composing, prompts, relevance, searching, tooling, validation
from agent.graph.context import Context, WriteRequest, Written
from agent.graph.handoff import answer_by, time_told
from agent.graph.links import without_foreign_links
from agent.graph.ruling import ruled
from agent.graph.spoken import filled_in
from agent.graph.state import AgentState, Check, HistoryLine, Refusal, Step

_HISTORY_LINES = 12
_RECENT_MOODS = 5
_HANDOFF_TEXTS = {
    "danger": "danger_handoff",
    "account_security": "security_handoff",
    "urgent": "urgent_handoff",
    "dispute": "dispute_handoff",
    "sent_picture": "picture_handoff",
    "approval": "approval_handoff",
}

NodeFunction = Callable[[AgentState, Runtime[Context]], AgentState]


class Node(Protocol):
    """A node: what it runs with comes by name."""

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
    says = context.understanding.says(state["message"])
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
        says=says,
        small_talk="not_helped" not in says and _is_small_talk(found, context),
    )


def _is_small_talk(found: Understanding, context: Context) -> bool:
    """Whether a fixed text answers it. Thanks and goodbye in one message are sure together where neither is alone."""
    known = context.manner.small_talk
    share = sum(each.probability for each in found.candidates if each.intent in known)
    return found.intent in known and (found.confident or share >= found.certain_from)


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
def fill_slots(state: AgentState, runtime: Runtime[Context]) -> AgentState:
    """Find what tools need to know, and the tool that fits; nothing is called yet."""
    return tooling.planned(state, runtime.context)


@step
def use_tool(state: AgentState, runtime: Runtime[Context]) -> AgentState:
    """Look up what the message needs, now that no rule wants a person instead."""
    return tooling.used(state, runtime.context)


@step
def check_escalation(state: AgentState, runtime: Runtime[Context]) -> AgentState:
    """Judge the release's rules over the facts; the first that fired decides."""
    return ruled(state, runtime.context)


@step
def generate_response(state: AgentState, runtime: Runtime[Context]) -> AgentState:
    """Write the reply: with a language model where one is configured, else quoted or from a fixed text."""
    context = runtime.context
    tools_words = _from_tools(state, context)
    if tools_words is not None:
        return tools_words
    chosen = composing.plan(state, context)
    added = AgentState(
        generations=1, provider="embedded", model="", cited=[], sources=[], template=chosen.template, spoken={}
    )
    # The last attempt is the embedded writer's: it quotes, so a model's bad day does not end in silence.
    with_model = state.get("failed_validations", 0) < context.manner.validation_retries
    # Who says that it did not help is not given another try of the same: that is counted, and a person offered.
    for_model = chosen.kind in {"answer", "clarify", "offer"} and "not_helped" not in state.get("says", [])
    if with_model and for_model and state["passages"] and context.writer is not None:
        result = context.writer.write(_request(state, context))
        added["model_calls"] = list(result.calls)
        if result.written is not None and _is_of_use(result.written, chosen):
            return {**added, **_from_model(result.written, state)}
    text, removed = without_foreign_links(composing.words_of(chosen, state, context), context.manner.allowed_hosts)
    text = composing.with_question(text, chosen, state, context)
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


def _from_tools(state: AgentState, context: Context) -> AgentState | None:
    """What a tool tells or asks; None where none has a part in this answer."""
    use, parts = state.get("tool_use"), tooling.parts_of(state)
    if not parts:
        return None
    is_told = use is not None and use["outcome"] == "ok"
    text = tooling.told(parts, state, context)
    return AgentState(
        generations=1,
        provider="embedded",
        model="",
        response=composing.with_invitation(text, "tool", state, context),
        reply_kind="tool" if is_told else "clarify",
        template=parts[0]["template"],
        cited=[],
        sources=[tooling.source_of(use)] if use is not None and is_told else [],
    )


def _request(state: AgentState, context: Context) -> WriteRequest:
    return WriteRequest(
        persona=context.manner.persona,
        guidance=context.manner.guidance.get(state["route"], ""),
        message=state["message"],
        history=_history(state),
        passages=tuple(state["passages"]),
        language=state["language"],
        max_characters=composing.character_limit(state, context),
        objections=tuple(check["detail"] for check in state.get("checks", []) if not check["ok"]),
        remembered=_remembered(state),
        descriptions=tuple(state.get("descriptions", ())),
        purpose=state["route"],
    )


def _history(state: AgentState) -> tuple[HistoryLine, ...]:
    """The newest lines, as many as the budget of the brief has room for."""
    remembered = state.get("remembered")
    lines = _HISTORY_LINES if remembered is None else remembered["lines"]
    return tuple(state["conversation_history"][-lines:]) if lines else ()


def _remembered(state: AgentState) -> tuple[str, ...]:
    """What is known of the lines before, oldest first."""
    remembered = state.get("remembered")
    if remembered is None:
        return ()
    told = [f"Answered before from: {title}" for title in remembered["told"]]
    return (*reversed(told), *(f"{fact['label']}: {fact['value']}" for fact in reversed(remembered["facts"])))


def _is_of_use(written: Written, chosen: composing.Plan) -> bool:
    """Whether a model's words take the place of ours.

    Where nothing found answers for sure, a model may still find the answer there, and then cites it. If it does not, our
    own question or offer goes out: it is counted, and the next turn knows what a "yes" to it means.
    """
    return chosen.kind == "answer" or bool(written.cited and not written.needs_person)


def _from_model(written: Written, state: AgentState) -> AgentState:
    known = {passage["passage"]: passage for passage in state["passages"]}
    cited = [known[name] for name in written.cited if name in known]
    added = AgentState(
        provider=written.provider,
        model=written.model,
        response=written.text.strip(),
        spoken=dict(written.spoken),
        reply_kind="model",
        offers_person=offers_person(written.text),
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
    is_composed, tells_facts = state["reply_kind"] == "model", "tool_use" in state
    written, removed = without_foreign_links(state["response"], context.manner.allowed_hosts)
    # What the customer told of themselves and a model says again is no link, number or secret of ours.
    spoken = state.get("spoken", {})
    text, bare = filled_in(written, spoken), filled_in(written, dict.fromkeys(spoken, ""))
    if is_composed:
        grounds = [p["text"] for p in state["passages"] if p["passage"] in state["cited"]]
    else:
        grounds = tooling.grounds(state, context) if tells_facts else []
    near = context.understanding.nearness
    checks: list[Check] = validation.check(
        validation.Answer(
            text=bare,
            said=text,
            limit=composing.character_limit(state, context),
            allowed_hosts=context.manner.allowed_hosts,
            secret_words=context.manner.secret_words,
            is_composed=is_composed,
            is_public=state["channel"]["is_public"],
            tells_facts=tells_facts,
            known=[*(passage["text"] for passage in state.get("passages", [])), *grounds],
            grounds=grounds,
            instructions=(context.manner.persona, *context.manner.guidance.values(), prompts.DATA_RULE),
            strangers=relevance.off_topic(bare, grounds, near, language=state["language"]) if is_composed else 0,
            wanted_language=state["language"],
            language=context.understanding.language_of(bare) if is_composed else ("", 0.0),
        )
    )
    failed = [check for check in checks if not check["ok"]]
    valid = not failed
    added = AgentState(
        response=text, response_valid=valid, checks=checks, removed_links=removed, failed_validations=int(not valid)
    )
    if not valid:
        added["refusals"] = [Refusal(provider=state["provider"], model=state["model"], checks=failed)]
        added.update(_given_up(state, context, failed))
    return added


def _given_up(state: AgentState, context: Context, failed: list[Check]) -> AgentState:
    """The hand-over after the last refusal; nothing while another answer may be tried."""
    left = context.manner.validation_retries - state.get("failed_validations", 0)
    if left <= 0:
        return AgentState(
            requires_escalation=True,
            escalation_reason="bot_failed",
            escalation_detail="No answer passed the checks.",
            escalation_priority="normal",
        )
    # Who has brought a model to promise something twice wants what no article gives: a person decides.
    if left == 1 and state["reply_kind"] == "model" and any(check["check"] == "promises" for check in failed):
        return AgentState(
            requires_escalation=True,
            escalation_reason="policy",
            escalation_detail="The language model promised what no article says.",
            escalation_priority="normal",
        )
    return AgentState()


@step
def escalate(state: AgentState, runtime: Runtime[Context]) -> AgentState:
    """Hand over: the reason, the one message that tells the customer, and what a person could say."""
    context = runtime.context
    added = AgentState(requires_escalation=True, reply_kind="hand_over", sources=[])
    if "rules_fired" not in state:
        added.update(ruled(state, context))
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
    # Asked for here and not for every message: it is worked out from what waits now.
    staffing = context.people.staffing()
    told = time_told(staffing, context.templates, language)
    added["answer_by"] = answer_by(staffing) if told else ""
    added["response"] = composing.with_invitation(f"{said} {told}".strip(), "hand_over", state, context)
    added["suggestion"] = tooling.waiting_reply(state, context) or _suggestion(state)
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


def after_check(state: AgentState) -> Literal["escalate", "use_tool", "generate_response"]:
    """A rule that fired ends the bot's part; a tool that is ready is used before anything is written."""
    if state["requires_escalation"]:
        return "escalate"
    return "use_tool" if tooling.is_ready(state) else "generate_response"


def after_tool(state: AgentState) -> Literal["escalate", "generate_response"]:
    """Without facts there is nothing to tell."""
    return "escalate" if state["requires_escalation"] else "generate_response"


def after_validation(state: AgentState) -> Literal["escalate", "generate_response", "__end__"]:
    """Pass, write again, or give up."""
    if state.get("requires_escalation"):
        return "escalate"
    return "__end__" if state["response_valid"] else "generate_response"
