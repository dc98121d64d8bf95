"""Replies, notes and drafts: sent once, to the right person, and no text lost."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from conversations import services as conversations
from conversations.models import Conversation, Escalation, Message
from core.policy import Role
from tests.workspace.scene import (
    body,
    bot_hands_over,
    browser,
    customer_writes,
    fresh,
    press,
    set_scene,
    waiting_conversation,
)
from workspace.models import Draft, Submission, SuggestionOutcome

pytestmark = pytest.mark.django_db


def send(client: Client, conversation: Conversation, text: str, *, to: str = "reply", **fields: str) -> HttpResponse:
    """Press the composer's button."""
    fields.setdefault("token", str(uuid.uuid4()))
    return press(client, reverse(f"workspace-{to}", args=[conversation.public_id]), text=text, **fields)


def show(client: Client, conversation: Conversation) -> str:
    """The conversation's panes."""
    return client.get(reverse("workspace-conversation", args=[conversation.public_id])).content.decode()


def said(conversation: Conversation) -> list[str]:
    """What people said to the customer."""
    return list(Message.objects.filter(conversation=conversation, sender_type="human").values_list("text", flat=True))


@pytest.mark.parametrize(
    ("role", "status"), [(Role.ADMIN, 200), (Role.SUPERVISOR, 200), (Role.AGENT, 200), (Role.VIEWER, 403)]
)
def test_replying_takes_over_and_is_for_those_who_answer(role: Role, status: int) -> None:
    scene = set_scene()
    conversation = customer_writes(scene.team)

    answer = send(browser(scene.person(role)), conversation, "Hello Jane!")

    assert answer.status_code == status
    assert said(conversation) == (["Hello Jane!"] if status == 200 else [])
    assert (fresh(conversation).assignee_id == scene.person(role).pk) is (status == 200)


def test_pressing_twice_sends_once() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    client, token = browser(scene.person(Role.AGENT)), str(uuid.uuid4())

    answers = [send(client, conversation, "Hello Jane!", token=token) for _ in range(3)]
    notes = [send(client, conversation, "A note", to="note", token=str(uuid.UUID(int=7))) for _ in range(2)]

    assert [answer.status_code for answer in answers + notes] == [200] * 5
    assert said(conversation) == ["Hello Jane!"]
    assert conversation.notes.count() == 1


def test_a_refused_text_can_be_sent_again_from_the_same_composer() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    client, token = browser(scene.person(Role.AGENT)), str(uuid.uuid4())

    refused = send(client, conversation, "x" * 501, token=token)
    sent = send(client, conversation, "Short enough.", token=token)

    assert (refused.status_code, sent.status_code) == (409, 200)
    assert said(conversation) == ["Short enough."]


@pytest.mark.parametrize("token", ["", "nonsense"])
def test_a_form_without_its_token_is_refused_and_nothing_is_sent(token: str) -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)

    answer = send(browser(scene.person(Role.AGENT)), conversation, "Hello", token=token)

    assert answer.status_code == 400
    assert said(conversation) == []


def test_what_the_customer_wrote_meanwhile_asks_for_a_second_press_and_keeps_the_text() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    client, seen = browser(scene.person(Role.AGENT)), fresh(conversation).last_in_seq
    customer_writes(scene.team, "And one more thing!")
    newer = fresh(conversation).last_in_seq

    first = send(client, conversation, "Your parcel is here.", expected_last_seq=str(seen))
    kept = Draft.objects.get(user=scene.person(Role.AGENT)).text
    second = send(client, conversation, "Your parcel is here.", expected_last_seq=str(newer))

    assert first.status_code == 409
    assert first.headers["HX-Retarget"] == "#composer-notice"
    assert "The customer wrote something new" in body(first)
    assert f'name="expected_last_seq" value="{newer}"' in body(first)
    assert kept == "Your parcel is here."
    assert second.status_code == 200
    assert said(conversation) == ["Your parcel is here."]


@pytest.mark.parametrize("text", ["x" * 501, "Hello"])
def test_a_refused_text_is_kept_as_a_draft(text: str) -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    if text == "Hello":
        conversations.claim(Escalation.objects.get(conversation=conversation), scene.person(Role.SUPERVISOR))

    answer = send(browser(scene.person(Role.AGENT)), conversation, text)

    assert answer.status_code == 409
    assert Draft.objects.get(user=scene.person(Role.AGENT), mode="reply").text == text


def test_an_empty_reply_says_so() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)

    answer = send(browser(scene.person(Role.AGENT)), conversation, "  \n ")

    assert answer.status_code == 409
    assert "an empty message is not sent" in body(answer)


def test_an_unsent_reply_is_shown_where_a_colleague_took_over() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    agent = browser(scene.person(Role.AGENT))
    press(agent, reverse("workspace-draft", args=[conversation.public_id]), mode="reply", text="Half a sentence")
    conversations.claim(Escalation.objects.get(conversation=conversation), scene.person(Role.SUPERVISOR))

    page = show(agent, conversation)

    assert "Half a sentence" in page
    assert "Supervisor answers this customer. You can leave a note." in page
    assert 'id="composer-reply"' not in page
    assert 'id="composer-note"' in page


def test_a_closed_window_is_said_before_anyone_writes() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    Conversation.objects.filter(pk=conversation.pk).update(last_inbound_at=timezone.now() - timedelta(hours=49))

    page = show(browser(scene.person(Role.AGENT)), conversation)
    answer = send(browser(scene.person(Role.AGENT)), conversation, "Too late")

    assert "lets you answer for 48 hours" in page
    assert 'id="composer-reply"' not in page
    assert answer.status_code == 409


