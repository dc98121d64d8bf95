"""What a turn was told by the record and by tools: noted while it is thought, and told again when it is thought again.

Opening hours, queues, catalogues and orders change; what they were when a turn was thought stands in its run.
"""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from agent.graph.brief import World
from agent.graph.context import Planned, Staffed, Staffing, Tools
from agent.graph.state import AgentState, ToolPlan, ToolUse

_MOMENTS = ("now", "opens", "closes")


class NotedPeople:
    """The graph's ``Staffed``, noting what it told."""

    def __init__(self, people: Staffed) -> None:
        self._people = people
        self.noted: Staffing | None = None

    def staffing(self) -> Staffing:
        """As it is, and noted."""
        self.noted = self._people.staffing()
        return self.noted


class NotedTools:
    """The graph's ``Tools``, noting what was planned and what came of it."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self.planned: Planned | None = None
        self.used: ToolUse | None = None

    def plan(self, state: AgentState) -> Planned:
        """As it is, and noted."""
        self.planned = self._tools.plan(state)
        return self.planned

    def use(self, plan: ToolPlan, *, language: str) -> ToolUse:
        """As it is, and noted."""
        self.used = self._tools.use(plan, language=language)
        return self.used


class RememberedWorld:
    """The graph's ``Staffed`` and ``Tools`` over what was noted. Nothing is looked up, and nobody is asked."""

    def __init__(self, world: World, *, at: datetime) -> None:
        """``at`` is when the turn was thought, for one that noted nothing."""
        self._world = world
        self._at = at

    def staffing(self) -> Staffing:
        """What was told; nothing but the moment where nobody had asked."""
        return self._world.staffing or Staffing(now=self._at)

    def plan(self, state: AgentState) -> Planned:
        """What was planned; no tool where none had been asked for."""
        return self._world.planned or Planned(plan=None, dialogue=state["dialogue"])

    def use(self, plan: ToolPlan, *, language: str) -> ToolUse:
        """What came of it then; a plan that was not carried out then tells nothing now."""
        if self._world.used is not None:
            return self._world.used
        problem = "It was not used when the turn was thought, so what it would have told is not known."
        return ToolUse(
            tool=plan["tool"], title="", input=plan["input"], outcome="refused", problem=problem, parts=[], evidence="",
            asks_again=[], ms=0.0,
        )  # fmt: skip


def as_json(world: World) -> dict[str, Any]:
    """The world as a run's envelope keeps it."""
    staffing: dict[str, Any] | None = None
    if world.staffing is not None:
        staffing = asdict(world.staffing)
        staffing |= {name: moment.isoformat() for name in _MOMENTS if (moment := staffing[name]) is not None}
        wait = world.staffing.wait
        staffing["wait"] = wait.total_seconds() if wait is not None else None
    planned = asdict(world.planned) if world.planned is not None else None
    return {"staffing": staffing, "planned": planned, "used": world.used}


def from_json(kept: dict[str, Any]) -> World:
    """The world that ``as_json`` kept; an empty one of runs from before it was."""
    staffing = kept.get("staffing")
    if staffing is not None:
        staffing = dict(staffing)
        staffing |= {name: datetime.fromisoformat(staffing[name]) for name in _MOMENTS if staffing[name] is not None}
        if staffing["wait"] is not None:
            staffing["wait"] = timedelta(seconds=staffing["wait"])
    planned = kept.get("planned")
    return World(
        staffing=Staffing(**staffing) if staffing is not None else None,
        planned=Planned(**planned) if planned is not None else None,
        used=kept.get("used"),
    )
