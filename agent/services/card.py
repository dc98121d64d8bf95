"""The hand-off card: what a person needs to know, read from what was said and what the bot did. Nothing is made up."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from agent.graph.state import AgentState, HistoryLine
from agent.models import Intent
from conversations.types import ReasonCategory
from core.text import one_line

_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("Order number", re.compile(r"(?<![\w@.])(?:#\s?\d{4,12}|[A-Z]{2,4}-?\d{4,12}|\d{6,12})(?![\w@.])")),
    ("E-mail", re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]+(?:\.[\w-]+)+")),
    ("Phone", re.compile(r"(?<!\w)\+\d[\d\s/()-]{7,16}\d")),
    (
        "Amount",
        re.compile(r"(?:[€$£]\s?\d+(?:[.,]\d{1,2})?|(?<!\d)\d++(?:[.,]\d{1,2})?\s?(?:€|EUR|USD|euros?|dollars?)\b)"),
    ),
    ("Date", re.compile(r"\b(?:\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{2,4})\b")),
)
_NEEDS_ORDER = frozenset(
    {
        "order_status", "refund_status", "damaged_item", "wrong_item", "cancel_order", "change_address", "start_return",
        "invoice",
    }
)  # fmt: skip
_MOST_FACTS = 8
_TRIED_CHARACTERS = 200

NEXT_STEPS: dict[str, str] = {
    ReasonCategory.DANGER: "Look at this first: make sure that nobody is in danger, then answer.",
    ReasonCategory.SECURITY: "Secure the account first: lock it, look at its last orders, and check who writes.",
    ReasonCategory.URGENT: "It cannot wait: answer soon, or say when you will.",
    ReasonCategory.DISPUTE: "Stay calm and factual: check what is claimed, and promise or admit nothing before that.",
    ReasonCategory.ASKED: "Say hello as a person and answer what was asked.",
    ReasonCategory.NEGATIVE: "Acknowledge what went wrong before solving it.",
    ReasonCategory.LOW_CONFIDENCE: "Answer it; if it will come again, write an article.",
    ReasonCategory.REPEATED: "The bot's answers did not help: find out what is really meant.",
    ReasonCategory.POLICY: "Decide as the policy asks; the bot must not.",
    ReasonCategory.LANGUAGE: "The bot does not speak the customer's language: answer in it, or in one that both sides read.",
    ReasonCategory.PICTURE: "Look at the picture, then answer; the bot cannot see it.",
    ReasonCategory.APPROVAL: "Decide about what waits: approve it, change it, decline it, or ask the customer.",
    ReasonCategory.BOT_FAILED: "Answer it; the bot could not.",
}


def card_of(state: AgentState, *, history: Sequence[HistoryLine], asked_seq: int, release_id: int) -> dict[str, Any]:
    """``{wants, tried, facts: [{label, value, seq}], missing, next_step}``; facts name the message they stand in."""
    lines = [(line["seq"], line["text"]) for line in history if line["sender"] == "customer"]
    facts = facts_in([*lines, (asked_seq, state["message"])])
    intent = state.get("intent", "")
    return {
        "wants": _wants(state["message"], intent, release_id),
        "tried": _tried(history),
        "facts": facts,
        "missing": ["Order number"] if intent in _NEEDS_ORDER and not _has(facts, "Order number") else [],
        "next_step": NEXT_STEPS.get(state.get("escalation_reason", ""), ""),
    }


def _wants(message: str, intent: str, release_id: int) -> str:
    """What the intent means; empty where there were no words that could have one."""
    if not any(sign.isalnum() for sign in message):
        return ""
    found = Intent.objects.filter(release_id=release_id, key=intent).values_list("description", flat=True).first()
    return found or ""


def facts_in(lines: Iterable[tuple[int, str]]) -> list[dict[str, Any]]:
    """Numbers, addresses, amounts and dates the customer gave, each once, with the message's number."""
    facts: list[dict[str, Any]] = []
    seen: set[str] = set()
    for seq, text in lines:
        taken = text
        for label, pattern in reversed(_PATTERNS):
            for match in pattern.finditer(taken):
                if match.group() not in seen:
                    seen.add(match.group())
                    facts.append({"label": label, "value": match.group(), "seq": seq})
            taken = pattern.sub(" ", taken)
    return facts[:_MOST_FACTS]


def _has(facts: Sequence[dict[str, Any]], label: str) -> bool:
    return any(fact["label"] == label for fact in facts)


def _tried(history: Sequence[HistoryLine]) -> list[str]:
    return [one_line(line["text"], _TRIED_CHARACTERS) for line in history if line["sender"] == "bot"][-3:]