def test_the_button_names_the_person_and_the_channel() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)

    page = show(browser(scene.person(Role.AGENT)), conversation)

    assert "Send to Jane on TikTok" in page
    assert "to Jane Miller on TikTok" in page
    assert 'data-limit="500"' in page


def test_a_draft_is_kept_and_found_again_by_its_writer_only() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    address = reverse("workspace-draft", args=[conversation.public_id])
    agent = browser(scene.person(Role.AGENT))

    press(agent, address, mode="reply", text="Dear Jane, first")
    answer = press(agent, address, mode="reply", text="Dear Jane, second")
    press(agent, address, mode="note", text="Look at the address")

    assert answer.status_code == 204
    assert "Dear Jane, second</textarea>" in show(agent, conversation)
    assert "Look at the address</textarea>" in show(agent, conversation)
    assert "Dear Jane" not in show(browser(scene.person(Role.SUPERVISOR)), conversation)
    assert "Draft" in agent.get(reverse("workspace")).content.decode()


def test_sending_and_emptying_forget_the_draft() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    address = reverse("workspace-draft", args=[conversation.public_id])
    agent = browser(scene.person(Role.AGENT))
    press(agent, address, mode="reply", text="Dear Jane")
    press(agent, address, mode="note", text="A thought")

    send(agent, conversation, "Dear Jane, it is here.")
    press(agent, address, mode="note", text="  ")

    assert not Draft.objects.exists()


def test_a_draft_that_arrives_after_its_composer_was_sent_stays_away() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    agent, token = browser(scene.person(Role.AGENT)), str(uuid.uuid4())
    send(agent, conversation, "Dear Jane, it is here.", token=token)

    press(
        agent,
        reverse("workspace-draft", args=[conversation.public_id]),
        mode="reply",
        text="Dear Jane, it is h",
        token=token,
    )

    assert not Draft.objects.exists()


def test_who_may_keep_a_draft() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    address = reverse("workspace-draft", args=[conversation.public_id])

    statuses = [
        press(browser(scene.person(Role.VIEWER)), address, mode="reply", text="x").status_code,
        press(browser(scene.stranger), address, mode="reply", text="x").status_code,
        press(browser(scene.person(Role.AGENT)), address, mode="shout", text="x").status_code,
    ]

    assert statuses == [403, 404, 400]
    assert not Draft.objects.exists()


def test_a_note_is_left_beside_a_colleague_and_is_no_message() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    conversations.claim(Escalation.objects.get(conversation=conversation), scene.person(Role.SUPERVISOR))
    before = Message.objects.count()

    answer = send(browser(scene.person(Role.AGENT)), conversation, "She called yesterday.", to="note")

    assert answer.status_code == 200
    assert 'data-from="note"' in body(answer)
    assert Message.objects.count() == before


def test_a_viewer_leaves_no_note_and_strangers_find_nothing() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)

    statuses = [
        send(browser(scene.person(Role.VIEWER)), conversation, "x", to="note").status_code,
        send(browser(scene.stranger), conversation, "x", to="note").status_code,
        send(browser(scene.stranger), conversation, "x").status_code,
    ]

    assert statuses == [403, 404, 404]
    assert conversation.notes.count() == 0


@pytest.mark.parametrize(
    ("text", "outcome"), [("I am looking for it now.", "as_is"), ("I am looking for it. Sam", "edited")]
)
def test_what_became_of_a_suggestion_is_recorded(text: str, outcome: str) -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    escalation = Escalation.objects.get(conversation=conversation)

    answer = send(browser(scene.person(Role.AGENT)), conversation, text, suggested=str(escalation.public_id))

    assert answer.status_code == 200
    assert SuggestionOutcome.objects.get(escalation=escalation).outcome == outcome
    assert 'id="suggestion"' not in body(answer)


def test_a_suggestion_is_stale_once_the_customer_wrote_again() -> None:
    scene = set_scene()
    conversation = customer_writes(scene.team)
    bot_hands_over(conversation)
    client = browser(scene.person(Role.AGENT))

    before = show(client, conversation)
    customer_writes(scene.team, "Never mind, another question.")
    after = show(client, conversation)

    assert "is-stale" not in before
    assert "data-send-suggestion" in before
    assert "is-stale" in after
    assert "data-send-suggestion" not in after


def test_tokens_are_forgotten_after_some_days() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    client = browser(scene.person(Role.AGENT))
    send(client, conversation, "One")
    Submission.objects.update(created_at=timezone.now() - timedelta(days=3))

    send(client, conversation, "Two")

    assert Submission.objects.count() == 1
    assert said(conversation) == ["One", "Two"]


@pytest.mark.django_db(transaction=True)
def test_four_presses_at_once_send_once() -> None:
    scene = set_scene()
    conversation = waiting_conversation(scene.team)
    agent, token = scene.person(Role.AGENT), str(uuid.uuid4())
    clients, start = [browser(agent) for _ in range(4)], Barrier(4)

    def press_now(client: Client) -> int:
        start.wait(timeout=10)
        try:
            return send(client, conversation, "Hello Jane!", token=token).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(press_now, clients))

    assert statuses == [200] * 4
    assert said(conversation) == ["Hello Jane!"]
