"""What a turn is thought from: the customer's words, the talk before them, and how the bot has fared."""

from agent.graph.brief import Brief
from agent.graph.state import ChannelFacts, HistoryLine, Progress
from agent.models import AgentRun
from conversations.types import Talk, TalkLine, Turn
from core.text import readable, truncate

MOST_CHARACTERS = 4_000
MOST_CHARACTERS_BEFORE = 1_500
RUNS_LOOKED_AT = 8
HELPED = frozenset({"answer", "model"})


def brief_of(talk: Talk, turn: Turn, *, release_id: int) -> Brief:
    """The brief of a claimed turn: all unanswered messages together are its message.

    What nobody sees is left out, and of very long messages the beginning is taken.
    """
    asked = [line for line in talk.lines if _is_covered(line, turn)]
    texts = [words for line in asked if (words := readable(line.text).strip())]
    return Brief(
        release_id=release_id,
        conversation_id=talk.conversation_id,
        message=truncate("\n".join(texts), MOST_CHARACTERS),
        message_kinds=tuple(line.kind for line in asked),
        pictures=sum(line.pictures for line in asked),
        history=tuple(_history_line(line) for line in talk.lines if not _is_covered(line, turn)),
        channel=ChannelFacts(platform=talk.platform, text_limit=talk.text_limit, is_public=talk.is_public),
        progress=progress_of(talk.conversation_id, from_seq=talk.lines[0].seq if talk.lines else 0),
        language_prior=talk.language or talk.locale[:2].lower() or None,
    )


def _is_covered(line: TalkLine, turn: Turn) -> bool:
    return line.sender_type == "customer" and turn.from_seq <= line.seq <= turn.to_seq


def _history_line(line: TalkLine) -> HistoryLine:
    text = truncate(readable(line.text), MOST_CHARACTERS_BEFORE)
    return HistoryLine(seq=line.seq, sender=line.sender_type, text=text, kind=line.kind, sentiment=line.sentiment)


def progress_of(conversation_id: int, *, from_seq: int) -> Progress:
    """Count the bot's replies in a row that did not answer, back to its last answer or to ``from_seq``."""
    replies = list(
        AgentRun.objects.filter(
            conversation_id=conversation_id,
            to_seq__gte=from_seq,
            state__in=[AgentRun.State.REPLIED, AgentRun.State.SUPPRESSED],
        )
        .order_by("-id")
        .values_list("trace__reply__kind", "trace__reply__offers_person")[:RUNS_LOOKED_AT]
    )
    failed: list[str] = []
    for kind, _ in replies:
        if kind in HELPED:
            break
        failed.append(kind)
    clarifications, offers = failed.count("clarify"), failed.count("offer")
    return Progress(
        clarifications=clarifications,
        offers=offers,
        failures=clarifications + offers,
        last_kind=(replies[0][0] or "") if replies else "",
        offered=bool(replies[0][1]) if replies else False,
    )
