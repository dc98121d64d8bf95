"""Rows in the words of the chat page."""

from typing import TypedDict

from conversations.models import Attachment, Conversation, Message
from core.text import shown


class AttachmentOnWire(TypedDict):
    """Something that came with a message.

    ``url`` is that of a picture, a recording or a document, below the chat's address; it asks for the token.
    """

    kind: str
    name: str
    url: str | None


# In the functional form, because `from` is no name that a class body may hold.
MessageOnWire = TypedDict(
    "MessageOnWire",
    {
        "id": str,
        "seq": int,
        "from": str,
        "author": str | None,
        "text": str,
        "attachments": list[AttachmentOnWire],
        "sources": list[dict[str, str]],
        "created_at": str,
        "client_msg_id": str | None,
    },
)


class State(TypedDict):
    """Who answers now, and what the visitor has not seen."""

    owner: str
    name: str | None
    unread: int
    closed: bool


def message_on_wire(message: Message) -> MessageOnWire:
    """The message for its visitor. Nothing of staff leaves here but the name they answer under."""
    return {
        "id": str(message.public_id),
        "seq": message.seq,
        "from": message.sender_type,
        "author": message.author_name or None,
        "text": shown(message.text),
        "attachments": [_attachment_on_wire(item) for item in message.attachments.all()],
        "sources": [{"title": source.get("title", "")} for source in message.sources],
        "created_at": message.created_at.isoformat(),
        "client_msg_id": message.details.get("client_msg_id"),
    }


def _attachment_on_wire(attachment: Attachment) -> AttachmentOnWire:
    return {"kind": attachment.kind, "name": attachment.name, "url": _url(attachment)}


def _url(attachment: Attachment) -> str | None:
    if attachment.is_shown:
        return f"pictures/{attachment.public_id}"
    if attachment.is_recording:
        return f"recordings/{attachment.public_id}"
    return f"files/{attachment.public_id}" if attachment.is_document else None


def state_on_wire(conversation: Conversation | None) -> State:
    """Who answers now. A bot that owes an answer is shown as typing by the caller."""
    if conversation is None:
        return {"owner": "bot", "name": None, "unread": 0, "closed": False}
    owner = "bot"
    if conversation.mode == Conversation.Mode.HUMAN:
        owner = "human" if conversation.assignee else "waiting"
    unread = conversation.messages.filter(
        seq__gt=conversation.read_to_seq, direction=Message.Direction.OUTBOUND
    ).count()
    return {
        "owner": owner,
        "name": conversation.assignee.display_name if conversation.assignee else None,
        "unread": unread,
        "closed": conversation.mode == Conversation.Mode.CLOSED,
    }


def bot_is_typing(conversation: Conversation | None) -> bool:
    """Whether the bot owes the visitor an answer."""
    return conversation is not None and conversation.is_with_bot and conversation.owes_an_answer
