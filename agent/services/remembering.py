"""What a long thread leaves in memory: its newest lines word for word, within a budget; of all before, what was told."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from django.db.models import F

from agent.graph.state import Fact, HistoryLine, Remembered
from agent.services.card import facts_in
from conversations.models import Message
from conversations.services.talks import MOST_LINES as MOST_READ_WHOLE
from conversations.types import Talk

HISTORY_CHARACTERS = 5_000
"""What the lines that a language model reads word for word may have together."""

REMEMBERED_CHARACTERS = 1_000
"""What is kept of the lines before them may have."""

MOST_LINES = 400
"""How far back is read."""

LONGEST_ITEM = 120

Item = TypeVar("Item")
Earlier = tuple[int, str, str, Any]


def remember(talk: Talk, history: Sequence[HistoryLine]) -> Remembered | None:
    """What of the talk reaches a model beside its newest lines; None where all of it fits, and nothing is looked up."""
    kept = _fitting(history)
    if kept == len(history) and len(talk.lines) < MOST_READ_WHOLE:
        return None
    before = history[-kept]["seq"] if kept else talk.lines[-1].seq
    earlier = list(
        Message.objects.filter(
            conversation_id=talk.conversation_id, seq__lt=before, seq__gte=F("conversation__bot_context_from_seq")
        )
        .order_by("-seq")
        .values_list("seq", "sender_type", "text", "sources")[:MOST_LINES]
    )
    facts, left = _within(_facts(earlier), REMEMBERED_CHARACTERS, lambda fact: len(fact["label"]) + len(fact["value"]))
    told, _ = _within(_told(earlier), left, len)
    return Remembered(lines=kept, facts=facts, told=told)


def _fitting(history: Sequence[HistoryLine]) -> int:
    """How many of the newest lines fit."""
    room = HISTORY_CHARACTERS
    for number, line in enumerate(reversed(history)):
        room -= len(line["text"])
        if room < 0:
            return number
    return len(history)


def _within(items: Sequence[Item], room: int, size: Callable[[Item], int]) -> tuple[list[Item], int]:
    """The first items that fit, and the room that is left."""
    kept: list[Item] = []
    for item in items:
        if size(item) > room:
            break
        room -= size(item)
        kept.append(item)
    return kept, room


def _facts(earlier: Iterable[Earlier]) -> list[Fact]:
    """What the customer told, the newest first; of what was told twice the newest."""
    found: dict[str, Fact] = {}
    for seq, sender, text, _ in earlier:
        if sender != Message.Sender.CUSTOMER:
            continue
        for fact in facts_in([(seq, text)]):
            found.setdefault(fact["value"], Fact(label=fact["label"], value=fact["value"], seq=fact["seq"]))
    return [fact for fact in found.values() if len(fact["value"]) <= LONGEST_ITEM]


def _told(earlier: Iterable[Earlier]) -> list[str]:
    """The titles of what the bot answered from, the newest first."""
    titles = [
        source["title"][:LONGEST_ITEM]
        for _, sender, _, sources in earlier
        if sender == Message.Sender.BOT
        for source in sources or []
    ]
    return list(dict.fromkeys(titles))
