"""The graph's surroundings, scripted: each says what the test told it to say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

from agent.engine.types import Candidate, Route, Signal, Understanding
from agent.graph import build
from agent.graph.context import Context, Findings, Manner, Staffing, WriteRequest, WriteResult, Written
from agent.graph.rules import Condition, Rule
from agent.graph.state import AgentState, ChannelFacts, FoundPassage, HistoryLine, Progress

GRAPH = build.build()
HEADS = ("danger", "security", "urgent", "wants_person", "threat", "churn", "negative_trend", "refuses_person")
TEXTS = (
    "greeting",
    "thanks",
    "clarify",
    "clarify_open",
    "cannot_answer",
    "repeated_answer",
    "said_already",
    "offer_declined",
    "answer_other_language",
    "unsupported_message",
    "handoff",
    "danger_handoff",
    "security_handoff",
    "dispute_handoff",
    "what_happened",
    "calm_offer",
    "regret",
    "offer_person",
    "rest_unanswered",
    "urgent_handoff",
    "picture_handoff",
    "language_not_supported",
    "people_back",
    "people_wait",
)


def understanding(**values: Any) -> Understanding:
    """A plain support question in English, unless told otherwise. ``fired`` names the signals that fired."""
    fired = values.pop("fired", ())
    intent = values.get("intent", "return_policy")
    given: dict[str, Any] = {
        "language": "en",
        "language_confidence": 0.99,
        "read_as": "",
        "intent": intent,
        "confidence": 0.95,
        "confident": True,
        "certain_from": 0.9,
        "candidates": (Candidate(intent=intent, probability=0.95),),
        "route": "support",
        "in_scope": True,
        "scope_score": 0.8,
        "sentiment": 0.0,
        "signals": {head: Signal(score=0.9 if head in fired else 0.05, fired=head in fired) for head in HEADS},
    }
    return Understanding(**(given | values))


def passage(name: str = "p1", text: str = "You may return goods within 45 days.", **values: Any) -> FoundPassage:
    """A found passage that is its own quote."""
    given: dict[str, Any] = {
        "passage": name,
        "article": f"article-{name}",
        "title": "Returns",
        "heading": "",
        "text": text,
        "quote": text,
        "focus": text,
        "language": "en",
        "score": 2.0,
        "vector_score": 0.8,
        "keyword_score": 4.0,
        "coverage": 0.9,
        "margin": 1.0,
        "gate": 0.9,
        "answers": True,
    }
    return cast("FoundPassage", given | values)


@dataclass
class Ears:
    """Understands every message the same way."""

    says_that: Understanding = field(default_factory=understanding)
    words: list[str] = field(default_factory=list)
    written_in: tuple[str, float] = ("en", 0.99)
    near: float = 0.8

    def understand(self, text: str, *, prior: str | None, recent_sentiment: Sequence[float]) -> Understanding:
        return replace(self.says_that, read_as=self.says_that.read_as or text)

    def language_of(self, text: str) -> tuple[str, float]:
        return self.written_in

    def says(self, text: str) -> list[str]:
        return self.words

    def nearness(self, texts: Sequence[str], others: Sequence[str]) -> list[float]:
        return [self.near] * len(texts)


@dataclass
class Library:
    """Finds the same for every question, and remembers what was asked."""

    findings: Findings = field(default_factory=lambda: Findings(passages=(passage(),), answerable=True, gate_score=0.9))
    by_query: dict[str, Findings] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def find(self, query: str, *, language: str, topics: Mapping[str, float]) -> Findings:
        self.asked.append(query)
        return self.by_query.get(query, self.findings)


NOTHING_FOUND = Findings(passages=(), answerable=False, gate_score=0.1)


class Texts:
    """Says which text in which language was asked for."""

    def render(self, key: str, language: str, **values: str) -> str:
        if key not in TEXTS:
            raise KeyError(key)
        filled = " ".join(value for value in values.values() if value)
        return f"{key} in {language}{': ' if filled else ''}{filled}"


class Clock:
    """A tick a look."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 0.001
        return self.now


@dataclass
class People:
    """It stands with them as the test says."""

    stands: Staffing = field(default_factory=lambda: Staffing(now=datetime(2026, 11, 27, 20, tzinfo=UTC)))

    def staffing(self) -> Staffing:
        return self.stands


@dataclass
class Writer:
    """A model that answers with the given texts, one a call."""

    answers: list[Written]
    requests: list[WriteRequest] = field(default_factory=list)

    def write(self, request: WriteRequest) -> WriteResult:
        self.requests.append(request)
        written = self.answers[len(self.requests) - 1] if len(self.requests) <= len(self.answers) else None
        return WriteResult(written=written, calls=())


def written(text: str, *, cited: tuple[str, ...] = ("p1",), needs_person: bool = False) -> Written:
    """What a model wrote."""
    return Written(text=text, cited=cited, needs_person=needs_person, reason="", provider="openai", model="gpt-test")


def rule(
    *conditions: tuple[str, str, Any], reason: str = "policy", priority: str = "normal", key: str = "rule"
) -> Rule:
    """A rule."""
    return Rule(
        key=key,
        name=f"{key} fired.",
        conditions=tuple(Condition(fact=fact, operator=sign, value=value) for fact, sign, value in conditions),
        reason=reason,
        priority=priority,
    )


def context(**values: Any) -> Context:
    """A context in which everything goes well."""
    manner = values.pop(
        "manner", Manner(languages=("en", "de"), small_talk=frozenset({"greeting", "thanks", "goodbye"}))
    )
    given: dict[str, Any] = {
        "understanding": Ears(),
        "knowledge": Library(),
        "templates": Texts(),
        "rules": (),
        "manner": manner,
        "clock": Clock(),
        "people": People(),
    }
    return Context(**(given | values))


def line(text: str, *, sender: str = "customer", seq: int = 1, sentiment: float | None = None) -> HistoryLine:
    """An earlier line."""
    return HistoryLine(seq=seq, sender=sender, text=text, kind="text", sentiment=sentiment)


def given(message: str = "Can I return this?", **values: Any) -> AgentState:
    """What the caller gives a run."""
    progress = Progress(clarifications=0, offers=0, failures=0, last_kind="")
    state = AgentState(
        message=message,
        message_kinds=["text"],
        conversation_history=[],
        channel=ChannelFacts(platform="webchat", text_limit=4000, is_public=False),
        progress=progress | values.pop("progress", {}),
        language_prior=None,
    )
    return cast("AgentState", {**state, **values})


def run(state: AgentState, around: Context) -> AgentState:
    """The graph's last state."""
    return build.run(GRAPH, state, around)


def nodes_run(state: AgentState) -> list[str]:
    """The nodes in the order in which they ran."""
    return [step["node"] for step in state["steps"]]


def with_route(route: Route, **values: Any) -> Ears:
    """Ears that hear a message of that route."""
    return Ears(says_that=replace(understanding(**values), route=route))
