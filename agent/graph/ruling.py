"""Whether a person is needed: the release's rules over what the steps found out, and the switches, which are no rules."""

from agent.graph.context import Context
from agent.graph.rules import FactValue, facts_of, judge
from agent.graph.state import AgentState


def ruled(state: AgentState, context: Context) -> AgentState:
    """What the rules say; the first that fired decides. A topic that is switched off goes to people without any rule."""
    is_enabled = state.get("intent") not in context.manner.disabled_intents
    most, asked = context.manner.max_clarifications, state["progress"]["clarifications"]
    known: dict[str, FactValue] = {"intent_enabled": is_enabled, "asked_enough": 0 < most <= asked}
    ruling = judge(context.rules, facts_of(state, platform_facts=known))
    added = AgentState(
        rules_fired=list(ruling.fired),
        rules_nearly=list(ruling.nearly),
        requires_escalation=bool(ruling.fired) or not is_enabled,
    )
    if ruling.fired:
        first = ruling.fired[0]
        added.update(_reason(first["reason"], first["name"], first["priority"]))
    elif not is_enabled:
        added.update(_reason("policy", "People answer this topic.", "normal"))
    return added


def _reason(reason: str, detail: str, priority: str) -> AgentState:
    return AgentState(escalation_reason=reason, escalation_detail=detail, escalation_priority=priority)
