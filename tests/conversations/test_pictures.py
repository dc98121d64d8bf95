"""Pictures that staff send: checked by their bytes, kept, in order with the words, and under the same fence as words."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage

from conversations import services as conversations
from conversations.exceptions import (
    ConversationError,
    CustomerWroteMeanwhile,
    NoPictures,
    NotAPicture,
    OwnedByColleague,
    PictureDamaged,
    PictureTooLarge,
    WindowClosed,
)
from conversations.models import Attachment, Conversation, Delivery, Message
from conversations.types import InboundAttachment, OutboundEcho, Picture
from core.exceptions import NotAllowed
from core.models import AuditEvent
from core.pictures import FileKind
from core.policy import Role
from tests.conversations.talk import (
    TIKTOK,
    WEBCHAT,
    answer,
    claimed_delivery,
    fresh,
    inbound_message,
    person,
    write,
    wrote,
)
from tests.pictures import PLAIN_JPEG, make_jpeg, make_png

pytestmark = pytest.mark.django_db

PICTURE = Picture(content=make_png(), description="The label on the box")


def sent(conversation: Conversation) -> list[tuple[str, str, int]]:
    """What was said to the customer, oldest first: kind, words, and how many pictures came with them."""
    said = Message.objects.filter(conversation=conversation, direction="out").order_by("seq")
    return [(message.kind, message.text, message.attachments.count()) for message in said]


def test_a_picture_is_kept_with_our_message_and_waits_to_be_sent() -> None:
    conversation = wrote()

    message = conversations.reply(conversation, "", person(), picture=PICTURE)

    attachment = Attachment.objects.get(message=message)
    assert sent(conversation) == [("image", "", 1)]
    assert (attachment.state, attachment.kind, attachment.content_type) == ("kept", "image", "image/png")
    assert attachment.name == "The label on the box"
    assert attachment.size == attachment.file.size == len(PICTURE.content)
    assert attachment.is_shown
    claimed = claimed_delivery(conversation)
    assert (claimed.text, claimed.attachment_path, claimed.author) == ("", attachment.file.path, "human")


def test_words_go_first_where_a_platform_carries_one_thing_a_message() -> None:
    conversation = wrote()

    first = conversations.reply(conversation, "This is the label:", person(), picture=PICTURE)

    assert sent(conversation) == [("text", "This is the label:", 0), ("image", "", 1)]
    assert first.text == "This is the label:"
    assert claimed_delivery(conversation).text == "This is the label:"
    assert conversations.claim_delivery(conversation.pk) is None
    Delivery.objects.filter(message=first).update(state="sent", sent_at=first.created_at, lease_until=None)
    assert claimed_delivery(conversation).attachment_path
    timed = Message.objects.filter(direction="out").order_by("seq").values_list("response_time_ms", flat=True)
    assert [each is None for each in timed] == [False, True]


def test_the_web_chat_shows_words_and_picture_as_one_message() -> None:
    conversation = wrote(channel=WEBCHAT)

    conversations.reply(conversation, "This is the label:", person(), picture=PICTURE)

    assert sent(conversation) == [("text", "This is the label:", 1)]
    assert Delivery.objects.get(author="human").state == "sent"


def test_a_picture_takes_over_and_silences_the_bot_as_words_do() -> None:
    conversation = wrote()
    answer(conversation)
    dana = person()

    conversations.reply(conversation, "", dana, picture=PICTURE)

    assert (fresh(conversation).mode, fresh(conversation).assignee) == ("human", dana)
    assert Delivery.objects.get(author="bot").state == "cancelled"


def test_a_picture_is_refused_where_words_would_be() -> None:
    conversation = wrote()
    seen = fresh(conversation).last_in_seq
    write("And one more thing!")
    with pytest.raises(CustomerWroteMeanwhile):
        conversations.reply(conversation, "", person(), picture=PICTURE, expected_last_seq=seen)
    with pytest.raises(NotAllowed):
        conversations.reply(conversation, "", person("viola", Role.VIEWER), picture=PICTURE)
    conversations.take_over(conversation, person("sam"))
    with pytest.raises(OwnedByColleague):
        conversations.reply(conversation, "", person("alex"), picture=PICTURE)

    assert not Attachment.objects.exists()
    assert not default_storage.exists("attachments")


def test_what_a_camera_wrote_beside_the_picture_is_not_sent() -> None:
    conversation = wrote()
    photo = Picture(content=make_jpeg(note=b"48.2082 N 16.3738 E", orientation=6))

    conversations.reply(conversation, "", person(), picture=photo)

    with Attachment.objects.get().file.open("rb") as file:
        kept = file.read()
    assert b"48.2082" not in kept
    assert kept.startswith(b"\xff\xd8")


@pytest.mark.parametrize(
    ("content", "limit", "error", "says"),
    [
        (make_png(), 0, NoPictures, "takes no pictures"),
        (make_png() + bytes(12_000_000), 3_000_000, PictureTooLarge, "is 12.1 MB; this channel takes up to 3 MB"),
        (b"GIF89a" + bytes(60), 3_000_000, NotAPicture, "Only JPG and PNG"),
        (b"<svg onload='alert(1)'>", 3_000_000, NotAPicture, "Only JPG and PNG"),
        (b"", 3_000_000, NotAPicture, "Only JPG and PNG"),
        (PLAIN_JPEG[:120], 3_000_000, PictureDamaged, "damaged or incomplete"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_words_and_nothing_is_kept(
    content: bytes, limit: int, error: type[ConversationError], says: str
) -> None:
    conversation = wrote()
    Conversation.objects.update(picture_limit=limit)

    with pytest.raises(error, match=says):
        conversations.reply(conversation, "Look:", person(), picture=Picture(content=content))

    assert sent(conversation) == []
    assert fresh(conversation).mode == "bot"


def test_the_window_must_have_room_for_both() -> None:
    conversation = wrote()
    Conversation.objects.update(window_used=9)

    with pytest.raises(WindowClosed, match="one more message"):
        conversations.reply(conversation, "This is the label:", person(), picture=PICTURE)
    conversations.reply(conversation, "", person("sam"), picture=PICTURE)

    assert sent(conversation) == [("image", "", 1)]


def test_a_reply_with_a_picture_stands_in_the_audit_trail() -> None:
    conversation = wrote()

    message = conversations.reply(conversation, "", person(), picture=PICTURE)

    after = AuditEvent.objects.get(action="conversation.reply").after
    assert after == {
        "message": message.pk,
        "out_seq": 1,
        "picture_bytes": len(PICTURE.content),
        "in_flight": [],
    }


def echo(kind: str, source_id: str) -> OutboundEcho:
    """What the platform reports of a message of ours without words."""
    return OutboundEcho(
        channel=TIKTOK, source_id=source_id, thread_key="thread-1", customer_id="customer-1", kind=kind, by_api=True
    )


def test_the_echo_of_a_picture_is_ours_and_that_of_something_else_is_not() -> None:
    conversation = wrote()
    conversations.reply(conversation, "", person(), picture=PICTURE)
    claimed_delivery(conversation)

    meanings = [conversations.record_echo(echo("template", "e-1")), conversations.record_echo(echo("image", "e-2"))]

    assert meanings == ["colleague", "ours"]
    assert Delivery.objects.get().echo_message_id == "e-2"


def test_the_agent_is_told_of_pictures_that_staff_can_look_at() -> None:
    states = [Attachment.State.KEPT, Attachment.State.WAITING, Attachment.State.FAILED, Attachment.State.REFERENCED]
    for number, state in enumerate(states):
        inbound = inbound_message("", thread="t", kind="image")
        message = conversations.receive(inbound)
        assert message is not None
        Attachment.objects.create(message=message, kind="image", media_id=f"m{number}", state=state)
    video = conversations.receive(inbound_message("", thread="t", kind="video"))
    assert video is not None
    Attachment.objects.create(message=video, kind="video", state=Attachment.State.KEPT)

    talk = conversations.read_talk(video.conversation_id)

    assert [line.media.pictures for line in talk.lines] == [1, 1, 0, 0, 0]


@pytest.fixture
def waiting() -> Attachment:
    """A customer's picture that is to be fetched."""
    inbound = replace(
        inbound_message("", thread="t", kind="image"), attachments=(InboundAttachment(kind="image", media_id="m1"),)
    )
    message = conversations.receive(inbound)
    assert message is not None
    return message.attachments.get()


