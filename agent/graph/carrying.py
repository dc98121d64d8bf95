"""How LangGraph carries the state: as one value, since it looks after each of a graph's values at every step."""

import operator
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Protocol, TypedDict, cast, get_args, get_origin, get_type_hints

from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.runtime import Runtime

from agent.graph.context import Context
from agent.graph.nodes import Node
from agent.graph.state import AgentState


def _sums() -> dict[str, Callable[[], Any]]:
    """What grows from node to node, by name, and what makes its beginning; all else is replaced."""
    hints = get_type_hints(AgentState, include_extras=True)
    of_sums = {name: get_args(hint)[0] for name, hint in hints.items() if operator.add in get_args(hint)}
    return {name: get_origin(kind) or kind for name, kind in of_sums.items()}


_SUMS: Mapping[str, Callable[[], Any]] = _sums()


def merged(known: AgentState, added: AgentState) -> AgentState:
    """The state with what a node found out; nothing of either is changed, and sums are there from the beginning."""
    before: dict[str, Any] = {**known} if known else {name: begin() for name, begin in _SUMS.items()}
    found = {name: before[name] + value if name in _SUMS else value for name, value in added.items()}
    return cast("AgentState", before | found)


class Carried(TypedDict):
    """What stands for the state between the nodes."""

    state: Annotated[AgentState, merged]


class CarriedNode(Protocol):
    """A node as LangGraph calls it."""

    def __call__(self, state: Carried, runtime: Runtime[Context]) -> Carried: ...


def carrying(node: Node) -> CarriedNode:
    """The node for what is carried."""

    # Without the node's own annotations: LangGraph would look after each value that they name.
    def carried_node(state: Carried, runtime: Runtime[Context]) -> Carried:
        return {"state": node(state["state"], runtime)}

    return carried_node


class Choice(Runnable[Carried, str]):
    """The choice of the next node for what is carried. A function would be watched over as a run of its own."""

    name = "choice"

    def __init__(self, choose: Callable[[AgentState], str]) -> None:
        """Let the function choose."""
        self._choose = choose

    def invoke(self, input: Carried, config: RunnableConfig | None = None, **_kwargs: Any) -> str:  # noqa: A002  (the library's name)
        """The name of the next node."""
        return self._choose(input["state"])
