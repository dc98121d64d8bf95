"""The chat's HTTP half."""

import json
import uuid
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from pytest_django import Settings

from conversations import services as conversations
from conversations.models import Attachment, Conversation, Message
from conversations.types import MessageFacts, Picture, Reply
from core.policy import Role
from integrations.models import PlatformAccount, Visitor
from tests.factories import make_account, make_user
from tests.pictures import make_png

pytestmark = pytest.mark.django_db


SOME_KEY = "0b7c3c1e-9a55-4b2e-8d53-5b1f0c9a7e42"


@pytest.fixture
def account() -> PlatformAccount:
    return make_account(platform="webchat", origins=["https://shop.acme.example"])


class Page:
    """A chat page's requests."""

    def __init__(self, client: Client, account: PlatformAccount) -> None:
        self.client = client
        self.base = f"/chat/{account.public_key}/"
        self.token = ""

    def begin(self) -> "Page":
        answer = self.post("session", {"locale": "en"})
        assert answer.status_code == 201
        self.token = answer.json()["token"]
        return self

    def post(self, path: str, body: Any, **extra: Any) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body)
        return self.client.post(self.base + path, data, content_type="application/json", **self._headers(), **extra)

    def get(self, path: str) -> Any:
        return self.client.get(self.base + path, **self._headers())

    def say(self, text: str, client_msg_id: str = "") -> Any:
        return self.post("messages", {"client_msg_id": client_msg_id or str(uuid.uuid4()), "text": text})

    def _headers(self) -> dict[str, Any]:
        return {"headers": {"Authorization": f"Bearer {self.token}"}} if self.token else {}


@pytest.fixture
def page(client: Client, account: PlatformAccount) -> Page:
    return Page(client, account).begin()


def test_the_page_may_be_framed_by_the_accounts_sites_only(client: Client, account: PlatformAccount) -> None:
    answer = client.get(f"/chat/{account.public_key}/")

    policy = answer.headers["Content-Security-Policy"]
    assert answer.status_code == 200
    assert "frame-ancestors 'self' https://shop.acme.example" in policy
    assert "script-src 'self'" in policy
    assert "X-Frame-Options" not in answer.headers


def test_a_page_that_does_not_exist_is_404(client: Client) -> None:
    assert client.get("/chat/nothing/").status_code == 404


def test_the_embed_script_may_be_loaded_from_any_site(client: Client) -> None:
    answer = client.get("/chat/embed.js")

    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert b"SupportChat" in b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def test_a_visitors_token_is_kept_only_as_a_hash(page: Page) -> None:
    assert page.token not in str(Visitor.objects.values())


def test_a_message_is_stored_once_for_its_id(page: Page) -> None:
    key = str(uuid.uuid4())

    first, again = page.say("Hello", key), page.say("Hello", key)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert Message.objects.count() == 1
    assert first.json()["message"]["client_msg_id"] == key


def test_a_message_is_followed_in_the_logs_by_the_request_that_brought_it(page: Page) -> None:
    answer = page.say("Hello")

    assert Message.objects.get().request_id == answer.headers["X-Request-ID"]


def test_the_page_catches_up_from_the_number_it_knows(page: Page) -> None:
    page.say("Hello")
    conversation = Conversation.objects.get()
    Conversation.objects.update(ready_at=conversation.created_at)
    turn = conversations.claim_turn(conversation.pk, owner="test")
    assert turn is not None
    conversations.commit_turn(turn, Reply(text="Hi!", sources=({"title": "Hours"},)), run_id=1, facts=MessageFacts())

    found = page.get("messages?after=1").json()

    assert [(m["from"], m["text"], m["sources"]) for m in found["messages"]] == [("bot", "Hi!", [{"title": "Hours"}])]
    assert found["last_seq"] == 2
    assert found["state"] == {"owner": "bot", "name": None, "unread": 1, "closed": False}


def with_a_picture(page: Page) -> tuple[dict[str, Any], bytes]:
    """Staff send words and a picture; the message on the wire, and the picture's bytes."""
    page.say("What does it look like?")
    conversation = Conversation.objects.latest("pk")
    picture = Picture(content=make_png(), description="The label on the box")
    conversations.reply(conversation, "Like this:", make_user(role=Role.SUPERVISOR), picture=picture)
    message: dict[str, Any] = page.get("messages").json()["messages"][-1]
    return message, picture.content


