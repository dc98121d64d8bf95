"""What a turn is thought from: the customer's words, the talk before them, and how the bot has fared."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from agent.graph.brief import Brief
from agent.graph.state import ChannelFacts, CustomerFacts, Dialogue, HistoryLine, Progress
from agent.models import AgentRun, IntentSwitch
from agent.services.off import Answering
from agent.services.remembering import remember
from agent.tools.keeping import dialogue_of
from conversations.types import Talk, TalkLine, Turn
from core.statements import Read
from core.text import readable, truncate

MOST_CHARACTERS = 4_000
MOST_CHARACTERS_BEFORE = 1_500
MOST_CHARACTERS_SEEN = 1_000
MOST_DESCRIPTIONS = 4
RUNS_LOOKED_AT = 8
HELPED = frozenset({"answer", "model", "tool"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What a conversation's earlier turns left: how the bot fared, what is known, and whether a run was never ended."""

    progress: Progress
    dialogue: Dialogue
    has_unended: bool


def left_before(talk: Talk, turn: Turn) -> Before:
    """What was left before a claimed turn. The first one finds nothing and asks nobody."""
    if turn.is_first:
        return Before(progress=_progress([]), dialogue=Dialogue(slots={}, waiting=""), has_unended=False)
    runs = _runs.all(talk.conversation_id, talk.lines[0].seq if talk.lines else 0)
    replies = [(kind, offered) for state, kind, offered in runs if state != AgentRun.State.RUNNING]
    return Before(
        progress=_progress(replies[:RUNS_LOOKED_AT]),
        dialogue=dialogue_of(talk.conversation_id),
        has_unended=len(replies) < len(runs),
    )


def brief_of(talk: Talk, turn: Turn, *, answering: Answering, before: Before) -> Brief:
    """The brief of a claimed turn: all unanswered messages together are its message.

    What nobody sees is left out, and of very long messages the beginning is taken.
    """
    history = tuple(_history_line(line) for line in talk.lines if not _is_covered(line, turn))
    asked = asked_in(talk, turn)
    texts = [words for line in asked if (words := _words_of(line))]
    descriptions = [readable(seen)[:MOST_CHARACTERS_SEEN] for line in asked for seen in line.media.seen]
    return Brief(
        release_id=answering.release_id,
        conversation_id=talk.conversation_id,
        account_id=talk.account_id,
        customer_id=talk.customer_id,
        message=truncate("\n".join(texts), MOST_CHARACTERS),
        message_kinds=tuple(line.kind for line in asked),
        pictures=sum(line.media.pictures for line in asked),
        descriptions=tuple(descriptions[:MOST_DESCRIPTIONS]),
        history=history,
        remembered=remember(talk, history),
        channel=ChannelFacts(platform=talk.platform, text_limit=talk.text_limit, is_public=talk.is_public),
        progress=before.progress,
        language_prior=talk.language or talk.locale[:2].lower() or None,
        customer=CustomerFacts(
            id=talk.customer_public_id, platform=talk.platform, email=talk.customer_email if talk.is_vouched_for else ""
        ),
        dialogue=before.dialogue,
        switched_off=tuple(_switched_off.all()) if answering.has_intents_off else (),
    )


def asked_in(talk: Talk, turn: Turn) -> list[TalkLine]:
    """The customer's lines that a turn answers."""
    return [line for line in talk.lines if _is_covered(line, turn)]


@Read
def _switched_off() -> QuerySet[IntentSwitch, str]:
    return IntentSwitch.objects.filter(is_enabled=False).order_by("intent").values_list("intent", flat=True)


def _is_covered(line: TalkLine, turn: Turn) -> bool:
    return line.sender_type == "customer" and turn.from_seq <= line.seq <= turn.to_seq


def _words_of(line: TalkLine) -> str:
    """What was written, and what was said in the recordings with it. What pictures show are nobody's words."""
    said = (readable(text).strip() for text in (line.text, *line.media.heard))
    return "\n".join(text for text in said if text)


def _history_line(line: TalkLine) -> HistoryLine:
    text = truncate(_words_of(line), MOST_CHARACTERS_BEFORE)
    return HistoryLine(seq=line.seq, sender=line.sender_type, text=text, kind=line.kind, sentiment=line.sentiment)


def _progress(replies: Sequence[tuple[str | None, bool | None]]) -> Progress:
    """Count the bot's newest replies in a row that did not answer, back to its last answer."""
    failed: list[str] = []
    for kind, _ in replies:
        if kind in HELPED:
            break
        failed.append(kind or "")
    clarifications, offers = failed.count("clarify"), failed.count("offer")
    return Progress(
        clarifications=clarifications,
        offers=offers,
        failures=clarifications + offers,
        last_kind=(replies[0][0] or "") if replies else "",
        offered=bool(replies[0][1]) if replies else False,
    )


@Read
def _runs(conversation_id: int, from_seq: int) -> QuerySet[AgentRun, tuple[str, str | None, bool | None]]:
    """How the bot replied since ``from_seq``, the newest first, and what was never ended, of which the next turn leaves none."""
    replied = Q(to_seq__gte=from_seq, state__in=[AgentRun.State.REPLIED, AgentRun.State.SUPPRESSED])
    runs = AgentRun.objects.filter(replied | Q(state=AgentRun.State.RUNNING), conversation_id=conversation_id)
    told = runs.order_by("-id").values_list("state", "trace__reply__kind", "trace__reply__offers_person")
    return told[: RUNS_LOOKED_AT + 1]
