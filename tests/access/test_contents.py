"""What is hidden at first sight is in no answer that is only read: a Viewer and a key without the scope find it at no door."""

import html
import json
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from agent.models import AgentRun, Approval
from conversations.models import Attachment, Conversation, Customer, Escalation, Message
from core.models import AuditEvent
from core.policy import SCOPES, Role
from integrations.models import WebhookEvent
from tests.access.doors import DOORS, Door, Given, Words
from tests.access.rows import rows_of, shared_rows
from tests.factories import make_release, make_team, make_user
from tests.rest import Caller, signed_in, with_key

pytestmark = pytest.mark.django_db
CARD, ADDRESS = "4111 1111 1111 1111", "ada@mail.example"
TOLD = f"Card {CARD}, mail {ADDRESS}"
HIDDEN = "Card [card], mail [e-mail]"
# The rows that hold it, at the doors that are about one row; lists answer them anyhow.
ABOUT_IT: dict[str, Words] = {
    "api-messages-detail": lambda given: {"public_id": given.team.waiting_message.public_id},
    "api-conversations-detail": lambda given: {"public_id": given.team.waiting.conversation.public_id},
    "api-customers-detail": lambda given: {"public_id": given.team.waiting.conversation.customer.public_id},
    "older-conversation": lambda given: {"number": given.team.waiting.conversation_id},
    "workspace-conversation": lambda given: {"public_id": given.team.waiting.conversation.public_id},
    "workspace-earlier": lambda given: {"public_id": given.team.waiting.conversation.public_id},
}
# Where it would stand if it were not masked.
SAY_IT = {
    "api-messages-list", "api-messages-detail", "api-conversations-list", "api-conversations-detail", "api-escalations-list",
    "api-escalations-detail", "older-conversations", "older-conversation",
}  # fmt: skip


def given_rows() -> Given:
    """Rows of a team in which a card and an address stand wherever a customer's words may."""
    make_release()
    given = Given(team=rows_of(make_team()), shared=shared_rows(), user=None)
    waiting = given.team.waiting
    Message.objects.filter(pk=given.team.waiting_message.pk).update(text=TOLD)
    Conversation.objects.filter(pk=waiting.conversation_id).update(subject=TOLD)
    Customer.objects.filter(pk=waiting.conversation.customer_id).update(email=ADDRESS)
    Attachment.objects.filter(pk=given.team.attachment.pk).update(
        reading_state="done", reading_text=TOLD, reading_provider="openai", reading_model="vision"
    )
    Escalation.objects.filter(pk=waiting.pk).update(detail=TOLD, suggestion=TOLD, card={"wants": TOLD})
    # A decision that waits would stand in the place of the suggestion.
    Approval.objects.filter(pk=given.team.approval.pk).delete()
    return given


def read(door: Door, client: Client, headers: dict[str, str], given: Given) -> str:
    """What the door answers, as text; empty where it does not open."""
    address = reverse(door.name, kwargs=ABOUT_IT.get(door.name, door.address)(given))
    answer: Any = client.get(
        address, {"before": "9"} if door.name == "workspace-earlier" else door.query(given), headers=headers
    )
    if answer.status_code != 200:
        return ""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(content.decode(errors="replace"))


def everything_read(caller: Caller, given: Given) -> dict[str, str]:
    """What each door that only reads answers."""
    return {door.name: read(door, caller.client, caller.headers, given) for door in DOORS if door.method == "GET"}


def test_nothing_hidden_is_in_any_answer_to_a_viewer_or_a_key_without_the_scope() -> None:
    given = given_rows()
    viewer = make_user(role=Role.VIEWER, team=given.team.account.team)
    callers = {
        "viewer": (Caller(user=viewer), replace(given, user=viewer)),
        "key": (with_key(*sorted(set(SCOPES) - {"personal:read"})), given),
    }

    for name, (caller, rows) in callers.items():
        told = everything_read(caller, rows)

        assert [door for door, words in told.items() if CARD in words or ADDRESS in words] == [], name
        assert {door for door in SAY_IT if HIDDEN in told[door]} == SAY_IT, name
    assert HIDDEN in everything_read(*callers["viewer"])["workspace-conversation"]


