"""The agent's mind in a worker: the compiled graph, the engine of the current release, and the language models.

The one module that loads LangGraph, LangChain and the encoders. It is imported inside tasks, never by a web process.
"""

import logging
import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.db import transaction

from agent.engine.encoder import Encoder
from agent.engine.engine import Engine
from agent.engine.fitting import fit
from agent.engine.heads import Heads, HeadsFormatError
from agent.engine.knowledge import KnowledgeIndex
from agent.engine.text import fold
from agent.engine.types import GateResult, Hit, Understanding
from agent.graph.brief import Brief, Thought
from agent.graph.build import RECURSION_LIMIT, Graph, build
from agent.graph.context import Context, Findings, Manner
from agent.graph.state import AgentState, FoundPassage
from agent.knowledge.services import published_passages
from agent.llm import chain, spend
from agent.models import Release
from agent.releases import keys
from agent.releases.content import ReleaseContent, read_content
from agent.releases.defaults.texts import TEXTS as SHIPPED_TEXTS
from agent.releases.first import ensure_first_release
from agent.releases.services import current_release
from agent.releases.training import VectorCache, keep_heads, stored_heads, training_set
from core import memory

logger = logging.getLogger(__name__)

KEPT_RELEASES = 2
_MARKS = re.compile(r"[^\w\s]")
_OWN_DATA = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:https?://|www\.)\S+|#?\b[A-Za-z]{0,4}-?\d{5,}\b")
_WORD_LISTS = {"accept": "words.accept", "decline": "words.decline", "not_helped": "words.not_helped"}


class MonotonicClock:
    """The graph's clock."""

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return time.monotonic()


class Ears:
    """The graph's ``Understands``: the engine with the business's languages and word lists."""

    def __init__(self, engine: Engine, content: ReleaseContent) -> None:
        """Prepare the word lists."""
        self._engine = engine
        self._languages: tuple[str, ...] = content.settings["business.languages"]
        self._words = {
            name: frozenset(_plain_words(line) for line in content.settings[key]) for name, key in _WORD_LISTS.items()
        }

    def understand(self, text: str, *, prior: str | None, recent_sentiment: Sequence[float]) -> Understanding:
        """What a customer's message says."""
        return self._engine.understand(
            text,
            language_prior=prior,
            languages=self._languages,
            recent_sentiment=recent_sentiment,
        )

    def language_of(self, text: str) -> tuple[str, float]:
        """A text's language and how sure that is."""
        found = self._engine.understand(text, language_prior=None, languages=self._languages)
        return found.language, found.language_confidence

    def says(self, text: str) -> list[str]:
        """The word lists the text speaks: accept and decline are whole messages, not_helped stands anywhere."""
        words = _plain_words(text)
        said = [name for name in ("accept", "decline") if words in self._words[name]]
        if any(f" {phrase} " in f" {words} " for phrase in self._words["not_helped"]):
            said.append("not_helped")
        return said


def _plain_words(text: str) -> str:
    return " ".join(_MARKS.sub(" ", fold(text)).split())


class Library:
    """The graph's ``Retrieves``: search, gate and quotation over a release's passages."""

    def __init__(self, engine: Engine, content: ReleaseContent) -> None:
        """Take the thresholds of the release."""
        self._engine = engine
        self._most: int = content.settings["retrieval.passages"]
        self._default: str = content.settings["business.languages"][0]
        self._least_score: float = content.settings["retrieval.least_gate_score"]

    def find(self, query: str, *, language: str, topics: Mapping[str, float]) -> Findings:
        """What fits the query; passages in ``language`` come first where one of them answers.

        A customer's own numbers and addresses stand in no article, so they are not searched for.
        """
        query = _OWN_DATA.sub(" ", query).strip() or query
        hits = self._engine.search(query, language=language, k=self._most + 2, topics=topics)
        own = [hit for hit in hits if not hit.cross_language]
        first, judged = own, self._judge(query, own)
        # A quotation in a foreign language is read most easily in the one the business speaks by default.
        for others in ([hit for hit in hits if self._language(hit) == self._default], list(hits)):
            if judged.answerable:
                break
            across = self._judge(query, others)
            if across.answerable:
                first, judged = others, across
        ordered = [*first, *(hit for hit in hits if hit not in first)][: self._most]
        return Findings(
            passages=tuple(self._found(query, hit) for hit in ordered),
            answerable=judged.answerable,
            gate_score=judged.score,
        )

    def _language(self, hit: Hit) -> str:
        return self._engine.knowledge.passage(hit.passage_id).language

    def _judge(self, query: str, hits: Sequence[Hit]) -> GateResult:
        result = self._engine.gate(query, hits)
        if self._least_score:
            return GateResult(answerable=bool(hits) and result.score >= self._least_score, score=result.score)
        return result

    def _found(self, query: str, hit: Hit) -> FoundPassage:
        passage = self._engine.knowledge.passage(hit.passage_id)
        judged = self._judge(query, [hit])
        return FoundPassage(
            passage=passage.id,
            article=passage.article_id,
            title=passage.title,
            heading=passage.heading,
            text=passage.text,
            quote=self._engine.extract(query, hit).text,
            focus=passage.text[hit.sentence_start : hit.sentence_end],
            language=passage.language,
            score=round(hit.score, 4),
            vector_score=round(hit.vector_score, 4),
            keyword_score=round(hit.keyword_score, 4),
            coverage=round(hit.evidence.coverage, 4),
            margin=round(hit.margin, 4),
            gate=round(judged.score, 4),
            answers=judged.answerable,
        )


