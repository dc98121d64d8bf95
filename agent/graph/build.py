"""The drawing: nodes and edges, nothing else.

START → classify_message ─ support, sales, general → retrieve_context → fill_slots → check_escalation
                         └ urgent ─────────────────────────────┐                       │       │
                                                               ↓   a rule fired        │       │ a tool is ready
                                                           escalate ←──────────────────┤       ↓
                                                               ↑ ↑   no facts          │    use_tool
                                                               │ └─────────────────────┼───────┤
                                                               │ give up               ↓       ↓
                                                               ├── validate_response ⇄ generate_response
                                                               ↓          ↓ pass    (fail: write again)
                                                              END ←───────┘
"""

from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from agent.graph import nodes
from agent.graph.carrying import Carried, Choice, carrying
from agent.graph.context import Context
from agent.graph.state import AgentState

RECURSION_LIMIT = 18
"""More steps than the longest way through (retrieval, slots, check, tool, three answers, three validations, hand-over) takes."""

# Nodes run one after the other in the caller's thread, so nobody has to count processors for each run.
_CONFIG: RunnableConfig = {"recursion_limit": RECURSION_LIMIT, "max_concurrency": 1}

Graph = CompiledStateGraph[Carried, Context, Carried, Carried]


def build() -> Graph:
    """The compiled graph. It keeps nothing between runs, so one serves every thread of a process."""
    graph: StateGraph[Carried, Context, Any, Any] = StateGraph(Carried, context_schema=Context)
    graph.add_node("classify_message", carrying(nodes.classify_message))
    graph.add_node("retrieve_context", carrying(nodes.retrieve_context))
    graph.add_node("fill_slots", carrying(nodes.fill_slots))
    graph.add_node("check_escalation", carrying(nodes.check_escalation))
    graph.add_node("use_tool", carrying(nodes.use_tool))
    graph.add_node("generate_response", carrying(nodes.generate_response))
    graph.add_node("validate_response", carrying(nodes.validate_response))
    graph.add_node("escalate", carrying(nodes.escalate))

    graph.add_edge(START, "classify_message")
    graph.add_conditional_edges(
        "classify_message",
        Choice(nodes.after_classification),
        {"retrieve_context": "retrieve_context", "escalate": "escalate"},
    )
    graph.add_edge("retrieve_context", "fill_slots")
    graph.add_edge("fill_slots", "check_escalation")
    graph.add_conditional_edges(
        "check_escalation",
        Choice(nodes.after_check),
        {"use_tool": "use_tool", "generate_response": "generate_response", "escalate": "escalate"},
    )
    graph.add_conditional_edges(
        "use_tool", Choice(nodes.after_tool), {"generate_response": "generate_response", "escalate": "escalate"}
    )
    graph.add_edge("generate_response", "validate_response")
    graph.add_conditional_edges(
        "validate_response",
        Choice(nodes.after_validation),
        {"generate_response": "generate_response", "escalate": "escalate", END: END},
    )
    graph.add_edge("escalate", END)
    return graph.compile()


def run(graph: Graph, given: AgentState, context: Context) -> AgentState:
    """The last state of one run."""
    return graph.invoke({"state": given}, config=_CONFIG, context=context, version="v2").value["state"]