def test_a_key_with_the_scope_reads_whole_words() -> None:
    told = everything_read(with_key("conversations:read", "personal:read"), given_rows())

    assert {door for door in SAY_IT if TOLD in told[door]} == SAY_IT
    assert told["api-messages-detail"].count(TOLD) == 2
    assert told["api-escalations-detail"].count(TOLD) == 2
    assert f'"{ADDRESS}"' in told["api-customers-detail"]


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUPERVISOR, Role.AGENT])
def test_people_who_may_reveal_ask_for_one_message_and_it_is_noted_each_time(role: Role) -> None:
    given = given_rows()
    message, attachment = given.team.waiting_message, given.team.attachment
    caller = signed_in(role, team=given.team.account.team)

    masked = caller.get(f"/api/v1/messages/{message.public_id}/").json()["text"]
    told = [caller.post(f"/api/v1/messages/{message.public_id}/reveal/", key="the-same") for _ in range(2)]

    assert masked == HIDDEN
    for answer in told:
        assert (answer.status_code, answer.json()) == (
            200,
            {
                "id": str(message.public_id), "text": TOLD,
                "readings": [{"attachment": str(attachment.public_id), "text": TOLD}],
            },
        )  # fmt: skip
    noted = AuditEvent.objects.filter(action__endswith=".reveal").order_by("pk")
    assert [event.action for event in noted] == ["message.reveal", "attachment.reveal"] * 2
    assert CARD not in str(list(noted.values()))


def test_a_viewer_and_keys_reveal_nothing_and_what_the_house_wrote_is_not_revealed() -> None:
    given = given_rows()
    message, team = given.team.waiting_message, given.team.account.team
    address = f"/api/v1/messages/{message.public_id}/reveal/"

    refused = [
        caller.post(address)
        for caller in (signed_in(Role.VIEWER, team=team), with_key(*SCOPES), with_key(role=Role.ADMIN), Caller())
    ]
    ours = signed_in().post(f"/api/v1/messages/{given.team.bot_message.public_id}/reveal/")

    assert [answer.status_code for answer in refused] == [403, 403, 409, 401]
    assert ours.status_code == 404
    assert not any(CARD in answer.content.decode() for answer in refused)
    assert not AuditEvent.objects.filter(action__endswith=".reveal").exists()


@pytest.mark.parametrize("table", ["message", "attachment", "escalation", "conversation"])
def test_a_rows_page_in_the_admin_hides_it_and_leads_to_the_workspace(table: str) -> None:
    given = given_rows()
    row: Any = {
        "message": given.team.waiting_message, "attachment": given.team.attachment, "escalation": given.team.waiting,
        "conversation": given.team.waiting.conversation,
    }[table]  # fmt: skip
    Message.objects.filter(pk=given.team.waiting_message.pk).update(details={"item": TOLD})

    page = signed_in(Role.ADMIN).get(reverse(f"admin:conversations_{table}_change", args=[row.pk])).content.decode()

    assert CARD not in page
    assert ADDRESS not in page
    assert HIDDEN in page
    # A conversation's way there stands in the list.
    assert (
        table == "conversation"
        or reverse("workspace-conversation", args=[str(given.team.waiting.conversation.public_id)]) in page
    )
    assert not AuditEvent.objects.filter(action__endswith=".reveal").exists()


@pytest.mark.parametrize("table", ["agent_agentrun", "integrations_webhookevent"])
def test_what_a_machine_kept_of_it_is_hidden_in_the_admin_too(table: str) -> None:
    given = given_rows()
    run, event = given.team.run, given.shared.event
    AgentRun.objects.filter(pk=run.pk).update(draft=TOLD, envelope={"message": TOLD}, trace={"heard": TOLD})
    WebhookEvent.objects.filter(pk=event.pk).update(body=json.dumps({"text": TOLD, "from": ADDRESS}).encode())
    row: Any = run if table == "agent_agentrun" else event

    page = signed_in(Role.ADMIN).get(reverse(f"admin:{table}_change", args=[row.pk])).content.decode()

    assert CARD not in page
    assert ADDRESS not in page
    assert (html.escape(HIDDEN) in page) is (table == "agent_agentrun")
    # Each record breaks its lines, or its page is as wide as the longest.
    assert page.count('<pre class="written-lines">') == (2 if table == "agent_agentrun" else 0)


def test_a_suggestion_is_whole_for_those_who_may_send_it() -> None:
    given = given_rows()
    address = reverse("workspace-conversation", args=[given.team.waiting.conversation.public_id])
    team = given.team.account.team

    pages = {role: signed_in(role, team=team).get(address).content.decode() for role in (Role.AGENT, Role.VIEWER)}

    card = '<p class="suggestion-text" dir="auto">{}</p>'
    assert card.format(TOLD) in pages[Role.AGENT]
    assert card.format(HIDDEN) in pages[Role.VIEWER]
    assert pages[Role.AGENT].count(TOLD) == 1
