"""Files that visitors send."""

import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from pytest_django import Settings

from conversations import services as conversations
from conversations.models import Attachment, Conversation, Message
from integrations.models import PlatformAccount
from integrations.webchat import files, services
from tests.factories import make_account
from tests.integrations.webchat.sites import SECRET, ChatPage, identity
from tests.pictures import PLAIN_JPEG, make_gif, make_jpeg, make_png, make_webp

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7\n1 0 obj\nendobj\n%%EOF\n"


@pytest.fixture
def account() -> PlatformAccount:
    return make_account(platform="webchat", secrets={"secret": SECRET})


@pytest.fixture
def page(client: Client, account: PlatformAccount) -> ChatPage:
    opened = ChatPage(client, account)
    opened.begin()
    return opened


def content_of(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def stored(settings: Settings) -> list[Path]:
    """The files that lie in the storage."""
    return [path for path in (Path(settings.MEDIA_ROOT) / "attachments").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("name", "content", "content_type"),
    [
        ("a.png", make_png(), "image/png"),
        ("a.jpg", PLAIN_JPEG, "image/jpeg"),
        ("a.gif", make_gif(), "image/gif"),
        ("a.webp", make_webp(), "image/webp"),
        ("called-a-text.txt", make_png(), "image/png"),
    ],
)
def test_a_picture_is_known_by_its_bytes_and_comes_back_to_its_sender(
    page: ChatPage, name: str, content: bytes, content_type: str
) -> None:
    sent = page.send((name, content), text="Look")

    message = sent.json()["message"]
    (attachment,) = message["attachments"]
    answer = page.get(attachment["url"])
    assert sent.status_code == 201
    assert (message["text"], attachment["kind"], attachment["name"]) == ("Look", "image", name)
    assert attachment["url"].startswith("pictures/")
    assert (content_of(answer), answer.headers["Content-Type"]) == (content, content_type)
    assert Attachment.objects.get().state == Attachment.State.KEPT


def test_a_pdf_is_saved_and_never_opened_in_place(page: ChatPage) -> None:
    (attachment,) = page.send(("../In voice.pdf", PDF)).json()["message"]["attachments"]

    answer = page.get(attachment["url"])

    assert (attachment["kind"], attachment["name"]) == ("file", "In voice.pdf")
    assert content_of(answer) == PDF
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="In_voice.pdf"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert page.get(attachment["url"].replace("files/", "pictures/")).status_code == 404


def test_what_a_camera_wrote_beside_the_picture_is_not_kept(page: ChatPage) -> None:
    (attachment,) = page.send(("a.jpg", make_jpeg(note=b"48.2 N 16.3 E"))).json()["message"]["attachments"]

    assert content_of(page.get(attachment["url"])) == PLAIN_JPEG


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        ([], 422, "Choose a file first."),
        ([("a.svg", b"<svg onload='alert(1)'/>")], 415, "a.svg is no picture"),
        ([("a.png", b"<html>")], 415, "a.png is no picture"),
        ([("a.mp4", b"\x00\x00\x00\x18ftypisom")], 415, "a.mp4 is no picture"),
        ([("a.pdf", b"%PDF-1.7 and no end")], 415, "a.pdf is no picture"),
        ([("a.png", make_png()[:40])], 422, "a.png is damaged"),
        ([("a.png", make_png())] * 5, 422, "at most 4 files"),
        ([("a.png", make_png()), ("b.exe", b"MZ")], 415, "b.exe is no picture"),
        ([("a.pdf", b"%PDF-1.7" + bytes(8_000_000) + b"%%EOF")], 413, "a.pdf is too large: up to 8 MB"),
        ([("a.pdf", b"%PDF-1.7" + bytes(5_000_000) + b"%%EOF")] * 2, 413, "All of it together is too large"),
    ],
)
def test_what_cannot_be_sent_is_refused_whole_and_in_words(
    page: ChatPage, settings: Settings, sent: list[tuple[str, bytes]], status: int, words: str
) -> None:
    answer = page.send(*sent)

    assert (answer.status_code, Message.objects.count()) == (status, 0)
    assert words in answer.json()["detail"]
    assert stored(settings) == []


