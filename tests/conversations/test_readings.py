"""Voice notes and pictures that a machine reads: what waits for it, for how long, and what becomes of what was read."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import Settings

from conversations import services as conversations
from conversations.models import Attachment, Conversation, Escalation, Message
from conversations.types import ClaimedReading, HandOver, InboundAttachment, Reading, ReasonCategory
from conversations.wording import DANGER
from core.clock import database_now
from core.exceptions import NotAllowed
from core.models import AuditEvent
from core.pictures import FileKind
from core.policy import Role
from tests.conversations.talk import TIKTOK, answer, claimed_turn, inbound_message, person, write
from tests.recordings import OGG

pytestmark = pytest.mark.django_db

State = Attachment.ReadingState
HELD = timedelta(seconds=90)
READING = Reading(
    text="How long does delivery take?", language="en", provider="openai", model="whisper-test", cost_micros=12
)
CHANNEL = replace(TIKTOK, debounce_seconds=1)


@pytest.fixture(autouse=True)
def _with_readers(settings: Settings) -> None:
    settings.TRANSCRIPTION_MODEL, settings.DESCRIPTION_MODEL = "openai:whisper-test", "openai:gpt-test"
    settings.MODEL_CHAIN = ["openai:gpt-test"]


def sends(kind: str = "audio", text: str = "", *, source_id: str = "", is_here: bool = True) -> Attachment | None:
    """A customer sends a file, which lies here already or is still to be fetched; None for a message that was known."""
    content_type, extension = ("audio/ogg", "ogg") if kind == "audio" else ("image/png", "png")
    stored = conversations.store_file(OGG, content_type=content_type, extension=extension)
    item = InboundAttachment(kind=kind, stored=stored) if is_here else InboundAttachment(kind=kind, media_id="m-1")
    given = inbound_message(
        text, thread="thread-1", channel=CHANNEL, source_id=source_id, kind="text" if text else kind
    )
    message = conversations.receive(replace(given, attachments=(item,)))
    return message.attachments.get() if message else None


def sent(kind: str = "audio", text: str = "", *, is_here: bool = True) -> Attachment:
    """The same, for one that is new."""
    attachment = sends(kind, text, is_here=is_here)
    assert attachment is not None
    return attachment


def talk() -> Conversation:
    """The conversation as the database has it."""
    return Conversation.objects.get()


def waits() -> float:
    """For how many seconds the bot's answer waits yet."""
    ready_at = talk().ready_at
    assert ready_at is not None
    return (ready_at - database_now()).total_seconds()


def let_due() -> None:
    """As if every wait for an answer were over."""
    Conversation.objects.update(ready_at=timezone.now() - timedelta(seconds=1))


def claimed(attachment: Attachment) -> ClaimedReading:
    """A reading that somebody has claimed."""
    found = conversations.claim_reading(attachment.pk, held=HELD)
    assert found is not None
    return found


def test_an_answer_waits_for_a_voice_note_to_be_heard_and_no_longer() -> None:
    attachment = sent()
    assert attachment.reading_state == State.PENDING
    assert 13 < waits() <= 15

    assert conversations.keep_reading(claimed(attachment), READING)

    assert waits() <= 0
    attachment.refresh_from_db()
    assert (attachment.reading_state, attachment.reading_text) == (State.DONE, "How long does delivery take?")
    assert (attachment.reading_provider, attachment.reading_model) == ("openai", "whisper-test")
    assert (attachment.reading_language, attachment.reading_cost_micros, attachment.reading_attempts) == ("en", 12, 1)
    assert talk().last_customer_line == "How long does delivery take?"
    (line,) = conversations.read_talk(talk().pk).lines
    assert line.media.heard == ("How long does delivery take?",)


def test_without_a_reader_nothing_waits_and_nothing_is_to_be_read(settings: Settings) -> None:
    settings.TRANSCRIPTION_MODEL = settings.DESCRIPTION_MODEL = ""

    attachment = sent()

    assert attachment.reading_state == State.OFF
    assert waits() <= 1
    assert conversations.due_readings(10) == []


@pytest.mark.parametrize(("kind", "state"), [("video", State.NONE), ("sticker", State.NONE), ("image", State.PENDING)])
def test_only_recordings_and_pictures_are_read(kind: str, state: str) -> None:
    assert sent(kind).reading_state == state


