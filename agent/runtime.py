"""The agent's mind in a worker: the compiled graph, the engine of the current release, and the language models.

The one module that loads LangGraph, LangChain and the encoders. It is imported inside tasks, never by a web process.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from agent import learning
from agent.ears import Ears
from agent.engine import reviewing
from agent.engine.encoder import Encoder
from agent.engine.engine import Engine
from agent.engine.grouping import Groups
from agent.engine.knowledge import KnowledgeIndex
from agent.graph.brief import Brief, ReleaseState, Thought, Versions, World
from agent.graph.build import Graph, build, run
from agent.graph.context import Context, Manner, Staffed, Tools, Writes
from agent.graph.state import AgentState
from agent.knowledge.found import FoundForStaff
from agent.knowledge.services import holds_until, internal_passages, published_passages
from agent.library import Library
from agent.llm import chain, senses, spend
from agent.models import Release
from agent.people import People
from agent.releases import keys
from agent.releases.content import ReleaseContent, read_content
from agent.releases.defaults.texts import TEXTS as SHIPPED_TEXTS
from agent.releases.first import ensure_first_release
from agent.releases.services import answering_release
from agent.releases.vectors import VectorCache
from agent.tools.toolbox import Toolbox
from agent.world import NotedPeople, NotedTools
from core import memory
from core.statements import Read

logger = logging.getLogger(__name__)

KEPT_RELEASES = 2


class MonotonicClock:
    """The graph's clock."""

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return time.monotonic()


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
    holds_until: date | None

    def holds(self, on: date) -> bool:
        """Whether none of its articles ended before that day."""
        return self.holds_until is None or on <= self.holds_until


def context_of(loaded: LoadedRelease, *, writer: Writes | None, people: Staffed, tools: Tools | None) -> Context:
    """What the graph thinks with."""
    return Context(
        understanding=loaded.ears,
        knowledge=loaded.library,
        templates=loaded.texts,
        rules=loaded.content.rules,
        manner=loaded.manner,
        clock=MonotonicClock(),
        people=people,
        writer=writer,
        tools=tools,
    )


def load_release(release_id: int, encoder: Encoder, *, on: date | None = None) -> LoadedRelease:
    """Read the release, take its fitted heads or fit them, and index the passages that hold on that day, or today."""
    on = on or timezone.localdate()
    content = read_content(release_id)
    cache = VectorCache()
    heads = learning.heads_of(learning.answers_with(release_id), encoder, cache)
    knowledge = KnowledgeIndex.build(published_passages(release_id, on=on), encoder, cache)
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
            "encoder": learning.encoder_name(encoder),
            "notes": list(encoder.notes),
            "passages": len(knowledge.passages),
        },
        holds_until=holds_until(release_id, on=on),
    )


@Read
def _state_of(release_id: int) -> QuerySet[Release, tuple[str, int, int | None]]:
    return Release.objects.filter(pk=release_id).order_by().values_list("content_hash", "validity", "heads_from")


