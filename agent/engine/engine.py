"""The engine as one object: what a message says, which knowledge fits it, and the words that answer it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence

import numpy as np
from numpy.typing import NDArray

from agent.engine.encoder import Encoder, FloatArray
from agent.engine.gate import judge
from agent.engine.heads import Heads, HeadSet, IntentHead, LinearHead, join_embeddings, mix_score, softmax
from agent.engine.knowledge import KnowledgeIndex
from agent.engine.language import LanguageDetector
from agent.engine.openers import ANSWERS, GREETINGS
from agent.engine.phrases import PhraseMatcher
from agent.engine.refusal import refuses_person
from agent.engine.sentiment import lexicon_features, symbol_sentiment
from agent.engine.spelling import Speller
from agent.engine.text import clean, count_letters, mask, words
from agent.engine.topics import TopicField
from agent.engine.types import (
    GREETING_INTENT,
    NEGATIVE_TREND,
    OTHER_INTENT,
    REFUSES_PERSON,
    Candidate,
    Extract,
    GateResult,
    Hit,
    IntentSpec,
    Phrase,
    Route,
    Signal,
    Understanding,
)

_CANDIDATES = 3
_URGENT_ROUTE = 0.5
_TREND_LENGTH = 3
_TREND_THRESHOLD = -0.3
_NO_EXTRAS = np.empty((1, 0), dtype=np.float32)


class HeadsMismatch(ValueError):
    """The heads were fitted with another encoder; fit them again."""


class Engine:
    """Understands, searches and quotes. It changes nothing of itself, so any number of threads may share it."""

    def __init__(
        self,
        encoder: Encoder,
        heads: Heads,
        phrases: Iterable[Phrase],
        knowledge: KnowledgeIndex,
        cache: MutableMapping[str, bytes] | None = None,
    ) -> None:
        """Put the parts together; HeadsMismatch says that heads and encoder do not belong together.

        ``cache`` keeps the vectors of the knowledge, as for ``KnowledgeIndex.build``.
        """
        if heads.fingerprint != encoder.fingerprint:
            raise HeadsMismatch(f"Heads of {heads.fingerprint} do not fit the encoder {encoder.fingerprint}.")
        self.encoder = encoder
        self.heads = heads
        self.knowledge = knowledge
        self._topics = TopicField.build(knowledge.passages, encoder, heads, cache)
        self._phrases = PhraseMatcher(phrases)
        self._detector = LanguageDetector()
        self._speller = Speller(knowledge.passages)
        self._specs: Mapping[str, IntentSpec] = {spec.key: spec for spec in heads.intents}
        self._english = heads.english if heads.english_fingerprint == encoder.english_fingerprint else None
        self._general_examples = _ready(heads.general.intents)
        self._english_examples = _ready(self._english.intents) if self._english is not None else None

    def understand(
        self,
        text: str,
        *,
        language_prior: str | None,
        languages: Sequence[str],
        recent_sentiment: Sequence[float] = (),
    ) -> Understanding:
        """What a customer's message says.

        ``languages`` are the business's, its default first; ``language_prior`` is the conversation's earlier language or
        the channel's; ``recent_sentiment`` holds the scores of the customer's last messages, oldest first. Any string is
        accepted.
        """
        text = clean(text)
        language, language_confidence = self._detector.detect(text, prior=language_prior, languages=languages)
        phrases = self._find_phrases(text)
        if not count_letters(text):
            return self._wordless(text, language, phrases, recent_sentiment)
        readings = [text, *self._speller.readings(text, language)]
        heads, embeddings, examples = self._embed(readings, language)
        embedding, classes = embeddings[:1], heads.intents.linear.classes
        read_as, probabilities, scope_score = self._likeliest(readings, language, heads.intents, embeddings, examples)
        said = frozenset(words(text))
        if said <= GREETINGS and GREETING_INTENT in classes:
            probabilities, scope_score = _certain(classes, GREETING_INTENT), 1.0
        candidates = tuple(
            Candidate(intent=classes[number], probability=float(probabilities[number]))
            for number in np.argsort(-probabilities)[:_CANDIDATES]
        )
        top = candidates[0]
        extras = lexicon_features(text, language)[None]
        tone = dict(zip(heads.sentiment.classes, _probabilities(heads.sentiment, embedding, extras), strict=True))
        sentiment = float(tone.get("positive", 0.0) - tone.get("negative", 0.0))
        if said <= ANSWERS:
            # Who says no has no bad mood yet.
            sentiment = 0.0
        signals = _signals(heads, embedding, phrases)
        if refuses_person(text):
            signals[REFUSES_PERSON] = Signal(score=1.0, fired=True)
            signals["wants_person"] = Signal(score=0.0, fired=False)
            # Declining a person is a wish about the talk and not about the goods.
            sentiment = max(sentiment, _TREND_THRESHOLD / 2)
        signals[NEGATIVE_TREND] = _trend(recent_sentiment, sentiment)
        in_scope = self._is_known(heads.intents, probabilities, scope_score)
        route = self._route(dict(zip(classes, probabilities.tolist(), strict=True)), signals)
        if route == "urgent":
            # Who reports harm soberly is not in a good mood.
            sentiment = min(sentiment, 0.0)
        return Understanding(
            language=language,
            language_confidence=language_confidence,
            read_as=read_as,
            intent=top.intent,
            confidence=top.probability,
            confident=top.probability >= heads.intents.accept_threshold,
            certain_from=heads.intents.accept_threshold,
            candidates=candidates,
            route=route,
            in_scope=in_scope,
            scope_score=scope_score,
            sentiment=sentiment,
            tone=tone,
            signals=signals,
        )

    def search(
        self, query: str, *, language: str, k: int = 5, topics: Mapping[str, float] | None = None
    ) -> tuple[Hit, ...]:
        """The passages that fit a query best, of any language; empty when the query has no words.

        ``topics`` are the message's intents with their probabilities, where they are known.
        """
        query = clean(query)
        if not count_letters(query) or k < 1:
            return ()
        english = None
        if language == "en" and self.knowledge.has_english:
            english = self.encoder.encode_english_message(query)
        return self.knowledge.search(
            query,
            vector=self.encoder.encode_message(query),
            english=english,
            language=language,
            k=k,
            affinity=self._topics.affinity(topics) if topics else None,
        )

    def gate(self, query: str, hits: Sequence[Hit]) -> GateResult:
        """Whether the first of the hits answers the query."""
        return judge(clean(query), hits)

    def extract(self, query: str, hit: Hit) -> Extract:
        """The words of the hit's passage that answer: a FAQ's whole text, else the best sentence and its neighbour."""
        del query  # the hit already points at the sentence that the query chose
        return self.knowledge.extract(hit)

    @staticmethod
    def _is_known(head: IntentHead, probabilities: NDArray[np.float64], scope_score: float) -> bool:
        best = head.linear.classes[int(probabilities.argmax())]
        return scope_score >= head.scope_threshold and best != OTHER_INTENT

    def _likeliest(
        self, readings: Sequence[str], language: str, head: IntentHead, embeddings: FloatArray, examples: FloatArray
    ) -> tuple[str, NDArray[np.float64], float]:
        """Of a message as it is written and with its unknown words as slips: what is understood, and with most certainty.

        As it is written, where none is.
        """
        found = [
            (reading, *self._intents(reading, language, head, embedding[None], examples))
            for reading, embedding in zip(readings, embeddings, strict=True)
        ]
        understood = [
            each
            for each in found
            if float(each[1].max()) >= head.accept_threshold and self._is_known(head, each[1], each[2])
        ]
        return max(understood, key=lambda each: float(each[1].max()), default=found[0])

    def _find_phrases(self, text: str) -> dict[str, str]:
        """The phrases in the text, by head; danger and a broken account are urgent by themselves."""
        found = self._phrases.find(text)
        for kind in ("security", "danger"):
            if kind in found:
                found["urgent"] = found[kind]
        return found

    def _embed(self, texts: Sequence[str], language: str) -> tuple[HeadSet, FloatArray, FloatArray]:
        """The heads for a language, the texts' vectors for them, a row each, and the heads' examples."""
        masked = [mask(text) for text in texts]
        vectors = self.encoder.encode_messages(masked)
        if language == "en" and self._english is not None and self._english_examples is not None:
            english = self.encoder.encode_english_messages(masked)
            if english is not None:
                return self._english, join_embeddings(vectors, english), self._english_examples
        return self.heads.general, vectors, self._general_examples

    def _intents(
        self, text: str, language: str, head: IntentHead, embedding: FloatArray, examples: FloatArray
    ) -> tuple[NDArray[np.float64], float]:
        """Calibrated probabilities of the head's classes, and the in-scope score."""
        centred = head.linear.centre(embedding)
        logits = head.linear.logits(centred, self.heads.groups_of([text], language))
        other = head.linear.classes.index(OTHER_INTENT) if OTHER_INTENT in head.linear.classes else -1
        score = float(mix_score(softmax(logits), centred @ examples.T, other)[0])
        return softmax(logits[0], head.linear.temperature), score

    def _route(self, probabilities: Mapping[str, float], signals: Mapping[str, Signal]) -> Route:
        urgent = signals.get("urgent")
        if urgent is not None and (urgent.phrase is not None or urgent.score >= _URGENT_ROUTE):
            return "urgent"
        # Close intents often share their route, so a route can be sure where no single intent is.
        totals: dict[Route, float] = {"general": 0.0}
        for intent, probability in probabilities.items():
            route = self._specs[intent].route
            totals[route] = totals.get(route, 0.0) + probability
        return max(totals, key=lambda route: totals[route])

    def _wordless(
        self, text: str, language: str, phrases: Mapping[str, str], recent_sentiment: Sequence[float]
    ) -> Understanding:
        sentiment = symbol_sentiment(text) if text else 0.0
        signals = {
            head: Signal(score=float(head in phrases), fired=head in phrases, phrase=phrases.get(head))
            for head in {*self.heads.general.signals, *phrases}
        }
        signals[NEGATIVE_TREND] = _trend(recent_sentiment, sentiment)
        return Understanding(
            language=language,
            language_confidence=0.0,
            read_as=text,
            intent=OTHER_INTENT,
            confidence=0.0,
            confident=False,
            certain_from=self.heads.general.intents.accept_threshold,
            candidates=(Candidate(intent=OTHER_INTENT, probability=0.0),),
            route=self._route({}, signals),
            in_scope=False,
            scope_score=0.0,
            sentiment=sentiment,
            signals=signals,
        )


