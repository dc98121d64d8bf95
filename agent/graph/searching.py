"""What is searched for: the message, or each of its questions, with the topic that a question leans on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.engine.questions import Part, parts_of, topic_of
from agent.graph.context import Context, Findings
from agent.graph.state import AgentState, FoundPassage

_FOLLOW_UP_WORDS = 6
_MOST_QUESTIONS = 4
_TOPIC_WORDS = 5
_LINES_BEFORE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What was searched for and found: the first ``quoted`` passages answer, each another question.

    ``rest_unanswered`` says that something else was asked that no passage answers.
    """

    query: str
    passages: tuple[FoundPassage, ...]
    answerable: bool
    gate_score: float
    quoted: int = 1
    rest_unanswered: bool = False


def search(state: AgentState, context: Context) -> Search:
    """Find the knowledge that fits what is asked: each of several questions, or the message with what it leans on."""
    query, language = state["read_as"], state["language"]
    parts = parts_of(query, language)
    asked = _asked(parts, state, context)
    if len(asked) > 1:
        several = _search_each(asked, parts, state, context)
        if several is not None:
            return several
    before = _said_before(state)
    if len(asked) == 1 and asked[0].leans and before:
        topic = next((found for text in reversed(before) if (found := _topic(text, language))), "")
        leaning = _find(f"{topic} {query}", state, context) if topic else None
        if leaning is not None and leaning.answerable:
            return _one(f"{topic} {query}", leaning)
    whole = context.knowledge.find(query, language=language, topics=_topics(state))
    if whole.answerable or state.get("small_talk"):
        return _one(query, whole)
    if before and len(query.split()) <= _FOLLOW_UP_WORDS:
        joined = f"{before[-1]}\n{query}"
        # Two messages in one have the intent of neither.
        together = context.knowledge.find(joined, language=language, topics={})
        if together.answerable:
            return _one(joined, together)
    # What people tell before they ask can hide the question.
    for part in asked if len(parts) > 1 else ():
        alone = _find(part.text, state, context)
        if alone.answerable:
            return _one(query, alone)
    return _one(query, whole)


def _one(query: str, findings: Findings) -> Search:
    return Search(
        query=query, passages=findings.passages, answerable=findings.answerable, gate_score=findings.gate_score
    )


def _search_each(asked: Sequence[Part], parts: Sequence[Part], state: AgentState, context: Context) -> Search | None:
    """Each question with its own findings; None where none is answered."""
    found = [_find(_with_topic(part, parts, state), state, context) for part in asked[:_MOST_QUESTIONS]]
    answers = {each.passages[0]["passage"]: each for each in found if each.answerable}
    if not answers:
        return None
    unanswered = [part for part, each in zip(asked, found, strict=False) if not each.answerable]
    # What is only told, and is not answered, is most often the circumstances of what is asked.
    has_questions = any(part.asks for part in asked)
    rest = len(asked) > _MOST_QUESTIONS or any(part.asks or not has_questions for part in unanswered)
    first = tuple(each.passages[0] for each in answers.values())
    others = {passage["passage"]: passage for each in found for passage in each.passages}
    return Search(
        query=state["read_as"],
        passages=(*first, *(passage for name, passage in others.items() if name not in answers)),
        answerable=True,
        gate_score=min(each.gate_score for each in answers.values()),
        quoted=len(first),
        rest_unanswered=rest,
    )


def _asked(parts: Sequence[Part], state: AgentState, context: Context) -> list[Part]:
    """The questions first, then what messages of their own say plainly without asking."""
    questions = [part for part in parts if part.asks and not part.is_empty]
    lines = {part.line for part in parts if part.asks}
    if len({part.line for part in parts}) < 2:
        return questions
    told = [part for part in parts if not part.is_empty and part.line not in lines]
    return [*questions, *(part for part in told if _is_plain(part.text, state, context))]


def _is_plain(text: str, state: AgentState, context: Context) -> bool:
    heard = context.understanding.understand(text, prior=state["language"], recent_sentiment=())
    return heard.confident and heard.in_scope and heard.intent not in context.manner.small_talk


def _with_topic(part: Part, parts: Sequence[Part], state: AgentState) -> str:
    if not part.leans:
        return part.text
    place = parts.index(part)
    around = [*reversed(parts[:place]), *parts[place + 1 :]]
    topic = next((found for each in around if (found := _topic(each.text, state["language"]))), "")
    return f"{topic} {part.text}" if topic else part.text


def _topic(text: str, language: str) -> str:
    """The last words of a text that name a topic."""
    return " ".join(topic_of(text, language).split()[-_TOPIC_WORDS:])


def _said_before(state: AgentState) -> list[str]:
    lines = [line["text"] for line in state["conversation_history"] if line["sender"] == "customer" and line["text"]]
    return lines[-_LINES_BEFORE:]


def _find(query: str, state: AgentState, context: Context) -> Findings:
    """What fits words of their own, with the intents that they have by themselves."""
    heard = context.understanding.understand(query, prior=state["language"], recent_sentiment=())
    return context.knowledge.find(query, language=state["language"], topics=heard.topics)


def _topics(state: AgentState) -> Mapping[str, float]:
    if not state["in_scope"]:
        return {}
    return {candidate["intent"]: candidate["probability"] for candidate in state["candidates"]}
