"""The embedded writer: what kind of reply fits, and its words, quoted from a passage or filled into a fixed text."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.engine.types import REFUSES_PERSON
from agent.graph.context import Context
from agent.graph.state import AgentState, FoundPassage, ReplyKind, Source
from agent.graph.validation import personal_details

RELATED = 0.4
"""The cosine from which an article's title is worth offering as a topic."""

GESTURES = frozenset({"reaction", "sticker", "emoji"})
"""Kinds of message that say something and ask nothing."""

_PLAUSIBLE = 0.15
"""The gate's score from which a passage may be what is meant: of less likely ones no topic is offered."""

_UNHAPPY = -0.5
_ANGRY_SIGN = -0.4
_TOPICS = 2
_FEW_WORDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to say: a kind, and the fixed text or passage it comes from."""

    kind: ReplyKind
    template: str = ""
    passage: FoundPassage | None = None
    topics: tuple[str, ...] = ()
    silence_reason: str = ""


def plan(state: AgentState, context: Context) -> Plan:
    """Decide the kind of reply from what the nodes before found out."""
    wordless = _plan_without_words(state)
    if wordless is not None:
        return wordless
    progress = state["progress"]
    if progress["last_kind"] == "offer" and "decline" in state.get("says", []):
        return Plan(kind="template", template="offer_declined")
    if state.get("small_talk"):
        return _plan_small_talk(state, context)
    if state.get("answerable"):
        return _plan_answer(state, context)
    return _plan_unanswered(state, context)


def _plan_without_words(state: AgentState) -> Plan | None:
    message = state["message"]
    if any(sign.isalnum() for sign in message):
        return None
    if state.get("sentiment_score", 0.0) <= _ANGRY_SIGN and state["progress"]["last_kind"] != "clarify":
        return Plan(kind="clarify", template="what_happened")
    if state["message_kinds"] and GESTURES.issuperset(state["message_kinds"]):
        return Plan(kind="silence", silence_reason="A reaction or a sticker needs no answer.")
    if not message.strip() and any(kind != "text" for kind in state["message_kinds"]):
        return Plan(kind="offer", template="unsupported_message")
    if "?" in message or "？" in message:
        return Plan(kind="clarify", template="clarify_open")
    return Plan(kind="silence", silence_reason="An emoji needs no answer.")


def _plan_small_talk(state: AgentState, context: Context) -> Plan:
    closing = state["intent"] in {"thanks", "goodbye"}
    said = state["progress"]["last_kind"]
    if closing and (context.manner.silent_thanks or said in {"template", "silence"}):
        return Plan(kind="silence", silence_reason="Thanks and goodbyes need no second answer.")
    return Plan(kind="template", template=state["intent"])


def _plan_answer(state: AgentState, context: Context) -> Plan:
    if "not_helped" in state.get("says", []):
        return Plan(kind="offer", template="repeated_answer")
    first = state["passages"][0]
    # Who asks on is told what else the article says, before the same words would be said again.
    others = [each for each in state["passages"][1:] if each["answers"] and each["article"] == first["article"]]
    for passage in (first, *others):
        answer = Plan(kind="answer", passage=passage)
        if not _was_said(words_of(answer, state, context), state):
            return answer
    return Plan(kind="offer", template="said_already")


def _plan_unanswered(state: AgentState, context: Context) -> Plan:
    if "not_helped" in state.get("says", []):
        return Plan(kind="offer", template="repeated_answer")
    if state["signals"].get(REFUSES_PERSON, {}).get("fired"):
        return Plan(kind="template", template="offer_declined")
    if _is_upset(state):
        return Plan(kind="offer", template="calm_offer")
    if state["progress"]["clarifications"] < context.manner.max_clarifications:
        topics = _topics(state["passages"], state["language"])
        if len(topics) == _TOPICS and state.get("in_scope"):
            return Plan(kind="clarify", template="clarify", topics=topics)
        if len(state["message"].split()) <= _FEW_WORDS:
            return Plan(kind="clarify", template="clarify_open")
    return Plan(kind="offer", template="cannot_answer")


def _is_upset(state: AgentState) -> bool:
    """Whether anger is all the message says: several words, none of them a question that is known."""
    asks = "?" in state["message"] or (state["confident"] and state["intent"] != "complaint")
    return state["sentiment_score"] <= _UNHAPPY and not asks and len(state["message"].split()) > 1


def _was_said(text: str, state: AgentState) -> bool:
    lines = [line["text"] for line in state["conversation_history"] if line["sender"] == "bot"]
    return text in lines[-2:]


def _topics(passages: Sequence[FoundPassage], language: str) -> tuple[str, ...]:
    """What the message may be about, one topic an article: two parts of one article are no choice for a customer."""
    titles = {
        passage["article"]: passage["heading"] or passage["title"]
        for passage in reversed(passages)
        if passage["language"] == language and passage["vector_score"] >= RELATED and passage["gate"] >= _PLAUSIBLE
    }
    return tuple(reversed(dict.fromkeys(titles.values())))[:_TOPICS]


def words_of(chosen: Plan, state: AgentState, context: Context) -> str:
    """The reply's text in the customer's language, cut to what the channel carries."""
    language = state["language"]
    limit = character_limit(state, context)
    if chosen.passage is not None:
        quote = chosen.passage["quote"]
        if chosen.passage["language"] == language:
            return fit(quote, limit)
        preface = context.templates.render("answer_other_language", language)
        return f"{preface}\n\n{fit(quote, limit - len(preface) - 2)}"
    if not chosen.template:
        return ""
    first, second = (f"“{topic}”" for topic in chosen.topics) if chosen.topics else ("", "")
    return context.templates.render(chosen.template, language, first=first, second=second)


def with_invitation(text: str, kind: ReplyKind, state: AgentState, context: Context) -> str:
    """The text for a thread that everybody reads: it asks for privacy where the talk is about to become personal."""
    if not state["channel"]["is_public"] or not text:
        return text
    said_before = any(line["sender"] == "bot" for line in state["conversation_history"])
    is_personal = kind in {"offer", "hand_over"} or bool(personal_details(state["message"]))
    if not is_personal and (said_before or state["route"] != "support"):
        return text
    invitation = context.templates.render("public_invitation", state["language"])
    room = character_limit(state, context) - len(invitation) - 2
    return f"{fit(text, room)}\n\n{invitation}" if room > 0 else text


def character_limit(state: AgentState, context: Context) -> int:
    """The most characters a reply may have here."""
    return min(state["channel"]["text_limit"], context.manner.max_characters)


def fit(text: str, limit: int) -> str:
    """The text, cut after a whole sentence or line where it is longer than ``limit`` characters."""
    if len(text) <= limit:
        return text
    part = text[:limit]
    cut = max(part.rfind(sign) for sign in (". ", "! ", "? ", "\n", "。"))
    return part[: cut + 1].strip() if cut > limit // 3 else part[: max(part.rfind(" "), 1)].strip()


def sources_of(passages: Sequence[FoundPassage]) -> list[Source]:
    """The passages as the sources shown beside an answer, each once."""
    return [
        Source(title=passage["title"], article=passage["article"], passage=passage["passage"])
        for passage in {passage["passage"]: passage for passage in passages}.values()
    ]
