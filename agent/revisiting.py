"""Looking back: a release as it was when it answered, to think its turns again exactly, or with one thing changed.

Models are not asked: what they said is taken from the run. Loads the engine, so it is imported inside tasks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from agent.ears import Ears
from agent.engine.engine import Engine
from agent.engine.knowledge import KnowledgeIndex
from agent.engine.types import GateResult, Hit
from agent.graph.brief import Again, Change, Envelope, Thought, Weighed
from agent.graph.rules import Rule
from agent.knowledge.services import published_passages
from agent.library import Library
from agent.llm.recorded import RecordedWriter
from agent.releases.content import ReleaseContent
from agent.releases.vectors import VectorCache
from agent.runtime import LoadedRelease, Runtime, Texts, business_name, context_of, manner_of
from agent.world import RememberedWorld


@dataclass(frozen=True, slots=True, kw_only=True)
class Recollection:
    """The graph's ``Memory`` over a process's mind."""

    runtime: Runtime

    def revisit(self, release_id: int, *, at: datetime) -> "FormerRelease":
        """The release as it was."""
        on = timezone.localdate(at)
        return FormerRelease(self.runtime, self.runtime.former(release_id, on=on), on)


class FormerRelease:
    """The graph's ``Past``: one loaded release, for as many turns as are thought again with it."""

    def __init__(self, runtime: Runtime, loaded: LoadedRelease, on: date) -> None:
        """Load nothing more until an article is left out. ``on`` is the day whose articles answered."""
        self._on = on
        self._runtime = runtime
        self._loaded = loaded
        self._engines: dict[str, Engine] = {"": loaded.engine}

    @property
    def content_hash(self) -> str:
        """What the release holds; empty for a draft."""
        return self._loaded.content.content_hash

    @property
    def settings(self) -> Mapping[str, Any]:
        """What was set, by key."""
        return self._loaded.content.settings

    def think_again(self, envelope: Envelope, change: Change) -> Again:
        """Think a turn again. Raises ExchangeMissing."""
        content = _as_it_was(self._loaded.content, envelope.versions.business, change)
        engine = self._engine_without(change.without_article)
        library = WeighingLibrary(engine, content)
        writer = RecordedWriter(envelope.exchanges) if envelope.versions.models or envelope.exchanges else None
        remembered = RememberedWorld(envelope.world, at=envelope.at)
        context = replace(
            context_of(self._loaded, writer=writer, people=remembered, tools=remembered),
            understanding=Ears(engine, content),
            knowledge=library,
            templates=Texts(content),
            rules=content.rules,
            manner=manner_of(content),
        )
        state = self._runtime.run(envelope.brief, context)
        thought = Thought(
            state=state,
            release_number=content.number,
            engine=dict(self._loaded.description),
            versions=replace(envelope.versions, content_hash=content.content_hash, business=business_name(content)),
            exchanges=envelope.exchanges,
            world=envelope.world,
        )
        return Again(thought=thought, weighed=tuple(library.weighed))

    def _engine_without(self, article: str) -> Engine:
        """The engine over the release's passages but those of one article, indexed as a release without it would be."""
        if article not in self._engines:
            whole, cache = self._loaded.engine, VectorCache()
            left = [
                each
                for each in published_passages(self._loaded.content.release_id, on=self._on)
                if each.article_id != article
            ]
            knowledge = KnowledgeIndex.build(left, whole.encoder, cache)
            self._engines[article] = Engine(whole.encoder, whole.heads, self._loaded.content.phrases, knowledge, cache)
        return self._engines[article]


class WeighingLibrary(Library):
    """The graph's ``Retrieves``, keeping every judgement of the gate."""

    def __init__(self, engine: Engine, content: ReleaseContent) -> None:
        """Nothing is judged yet."""
        super().__init__(engine, content)
        self.weighed: list[Weighed] = []

    def judge(self, query: str, hits: Sequence[Hit]) -> GateResult:
        """As it is, and kept."""
        result = super().judge(query, hits)
        if hits:
            self.weighed.append(Weighed(score=result.score, least=result.least))
        return result


def _as_it_was(content: ReleaseContent, business: str, change: Change) -> ReleaseContent:
    """The content with the business's name of then, changed where something is to be different."""
    name = business or content.settings["business.name"]
    own: Mapping[str, Any] = {**content.settings, "business.name": name, **change.settings}
    rules = tuple(_with_values(rule, change) for rule in content.rules if rule.key != change.without_rule)
    return replace(content, settings=own, rules=rules)


def _with_values(rule: Rule, change: Change) -> Rule:
    conditions = tuple(
        replace(condition, value=change.rule_values.get((rule.key, place), condition.value))
        for place, condition in enumerate(rule.conditions)
    )
    return replace(rule, conditions=conditions)
