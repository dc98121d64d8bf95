"""The embedded writer: what kind of reply fits, and its words, quoted from a passage or filled into a fixed text."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.engine.types import REFUSES_PERSON
from agent.engine.waiting import allowed_days, waited_days
from agent.graph.context import Context
from agent.graph.rules import times_asked, was_offered
from agent.graph.state import AgentState, FoundPassage, ReplyKind, Source
from agent.graph.validation import personal_details

RELATED = 0.4
"""The cosine from which an article's title is worth offering as a topic."""

GESTURES = frozenset({"reaction", "sticker", "emoji"})
"""Kinds of message that say something and ask nothing."""

_PLAUSIBLE = 0.22
"""The gate's score from which a passage may be what is meant: of less likely ones no topic is offered."""

_UNHAPPY = -0.5
_ANGRY_SIGN = -0.4
_TOPICS = 2
_FEW_WORDS = 3
_OFFERS = frozenset({"offer_person", "rest_unanswered"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to say: a kind, and the fixed text or the passages it comes from.

    ``regrets`` begins the reply with a word of regret, ``closing`` is the fixed text that ends it, and ``focused`` quotes
    the sentences that fit best and not the whole.
    """

    kind: ReplyKind
    template: str = ""
    passages: tuple[FoundPassage, ...] = ()
    topics: tuple[str, ...] = ()
    silence_reason: str = ""
    regrets: bool = False
    closing: str = ""
    focused: bool = False

    @property
    def offers(self) -> bool:
        """Whether the reply offers a person."""
        return self.kind == "offer" or self.closing in _OFFERS


def plan(state: AgentState, context: Context) -> Plan:
    """Decide the kind of reply from what the nodes before found out."""
    wordless = _plan_without_words(state)
    if wordless is not None:
        return wordless
    progress = state["progress"]
    if was_offered(progress) and "decline" in state.get("says", []):
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
    count = state.get("quoted", 1)
    regrets = _is_unhappy(state)
    if count > 1 or state.get("rest_unanswered"):
        closing = "rest_unanswered" if state.get("rest_unanswered") else "offer_person" if regrets else ""
        return Plan(kind="answer", passages=tuple(state["passages"][:count]), regrets=regrets, closing=closing)
    first = state["passages"][0]
    # Who asks on is told what else the article says, before the same words would be said again; who asks something of
    # their own is answered with the sentences that matter, though they have stood in an answer before.
    others = [each for each in state["passages"][1:] if each["answers"] and each["article"] == first["article"]]
    waited = waited_days(state["message"])
    ways = [(passage, passage["quote"]) for passage in (first, *others)]
    if state.get("query", "") == state["read_as"] and not times_asked(state):
        ways.insert(1, (first, first["focus"]))
    limit = character_limit(state, context)
    for passage, words in ways:
        if not _was_said(fit(words, limit), state):
            waits_in_vain = waited > 0 and 0 < allowed_days(passage["text"]) < waited
            return Plan(
                kind="answer",
                passages=(passage,),
                regrets=regrets,
                closing="offer_person" if regrets or waits_in_vain else "",
                focused=words != passage["quote"],
            )
    return Plan(kind="offer", template="said_already", regrets=regrets)


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
            return Plan(kind="clarify", template="clarify", topics=topics, regrets=_is_unhappy(state))
        if len(state["message"].split()) <= _FEW_WORDS:
            return Plan(kind="clarify", template="clarify_open", regrets=_is_unhappy(state))
    return Plan(kind="offer", template="cannot_answer", regrets=_is_unhappy(state))


def _is_upset(state: AgentState) -> bool:
    """Whether anger is all the message says: several words, none of them a question that is known."""
    asks = "?" in state["message"] or (state["confident"] and state["intent"] != "complaint")
    return _is_unhappy(state) and not asks and len(state["message"].split()) > 1


def _is_unhappy(state: AgentState) -> bool:
    return state.get("sentiment_score", 0.0) <= _UNHAPPY


def _was_said(text: str, state: AgentState) -> bool:
    """Whether one of the bot's last two replies is these words, or holds them after a word of regret or a preface."""
    lines = [line["text"] for line in state["conversation_history"] if line["sender"] == "bot"]
    return any(text in line.split("\n\n") for line in lines[-2:])


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
    if not chosen.passages and not chosen.template:
        return ""
    opening, closing = [], []
    if chosen.regrets:
        opening.append(context.templates.render("regret", language))
    if any(passage["language"] != language for passage in chosen.passages):
        opening.append(context.templates.render("answer_other_language", language))
    if chosen.closing:
        closing.append(context.templates.render(chosen.closing, language))
    if not chosen.passages:
        first, second = (f"“{topic}”" for topic in chosen.topics) if chosen.topics else ("", "")
        return _joined([*opening, context.templates.render(chosen.template, language, first=first, second=second)])
    room = character_limit(state, context) - sum(len(text) + 2 for text in [*opening, *closing])
    return _joined([*opening, *_quotations(chosen, room), *closing])


def with_regret(text: str, state: AgentState, context: Context) -> str:
    """The text, for an unhappy customer after a word of regret."""
    if not _is_unhappy(state):
        return text
    return _joined([context.templates.render("regret", state["language"]), text])


def _quotations(chosen: Plan, room: int) -> list[str]:
    """What is quoted, in at most ``room`` characters; of several passages each has its heading before it."""
    if len(chosen.passages) == 1 and chosen.closing != "rest_unanswered":
        passage = chosen.passages[0]
        return [fit(passage["focus"] if chosen.focused else passage["quote"], room)]
    headings = [f"{heading}:\n" if (heading := each["heading"] or each["title"]) else "" for each in chosen.passages]
    spare = room - sum(len(heading) + 2 for heading in headings)
    # The shortest first, so that what it leaves over serves the longer ones.
    order = sorted(range(len(headings)), key=lambda number: len(chosen.passages[number]["quote"]))
    texts: dict[int, str] = {}
    for place, number in enumerate(order):
        passage = chosen.passages[number]
        share = max(spare // (len(order) - place), 1)
        quote = passage["quote"] if len(passage["quote"]) <= share else passage["focus"]
        texts[number] = fit(quote, share)
        spare -= len(texts[number])
    return [headings[number] + texts[number] for number in range(len(headings))]


def _joined(parts: Sequence[str]) -> str:
    return "\n\n".join(part for part in parts if part)


def with_question(text: str, chosen: Plan, state: AgentState, context: Context) -> str:
    """The answer with the question that a tool still has, where there is room and nothing else is asked."""
    asks = state.get("asks_after")
    if asks is None or chosen.kind != "answer" or chosen.closing:
        return text
    question = context.templates.render(asks["template"], state["language"], **asks["values"])
    joined = _joined([text, question])
    return joined if len(joined) <= character_limit(state, context) else text


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
