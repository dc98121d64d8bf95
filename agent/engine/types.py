"""The values that cross the engine's border: what it is given and what it answers.

Nothing heavy is imported here, so any process may use these types without loading the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Route = Literal["support", "sales", "general", "urgent"]
ROUTES: tuple[Route, ...] = get_args(Route)

HeadName = Literal["urgent", "wants_person", "threat", "churn"]
HEAD_NAMES: tuple[HeadName, ...] = get_args(HeadName)

PHRASE_HEADS: tuple[str, ...] = ("danger", "security", *HEAD_NAMES)
"""What phrases fire: the fitted heads, and the two kinds of urgency that have words and no head of their own."""

SentimentLabel = Literal["negative", "neutral", "positive"]
SENTIMENT_LABELS: tuple[SentimentLabel, ...] = get_args(SentimentLabel)

OTHER_INTENT = "other"
"""The intent of background talk: known to be outside what the business answers."""

NEGATIVE_TREND = "negative_trend"
"""The signal that is computed from the course of the conversation and not from a head."""

REFUSES_PERSON = "refuses_person"
"""The signal that is read from the words around a person's name: the customer wants none."""

GREETING_INTENT = "greeting"
"""The intent of a message that says hello and nothing else."""

MAX_TEXT_CHARACTERS = 4_000
"""Longer texts are cut before anything else looks at them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """An utterance and the intent it stands for."""

    text: str
    intent: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentSpec:
    """An intent the business knows, and where it leads.

    ``signals`` names the escalation heads that the intent's examples speak for. ``background`` says whether its
    examples may serve as counter-examples of the other heads; it is off where they are mixed (complaints).
    """

    key: str
    route: Route
    description: str = ""
    signals: tuple[str, ...] = ()
    background: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledText:
    """A text with a label: a sentiment (negative, neutral, positive) or, for an escalation head, yes or no."""

    text: str
    label: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """Words that fire an escalation head wherever they stand in a message."""

    text: str
    head: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageSource:
    """A piece of an article, of at most about 200 words; with ``questions`` it is a FAQ entry.

    Articles of several languages on one matter have the same ``slug``; without one an article stands alone.
    """

    id: str
    article_id: str
    title: str
    heading: str
    text: str
    language: str
    questions: tuple[str, ...] = ()
    slug: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An intent with its calibrated probability."""

    intent: str
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """An escalation head's answer: its score in [0, 1], whether it fired, and the phrase that made it so."""

    score: float
    fired: bool
    phrase: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Understanding:
    """What one message says.

    ``language`` may lie outside the business's languages when the text is plainly written in another one. ``read_as`` is the
    text, with slips of spelling mended where it was not understood as it stands.
    ``confidence`` is the calibrated probability of ``intent``; ``confident`` says that it reaches ``certain_from``, the
    threshold at which cross-validated precision is 95 %. ``in_scope`` says whether the message is known at all. ``sentiment`` is
    in [-1, 1]; ``tone`` holds the head's probabilities behind it, and is empty for a message without words. ``signals`` has
    an entry for each escalation head and for the negative trend.
    """

    language: str
    language_confidence: float
    read_as: str
    intent: str
    confidence: float
    confident: bool
    certain_from: float
    candidates: tuple[Candidate, ...]
    route: Route
    in_scope: bool
    scope_score: float
    sentiment: float
    tone: Mapping[str, float] = field(default_factory=dict)
    signals: Mapping[str, Signal] = field(default_factory=dict)

    @property
    def topics(self) -> dict[str, float]:
        """The likely intents with their probabilities, for a search; empty when the message is out of scope."""
        return {each.intent: each.probability for each in self.candidates} if self.in_scope else {}


UNKNOWN_TOPIC = 0.5
"""The topic of a hit for a message whose intents are not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What speaks for a hit, in numbers that do not depend on the size of the library; the gate weighs them.

    Cosines of the query with the passage's best example question, its best sentence and its whole text, by the
    multilingual encoder and (0 where it does not apply) by MiniLM; ``keyword_ratio`` is BM25 per unit of the query's
    idf, ``coverage`` the idf-weighted share of the query's terms that the passage has, ``near_coverage`` the same with
    terms of the same beginning counted in part; the margins are distances to the best passage of another article;
    ``terms`` counts the query's terms; ``topic`` is how well the passage serves the message's intents.

    ``together`` is the share of the query's terms in one sentence, the rare ones counting most; ``kind_found`` whether the quotation (1) or the passage (a half) holds a thing of the kind asked
    for, ``kind_missing`` that it does not, both 0 where no kind is asked for; ``names_missing`` counts the names in the query
    that the passage does not have.
    """

    question: float
    sentence: float
    whole: float
    english_question: float
    english_sentence: float
    english_whole: float
    keyword_ratio: float
    coverage: float
    near_coverage: float
    vector_margin: float
    keyword_margin: float
    margin: float
    terms: float
    topic: float
    together: float
    kind_found: float
    kind_missing: float
    names_missing: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A passage found for a query, best first.

    ``score`` is the fused z-score, ``vector_score`` the best cosine, ``keyword_score`` the raw BM25 value (0 across
    languages). ``sentence_start`` and ``sentence_end`` are offsets into the passage's text of its best sentence and the
    neighbour that goes with it. ``margin`` is the distance of ``score`` to the best passage of another article.
    """

    passage_id: str
    article_id: str
    score: float
    vector_score: float
    keyword_score: float
    sentence_start: int
    sentence_end: int
    margin: float
    is_faq: bool
    with_english: bool
    cross_language: bool
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """Whether the knowledge found answers the question, the probability behind it, and from which one on it does."""

    answerable: bool
    score: float
    least: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """Words taken from a passage as they stand: ``text == passage.text[start:end]``."""

    text: str
    passage_id: str
    start: int
    end: int
