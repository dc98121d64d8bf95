"""Voice notes that visitors send."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from conversations import services as conversations
from conversations.models import Attachment, Conversation, Message
from core.policy import Role
from integrations.models import PlatformAccount
from integrations.webchat import files
from tests.factories import make_account, make_user
from tests.integrations.webchat.sites import SECRET, ChatPage
from tests.pictures import make_png
from tests.recordings import OGG, make_recording

pytestmark = pytest.mark.django_db

WEBM = make_recording(b"\x1a\x45\xdf\xa3")
M4A = make_recording(b"ftyp", at=4)


@pytest.fixture
def account() -> PlatformAccount:
    return make_account(platform="webchat", secrets={"secret": SECRET})


@pytest.fixture
def page(client: Client, account: PlatformAccount) -> ChatPage:
    opened = ChatPage(client, account)
    opened.begin()
    return opened


def say(page: ChatPage, content: bytes, *, said_to_be: str = "audio/webm;codecs=opus") -> Any:
    """Send a voice note as the page does."""
    upload = SimpleUploadedFile("Voice note.webm", content, content_type=said_to_be)
    form = {"client_msg_id": str(uuid.uuid4()), "text": "", "files": [upload]}
    return page.client.post(f"{page.base}files", form, headers={"Authorization": f"Bearer {page.token}"})


def address_of(sent: Any) -> str:
    address: str = sent.json()["message"]["attachments"][0]["url"]
    return address


@pytest.mark.parametrize(("content", "content_type"), [(WEBM, "audio/webm"), (OGG, "audio/ogg"), (M4A, "audio/mp4")])
def test_a_voice_note_is_known_by_its_bytes_and_comes_back_to_its_sender(
    page: ChatPage, content: bytes, content_type: str
) -> None:
    sent = say(page, content)

    answer = page.get(address_of(sent))
    (attachment,) = sent.json()["message"]["attachments"]
    kept = Attachment.objects.get()
    assert sent.status_code == 201
    assert (attachment["kind"], attachment["url"]) == ("audio", f"recordings/{kept.public_id}")
    assert b"".join(answer.streaming_content) == content
    assert answer.headers["Content-Type"] == content_type
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert (kept.content_type, kept.is_recording, Message.objects.get().kind) == (content_type, True, "audio")
    assert page.get(attachment["url"].replace("recordings/", "pictures/")).status_code == 404
    assert page.get(attachment["url"].replace("recordings/", "files/")).status_code == 404


@pytest.mark.parametrize(
    ("content", "said_to_be", "status", "words"),
    [
        (make_png(), "audio/webm", 415, "is no picture (PNG, JPEG, WebP or GIF), no PDF and no voice note"),
        (b"<html>", "audio/mp4", 415, "no voice note"),
        (WEBM, "video/webm", 415, "no voice note"),
        (WEBM + bytes(files.RECORDING_LIMIT), "audio/webm", 413, "up to 4 MB"),
    ],
)
def test_what_is_no_voice_note_is_refused_in_words(
    page: ChatPage, content: bytes, said_to_be: str, status: int, words: str
) -> None:
    answer = say(page, content, said_to_be=said_to_be)

    assert (answer.status_code, Attachment.objects.count()) == (status, 0)
    assert words in answer.json()["detail"]


def test_a_voice_note_is_for_those_of_its_conversation_only(client: Client, account: PlatformAccount) -> None:
    mine, guest = ChatPage(client, account), ChatPage(client, account)
    mine.begin()
    guest.begin()
    guest.say("Hello")
    address = address_of(say(mine, WEBM))

    statuses = [each.get(address).status_code for each in (mine, guest, ChatPage(client, account))]

    assert statuses == [200, 404, 401]


def test_a_voice_note_that_is_gone_is_404_in_words(page: ChatPage) -> None:
    address = address_of(say(page, WEBM))
    default_storage.delete(str(Attachment.objects.get().file))

    answer = page.get(address)

    assert (answer.status_code, answer.json()["detail"]) == (404, "This recording is not here any more.")


def test_an_account_without_files_takes_no_voice_notes_and_its_page_asks_for_no_microphone(
    page: ChatPage, client: Client
) -> None:
    with_files = client.get(page.base)
    PlatformAccount.objects.update(takes_files=False)

    without = client.get(page.base)

    assert say(page, WEBM).status_code == 403
    assert "microphone=(self)" in with_files.headers["Permissions-Policy"]
    assert "camera=()" in with_files.headers["Permissions-Policy"]
    assert "media-src 'self' blob:" in with_files.headers["Content-Security-Policy"]
    assert 'id="chat-record"' in with_files.content.decode()
    assert "microphone=()" in without.headers["Permissions-Policy"]
    assert 'id="chat-record"' not in without.content.decode()


@pytest.mark.parametrize(("model", "state"), [("openai:listens", "pending"), ("", "off")])
def test_a_voice_note_is_written_down_and_waited_for_where_a_model_is_set(
    page: ChatPage, settings: Settings, model: str, state: str
) -> None:
    settings.TRANSCRIPTION_MODEL = model
    settings.READING_WAIT_SECONDS = 15

    say(page, WEBM)

    conversation = Conversation.objects.get()
    assert Attachment.objects.get().reading_state == state
    assert conversation.ready_at is not None
    assert conversation.first_unanswered_at is not None
    waits = conversation.ready_at - conversation.first_unanswered_at
    assert (waits > timedelta(seconds=10)) is bool(model)
    assert conversation.last_customer_line == "[audio]"
    assert [line.kind for line in conversations.read_talk(conversation.pk).lines] == ["audio"]


def test_staff_play_it_in_the_workspace(page: ChatPage) -> None:
    say(page, WEBM)
    staff = Client()
    staff.force_login(make_user(role=Role.SUPERVISOR))

    shown = staff.get(f"/workspace/c/{Conversation.objects.get().public_id}/")

    assert '<audio class="recording"' in shown.content.decode()