class Texts:
    """The graph's ``Renders``: the release's fixed texts."""

    def __init__(self, content: ReleaseContent) -> None:
        """Fill the blanks that are the same everywhere."""
        self._texts = content.templates
        self._default: str = content.settings["business.languages"][0]
        self._values = {"name": content.settings["bot.name"], "business": business_name(content)}

    def render(self, key: str, language: str, **values: str) -> str:
        """The text in the language, else in the default one. Raises KeyError."""
        for chosen in (language, self._default):
            text = self._texts.get((key, chosen))
            if text:
                return keys.fill(text, self._values | values)
        # A release made before this text was thought of says it as the product comes with it.
        shipped = SHIPPED_TEXTS.get(key, {})
        text = shipped.get(language) or shipped.get(self._default)
        if text:
            return keys.fill(text, self._values | values)
        raise KeyError(f"The release has no text “{key}” in {self._default}.")


def business_name(content: ReleaseContent) -> str:
    """What the business is called."""
    return str(content.settings["business.name"] or settings.BUSINESS_NAME)


def manner_of(content: ReleaseContent) -> Manner:
    """How the release wants the agent to behave."""
    own = content.settings
    blanks = {"business": business_name(content)}
    persona = keys.fill(own["prompt.persona"], blanks)
    canary = own["guard.canary"].strip()
    if canary:
        persona = f"{persona}\nInternal mark, never to be written: {canary}"
    return Manner(
        languages=own["business.languages"],
        default_language=own["business.languages"][0],
        persona=persona,
        guidance={route: keys.fill(own[f"prompt.{route}"], blanks) for route in ("support", "sales", "general")},
        max_clarifications=own["clarify.most"],
        validation_retries=own["validation.retries"],
        max_characters=own["reply.most_characters"],
        allowed_hosts=frozenset(host.lower() for host in own["links.allowed"]),
        secret_words=(canary,) if canary else (),
        silent_thanks=own["small_talk.silent_thanks"],
        small_talk=frozenset(own["small_talk.intents"]),
        disabled_intents=content.disabled_intents,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedRelease:
    """A release made ready to think with. It changes nothing of itself, so threads share it."""

    content: ReleaseContent
    engine: Engine
    ears: Ears
    library: Library
    texts: Texts
    manner: Manner
    description: Mapping[str, Any]


def load_release(release_id: int, encoder: Encoder) -> LoadedRelease:
    """Read the release, take its fitted heads or fit them, and index its passages."""
    content = read_content(release_id)
    cache = VectorCache()
    heads = heads_of(release_id, encoder, cache)
    knowledge = KnowledgeIndex.build(published_passages(release_id), encoder, cache)
    engine = Engine(encoder, heads, content.phrases, knowledge, cache)
    cache.save()
    return LoadedRelease(
        content=content,
        engine=engine,
        ears=Ears(engine, content),
        library=Library(engine, content),
        texts=Texts(content),
        manner=manner_of(content),
        description={
            "encoder": encoder_name(encoder),
            "notes": list(encoder.notes),
            "passages": len(knowledge.passages),
        },
    )


def heads_of(release_id: int, encoder: Encoder, cache: VectorCache) -> Heads:
    """The release's fitted heads; what is not stored, or cannot be read, is fitted now and stored."""
    lessons = training_set(release_id)
    name = encoder_name(encoder)
    stored = stored_heads(encoder=name, digest=lessons.digest)
    if stored is not None:
        try:
            return Heads.from_bytes(stored)
        except HeadsFormatError:
            logger.warning("The stored heads of release id %d are of an older format and are fitted again", release_id)
    started = time.monotonic()
    heads = fit(lessons.examples, lessons.intents, lessons.sentiment, lessons.heads, encoder, cache)
    cache.save()
    keep_heads(release_id, encoder=name, digest=lessons.digest, data=heads.to_bytes(), report=dict(heads.report))
    logger.info("Fitted the heads of release id %d in %.1f s", release_id, time.monotonic() - started)
    return heads


def encoder_name(encoder: Encoder) -> str:
    """Which encoders the heads belong to."""
    return "+".join(part for part in (encoder.fingerprint, encoder.english_fingerprint) if part)


class Runtime:
    """A process's mind. Engines are loaded one at a time and swapped in whole; a turn keeps the one it began with."""

    def __init__(self, encoder: Encoder | None = None) -> None:
        """Load nothing yet; without ``encoder`` the installed one is loaded at the first thought."""
        self._graph: Graph = build()
        self._clock = MonotonicClock()
        self._chain = chain.configured()
        self._encoder = encoder
        self._loaded: dict[int, tuple[str, LoadedRelease]] = {}
        self._lock = threading.Lock()

    def think(self, brief: Brief) -> Thought:
        """Run the graph on the brief. No transaction is open meanwhile."""
        loaded = self.release(brief.release_id)
        context = Context(
            understanding=loaded.ears,
            knowledge=loaded.library,
            templates=loaded.texts,
            rules=loaded.content.rules,
            manner=loaded.manner,
            clock=self._clock,
            writer=self._chain.writer(self._budget(brief, loaded.content)) if self._chain is not None else None,
        )
        given = AgentState(
            message=brief.message,
            message_kinds=list(brief.message_kinds),
            pictures=brief.pictures,
            conversation_history=list(brief.history),
            channel=brief.channel,
            progress=brief.progress,
            language_prior=brief.language_prior,
        )
        state = self._graph.invoke(given, config={"recursion_limit": RECURSION_LIMIT}, context=context)
        return Thought(
            state=cast("AgentState", state), release_number=loaded.content.number, engine=dict(loaded.description)
        )

    def release(self, release_id: int) -> LoadedRelease:
        """The release ready to think with; loaded once, and again when a draft has changed."""
        row = Release.objects.only("content_hash", "state").get(pk=release_id)
        version = row.content_hash or f"draft {time.monotonic()}"
        known = self._loaded.get(release_id)
        if known is not None and known[0] == version:
            return known[1]
        with self._lock:
            known = self._loaded.get(release_id)
            if known is not None and known[0] == version:
                return known[1]
            if self._encoder is None:
                self._encoder = Encoder.load()
            loaded = load_release(release_id, self._encoder)
            memory.give_back()
            if row.content_hash:
                kept = dict(list(self._loaded.items())[-(KEPT_RELEASES - 1) :])
                self._loaded = {**kept, release_id: (version, loaded)}
            return loaded

    def _budget(self, brief: Brief, content: ReleaseContent) -> chain.Budget:
        own = content.settings
        return chain.Budget(
            deadline=self._clock.monotonic() + settings.TURN_DEADLINE_SECONDS,
            caps=(
                spend.Cap(scope="global", micros=round(settings.SPEND_CAP_DOLLARS_PER_DAY * spend.MICROS)),
                spend.Cap(
                    scope=f"conversation:{brief.conversation_id}",
                    micros=own["spend.conversation_cents_per_day"] * spend.MICROS // 100,
                ),
            ),
            prices=own["models.prices"],
            max_tokens=own["models.max_output_tokens"],
        )


_runtime: Runtime | None = None
_starting = threading.Lock()


def mind() -> Runtime:
    """This process's mind, made at the first call."""
    global _runtime  # noqa: PLW0603  (one mind a process is the point of this module)
    with _starting:
        if _runtime is None:
            _runtime = Runtime()
        return _runtime


def warm_up() -> None:
    """Load the encoders and the current release, so that the first customer does not wait for it."""
    started = time.monotonic()
    release = current_release() or ensure_first_release()
    mind().release(release.pk)
    logger.info("The engine of release %d is ready after %.1f s", release.number, time.monotonic() - started)


def refit(release_id: int) -> None:
    """Fit a release's heads ahead of its publication, so that publishing is followed without a pause."""
    with transaction.atomic():
        Release.objects.get(pk=release_id)
    mind().release(release_id)
