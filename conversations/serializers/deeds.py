"""What deeds are told. A field that does not stand here is refused."""

from typing import Any, get_args

from rest_framework import serializers

from conversations.services.deliveries import Decision
from conversations.types import Priority


class Nothing(serializers.Serializer[Any]):
    """No fields."""


class ReplyForm(serializers.Serializer[Any]):
    """What to say to the customer."""

    text = serializers.CharField(trim_whitespace=False, max_length=65_536)
    keep_bot = serializers.BooleanField(default=False, help_text="Let the bot go on answering afterwards.")
    expected_last_seq = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=0,
        max_value=2**62,
        help_text="`last_in_seq` as you know it: 409 if the customer has written since.",
    )


class NoteForm(serializers.Serializer[Any]):
    """What to tell colleagues."""

    text = serializers.CharField(trim_whitespace=False, max_length=65_536)


class EscalateForm(serializers.Serializer[Any]):
    """Why a person is needed."""

    detail = serializers.CharField(max_length=300)
    priority = serializers.ChoiceField(choices=Priority.choices, default=Priority.NORMAL)


class ReasonForm(serializers.Serializer[Any]):
    """Why, where it has to be said."""

    reason = serializers.CharField(max_length=300, allow_blank=True, default="")


class HandBackForm(serializers.Serializer[Any]):
    """What colleagues should know."""

    note = serializers.CharField(max_length=65_536, allow_blank=True, default="")


class AssignForm(serializers.Serializer[Any]):
    """To whom; null is back into the queue."""

    to = serializers.UUIDField(allow_null=True, help_text="A colleague's id; null puts it back into the queue.")
    reason = serializers.CharField(max_length=300, allow_blank=True, default="")


class DecideForm(serializers.Serializer[Any]):
    """What became of a message in doubt, or is to become of it."""

    decision = serializers.ChoiceField(choices=sorted(get_args(Decision)))
    reason = serializers.CharField(max_length=300, allow_blank=True, default="")
    seen_fence = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=0, max_value=2**62)
