"""Tools in the graph: planned before the rules judge, used after them, told in fixed texts."""

from collections.abc import Sequence

from agent.graph.context import Context, Planned
from agent.graph.state import AgentState, Source, TextPart, ToolUse

_PROBLEMS = {
    "refused": "A look-up was refused",
    "timeout": "A system of the business did not answer in time",
    "unreachable": "A system of the business could not be reached",
    "bad_answer": "A system of the business gave an answer that cannot be relied on",
    "not_found": "Nothing was found",
}


def planned(state: AgentState, context: Context) -> AgentState:
    """The tool that fits, and what is known for tools from now on."""
    if context.tools is None:
        return AgentState(tool_plan=None)
    found: Planned = context.tools.plan(state)
    return AgentState(tool_plan=found.plan, dialogue=found.dialogue, asks_after=found.asks_after)


def used(state: AgentState, context: Context) -> AgentState:
    """Use the ready tool. Where it has nothing to tell a person is needed; what was not found is asked for once more."""
    plan = state["tool_plan"]
    if plan is None or context.tools is None:
        return AgentState()
    if plan["waits_with"] is not None:
        return AgentState(
            requires_escalation=True,
            escalation_reason="approval",
            escalation_detail="What the customer agreed to waits for a person's decision.",
            escalation_priority="normal",
        )
    use = context.tools.use(plan, language=state["language"])
    added = AgentState(tool_use=use)
    if use["asks_again"] and state["progress"]["clarifications"] < context.manner.max_clarifications:
        known = {name: slot for name, slot in state["dialogue"]["slots"].items() if name not in use["asks_again"]}
        added["dialogue"] = {"slots": known, "waiting": use["tool"]}
    elif use["outcome"] != "ok":
        added.update(
            AgentState(
                requires_escalation=True,
                escalation_reason="bot_failed",
                escalation_detail=f"{_PROBLEMS[use['outcome']]}. {use['problem']}".strip(),
                escalation_priority="normal",
            )
        )
    return added


def parts_of(state: AgentState) -> list[TextPart]:
    """What a tool tells or asks, with what goes under it; empty where none has a part in the answer."""
    plan, use = state.get("tool_plan"), state.get("tool_use")
    if use is not None:
        below = [plan["adds"], plan.get("asks_also")] if plan is not None and use["outcome"] == "ok" else []
        return [*use["parts"], *(part for part in below if part is not None)] if use["parts"] else []
    asks = [plan["asks"], plan.get("asks_also")] if plan is not None and plan["asks"] is not None else []
    return [part for part in asks if part is not None]


def is_ready(state: AgentState) -> bool:
    """Whether a tool can be used now."""
    plan = state.get("tool_plan")
    return plan is not None and plan["asks"] is None


def waiting_reply(state: AgentState, context: Context) -> str:
    """What the customer is told once a person says yes; empty where nothing waits for that."""
    plan = state.get("tool_plan")
    part = plan["waits_with"] if plan is not None and state.get("escalation_reason") == "approval" else None
    return told([part], state, context) if part is not None else ""


def told(parts: Sequence[TextPart], state: AgentState, context: Context) -> str:
    """The parts in the customer's language, one after the other."""
    language = state["language"]
    return " ".join(context.templates.render(part["template"], language, **part["values"]) for part in parts)


def grounds(state: AgentState, context: Context) -> list[str]:
    """Where the numbers of a tool's answer must stand: its evidence, and the fixed texts before they are filled."""
    use = state["tool_use"]
    texts = [context.templates.render(part["template"], state["language"]) for part in use["parts"]]
    return [use["evidence"], *texts]


def source_of(use: ToolUse) -> Source:
    """The tool as the source shown beside an answer."""
    return Source(title=use["title"], article="", passage="")
