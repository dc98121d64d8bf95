"""What the timeline shows, in which order, and how far each message got."""

from datetime import timedelta

import pytest
from django.utils import timezone

from conversations import services as conversations
from conversations.models import Attachment, Conversation, Delivery, Message
from core.policy import Role
from tests.factories import make_conversation, make_delivery, make_message
from tests.workspace.scene import bot_answers, customer_writes, fresh, set_scene, waiting_conversation
from workspace import timeline, wording

pytestmark = pytest.mark.django_db


def shown(conversation: Conversation, *, before: int | None = None) -> list[tuple[str, str]]:
    """Kind and words of each line."""
    entries = timeline.stretch(fresh(conversation), before=before).entries
    return [(entry.kind, entry.text) for entry in entries if entry.kind != "day"]


def test_everything_said_and_done_stands_in_its_order() -> None:
    scene = set_scene()
    agent = scene.person(Role.AGENT)
    conversation = waiting_conversation(scene.team)
    conversations.take_over(conversation, agent)
    conversations.add_note(conversation, "Careful.", agent)
    conversations.reply(conversation, "Hello Jane.", agent)
    conversations.resolve(conversation, agent)

    assert shown(conversation) == [
        ("customer", "I want a person."),
        ("mark", "Handed to people: Asked for a person"),
        ("system", "A person will answer you here."),
        ("mark", "Agent took over"),
        ("note", "Careful."),
        ("human", "Hello Jane."),
        ("mark", "Resolved"),
    ]


def test_the_newest_fifty_come_first_and_the_earlier_ones_join_without_a_gap() -> None:
    scene = set_scene()
    conversation = customer_writes(scene.team, "Line 1")
    for number in range(2, 131):
        customer_writes(scene.team, f"Line {number}")
        if number in {40, 81, 100}:
            conversations.add_note(conversation, f"Note after {number}", scene.person(Role.AGENT))

    pages: list[list[timeline.Entry]] = []
    before: int | None = None
    while True:
        stretch = timeline.stretch(fresh(conversation), before=before)
        pages.insert(0, [entry for entry in stretch.entries if entry.kind in {"customer", "note"}])
        if not stretch.older_url:
            break
        before = int(stretch.older_url.rpartition("=")[2])

    lines = [entry.text for page in pages for entry in page]
    wanted = []
    for number in range(1, 131):
        wanted.append(f"Line {number}")
        if number in {40, 81, 100}:
            wanted.append(f"Note after {number}")
    assert lines == wanted
    assert [sum(entry.kind == "customer" for entry in page) for page in pages] == [30, 50, 50]


def test_quick_lines_of_one_person_are_grouped_and_days_are_marked() -> None:
    conversation = make_conversation()
    now = timezone.now()
    yesterday = now - timedelta(days=1)
    for text, at in (("a", yesterday), ("b", yesterday + timedelta(seconds=5)), ("c", now), ("d", now)):
        make_message(conversation, text, created_at=at)

    entries = timeline.stretch(conversation).entries

    assert [(entry.kind, entry.text) for entry in entries if entry.kind == "day"] == [
        ("day", "Yesterday"),
        ("day", "Today"),
    ]
    assert [entry.is_grouped for entry in entries if entry.kind == "customer"] == [False, True, False, True]


def test_only_messages_with_a_run_offer_their_reasons() -> None:
    scene = set_scene()
    conversation = customer_writes(scene.team)
    bot_answers(conversation)
    conversations.reply(conversation, "Hello.", scene.person(Role.AGENT))

    offered = {entry.kind: bool(entry.why_url) for entry in timeline.stretch(fresh(conversation)).entries}

    assert offered["bot"]
    assert not offered["customer"]
    assert not offered["human"]


def test_a_file_is_a_link_only_when_it_is_kept() -> None:
    message = make_message(make_conversation(), "", kind="image")
    Attachment.objects.create(message=message, kind="image", url="https://evil.example/x.png", name="x.png")
    Attachment.objects.create(message=message, kind="image", media_id="1", state="waiting")

    [entry] = [each for each in timeline.stretch(message.conversation).entries if each.kind == "customer"]

    assert [(file.name, file.words, file.url) for file in entry.files] == [
        ("x.png", "stays on the platform", ""),
        ("Image", "being fetched", ""),
    ]


def test_a_message_without_words_says_what_it_is() -> None:
    message = make_message(make_conversation(), "", kind="share_post")

    [entry] = [each for each in timeline.stretch(message.conversation).entries if each.kind == "customer"]

    assert entry.placeholder == "Share post"


@pytest.mark.parametrize(
    ("state", "shown_state", "words", "undecided"),
    [
        ("pending", "waiting", "Waiting to be sent", False),
        ("sending", "waiting", "Being sent…", False),
        ("retry_wait", "waiting", "Will be tried again at", False),
        ("unknown", "unknown", "Not known whether it arrived", False),
        ("needs_review", "unknown", "Needs your decision: It cannot be known", True),
        ("dead", "failed", "Not delivered: The platform refused it.", True),
        ("cancelled", "failed", "Not sent: cancelled", False),
        ("sent", "sent", "Sent", False),
    ],
)
def test_each_delivery_state_has_its_words(state: str, shown_state: str, words: str, *, undecided: bool) -> None:
    delivery = make_delivery(state=state)

    said = wording.delivery_words(Delivery.objects.get(pk=delivery.pk))

    assert (said.state, said.is_undecided) == (shown_state, undecided)
    assert said.text.startswith(words)


def test_a_read_message_says_when() -> None:
    delivery = make_delivery(state="sent", read_at=timezone.now())

    said = wording.delivery_words(delivery)

    assert said.state == "read"
    assert said.text.startswith("Read ")


def test_every_outbound_message_of_the_timeline_carries_its_delivery() -> None:
    conversation = make_conversation()
    make_delivery(conversation, "One", state="sent")
    make_message(conversation, "From the app", sender=Message.Sender.HUMAN)

    said = {entry.text: entry.delivery for entry in timeline.stretch(conversation).entries}

    assert said["One"] is not None
    assert said["From the app"] is None
