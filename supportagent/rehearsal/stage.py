"""Playing a dialogue: a visitor of the web chat writes, the bot answers, and what they read and how it ends is judged."""

import json
import re
import struct
import uuid
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from agent.models import AgentRun, Article, PriceTier, Product
from conversations.models import Conversation, Escalation, Message
from integrations.models import PlatformAccount, Visitor
from integrations.webchat import services as webchat
from integrations.webchat.files import SentFile
from supportagent.rehearsal.script import Dialogue, DialogueTurn, Ware

Answer = Callable[[int], object]
"""Lets the bot answer the conversation of a primary key, if an answer is due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the visitor reads after a turn, the slugs of the articles that it quotes, and what the bot made of the turn."""

    text: str
    articles: frozenset[str]
    why: str


def rehearse(dialogue: Dialogue, account: PlatformAccount, answer: Answer) -> list[str]:
    """Play a dialogue to its end; what was not as the script says, a line each."""
    stage = _Stage(account=account, visitor=_visitor(account, dialogue), answer=answer)
    faults: list[str] = []
    with _price_list(dialogue.products):
        for turn in dialogue.turns:
            told = stage.play(turn)
            faults += [f"{fault} {turn.says} → {told.text!r} {told.why}" for fault in _not_told(turn, told)]
    return [*faults, *_ended_otherwise(dialogue, stage.conversation)]


@dataclass(slots=True, kw_only=True)
class _Stage:
    """One visitor's thread."""

    account: PlatformAccount
    visitor: Visitor
    answer: Answer
    _read: int = field(default=0)

    @property
    def conversation(self) -> Conversation:
        """The conversation as it stands."""
        return Conversation.objects.get(account_id=self.account.pk, thread_key=self.visitor.thread_key)

    def play(self, turn: DialogueTurn) -> Told:
        """What the visitor sends in a turn, and what they are told."""
        for number, text in enumerate(turn.says or ("",)):
            self._write(text, with_picture=turn.picture and number == 0)
        conversation = self.conversation
        # They have finished writing.
        Conversation.objects.filter(pk=conversation.pk).update(ready_at=timezone.now() - timedelta(seconds=1))
        self.answer(conversation.pk)
        shown = Message.objects.filter(conversation=conversation, direction="out", seq__gt=self._read).order_by("seq")
        fresh = list(shown)
        self._read = fresh[-1].seq if fresh else self._read
        cited = [source["article"] for message in fresh for source in message.sources if source["article"]]
        slugs = Article.objects.filter(public_id__in=cited).values_list("slug", flat=True)
        return Told(
            text="\n".join(message.text for message in fresh), articles=frozenset(slugs), why=_why(conversation)
        )

    def _write(self, text: str, *, with_picture: bool) -> None:
        known_as = uuid.uuid4()
        if with_picture:
            sent = [SentFile(name="picture.png", content=_picture())]
            webchat.send_files(self.account, self.visitor, client_msg_id=known_as, text=text, sent=sent)
        else:
            webchat.write(self.account, self.visitor, client_msg_id=known_as, text=text)


@contextmanager
def _price_list(wares: Sequence[Ware]) -> Iterator[None]:
    """The price list holds these while the block runs."""
    sold = [
        Product(
            sku=f"rehearsal-{ware.number}",
            name=ware.name,
            other_names="\n".join(ware.other_names),
            price=Decimal(ware.price),
        )
        for ware in wares
    ]
    Product.objects.bulk_create(sold)
    PriceTier.objects.bulk_create(
        PriceTier(product=product, from_quantity=int(quantity), price=Decimal(price))
        for product, ware in zip(sold, wares, strict=True)
        for quantity, price in ware.tiers.items()
    )
    try:
        yield
    finally:
        Product.objects.filter(pk__in=[product.pk for product in sold]).delete()


def _visitor(account: PlatformAccount, dialogue: Dialogue) -> Visitor:
    # From an address of its own, since the chats that are begun from one are counted.
    visitor, _ = webchat.begin(account, locale=dialogue.language, address=dialogue.name)
    return visitor


def _not_told(turn: DialogueTurn, told: Told) -> Iterator[str]:
    if bool(told.text) is turn.silent:
        yield "Something was said:" if turn.silent else "Nothing was said:"
    for pattern in turn.told:
        if not re.search(pattern, told.text, re.IGNORECASE | re.DOTALL):
            yield f"{pattern!r} was not told:"
    for pattern in turn.never:
        if re.search(pattern, told.text, re.IGNORECASE | re.DOTALL):
            yield f"{pattern!r} was told:"
    if missing := set(turn.quotes) - told.articles:
        yield f"{', '.join(sorted(missing))} was not quoted:"


def _ended_otherwise(dialogue: Dialogue, conversation: Conversation) -> Iterator[str]:
    end = dialogue.end
    if conversation.mode != end.mode:
        yield f"It ended as {conversation.mode}, not {end.mode}."
    written = Message.objects.filter(conversation=conversation, direction="in").order_by("seq")
    dispositions = tuple(written.values_list("disposition", flat=True))
    if dispositions != end.dispositions:
        yield f"The messages were {', '.join(dispositions)}, not {', '.join(end.dispositions)}."
    opened = [(each.reason, each.priority) for each in Escalation.objects.filter(conversation=conversation)]
    expected = [(end.reason, end.priority)] if end.reason else []
    if opened != expected:
        yield f"Opened was {opened or 'no escalation'}, not {expected or 'none'}."


def _why(conversation: Conversation) -> str:
    """What the last run understood and decided, for whoever reads a fault."""
    run = AgentRun.objects.filter(conversation_id=conversation.pk).order_by("-id").first()
    if run is None:
        return "(no run)"
    understood = run.trace.get("understanding", {})
    shown = {name: understood.get(name) for name in ("intent", "confidence", "route", "language", "sentiment", "says")}
    fired = [rule["key"] for rule in run.trace.get("rules", {}).get("fired", [])]
    passages = [(each["passage"], each["gate"]) for each in run.trace.get("knowledge", {}).get("passages", [])[:3]]
    return json.dumps(
        {**shown, "rules": fired, "reply": run.trace.get("reply"), "passages": passages}, ensure_ascii=False
    )


def _picture() -> bytes:
    """A grey point as a PNG: https://www.w3.org/TR/png-3/ (signature, then chunks with their length and checksum)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\x80")) + chunk(b"IEND", b"")
    )