def test_of_two_who_would_fetch_one_does_and_what_was_no_attempt_does_not_count(waiting: Attachment) -> None:
    claims = [conversations.claim_attachment(waiting, held=timedelta(seconds=60)) for _ in range(2)]
    counted = Attachment.objects.get().attempts
    conversations.put_off_attachment(waiting, pause=timedelta(seconds=5), is_counted=False)

    assert claims == [True, False]
    assert (counted, Attachment.objects.get().attempts) == (1, 0)


@pytest.mark.parametrize("ends_well", [True, False])
def test_the_end_of_fetching_is_told_to_open_screens(waiting: Attachment, ends_well: bool) -> None:
    before = Conversation.objects.get().version

    if ends_well:
        conversations.keep_attachment(waiting, PLAIN_JPEG, FileKind(content_type="image/jpeg", extension="jpg"))
    else:
        conversations.give_up_attachment(waiting)

    ended = Attachment.objects.get()
    assert (ended.state, ended.is_shown) == (("kept", True) if ends_well else ("failed", False))
    assert ended.next_attempt_at is None
    assert Conversation.objects.get().version == before + 1


def test_how_a_customer_came_is_told_once() -> None:
    conversation = wrote()

    told = [
        conversations.record_referral(account_id=7, thread_key="thread-1", key="r1", subject="Came by the link spring")
        for _ in range(2)
    ]

    assert told == [True, False]
    assert fresh(conversation).subject == "Came by the link spring"
    assert fresh(conversation).version == conversation.version + 1
