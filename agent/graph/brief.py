"""The values between the rows and the mind: what a turn is about, and what was thought of it."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from agent.graph.state import AgentState, ChannelFacts, HistoryLine, Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """Everything one turn is thought from. It is the run's envelope, so that the turn can be thought again.

    ``pictures`` counts those beside the message that a person can look at, which the agent cannot.
    """

    release_id: int
    conversation_id: int
    message: str
    message_kinds: tuple[str, ...]
    history: tuple[HistoryLine, ...]
    channel: ChannelFacts
    progress: Progress
    language_prior: str | None = None
    pictures: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Thought:
    """The graph's last state, and with what it was thought: release, engine and encoders."""

    state: AgentState
    release_number: int
    engine: dict[str, Any] = field(default_factory=dict)


class Mind(Protocol):
    """Thinks. One serves a whole process."""

    def think(self, brief: Brief) -> Thought:
        """Work out a proposal; nothing is written but what language models cost."""
