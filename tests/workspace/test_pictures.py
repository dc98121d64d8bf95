"""Pictures in the composer and in the timeline: sent once, refused in words, and without a script too."""

import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from conversations import services as conversations
from conversations.models import Attachment, Conversation, Escalation, Message
from core.policy import Role
from tests.pictures import make_png
from tests.workspace.scene import (
    HTMX,
    body,
    browser,
    customer_writes,
    fresh,
    set_scene,
    waiting_conversation,
)
from workspace.models import Draft

pytestmark = pytest.mark.django_db


def upload(content: bytes | None = None, name: str = "label.png") -> SimpleUploadedFile:
    """A file that somebody chose."""
    return SimpleUploadedFile(name, make_png() if content is None else content, content_type="image/png")


def send(client: Client, conversation: Conversation, *, htmx: bool = True, **fields: Any) -> HttpResponse:
    """Press the composer's button, with script or without."""
    given = {"token": str(uuid.uuid4()), "text": ""} | fields
    address = reverse("workspace-reply", args=[conversation.public_id])
    return client.post(address, given, headers=HTMX if htmx else {})  # type: ignore[return-value]


def show(client: Client, conversation: Conversation) -> str:
    """The conversation's page."""
    return client.get(reverse("workspace-conversation", args=[conversation.public_id])).content.decode()


@pytest.mark.parametrize(
    ("role", "status"), [(Role.ADMIN, 200), (Role.SUPERVISOR, 200), (Role.AGENT, 200), (Role.VIEWER, 403)]
)
def test_a_picture_is_sent_by_those_who_answer_and_takes_over(role: Role, status: int) -> None:
    scene = set_scene()
    conversation = customer_writes(scene.team)

    answer = send(browser(scene.person(role)), conversation, picture=upload())

    assert answer.status_code == status
    assert Attachment.objects.count() == (1 if status == 200 else 0)
    assert (fresh(conversation).assignee_id == scene.person(role).pk) is (status == 200)


def test_a_stranger_finds_no_conversation_to_send_into() -> None:
    scene = set_scene()
    conversation = customer_writes(scene.team)

    assert send(browser(scene.stranger), conversation, picture=upload()).status_code == 404
    assert not Attachment.objects.exists()


def test_pressing_twice_sends_the_picture_once() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    client, token = browser(scene.person(Role.AGENT)), str(uuid.uuid4())

    for _ in range(2):
        send(client, conversation, text="Look:", picture=upload(), token=token)

    sent = Message.objects.filter(sender_type="human").order_by("seq").values_list("kind", "text")
    assert list(sent) == [("text", "Look:"), ("image", "")]
    assert Attachment.objects.count() == 1


def test_the_sent_picture_is_shown_with_its_words_for_those_who_cannot_see_it() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    client = browser(scene.person(Role.AGENT))

    answer = body(send(client, conversation, picture=upload(), picture_description="The label on the box"))
    undescribed = body(send(client, conversation, picture=upload()))

    address = reverse("workspace-attachment", args=[Attachment.objects.order_by("pk")[0].public_id])
    assert f'<img class="attachment-picture" src="{address}" alt="The label on the box"' in answer
    assert 'alt="Picture from Agent"' in undescribed
    assert b"".join(client.get(address).streaming_content) == make_png()  # type: ignore[attr-defined]
    assert client.get(address).headers["Content-Disposition"] == 'attachment; filename="The_label_on_the_box.png"'
    assert browser(scene.stranger).get(address).status_code == 404


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (make_png() + bytes(12_000_000 - len(make_png())), "This picture is 12 MB; TikTok takes up to 3 MB."),
        (b"%PDF-1.7 ...", "Only JPG and PNG pictures can be sent."),
        (make_png()[:40], "This picture is damaged or incomplete."),
    ],
)
def test_a_refused_picture_says_why_and_the_words_stay(content: bytes, says: str) -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)

    answer = send(browser(scene.person(Role.AGENT)), conversation, text="Look:", picture=upload(content))

    assert answer.status_code == 409
    assert answer.headers["HX-Retarget"] == "#composer-notice"
    assert says in body(answer)
    assert Draft.objects.get().text == "Look:"
    assert not Attachment.objects.exists()


def test_the_button_is_offered_with_what_the_channel_takes() -> None:
    scene = set_scene()
    page = show(browser(scene.person(Role.AGENT)), waiting_conversation(scene.team))

    assert 'accept="image/jpeg,image/png" data-limit="3000000" data-limit-words="3 MB" data-channel="TikTok"' in page


def test_where_a_channel_takes_no_pictures_the_composer_says_so() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    Conversation.objects.update(picture_limit=0)
    client = browser(scene.person(Role.AGENT))

    page = show(client, conversation)
    answer = send(client, conversation, picture=upload())

    assert 'aria-label="TikTok takes no pictures."' in page
    assert 'type="file"' not in page
    assert (answer.status_code, "TikTok takes no pictures. Say it in words." in body(answer)) == (409, True)


def test_without_a_script_the_form_sends_both_and_comes_back_to_the_page() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    client = Client(enforce_csrf_checks=True)
    client.force_login(scene.person(Role.AGENT))
    page = show(client, conversation)
    proof = client.cookies["csrftoken"].value

    forged = send(client, conversation, htmx=False, picture=upload())
    answer = send(client, conversation, htmx=False, text="Look:", picture=upload(), csrfmiddlewaretoken=proof)

    assert f'method="post" action="{reverse("workspace-reply", args=[conversation.public_id])}"' in page
    assert 'enctype="multipart/form-data"' in page
    assert 'name="csrfmiddlewaretoken"' in page
    assert forged.status_code == 403
    assert answer.status_code == 302
    assert answer.headers["Location"] == reverse("workspace-conversation", args=[conversation.public_id])
    assert Attachment.objects.count() == 1


def test_without_a_script_a_refusal_is_the_whole_page_with_the_reason_and_the_words() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)

    answer = send(browser(scene.person(Role.AGENT)), conversation, htmx=False, text="Look:", picture=upload(b"GIF89a"))

    assert answer.status_code == 409
    assert body(answer).count("Only JPG and PNG pictures can be sent.") == 1
    assert "<!doctype html>" in body(answer).lower()
    assert "Look:</textarea>" in body(answer)


def test_a_picture_beside_a_colleagues_conversation_is_refused_as_words_are() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    conversations.claim(Escalation.objects.get(conversation=conversation), scene.person(Role.SUPERVISOR))

    answer = send(browser(scene.person(Role.AGENT)), conversation, picture=upload())

    assert (answer.status_code, "is answering this customer" in body(answer)) == (409, True)
    assert not Attachment.objects.exists()