def _certain(classes: Sequence[str], intent: str) -> NDArray[np.float64]:
    return np.array([float(name == intent) for name in classes], dtype=np.float64)


def _ready(head: IntentHead) -> FloatArray:
    return head.examples.astype(np.float32)


def _probabilities(head: LinearHead, embedding: FloatArray, extras: FloatArray) -> list[float]:
    return [float(value) for value in softmax(head.logits(head.centre(embedding), extras)[0], head.temperature)]


def _signals(heads: HeadSet, embedding: FloatArray, phrases: Mapping[str, str]) -> dict[str, Signal]:
    signals: dict[str, Signal] = {}
    for name, head in heads.signals.items():
        score = _probabilities(head.linear, embedding, _NO_EXTRAS)[-1]
        phrase = phrases.get(name)
        signals[name] = Signal(score=score, fired=phrase is not None or score >= head.threshold, phrase=phrase)
    for name, phrase in phrases.items():
        signals.setdefault(name, Signal(score=1.0, fired=True, phrase=phrase))
    return signals


def _trend(recent: Sequence[float], current: float) -> Signal:
    """Fired when the last three messages, this one among them, were all clearly negative."""
    last = [*recent, current][-_TREND_LENGTH:]
    mean = sum(last) / len(last)
    fired = len(last) == _TREND_LENGTH and all(score <= _TREND_THRESHOLD for score in last)
    return Signal(score=max(0.0, -mean), fired=fired)
