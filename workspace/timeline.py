"""What was said and done in one conversation, oldest first: messages, notes for colleagues, and who took over when."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from conversations.models import Attachment, Conversation, Delivery, Escalation, Message, Note
from core.personal import masked
from core.text import shown
from workspace import wording
from workspace.wording import DeliveryWords

PAGE = 50
GROUP_WITHIN = timedelta(minutes=3)
MOST_MARKS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineReading:
    """What a machine read in a file: the words of a recording, or what a picture shows. ``reader`` says which machine.

    ``is_missing`` says that ``text`` only tells why there is nothing to be read.
    """

    label: str
    text: str
    reader: str = ""
    is_missing: bool = False
    reveal_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """Something that came with a message. Only what we keep has an address; a stranger's address is never a link."""

    name: str
    words: str
    url: str = ""
    is_picture: bool = False
    is_recording: bool = False
    reading: MachineReading | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the timeline. ``kind`` is customer, bot, human, system, note, mark or day."""

    key: str
    kind: str
    at: datetime
    text: str = ""
    author: str = ""
    role: str = ""
    initials: str = ""
    hue: int = 1
    seq: int = 0
    is_grouped: bool = False
    remarks: list[str] = field(default_factory=list)
    warning: str = ""
    placeholder: str = ""
    sources: list[str] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    delivery: DeliveryWords | None = None
    delivery_url: str = ""
    why_url: str = ""
    reveal_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A stretch of a conversation; ``older_url`` loads what came before it."""

    entries: list[Entry]
    older_url: str = ""


def stretch(conversation: Conversation, *, before: int | None = None) -> Timeline:
    """The newest PAGE messages, or those before seq ``before``, with the notes and marks that fall between them."""
    found = conversation.messages.order_by("-seq").prefetch_related("attachments").select_related("delivery")
    if before is not None:
        found = found.filter(seq__lt=before)
    newest_first = list(found[: PAGE + 1])
    messages = newest_first[:PAGE][::-1]
    has_older = len(newest_first) > PAGE
    entries = list(_in_order(conversation, messages, has_older=has_older, before=before))
    older_url = ""
    if has_older:
        older_url = reverse("workspace-earlier", args=[conversation.public_id]) + f"?before={messages[0].seq}"
    return Timeline(entries=entries, older_url=older_url)


def _in_order(
    conversation: Conversation, messages: list[Message], *, has_older: bool, before: int | None
) -> Iterator[Entry]:
    first = messages[0].seq if messages and has_older else 0
    notes = conversation.notes.filter(after_seq__gte=first)
    if before is not None:
        notes = notes.filter(after_seq__lt=before)
    beginning = messages[0].created_at if messages and has_older else None
    end = conversation.messages.filter(seq=before).values_list("created_at", flat=True).first() if before else None
    others = sorted(
        [*map(_note, notes.order_by("-id")[:PAGE]), *_marks(conversation, beginning, end)], key=lambda entry: entry.at
    )
    said = [_entry(conversation, message) for message in messages]
    yield from _with_days(_grouped(_merged(said, others)))


def _merged(said: list[Entry], others: list[Entry]) -> Iterator[Entry]:
    """Messages keep the order of their numbers; everything else goes before the first message that is younger."""
    waiting = iter(others)
    other = next(waiting, None)
    for entry in said:
        while other is not None and other.at < entry.at:
            yield other
            other = next(waiting, None)
        yield entry
    while other is not None:
        yield other
        other = next(waiting, None)


def _grouped(entries: Iterable[Entry]) -> Iterator[Entry]:
    last: Entry | None = None
    for entry in entries:
        joins = (
            last is not None
            and entry.kind in {"customer", "bot", "human"}
            and (entry.kind, entry.author) == (last.kind, last.author)
            and entry.at - last.at < GROUP_WITHIN
            and not entry.remarks
        )
        last = entry
        yield _replaced(entry) if joins else entry


def _replaced(entry: Entry) -> Entry:
    values = {name: getattr(entry, name) for name in Entry.__slots__}
    return Entry(**(values | {"is_grouped": True}))


def _with_days(entries: Iterable[Entry]) -> Iterator[Entry]:
    day: date | None = None
    for entry in entries:
        here = timezone.localtime(entry.at).date()
        if here != day:
            day = here
            yield Entry(key=f"day-{here.isoformat()}", kind="day", at=entry.at, text=_day_words(here))
        yield entry


def _day_words(day: date) -> str:
    today = timezone.localdate()
    if day == today:
        return _("Today")
    if day == today - timedelta(days=1):
        return _("Yesterday")
    return date_format(day, "j F Y")


