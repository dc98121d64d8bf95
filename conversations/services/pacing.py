"""How often the bot answers one customer: a flood is answered together, and another machine is not talked to."""

import re
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models.functions import Left

from conversations.models import Conversation, Delivery, Message
from core.text import readable

MINUTE = timedelta(minutes=1)
LOOP_WITHIN = timedelta(minutes=10)
LOOP_REPLIES = 6
# A person who repeats a question writes it differently sooner or later; a machine has one text, or two.
LOOP_TEXTS = 2
FLOOD_REPEATS = 10
_COMPARED = 200
_LOOKED_AT = 60
_SIGNS = re.compile(r"[\W_]+")


def not_before(conversation: Conversation, now: datetime) -> datetime:
    """The earliest moment of the bot's next answer here.

    No minute has more than ``BOT_TURNS_PER_MINUTE`` of them, whenever it is taken to begin: what comes after the last one
    waits, together, until the first of them is a minute old.
    """
    most = settings.BOT_TURNS_PER_MINUTE
    if conversation.out_seq < most:
        return now
    # By what was sent and not by the last messages: in a flood, the customer's own would hide the answers.
    replies = conversation.deliveries.filter(
        out_seq__gt=conversation.out_seq - _LOOKED_AT - most,
        author=Delivery.Author.BOT,
        message__created_at__gt=now - MINUTE,
    )
    moments = list(replies.order_by("-out_seq").values_list("message__created_at", flat=True)[:most])
    return max(now, min(moments[-1], now) + MINUTE) if len(moments) == most else now


def is_loop(conversation: Conversation, text: str, now: datetime) -> bool:
    """Whether the bot has given six answers in ten minutes to one or two texts that came again and again."""
    if conversation.out_seq < LOOP_REPLIES:
        return False
    recent = conversation.messages.filter(seq__gt=conversation.last_seq - _LOOKED_AT, created_at__gt=now - LOOP_WITHIN)
    lines = list(recent.order_by("-seq").values_list("sender_type", Left("text", _COMPARED)))
    replies = 0
    texts = {_gist(text)}
    for sender, words in lines:
        if sender == Message.Sender.BOT:
            replies += 1
        elif sender == Message.Sender.CUSTOMER:
            texts.add(_gist(words))
        if len(texts) > LOOP_TEXTS:
            return False
        if replies == LOOP_REPLIES:
            return True
    return False


def is_flood(conversation: Conversation, text: str, now: datetime) -> bool:
    """Whether the customer has sent the same words ten times within ten minutes, this time included."""
    if conversation.last_in_seq < FLOOD_REPEATS:
        return False
    recent = conversation.messages.filter(seq__gt=conversation.last_seq - _LOOKED_AT, created_at__gt=now - LOOP_WITHIN)
    lines = recent.filter(sender_type=Message.Sender.CUSTOMER).values_list(Left("text", _COMPARED), flat=True)
    gist = _gist(text)
    return sum(_gist(line) == gist for line in lines) >= FLOOD_REPEATS - 1


def _gist(text: str) -> str:
    """The words and numbers, however they are set."""
    return _SIGNS.sub(" ", readable(text[:_COMPARED])).casefold().strip()
