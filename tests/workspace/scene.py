"""Short ways to set a scene: a team, its people, its customers, and a browser that speaks htmx."""

import json
import uuid
from dataclasses import dataclass
from typing import Any, cast

from django.http import HttpResponse
from django.test import Client

from agent.models import AgentRun, Release
from conversations import services as conversations
from conversations.models import Conversation, Escalation
from conversations.types import Channel, HandOver, InboundMessage, MessageFacts, Priority, ReasonCategory, Reply
from core.models import Team, User
from core.policy import Role
from tests.factories import make_release, make_team, make_user

HTMX = {"HX-Request": "true"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A team with one person of each role, and another team's agent."""

    team: Team
    people: dict[str, User]
    stranger: User

    def person(self, role: Role) -> User:
        """The team's person of a role."""
        return self.people[role.value]


def set_scene() -> Scene:
    """A team, its people, and a stranger."""
    team = make_team()
    roles = [Role.ADMIN, Role.SUPERVISOR, Role.AGENT, Role.VIEWER, Role.PROMPT_EDITOR]
    people = {role.value: make_user(role=role, team=team, first_name=role.label) for role in roles}
    return Scene(team=team, people=people, stranger=make_user(role=Role.AGENT, team=make_team()))


def tiktok(team: Team) -> Channel:
    """A TikTok account's channel of the team."""
    return Channel(
        platform="tiktok",
        account_id=7,
        account_name="Shop",
        team_id=team.pk,
        text_limit=500,
        picture_limit=3_000_000,
        window_hours=48,
        window_messages=10,
        debounce_seconds=0,
    )


def customer_writes(
    team: Team, text: str = "Where is my order?", *, thread: str = "t1", name: str = "Jane Miller"
) -> Conversation:
    """A customer writes; the conversation as it stands."""
    message = conversations.receive(
        InboundMessage(
            channel=tiktok(team),
            source_id=uuid.uuid4().hex,
            thread_key=thread,
            customer_id=f"customer-{thread}",
            customer_name=name,
            text=text,
        )
    )
    assert message is not None
    return Conversation.objects.get(pk=message.conversation_id)


def bot_answers(
    conversation: Conversation, text: str = "It is on its way.", *, trace: dict[str, Any] | None = None
) -> AgentRun:
    """The bot answers, leaving a run."""
    run = _run(conversation, trace or {})
    turn = conversations.claim_turn(conversation.pk, owner="test")
    assert turn is not None
    facts = MessageFacts(intent="order_status", sentiment=-0.6, language="en")
    conversations.commit_turn(turn, Reply(text=text, sources=({"title": "Shipping"},)), run_id=run.pk, facts=facts)
    return run


def bot_hands_over(
    conversation: Conversation,
    *,
    reason: ReasonCategory = ReasonCategory.ASKED,
    priority: Priority = Priority.NORMAL,
    suggestion: str = "I am looking for it now.",
    card: dict[str, Any] | None = None,
) -> Escalation:
    """The bot calls a person."""
    turn = conversations.claim_turn(conversation.pk, owner="test")
    assert turn is not None
    outcome = HandOver(
        reason=reason,
        detail="The customer asks for a person.",
        priority=priority,
        customer_text="A person will answer you here.",
        suggestion=suggestion,
        card=card or {},
    )
    conversations.commit_turn(
        turn, outcome, run_id=_run(conversation, {}).pk, facts=MessageFacts(intent="human_request")
    )
    return Escalation.objects.get(conversation=conversation)


def waiting_conversation(team: Team, *, thread: str = "t1", name: str = "Jane Miller", **handed: Any) -> Conversation:
    """A conversation that waits in the queue."""
    conversation = customer_writes(team, "I want a person.", thread=thread, name=name)
    bot_hands_over(conversation, **handed)
    return fresh(conversation)


def fresh(conversation: Conversation) -> Conversation:
    """The conversation as the database has it."""
    return Conversation.objects.get(pk=conversation.pk)


def browser(user: User | None) -> Client:
    """A browser in which ``user`` is signed in."""
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


def press(client: Client, url: str, **fields: str) -> HttpResponse:
    """What htmx posts when somebody presses a button."""
    return cast("HttpResponse", client.post(url, fields, headers=HTMX))


def body(response: HttpResponse) -> str:
    """What the response shows."""
    return response.content.decode()


def told(response: HttpResponse) -> str:
    """The passing words of a response."""
    events: dict[str, dict[str, str]] = json.loads(response.headers.get("HX-Trigger", "{}"))
    return events.get("workspace:done", {}).get("text", "")


def _run(conversation: Conversation, trace: dict[str, Any]) -> AgentRun:
    number = AgentRun.objects.filter(conversation_id=conversation.pk).count()
    return AgentRun.objects.create(
        conversation_id=conversation.pk,
        epoch=1000 + number,
        release=Release.objects.first() or make_release(),
        from_seq=1,
        to_seq=1,
        trace=trace,
        intent="order_status",
        confidence=0.8,
    )