def test_words_and_a_picture_of_staff_are_one_message_and_the_visitor_gets_the_file(page: Page) -> None:
    message, content = with_a_picture(page)

    (attachment,) = message["attachments"]
    answer = page.get(attachment["url"])

    assert (message["from"], message["text"]) == ("human", "Like this:")
    assert (attachment["kind"], attachment["name"]) == ("image", "The label on the box")
    assert b"".join(answer.streaming_content) == content
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_picture_is_for_its_visitor_only(client: Client, page: Page, account: PlatformAccount) -> None:
    message, _ = with_a_picture(page)
    address = message["attachments"][0]["url"]
    neighbour = Page(client, account).begin()
    neighbour.say("Hello")
    elsewhere = Page(client, make_account(platform="webchat")).begin()

    statuses = [other.get(address).status_code for other in (neighbour, elsewhere, Page(client, account), page)]

    assert statuses == [404, 404, 401, 200]
    assert page.get(f"pictures/{uuid.uuid4()}").status_code == 404


@pytest.mark.parametrize(
    "changes", [{"state": "failed"}, {"content_type": "text/html"}, {"content_type": "video/mp4"}, {"file": ""}]
)
def test_what_is_no_picture_of_ours_has_no_address(page: Page, changes: dict[str, str]) -> None:
    message, _ = with_a_picture(page)
    Attachment.objects.update(**changes)

    shown = page.get("messages").json()["messages"][-1]["attachments"]

    assert [each["url"] for each in shown] == [None]
    assert page.get(message["attachments"][0]["url"]).status_code == 404


def test_a_picture_whose_file_is_gone_is_not_found(page: Page) -> None:
    message, _ = with_a_picture(page)
    default_storage.delete(str(Attachment.objects.get().file.name))

    answer = page.get(message["attachments"][0]["url"])

    assert (answer.status_code, answer.json()) == (404, {"detail": "This picture is not here any more."})


def test_the_page_may_show_pictures_from_memory_and_load_none_from_elsewhere(
    client: Client, account: PlatformAccount
) -> None:
    policy = client.get(f"/chat/{account.public_key}/").headers["Content-Security-Policy"]

    assert "img-src 'self' data: blob:;" in f"{policy};"


def test_what_was_seen_is_no_longer_unread(page: Page) -> None:
    test_the_page_catches_up_from_the_number_it_knows(page)

    assert page.post("seen", {"seq": 2}).status_code == 204
    assert page.get("messages").json()["state"]["unread"] == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"client_msg_id": "x", "text": "Hi"}, 422),
        ({"client_msg_id": SOME_KEY, "text": "  "}, 422),
        ({"client_msg_id": SOME_KEY, "text": "x" * 4001}, 413),
        (b"{not json", 422),
        (b"[" * 5000, 422),
        (b'{"text": "' + b"x" * 40_000 + b'"}', 413),
        (b'{"client_msg_id": "%s", "text": "a\\ud800"}' % SOME_KEY.encode(), 201),
    ],
)
def test_bad_input_is_told_in_words_and_never_a_500(page: Page, body: Any, status: int) -> None:
    answer = page.post("messages", body)

    assert answer.status_code == status
    assert status == 201 or answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"text":\n  nonsense}', "The request is no valid JSON: see line 2, column 3."),
        (b'{"text": "a", "text": "b"}', "The request has a field twice: text."),
        (b"[" * 5000, "The request is nested too deeply: at most 32 levels."),
        (b"", "The request is not what it should be: it is empty, and a JSON object belongs there."),
        (b"[1]", "The request is not what it should be: a JSON object belongs there, such as {}."),
        (b'{"text": 1e999}', "The request has a number that is too long or none at all: it is too large."),
        (b'{"text": "\xff"}', "The request is no UTF-8 text: see byte 11."),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(page: Page, body: bytes, said: str) -> None:
    assert page.post("messages", body).json() == {"detail": said}


def test_a_token_of_another_site_opens_nothing(page: Page, client: Client) -> None:
    page.say("secret")
    other = Page(client, make_account(platform="webchat"))
    other.token = page.token

    assert other.get("messages").status_code == 401
    assert other.say("Hi").status_code == 401


def test_a_visitor_reads_only_their_own_conversation(page: Page, client: Client, account: PlatformAccount) -> None:
    page.say("my secret")
    stranger = Page(client, account).begin()

    assert stranger.get("messages").json()["messages"] == []


def test_a_flood_is_slowed_down_and_says_for_how_long(page: Page) -> None:
    for n in range(20):
        assert page.say(f"{n}").status_code == 201

    answer = page.say("one more")

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_new_chats_from_one_address_are_limited(client: Client, account: PlatformAccount, settings: Settings) -> None:
    settings.CHAT_SESSIONS_PER_TEN_MINUTES = 2
    for _ in range(2):
        Page(client, account).begin()

    assert Page(client, account).post("session", {}).status_code == 429


def test_notes_of_staff_never_reach_the_page(page: Page) -> None:
    page.say("Hello")
    conversation = Conversation.objects.get()
    conversation.notes.create(author_name="Dana", text="INTERNAL-MARKER")

    assert "INTERNAL-MARKER" not in page.get("messages").content.decode()
