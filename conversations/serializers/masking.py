"""Customers' words as whoever asks may read them: masked as the workspace masks them, whole for a key with ``personal:read``."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from conversations.models import Message
from core.authentication import caller
from core.personal import hidden_address, masked
from core.policy import Action, allows

Context = Mapping[str, Any]


def reads_whole(context: Context) -> bool:
    """Whether whoever asks reads what is personal. Where a serializer was not told who asks, nobody does."""
    request = context.get("request")
    who = caller(request) if request is not None else None
    return who is not None and allows(who, Action.READ_PERSONAL)


def words(text: str, context: Context) -> str:
    """A customer's words, or what was made of them."""
    return text if reads_whole(context) else masked(text)


def said(message: Message, context: Context) -> str:
    """What a message says. The words of the house are whole for everybody: its own addresses and numbers stand in them."""
    return words(message.text, context) if message.sender_type == Message.Sender.CUSTOMER else message.text


def address(e_mail: str, context: Context) -> str:
    """An e-mail address that is a field of its own."""
    return e_mail if reads_whole(context) else hidden_address(e_mail)


class Words(serializers.CharField):
    """A text that holds a customer's words, as whoever asks may read it."""

    def __init__(self, **options: Any) -> None:
        """Only to be read."""
        super().__init__(read_only=True, **options)

    def to_representation(self, value: Any) -> str:
        """The text, masked but for who reads it whole."""
        return words(str(value), self.context)
