"""A request in a model's messages: instructions apart from data, and data in blocks it cannot close."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from agent.graph import prompts
from agent.graph.context import WriteRequest
from core.personal import Placeholders

MOST_CHARACTERS = 4_000
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")


def messages_of(request: WriteRequest) -> list[BaseMessage]:
    """The messages for one call. The same request gives the same messages."""
    mark = _mark(request)
    system = "\n\n".join(part for part in (request.persona, request.guidance, prompts.DATA_RULE) if part)
    messages: list[BaseMessage] = [SystemMessage(system), *_history(request, mark)]
    parts = [_block(mark, "known from earlier messages", "\n".join(request.remembered))] if request.remembered else []
    parts += [
        _block(mark, f"passage {p['passage']}", f"{p['title']}\n{p['heading']}\n{p['text']}") for p in request.passages
    ]
    parts += [
        _block(mark, "picture with the message, as a machine describes it", seen) for seen in request.descriptions
    ]
    parts.append(_block(mark, "customer message", request.message))
    parts.append(prompts.TASK.format_map({"language": request.language, "characters": str(request.max_characters)}))
    if request.objections:
        parts.append("\n".join([prompts.OBJECTION, *(f"- {objection}" for objection in request.objections)]))
    return [*messages, HumanMessage("\n\n".join(parts))]


def digest_of(messages: Sequence[BaseMessage]) -> str:
    """A hash of what is asked, by which the answer to it is found again."""
    whole = "\x00".join(f"{message.type}\x01{message.content}" for message in messages)
    return hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()


def without_personal(request: WriteRequest, personal: Placeholders) -> WriteRequest:
    """The request with placeholders for what is personal in the talk. Passages are the business's own words and stay."""
    return replace(
        request,
        message=personal.hide(request.message),
        history=tuple({**line, "text": personal.hide(line["text"])} for line in request.history),
        objections=tuple(personal.hide(objection) for objection in request.objections),
        remembered=tuple(personal.hide(line) for line in request.remembered),
        descriptions=tuple(personal.hide(seen) for seen in request.descriptions),
    )


def _history(request: WriteRequest, mark: str) -> Sequence[BaseMessage]:
    lines: list[BaseMessage] = []
    for line in request.history:
        if not line["text"]:
            continue
        if line["sender"] == "customer":
            lines.append(HumanMessage(_block(mark, "earlier customer message", line["text"])))
        elif lines:
            lines.append(AIMessage(line["text"][:MOST_CHARACTERS]))
    return lines


def _mark(request: WriteRequest) -> str:
    """A word that the data cannot contain on purpose, because it depends on all of the data."""
    whole = "\x00".join(
        [
            request.message,
            *(line["text"] for line in request.history),
            *request.remembered,
            *request.descriptions,
            *(p["text"] for p in request.passages),
        ]
    )
    return hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()[:12]


def _block(mark: str, label: str, text: str) -> str:
    cleaned = _INVISIBLE.sub("", text)[:MOST_CHARACTERS].replace(mark, "")
    return f"[[{mark} {label}]]\n{cleaned}\n[[{mark} end]]"