def test_what_only_its_platform_has_is_not_read() -> None:
    given = inbound_message("", thread="thread-1", channel=CHANNEL, kind="audio")

    message = conversations.receive(
        replace(given, attachments=(InboundAttachment(kind="audio", url="https://elsewhere.example/a.ogg"),))
    )

    assert message is not None
    assert message.attachments.get().reading_state == State.NONE


def test_a_picture_is_waited_for_only_where_a_language_model_would_read_of_it(settings: Settings) -> None:
    settings.MODEL_CHAIN = []

    attachment = sent("image")

    assert attachment.reading_state == State.PENDING
    assert waits() <= 1
    settings.MODEL_CHAIN = ["openai:gpt-test"]
    sent("image")
    assert waits() > 13


def test_words_that_follow_a_voice_note_do_not_shorten_the_wait_and_danger_ends_it() -> None:
    sent()
    write("and one more thing", channel=CHANNEL)
    assert waits() > 12

    write("Help, the stove is on fire!", channel=CHANNEL)

    assert waits() <= 0


def test_voice_notes_in_a_row_wait_for_thirty_seconds_at_most() -> None:
    sent()
    Conversation.objects.update(first_unanswered_at=timezone.now() - timedelta(seconds=25))

    second = sent()

    assert 3 < waits() <= 5
    assert conversations.keep_reading(claimed(second), READING)
    assert waits() > 2, "the first is still to be heard"


def test_nothing_is_waited_for_where_that_is_switched_off(settings: Settings) -> None:
    settings.READING_WAIT_SECONDS = 0

    attachment = sent()

    assert attachment.reading_state == State.PENDING
    assert waits() <= 1


def test_two_cannot_read_the_same_and_a_dead_ones_claim_runs_out() -> None:
    attachment = sent()
    first = claimed(attachment)
    assert conversations.claim_reading(attachment.pk, held=HELD) is None
    assert conversations.due_readings(10) == []

    Attachment.objects.update(reading_due_at=timezone.now() - timedelta(seconds=1))
    second = claimed(attachment)

    assert second.attempt == 2
    assert not conversations.keep_reading(first, replace(READING, text="too late"))
    assert conversations.keep_reading(second, READING)
    assert not conversations.keep_reading(second, replace(READING, text="twice"))
    attachment.refresh_from_db()
    assert attachment.reading_text == READING.text


def test_what_is_read_later_than_an_answer_may_wait_is_not_waited_for() -> None:
    attachment = sent()

    conversations.put_off_reading(claimed(attachment), pause=timedelta(seconds=2))
    assert waits() > 12
    Attachment.objects.update(reading_due_at=timezone.now() - timedelta(seconds=1))
    conversations.put_off_reading(claimed(attachment), pause=timedelta(seconds=60), cost_micros=5)

    assert waits() <= 0
    attachment.refresh_from_db()
    assert (attachment.reading_state, attachment.reading_attempts) == (State.PENDING, 2)
    assert attachment.reading_cost_micros == 5


def test_where_nobody_was_asked_the_attempt_does_not_count() -> None:
    attachment = sent()

    conversations.put_off_reading(claimed(attachment), pause=timedelta(seconds=30), is_counted=False)

    attachment.refresh_from_db()
    assert attachment.reading_attempts == 0


def test_what_cannot_be_read_holds_nobody_up() -> None:
    attachment = sent()

    conversations.give_up_reading(claimed(attachment))

    assert waits() <= 0
    attachment.refresh_from_db()
    assert (attachment.reading_state, attachment.reading_due_at) == (State.FAILED, None)


def test_what_is_read_after_the_answer_stands_there_and_is_not_answered_again() -> None:
    attachment = sent()
    let_due()
    answer(talk())

    assert conversations.keep_reading(claimed(attachment), READING)

    attachment.refresh_from_db()
    assert attachment.reading_state == State.DONE
    assert talk().ready_at is None
    assert conversations.due_turns() == []
    assert Message.objects.filter(direction="out").count() == 1
    assert not Escalation.objects.exists()


