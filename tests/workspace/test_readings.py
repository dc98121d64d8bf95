"""What a machine heard or saw, in the timeline: under its file, named as a machine's, escaped, and masked as words are."""

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from conversations import services as conversations
from conversations.models import Attachment, Conversation
from conversations.types import InboundAttachment, Reading
from core.models import AuditEvent
from core.policy import Role
from tests.factories import make_inbound
from tests.pictures import make_png
from tests.recordings import OGG
from tests.rest import with_key
from tests.workspace.scene import Scene, body, browser, press, set_scene, tiktok

pytestmark = pytest.mark.django_db

SAID = "My <b>mail</b> is ada@mail.example.<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def _with_readers(settings: Settings) -> None:
    settings.TRANSCRIPTION_MODEL, settings.DESCRIPTION_MODEL = "openai:whisper-test", "openai:gpt-test"


def sent(scene: Scene, kind: str) -> Attachment:
    """A customer sends a file."""
    content, content_type = (OGG, "audio/ogg") if kind == "audio" else (make_png(), "image/png")
    stored = conversations.store_file(content, content_type=content_type, extension="bin")
    given = make_inbound(tiktok(scene.team), "", kind=kind, source_id=uuid.uuid4().hex)
    message = conversations.receive(replace(given, attachments=(InboundAttachment(kind=kind, stored=stored),)))
    assert message is not None
    return message.attachments.get()


def read_as(attachment: Attachment, text: str) -> None:
    """A machine reads it."""
    claimed = conversations.claim_reading(attachment.pk, held=timedelta(seconds=90))
    assert claimed is not None
    reading = Reading(text=text, language="en", provider="openai", model="whisper-test", cost_micros=1)
    assert conversations.keep_reading(claimed, reading)


def page_of(client: Client) -> str:
    """The conversation's page."""
    address = reverse("workspace-conversation", args=[Conversation.objects.get().public_id])
    return client.get(address).content.decode()


def test_a_transcript_stands_under_its_recording_escaped_and_named_as_a_machines() -> None:
    scene = set_scene()
    attachment = sent(scene, "audio")
    client = browser(scene.person(Role.AGENT))
    assert "is being made…" in page_of(client)

    read_as(attachment, SAID)

    page = page_of(client)
    assert "My &lt;b&gt;mail&lt;/b&gt; is [e-mail].&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert "Transcript" in page
    assert "by a machine" in page
    assert "Made by openai (whisper-test). It may be wrong." in page
    assert (
        f'<audio class="recording" controls preload="none" src="/workspace/attachments/{attachment.public_id}/"' in page
    )


def test_a_description_stands_under_its_picture() -> None:
    scene = set_scene()
    read_as(sent(scene, "image"), "A cracked mug.")

    page = page_of(browser(scene.person(Role.AGENT)))

    assert "Description" in page
    assert "A cracked mug." in page
    assert "<audio" not in page


@pytest.mark.parametrize(
    ("kind", "words"), [("audio", "This could not be transcribed."), ("image", "This could not be described.")]
)
def test_what_could_not_be_read_says_so(kind: str, words: str) -> None:
    scene = set_scene()
    claimed = conversations.claim_reading(sent(scene, kind).pk, held=timedelta(seconds=90))
    assert claimed is not None

    conversations.give_up_reading(claimed)

    assert words in page_of(browser(scene.person(Role.AGENT)))


def test_a_recording_without_words_says_so() -> None:
    scene = set_scene()

    read_as(sent(scene, "audio"), " ")

    assert "No words were found in it." in page_of(browser(scene.person(Role.AGENT)))


def test_where_nothing_is_read_nothing_is_said_of_it(settings: Settings) -> None:
    settings.TRANSCRIPTION_MODEL = settings.DESCRIPTION_MODEL = ""
    scene = set_scene()
    sent(scene, "image")

    page = page_of(browser(scene.person(Role.AGENT)))

    assert "by a machine" not in page


@pytest.mark.parametrize(
    ("role", "status"), [(Role.ADMIN, 200), (Role.AGENT, 200), (Role.VIEWER, 403), (Role.PROMPT_EDITOR, 403)]
)
def test_a_transcript_is_shown_in_full_to_those_who_may_and_it_is_noted(role: Role, status: int) -> None:
    scene = set_scene()
    attachment = sent(scene, "audio")
    read_as(attachment, SAID)
    address = reverse("workspace-reveal-reading", args=[Conversation.objects.get().public_id, attachment.public_id])

    answer = press(browser(scene.person(role)), address)

    assert answer.status_code == status
    assert ("is ada@mail.example.&lt;script&gt;" in body(answer)) is (status == 200)
    noted = AuditEvent.objects.filter(action="attachment.reveal")
    assert [event.actor_id for event in noted] == ([scene.person(role).pk] if status == 200 else [])
    assert "ada@" not in str(list(noted.values()))
    assert press(browser(scene.stranger), address).status_code == 404


def test_what_was_said_is_found_and_listed_as_words_are() -> None:
    scene = set_scene()
    read_as(sent(scene, "audio"), "Where is the turquoise kettle? Call +44 20 7946 0000.")

    queue = browser(scene.person(Role.AGENT)).get(reverse("workspace-queue") + "?view=all&q=turquoise").content.decode()

    assert "Where is the turquoise kettle? Call [phone]." in queue


def test_programs_read_it_with_the_attachment() -> None:
    scene = set_scene()
    read_as(sent(scene, "audio"), "Where is my order?")
    address = "/api/v1/messages/"

    answer = with_key("conversations:read").get(address)

    (message,) = answer.json()["results"]
    assert message["attachments"][0]["reading"] == {
        "state": "done",
        "text": "Where is my order?",
        "language": "en",
        "provider": "openai",
        "model": "whisper-test",
    }
