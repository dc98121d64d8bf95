"""What the graph needs from outside, as Protocols and frozen values; who fills them is chosen at run time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from agent.engine.types import Understanding
from agent.graph.rules import Rule
from agent.graph.spoken import filled_in
from agent.graph.state import AgentState, Dialogue, FoundPassage, HistoryLine, ModelCall, TextPart, ToolPlan, ToolUse


class Understands(Protocol):
    """Says what a text says."""

    def understand(self, text: str, *, prior: str | None, recent_sentiment: Sequence[float]) -> Understanding:
        """What a customer's message says; ``recent_sentiment`` oldest first."""

    def language_of(self, text: str) -> tuple[str, float]:
        """A text's language and how sure that is, in [0, 1]."""

    def says(self, text: str) -> list[str]:
        """Which of the release's word lists (accept, decline, not_helped) the text speaks."""

    def nearness(self, texts: Sequence[str], others: Sequence[str]) -> list[float]:
        """For each text how near the nearest of ``others`` is in meaning, whatever their languages: a cosine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a search found, best first, and whether the first answers."""

    passages: tuple[FoundPassage, ...]
    answerable: bool
    gate_score: float


class Retrieves(Protocol):
    """Finds knowledge."""

    def find(self, query: str, *, language: str, topics: Mapping[str, float]) -> Findings:
        """The passages that fit, those in the asked language first where one of them answers.

        ``topics`` are the message's intents with their probabilities; empty where they are not known.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRequest:
    """What a language model is given. Customer's and knowledge's words are data in it, never instructions.

    ``remembered`` are lines about what was said before ``history``, ``descriptions`` what pictures with the message show as a
    machine says; ``purpose`` (support, sales, general) chooses the models.
    """

    persona: str
    guidance: str
    message: str
    history: tuple[HistoryLine, ...]
    passages: tuple[FoundPassage, ...]
    language: str
    max_characters: int
    objections: tuple[str, ...] = ()
    remembered: tuple[str, ...] = ()
    descriptions: tuple[str, ...] = ()
    purpose: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a model wrote. ``text`` is empty when it says that a person is needed; ``spoken`` is what its placeholders stand for."""

    text: str
    cited: tuple[str, ...]
    needs_person: bool
    reason: str
    provider: str
    model: str
    spoken: Mapping[str, str] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """The text as the customer would read it."""
        return filled_in(self.text, self.spoken)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteResult:
    """The models' answer, or None when none of them could; and every call that was made."""

    written: Written | None
    calls: tuple[ModelCall, ...]


class Writes(Protocol):
    """Writes an answer with a language model."""

    def write(self, request: WriteRequest) -> WriteResult:
        """Ask the configured models in their order until one answers or the time is up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What tools make of a message: the one that fits, or None, and what is known for them from now on.

    ``asks_after`` is a question that goes under an answer from the articles.
    """

    plan: ToolPlan | None
    dialogue: Dialogue
    asks_after: TextPart | None = None


class Tools(Protocol):
    """Looks things up. One serves one turn."""

    def plan(self, state: AgentState) -> Planned:
        """The tool that fits the message, ready or asking. Nothing outside is called."""

    def use(self, plan: ToolPlan, *, language: str) -> ToolUse:
        """Use a ready tool, within its time. It never raises: what goes wrong is an outcome."""


class Renders(Protocol):
    """The fixed texts customers read."""

    def render(self, key: str, language: str, **values: str) -> str:
        """The text in ``language``, else in the business's default, with its blanks filled. Raises KeyError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staffing:
    """How it stands with the people at one moment; None is what is not known.

    ``opens`` and ``closes`` are in the business's time zone, which ``zone`` names at that moment, as in CET; a moment that
    was kept as text has lost its zone's name. ``wait`` is how long people take at present.
    """

    now: datetime
    is_open: bool | None = None
    opens: datetime | None = None
    closes: datetime | None = None
    zone: str = ""
    wait: timedelta | None = None


class Staffed(Protocol):
    """Knows when people will answer."""

    def staffing(self) -> Staffing:
        """How it stands with them now."""


class Clock(Protocol):
    """Time."""

    def monotonic(self) -> float:
        """Seconds that never run backwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How the release wants the agent to behave."""

    languages: tuple[str, ...] = ("en",)
    default_language: str = "en"
    persona: str = ""
    guidance: Mapping[str, str] = field(default_factory=dict)
    max_clarifications: int = 2
    validation_retries: int = 2
    max_characters: int = 1500
    allowed_hosts: frozenset[str] = frozenset()
    secret_words: tuple[str, ...] = ()
    silent_thanks: bool = False
    small_talk: frozenset[str] = frozenset()
    disabled_intents: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything a run may use. ``writer`` is None where no language model is configured."""

    understanding: Understands
    knowledge: Retrieves
    templates: Renders
    rules: tuple[Rule, ...]
    manner: Manner
    clock: Clock
    people: Staffed
    writer: Writes | None = None
    tools: Tools | None = None
