"""Notes for colleagues: in another table than messages, never sent, and erased with the customer."""

from conversations.exceptions import NothingToWrite
from conversations.models import Conversation, Note
from core.models import ApiKey, User
from core.text import clean_text

REASON_CHARACTERS = 300


def write_note(conversation: Conversation, text: str, by: User | ApiKey) -> Note:
    """Write one into a locked conversation. Raises NothingToWrite."""
    words = clean_text(text).strip()
    if not words:
        raise NothingToWrite
    return Note.objects.create(
        conversation=conversation,
        author=by if isinstance(by, User) else None,
        author_name=by.display_name,
        after_seq=conversation.last_seq,
        text=words,
    )


def note_reason(conversation: Conversation, deed: str, reason: str, by: User | ApiKey) -> dict[str, int]:
    """Keep why somebody did ``deed`` as a note; returns what the audit trail is told, as ``reason_told`` does."""
    why = clean_reason(reason)
    if why:
        write_note(conversation, f"{deed}: {why}", by)
    return reason_told(why)


def clean_reason(reason: str) -> str:
    """Why somebody did something, as it is kept; empty is no reason."""
    return clean_text(reason, limit=REASON_CHARACTERS).strip()


def reason_told(why: str) -> dict[str, int]:
    """What the audit trail says of a reason: its length alone; ``{}`` without one.

    A person's words may name the customer. A note is erased with the customer; the audit trail is not.
    """
    return {"reason_characters": len(why)} if why else {}
