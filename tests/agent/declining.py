"""What whole turns make of questions with and without an answer in the articles."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from agent.ears import Ears
from agent.engine.engine import Engine
from agent.engine.knowledge import KnowledgeIndex
from agent.engine.types import PassageSource
from agent.graph.brief import Brief
from agent.graph.state import ChannelFacts, Progress
from agent.library import Library
from agent.people import People
from agent.runtime import LoadedRelease, Runtime, context_of
from tests.agent.conftest import SeedVectors


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question, and the slugs of the articles, or the ids of the passages, that answer it; none where nothing does."""

    text: str
    language: str
    answers: frozenset[str] = frozenset()


@dataclass(slots=True)
class Tally:
    """How many questions with an answer were answered from it, and how many without one were declined."""

    answered: Counter[str]
    answerable: Counter[str]
    declined: Counter[str]
    vain: Counter[str]
    wrong: list[tuple[str, str, str]]

    @property
    def coverage(self) -> float:
        """The share of the answerable that are answered."""
        return self.answered.total() / self.answerable.total()

    @property
    def refusal(self) -> float:
        """The share of those without an answer that are declined."""
        return self.declined.total() / self.vain.total()


def tally() -> Tally:
    """Nothing was asked yet."""
    return Tally(Counter(), Counter(), Counter(), Counter(), [])


def over(loaded: LoadedRelease, passages: Sequence[PassageSource], vectors: SeedVectors) -> LoadedRelease:
    """The release as if these were its passages."""
    whole = loaded.engine
    index = KnowledgeIndex.build(list(passages), whole.encoder, vectors)
    engine = Engine(whole.encoder, whole.heads, loaded.content.phrases, index, vectors)
    return replace(loaded, engine=engine, ears=Ears(engine, loaded.content), library=Library(engine, loaded.content))


def ask(mind: Runtime, loaded: LoadedRelease, asked: Iterable[Asked], into: Tally) -> None:
    """Ask each as a new customer's first message, through the whole graph."""
    context = context_of(loaded, writer=None, people=People(), tools=None)
    sources = {passage.id: passage for passage in loaded.engine.knowledge.passages}
    for each in asked:
        state = mind.run(_brief(loaded, each), context)
        cited = [sources[name] for name in state.get("cited", [])] if state["reply_kind"] == "answer" else []
        from_it = any({passage.slug, passage.id} & each.answers for passage in cited)
        if each.answers:
            into.answerable[each.language] += 1
            into.answered[each.language] += from_it
        else:
            into.vain[each.language] += 1
            into.declined[each.language] += not cited
        if cited and not from_it:
            into.wrong.append((each.language, each.text, f"{cited[0].slug} / {cited[0].heading}"))


def _brief(loaded: LoadedRelease, asked: Asked) -> Brief:
    return Brief(
        release_id=loaded.content.release_id,
        conversation_id=1,
        message=asked.text,
        message_kinds=("text",),
        history=(),
        channel=ChannelFacts(platform="webchat", text_limit=4_000, is_public=False),
        progress=Progress(clarifications=0, offers=0, failures=0, last_kind=""),
    )