class Runtime:
    """A process's mind. Engines are loaded one at a time and swapped in whole; a turn keeps the one it began with."""

    def __init__(self, encoder: Encoder | None = None, *, today: Callable[[], date] = timezone.localdate) -> None:
        """Load nothing yet; without ``encoder`` the installed one is loaded at the first thought."""
        self._today = today
        self._graph: Graph = build()
        self._chain = chain.configured()
        self.senses = senses.configured()
        self._encoder = encoder
        self._loaded: dict[int, tuple[str, LoadedRelease]] = {}
        self._shelf: tuple[LoadedRelease, Library] | None = None
        self._lock = threading.Lock()

    def think(self, brief: Brief, *, state: ReleaseState | None = None) -> Thought:
        """Run the graph on the brief. No transaction is open meanwhile."""
        loaded, models = self.release(brief.release_id, state), self._chain
        writer = models.writer(self._budget(brief, loaded.content)) if models is not None else None
        people = NotedPeople(People())
        tools = NotedTools(Toolbox(brief, most_questions=loaded.manner.max_clarifications))
        last = self.run(brief, context_of(loaded, writer=writer, people=people, tools=tools))
        return Thought(
            state=last,
            release_number=loaded.content.number,
            engine=dict(loaded.description),
            versions=Versions(
                content_hash=loaded.content.content_hash,
                business=business_name(loaded.content),
                models=models.names if models is not None else (),
            ),
            exchanges=tuple(writer.exchanges) if writer is not None else (),
            world=World(staffing=people.noted, planned=tools.planned, used=tools.used),
        )

    def run(self, brief: Brief, context: Context) -> AgentState:
        """The graph's last state."""
        given = AgentState(
            message=brief.message,
            message_kinds=list(brief.message_kinds),
            pictures=brief.pictures,
            descriptions=list(brief.descriptions),
            conversation_history=list(brief.history),
            channel=brief.channel,
            progress=brief.progress,
            language_prior=brief.language_prior,
            dialogue=brief.dialogue,
            remembered=brief.remembered,
        )
        if brief.switched_off:
            off = context.manner.disabled_intents.union(brief.switched_off)
            context = replace(context, manner=replace(context.manner, disabled_intents=off))
        return run(self._graph, given, context)

    def place_questions(
        self, texts: Sequence[str], middles: Sequence[bytes], counts: Sequence[int]
    ) -> tuple[list[int], dict[int, bytes]]:
        """The group of each question, by number, and the middles of the groups that changed; new groups have new numbers."""
        vectors = self._ready_encoder().encode(list(texts))
        groups = Groups(middles, counts, width=vectors.shape[1])
        placed = [groups.place(vector) for vector in vectors]
        return placed, {number: groups.middle(number) for number in placed}

    def review(self, release_id: int) -> list[dict[str, Any]]:
        """What editors should look at in a release, for staff only or not."""
        on = self._today()
        passages = [*published_passages(release_id, on=on), *internal_passages(release_id, on=on)]
        encoder, cache = self._ready_encoder(), VectorCache()
        found = reviewing.review(passages, lambda texts: encoder.encode(texts, cache))
        cache.save()
        return [asdict(finding) for finding in found]

    def _ready_encoder(self) -> Encoder:
        with self._lock:
            return self._encoder_held()

    def look_up(self, release_id: int, query: str) -> list[FoundForStaff]:
        """The passages that fit a query of staff's, those for staff only among them, the likeliest first.

        What customers are answered from never holds an internal passage, so those are searched apart.
        """
        loaded, on = self.release(release_id), self._today()
        heard = loaded.ears.understand(query, prior=None, recent_sentiment=())
        found = [
            FoundForStaff(
                passage=each["passage"],
                article=each["article"],
                title=each["title"],
                heading=each["heading"],
                text=each["text"],
                language=each["language"],
                is_internal=library is not loaded.library,
                likelihood=each["gate"],
            )
            for library in (loaded.library, self._internal(loaded, on))
            for each in library.find(heard.read_as, language=heard.language, topics=heard.topics).passages
        ]
        return sorted(found, key=lambda each: -each["likelihood"])

    def _internal(self, loaded: LoadedRelease, on: date) -> Library:
        """The passages of the release that only staff may find; indexed when the first of them looks."""
        shelf = self._shelf
        if shelf is not None and shelf[0] is loaded:
            return shelf[1]
        with self._lock:
            engine, cache = loaded.engine, VectorCache()
            index = KnowledgeIndex.build(internal_passages(loaded.content.release_id, on=on), engine.encoder, cache)
            library = Library(
                Engine(engine.encoder, engine.heads, loaded.content.phrases, index, cache), loaded.content
            )
            cache.save()
            self._shelf = loaded, library
            return library

    def release(self, release_id: int, state: ReleaseState | None = None) -> LoadedRelease:
        """The release ready to think with; loaded once, and again when a draft has changed or an article has ended.

        Its ``state`` is asked for, unless it is given.
        """
        content_hash, *changeable = state or _state_of.one(release_id)
        version = f"{content_hash} {changeable}" if content_hash else f"draft {time.monotonic()}"
        on = self._today()
        known = self._known(release_id, version, on)
        if known is not None:
            return known
        with self._lock:
            known = self._known(release_id, version, on)
            if known is not None:
                return known
            loaded = self._load(release_id, on)
            if content_hash:
                others = [each for each in self._loaded.items() if each[0] != release_id]
                self._loaded = {**dict(others[-(KEPT_RELEASES - 1) :]), release_id: (version, loaded)}
            return loaded

    def _known(self, release_id: int, version: str, on: date) -> LoadedRelease | None:
        loaded = self._loaded.get(release_id)
        return loaded[1] if loaded is not None and loaded[0] == version and loaded[1].holds(on) else None

    def former(self, release_id: int, *, on: date) -> LoadedRelease:
        """A release as it answered on that day: the one at hand, or loaded for the caller alone, so that nobody's turn waits for it."""
        content_hash, *changeable = _state_of.one(release_id)
        known = self._known(release_id, f"{content_hash} {changeable}", on) if content_hash else None
        if known is not None and on == self._today():
            return known
        source, encoder = learning.answers_with(release_id), self._ready_encoder()
        if not learning.is_kept(source, encoder):
            self.learn(source)
        with self._lock:
            return self._load(release_id, on)

    def learn(self, release_id: int) -> None:
        """Fit a release's heads from its examples and keep them, unless they are kept already; turns go on meanwhile.

        Raises NothingToLearnFrom.
        """
        learning.heads_of(release_id, self._ready_encoder(), VectorCache())
        memory.give_back()

    def prepare(self, release_id: int) -> None:
        """Load a release, so that its first turn does not wait."""
        self.release(release_id)

    def _load(self, release_id: int, on: date) -> LoadedRelease:
        loaded = load_release(release_id, self._encoder_held(), on=on)
        memory.give_back()
        return loaded

    def _encoder_held(self) -> Encoder:
        if self._encoder is None:
            self._encoder = Encoder.load(with_minilm=settings.ENGLISH_ENCODER)
        return self._encoder

    def _budget(self, brief: Brief, content: ReleaseContent) -> chain.Budget:
        own = content.settings
        return chain.Budget(
            deadline=time.monotonic() + settings.TURN_DEADLINE_SECONDS,
            caps=spend.caps_of(
                own,
                account_id=brief.account_id,
                customer_id=brief.customer_id,
                conversation_id=brief.conversation_id,
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
    release = answering_release() or ensure_first_release()
    mind().release(release.pk)
    logger.info("The engine of release %d is ready after %.1f s", release.number, time.monotonic() - started)
