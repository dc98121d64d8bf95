"""The values between the rows and the mind: what a turn is about, and what was thought of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypedDict

from agent.graph.context import Planned, Staffing
from agent.graph.state import (
    AgentState,
    ChannelFacts,
    CustomerFacts,
    Dialogue,
    HistoryLine,
    ModelCall,
    Progress,
    Remembered,
    ToolUse,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """Everything one turn is thought from. It is the run's envelope, so that the turn can be thought again.

    ``message`` holds the words of voice notes too, where a machine wrote them down. ``pictures`` counts those beside it that
    a person can look at, which the agent cannot; ``descriptions`` say what they show, where a machine described them.
    ``switched_off`` are the intents that people answer at present, whatever the release says. ``account_id`` and
    ``customer_id`` are whose spending counts; runs from before that was counted have none.
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
    descriptions: tuple[str, ...] = ()
    customer: CustomerFacts = field(default_factory=lambda: CustomerFacts(id="", platform="", email=""))
    dialogue: Dialogue = field(default_factory=lambda: Dialogue(slots={}, waiting=""))
    remembered: Remembered | None = None
    switched_off: tuple[str, ...] = ()
    account_id: int = 0
    customer_id: int = 0


class ModelAnswer(TypedDict):
    """What a model answered, with placeholders where something personal stood in what it was asked."""

    text: str
    cited: list[str]
    needs_person: bool
    reason: str
    provider: str
    model: str


class Exchange(TypedDict):
    """One question to the chain of models: the hash of what was asked, what came back, and the calls it took.

    ``answer`` is None where no model could answer.
    """

    asked: str
    answer: ModelAnswer | None
    calls: list[ModelCall]


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """With what a turn is thought, beside its brief: the release's content, the models by name, and the business's name."""

    content_hash: str = ""
    business: str = ""
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a turn was told beside its brief and by no model; None is what was not asked for."""

    staffing: Staffing | None = None
    planned: Planned | None = None
    used: ToolUse | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thought:
    """The graph's last state, and with what it was thought: release, engine and encoders, and what models said."""

    state: AgentState
    release_number: int
    engine: dict[str, Any] = field(default_factory=dict)
    versions: Versions = field(default_factory=Versions)
    exchanges: tuple[Exchange, ...] = ()
    world: World = field(default_factory=World)


class ReleaseState(NamedTuple):
    """By what a release that was loaded is known to be the same still: its content, its articles' last days, its heads."""

    content_hash: str
    validity: int
    heads_from: int | None


class Mind(Protocol):
    """Thinks. One serves a whole process."""

    def think(self, brief: Brief, *, state: ReleaseState | None = None) -> Thought:
        """Work out a proposal; nothing is written but what language models cost.

        ``state`` is that of the brief's release, where it has just been read.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What a run keeps of its turn, so that it can be thought again without asking anybody."""

    brief: Brief
    versions: Versions
    exchanges: tuple[Exchange, ...]
    at: datetime
    world: World = field(default_factory=World)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is different in a turn that is thought again; as it stands nothing is.

    ``rule_values`` are other values for conditions, by the rule's key and the condition's place in it; ``settings`` other
    values for the release's settings, by their keys.
    """

    without_rule: str = ""
    rule_values: Mapping[tuple[str, int], float] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    without_article: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A judgement of the gate: how likely what was found answers, and from which likelihood on that is enough."""

    score: float
    least: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """What came of thinking a turn again, and every judgement of the gate on the way."""

    thought: Thought
    weighed: Sequence[Weighed]


class Past(Protocol):
    """A release as it was when it answered."""

    @property
    def content_hash(self) -> str: ...

    @property
    def settings(self) -> Mapping[str, Any]:
        """What was set, by key."""

    def think_again(self, envelope: Envelope, change: Change) -> Again:
        """Think a turn again, with one thing changed. Asks no model. Raises ExchangeMissing."""


class Memory(Protocol):
    """Leads back to releases that answered before."""

    def revisit(self, release_id: int, *, at: datetime) -> Past:
        """The release as it was at that moment. What answers customers now is not disturbed."""