def _entry(conversation: Conversation, message: Message) -> Entry:
    delivery: Delivery | None = getattr(message, "delivery", None)
    author, role = _who(conversation, message)
    has_run = message.run_id is not None and message.direction == Message.Direction.OUTBOUND
    files = [_file(conversation, each, author) for each in message.attachments.all()]
    is_person = message.sender_type == Message.Sender.HUMAN
    # What a customer tells about themselves is shown to whoever asks for it, and that is noted.
    text = masked(message.text) if message.sender_type == Message.Sender.CUSTOMER else message.text
    is_masked = text != message.text
    return Entry(
        key=f"m{message.seq}",
        kind=message.sender_type,
        at=message.created_at,
        text=shown(text),
        author=author,
        role=role,
        initials=wording.initials(author),
        hue=wording.hue(message.author_id or 0) if is_person else wording.hue(conversation.customer_id),
        seq=message.seq,
        remarks=wording.remarks(message),
        warning=wording.warning(message),
        placeholder="" if message.text or files else wording.humanise(message.kind),
        sources=[str(each["title"]) for each in message.sources if isinstance(each, dict) and each.get("title")],
        files=files,
        delivery=wording.delivery_words(delivery) if delivery is not None else None,
        delivery_url=reverse("workspace-delivery", args=[delivery.public_id]) if delivery is not None else "",
        why_url=reverse("workspace-why", args=[conversation.public_id, message.public_id]) if has_run else "",
        reveal_url=reverse("workspace-reveal", args=[conversation.public_id, message.public_id]) if is_masked else "",
    )


def _who(conversation: Conversation, message: Message) -> tuple[str, str]:
    match message.sender_type:
        case Message.Sender.CUSTOMER:
            return conversation.customer.display_name, _("Customer")
        case Message.Sender.BOT:
            return _("Bot"), _("Automatic")
        case Message.Sender.HUMAN:
            return message.author_name or _("Colleague"), _("Staff")
        case _:
            return _("Automatic message"), _("to the customer")


def _file(conversation: Conversation, attachment: Attachment, author: str) -> File:
    name = attachment.name or wording.humanise(attachment.kind)
    if attachment.state == Attachment.State.KEPT and attachment.file:
        if attachment.is_shown and not attachment.name:
            name = _("Picture from %(name)s") % {"name": author}
        return File(
            name=name,
            words=_("Open"),
            url=reverse("workspace-attachment", args=[attachment.public_id]),
            is_picture=attachment.is_shown,
            is_recording=attachment.is_recording,
            reading=_reading(conversation, attachment),
        )
    words = {
        Attachment.State.WAITING: _("being fetched"),
        Attachment.State.FAILED: _("could not be fetched"),
    }.get(Attachment.State(attachment.state), _("stays on the platform"))
    return File(name=name, words=words)


def _reading(conversation: Conversation, attachment: Attachment) -> MachineReading | None:
    """What a machine read, or why there is nothing yet; None for what is not read by machines."""
    label = _("Transcript") if attachment.kind == "audio" else _("Description")
    match attachment.reading_state:
        case Attachment.ReadingState.PENDING:
            words = _("is being made…")
        case Attachment.ReadingState.FAILED:
            is_heard = attachment.kind == "audio"
            words = _("This could not be transcribed.") if is_heard else _("This could not be described.")
        case Attachment.ReadingState.DONE if not attachment.reading_text:
            words = _("No words were found in it.")
        case Attachment.ReadingState.DONE:
            return _read(conversation, attachment, label)
        case _:
            return None
    return MachineReading(label=label, text=words, is_missing=True)


def _read(conversation: Conversation, attachment: Attachment, label: str) -> MachineReading:
    text = masked(attachment.reading_text)
    is_masked = text != attachment.reading_text
    address = [conversation.public_id, attachment.public_id]
    return MachineReading(
        label=label,
        text=shown(text),
        reader=_("Made by %(provider)s (%(model)s). It may be wrong.")
        % {"provider": attachment.reading_provider, "model": attachment.reading_model},
        reveal_url=reverse("workspace-reveal-reading", args=address) if is_masked else "",
    )


def _note(note: Note) -> Entry:
    return Entry(
        key=f"n{note.pk}",
        kind="note",
        at=note.created_at,
        text=note.text,
        author=note.author_name,
        role=_("Note, staff only"),
        initials=wording.initials(note.author_name),
        hue=wording.hue(note.author_id or 0),
    )


def _marks(conversation: Conversation, beginning: datetime | None, end: datetime | None) -> Iterator[Entry]:
    escalations = conversation.escalations.select_related("claimed_by").order_by("-id")[:MOST_MARKS]
    for escalation in escalations:
        for entry in _marks_of(escalation):
            if (beginning is None or entry.at >= beginning) and (end is None or entry.at < end):
                yield entry


def _marks_of(escalation: Escalation) -> Iterator[Entry]:
    reason = _(escalation.get_reason_display())
    yield Entry(
        key=f"e{escalation.pk}-opened",
        kind="mark",
        at=escalation.created_at,
        text=_("Handed to people: %(reason)s") % {"reason": reason},
    )
    if escalation.claimed_at is not None:
        name = escalation.claimed_by.display_name if escalation.claimed_by else _("A colleague")
        yield Entry(
            key=f"e{escalation.pk}-claimed",
            kind="mark",
            at=escalation.claimed_at,
            text=_("%(name)s took over") % {"name": name},
        )
    if escalation.closed_at is not None:
        outcome = _(Escalation.Outcome(escalation.outcome).label)
        yield Entry(key=f"e{escalation.pk}-closed", kind="mark", at=escalation.closed_at, text=str(outcome))