def test_the_same_id_again_is_the_same_message_with_the_same_files(page: ChatPage, settings: Settings) -> None:
    key = str(uuid.uuid4())

    first = page.send(("a.png", make_png()), ("b.pdf", PDF), client_msg_id=key)
    again = page.send(("a.png", make_png()), ("b.pdf", PDF), client_msg_id=key)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert (Message.objects.count(), Attachment.objects.count(), len(stored(settings))) == (1, 2, 2)


def test_what_comes_twice_at_once_leaves_no_file_behind(
    page: ChatPage, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = str(uuid.uuid4())
    page.send(("a.png", make_png()), client_msg_id=key)
    # The first was not there yet when this one looked.
    monkeypatch.setattr(services, "_known", lambda *_: None)

    again = page.send(("a.png", make_png()), client_msg_id=key)

    assert again.status_code == 200
    assert (Message.objects.count(), len(stored(settings))) == (1, 1)


def test_a_message_that_fails_leaves_no_file_behind(
    page: ChatPage, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("the database is gone")

    monkeypatch.setattr(conversations, "receive", fail)

    with pytest.raises(OSError, match="gone"):
        page.send(("a.png", make_png()))

    assert stored(settings) == []


def test_a_file_is_for_those_of_its_conversation_only(client: Client, account: PlatformAccount) -> None:
    phone, desk, guest = (ChatPage(client, account) for _ in range(3))
    phone.begin(identity=identity())
    desk.begin(identity=identity())
    guest.begin()
    guest.say("Hello")
    address = phone.send(("b.pdf", PDF)).json()["message"]["attachments"][0]["url"]

    statuses = [page.get(address).status_code for page in (phone, desk, guest, ChatPage(client, account))]

    assert statuses == [200, 200, 404, 401]
    assert guest.get(f"files/{uuid.uuid4()}").status_code == 404


def test_a_file_that_is_gone_is_404(page: ChatPage) -> None:
    address = page.send(("b.pdf", PDF)).json()["message"]["attachments"][0]["url"]
    default_storage.delete(str(Attachment.objects.get().file))

    assert page.get(address).status_code == 404


def test_so_many_files_in_ten_minutes_and_no_more(page: ChatPage) -> None:
    most = services.FILES_PER_TEN_MINUTES // files.MOST_FILES

    statuses = [page.send(*[("a.png", make_png())] * files.MOST_FILES).status_code for _ in range(most + 1)]

    assert statuses == [201] * most + [429]
    assert page.say("Words are not counted").status_code == 201


def test_an_account_may_take_no_files(page: ChatPage, account: PlatformAccount) -> None:
    PlatformAccount.objects.update(takes_files=False)

    refused = page.send(("a.png", make_png()))

    assert (refused.status_code, refused.json()["detail"]) == (403, "This chat takes no files. Say it in words.")
    assert "chat-picker" not in page.client.get(page.base).content.decode()


def test_nobody_sends_files_without_a_token(client: Client, account: PlatformAccount) -> None:
    assert ChatPage(client, account).send(("a.png", make_png())).status_code == 401


@pytest.mark.parametrize("key", ["", "7"])
def test_a_message_with_files_has_an_id_too(page: ChatPage, key: str) -> None:
    upload = {"client_msg_id": key, "text": "Hello"}

    answer = page.client.post(f"{page.base}files", upload, headers={"Authorization": f"Bearer {page.token}"})

    assert (answer.status_code, answer.json()["detail"]) == (422, "client_msg_id must be a UUID.")


def test_the_bot_learns_of_a_picture_as_from_other_platforms(page: ChatPage) -> None:
    page.send(("a.png", make_png()), ("b.pdf", PDF))
    page.send(("b.pdf", PDF))

    talk = conversations.read_talk(Conversation.objects.get().pk)

    assert [(line.kind, line.media.pictures) for line in talk.lines] == [("image", 1), ("file", 0)]
    assert Conversation.objects.get().last_customer_line == "[file]"