@pytest.mark.parametrize("is_answered", [True, False])
def test_an_urgent_word_that_is_heard_too_late_calls_a_person(is_answered: bool) -> None:
    attachment = sent()
    let_due()
    if is_answered:
        answer(talk())
    else:
        claimed_turn(talk())

    conversations.keep_reading(claimed(attachment), replace(READING, text="Help, the stove is on fire!"))

    escalation = Escalation.objects.get()
    assert (escalation.reason, escalation.priority) == ("danger", "first")
    assert talk().mode == Conversation.Mode.HUMAN
    assert Message.objects.get(sender_type="system").text == DANGER["en"]


def test_danger_that_is_heard_while_people_have_the_conversation_is_raised() -> None:
    attachment = sent()
    let_due()
    answer(talk(), HandOver(reason=ReasonCategory.ASKED, detail="Asked.", customer_text="One moment."))

    conversations.keep_reading(claimed(attachment), replace(READING, text="Help, the stove is on fire!"))

    assert Escalation.objects.get().priority == "first"


def test_what_is_not_what_it_was_called_is_not_read() -> None:
    attachment = sent(is_here=False)
    assert waits() > 13
    assert conversations.due_readings(10) == []

    conversations.keep_attachment(attachment, OGG, FileKind(content_type="image/png", extension="png"))

    attachment.refresh_from_db()
    assert (attachment.state, attachment.reading_state) == ("kept", State.NONE)
    assert waits() <= 0


def test_what_is_fetched_is_due_to_be_read() -> None:
    attachment = sent(is_here=False)

    conversations.keep_attachment(attachment, OGG, FileKind(content_type="audio/ogg", extension="ogg"))

    assert conversations.due_readings(10) == [attachment.pk]


def test_what_cannot_be_fetched_is_not_waited_for() -> None:
    attachment = sent(is_here=False)

    conversations.give_up_attachment(attachment)

    attachment.refresh_from_db()
    assert (attachment.state, attachment.reading_state) == ("failed", State.NONE)
    assert waits() <= 0


def test_a_message_that_comes_twice_is_read_once() -> None:
    attachment = sends(source_id="m-1")
    assert attachment is not None
    conversations.keep_reading(claimed(attachment), READING)

    assert sends(source_id="m-1") is None

    assert Attachment.objects.count() == 1
    assert conversations.due_readings(10) == []


def test_nothing_of_a_customer_who_is_being_erased_is_read_any_more() -> None:
    attachment = sent()
    under_way = claimed(attachment)

    conversations.stop(talk().pk)

    attachment.refresh_from_db()
    assert attachment.reading_state == State.OFF
    assert not conversations.keep_reading(under_way, READING)
    attachment.refresh_from_db()
    assert attachment.reading_text == ""


def test_what_was_read_is_shown_in_full_to_those_who_may_and_it_is_noted() -> None:
    attachment = sent()
    conversations.keep_reading(claimed(attachment), replace(READING, text="Write to ada@mail.example"))
    attachment.refresh_from_db()
    dana = person()

    told = conversations.reveal_reading(attachment, dana)

    assert told == "Write to ada@mail.example"
    assert AuditEvent.objects.get(action="attachment.reveal").actor_id == dana.pk
    with pytest.raises(NotAllowed):
        conversations.reveal_reading(attachment, person("viola", Role.VIEWER))


@pytest.mark.parametrize(
    "values",
    [
        {"reading_state": "heard"},
        {"reading_state": State.PENDING, "reading_due_at": None},
        {"reading_state": State.OFF},
        {"reading_state": State.DONE, "reading_due_at": None, "reading_text": "by nobody"},
        {"reading_state": State.FAILED, "reading_due_at": None, "reading_text": "half a word"},
    ],
)
def test_the_database_holds_no_reading_that_cannot_be(values: dict[str, object]) -> None:
    attachment = sent()

    with pytest.raises(IntegrityError), transaction.atomic():
        Attachment.objects.filter(pk=attachment.pk).update(**values)


def test_the_longest_transcript_is_cut_and_cleaned() -> None:
    attachment = sent()

    conversations.keep_reading(claimed(attachment), replace(READING, text="a\x00" * 30_000, language="x" * 90))

    attachment.refresh_from_db()
    assert len(attachment.reading_text) == 20_000
    assert "\x00" not in attachment.reading_text
    assert len(attachment.reading_language) == 20
