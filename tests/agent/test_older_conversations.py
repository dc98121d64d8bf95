"""The conversations that the older project's clients ask for: what is found, how much of it is shown, and in whose words."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agent.api import older_conversations
from agent.models import Intent, Release
from conversations.models import Conversation
from core.policy import Role
from tests.factories import make_conversation, make_message, make_release, make_user
from tests.rest import Caller, with_key

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> Caller:
    return with_key(role=Role.ADMIN)


def test_conversations_are_found_by_the_number_of_who_has_them(admin: Caller) -> None:
    mine, theirs = make_user(), make_user()
    wanted = make_conversation(mode=Conversation.Mode.HUMAN, assignee=mine)
    make_conversation(mode=Conversation.Mode.HUMAN, assignee=theirs)
    make_conversation()

    assert [row["id"] for row in admin.get("/conversations", assigned_to=mine.pk).json()] == [wanted.pk]


def test_what_comes_before_all_others_is_high_to_an_older_client(admin: Caller) -> None:
    found = {make_conversation(priority=priority).pk for priority in ("first", "high")}
    normal = make_conversation(priority="normal")

    assert {row["id"] for row in admin.get("/conversations", priority="high").json()} == found
    assert [row["id"] for row in admin.get("/conversations", priority="normal").json()] == [normal.pk]


def test_a_conversation_is_shown_with_its_newest_messages(admin: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(older_conversations, "MOST_MESSAGES", 2)
    conversation, other = make_conversation(), make_conversation()
    for word in ("one", "two", "three"):
        make_message(conversation, word)
    make_message(other, "four")

    told = {row["id"]: row["messages"] for row in admin.get("/conversations").json()}
    alone = admin.get(f"/conversations/{conversation.pk}").json()["messages"]

    assert [row["content"] for row in told[conversation.pk]] == ["two", "three"]
    assert [row["content"] for row in told[other.pk]] == ["four"]
    assert alone == told[conversation.pk]


def with_intents(*, state: str = Release.State.PUBLISHED, **routes: str) -> Release:
    """A release that knows these intents and no others."""
    release = make_release(state=state)
    release.intents.all().delete()
    for key, route in routes.items():
        Intent.objects.create(release=release, key=key, route=route)
    return release


def test_an_intent_is_told_as_one_of_the_four_that_an_older_client_knows(admin: Caller) -> None:
    with_intents(refund="support", bulk="sales", hello="general", injury="urgent")
    conversation = make_conversation()
    for key in ("refund", "bulk", "hello", "injury", ""):
        make_message(conversation, intent=key)

    told = admin.get(f"/conversations/{conversation.pk}").json()["messages"]

    assert [row["intent"] for row in told] == ["support", "sales", "general", "urgent", None]
    assert admin.get("/conversations").json()[0]["messages"] == told


def test_an_intent_that_was_given_up_is_told_as_the_newest_release_that_had_it(admin: Caller) -> None:
    for route in ("support", "sales"):
        with_intents(state=Release.State.RETIRED, refund=route)
    current = with_intents(hello="general")
    with_intents(state=Release.State.DRAFT, refund="urgent")
    conversation = make_conversation()
    for key in ("refund", "never-known"):
        make_message(conversation, intent=key)

    def told() -> list[str]:
        rows = admin.get(f"/conversations/{conversation.pk}").json()["messages"]
        return [row["intent"] for row in rows]

    assert told() == ["sales", "general"]
    Intent.objects.create(release=current, key="refund", route="support")
    assert told() == ["support", "general"]


def test_the_four_intents_cost_two_queries_for_any_number_of_messages(admin: Caller) -> None:
    with_intents(refund="support", hello="general")
    conversations = [make_conversation() for _ in range(4)]
    for conversation in conversations:
        make_message(conversation, intent="refund")
    admin.get("/conversations")

    with CaptureQueriesContext(connection) as known:
        admin.get("/conversations")
    for conversation in conversations:
        for key in ("hello", "refund", "old-one", "older-one"):
            make_message(conversation, intent=key)
    with CaptureQueriesContext(connection) as gone:
        admin.get("/conversations")

    # The key, the call counted, conversations, messages, escalations, and the intents; those no release has are looked for once more.
    assert (len(known), len(gone)) == (6, 7)
