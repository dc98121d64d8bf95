"""Writing down what happened, in the transaction in which it happens, and handing it over once."""

from collections.abc import Sequence
from typing import Any

from conversations.models import Conversation, Escalation, Fact, Message
from core import rows


def note(
    kind: Fact.Kind,
    conversation: Conversation,
    *,
    message: Message | None = None,
    message_id: int | None = None,
    escalation: Escalation | None = None,
    **details: Any,
) -> None:
    """Write a fact of a locked conversation. ``details`` name no customer and hold none of their words."""
    rows.insert(
        Fact(
            kind=kind,
            conversation_id=conversation.pk,
            message_id=message.pk if message else message_id,
            escalation_id=escalation.pk if escalation else None,
            details=details,
        )
    )


def note_received(messages: Sequence[Message]) -> None:
    """Write the facts that these customers' messages came, in conversations that are locked."""
    kind = Fact.Kind.RECEIVED
    rows.insert_all([Fact(kind=kind, conversation_id=each.conversation_id, message_id=each.pk) for each in messages])


def take_facts(limit: int) -> list[Fact]:
    """The oldest facts, which leave the outbox with the caller's transaction; what another holds is passed over."""
    held = list(Fact.objects.select_for_update(skip_locked=True).order_by("id")[:limit])
    Fact.objects.filter(pk__in=[fact.pk for fact in held]).delete()
    return held
