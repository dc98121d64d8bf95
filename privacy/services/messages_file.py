"""Messages as a file for spreadsheets, written part by part, so that neither memory nor time grows with their number."""

import os
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db.models import QuerySet

from conversations.models import Attachment, Conversation, Message
from core.crashpoints import crash_point
from core.sheets import as_csv
from privacy import folder
from privacy.models import Export

# Each may be as long as a message can be, four bytes a character: 65 MB then.
CHUNK = 250
PART_SECONDS = 10.0
COLUMNS = (
    "conversation", "channel", "account", "customer", "number", "time", "sender", "author", "kind", "text", "intent", "language",
    "transcripts",
)  # fmt: skip


def write_messages(export: Export) -> bool:
    """Write for some seconds; True once the file is whole and in its place. The row says how far the file is good."""
    partial, whole = folder.partial_path_of(export), folder.path_of(export)
    if export.size and not partial.exists():
        if whole.exists():
            return True
        # The folder was emptied: begin anew.
        export.cursor = export.size = export.rows = 0
    is_done = False
    with partial.open("r+b" if partial.exists() else "wb") as file:
        # What was written after the row was last saved is not known to be whole.
        file.truncate(export.size)
        file.seek(export.size)
        if not export.size:
            file.write(as_csv([COLUMNS]).encode())
        ends = time.monotonic() + PART_SECONDS
        while not is_done and time.monotonic() < ends:
            rows = list(_messages(export)[:CHUNK])
            file.writelines(as_csv([line], is_start=False).encode() for line in _lines(rows))
            crash_point("export.mid_stream")
            export.rows += len(rows)
            export.cursor = rows[-1].pk if rows else export.cursor
            is_done = len(rows) < CHUNK
        file.flush()
        os.fsync(file.fileno())
        export.size = file.tell()
    same = Export.objects.filter(pk=export.pk, state=Export.State.APPROVED, version=export.version)
    kept = same.update(cursor=export.cursor, size=export.size, rows=export.rows)
    if not is_done or not kept:
        return False
    partial.replace(whole)
    return True


def _messages(export: Export) -> QuerySet[Message]:
    """The next messages, as far as whoever asked may read them."""
    if export.requested_by is None:
        return Message.objects.none()
    readable = Conversation.objects.visible_to(export.requested_by).filter(customer__erased_at=None)
    found = Message.objects.filter(conversation__in=readable, created_at__lt=export.until, pk__gt=export.cursor)
    if export.since is not None:
        found = found.filter(created_at__gte=export.since)
    return found.select_related("conversation__customer").order_by("pk")


def _transcripts(messages: Iterable[Message]) -> dict[int, list[str]]:
    """What was said in each one's recordings. Not prefetched: rows that hold one another wait for the collector to go."""
    found: dict[int, list[str]] = defaultdict(list)
    heard = Attachment.objects.filter(message__in=messages, kind="audio").order_by("pk")
    for pk, words in heard.values_list("message_id", "reading_text"):
        found[pk].append(words)
    return found


def _lines(messages: Sequence[Message]) -> Iterable[list[str]]:
    transcripts = _transcripts(messages)
    for message in messages:
        conversation = message.conversation
        yield [
            str(conversation.public_id),
            conversation.platform,
            conversation.account_name,
            conversation.customer.display_name,
            str(message.seq),
            message.created_at.isoformat(),
            message.sender_type,
            message.author_name,
            message.kind,
            message.text,
            message.intent,
            message.language,
            "\n".join(transcripts.get(message.pk, ())),
        ]
