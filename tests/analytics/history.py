"""Some days of a shop's life, the same every time, with every state that a figure tells apart."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from typing import Any

from django.test import Client
from django.utils import timezone

from agent.models import AgentRun, Release
from conversations.models import Conversation, Delivery, Episode, Escalation, Message
from conversations.types import Priority, ReasonCategory
from core.models import Team, User
from core.policy import Role
from integrations.models import PlatformAccount, WebhookEvent
from tests.factories import (
    make_account,
    make_channel,
    make_conversation,
    make_customer,
    make_delivery,
    make_escalation,
    make_message,
    make_release,
    make_team,
    make_user,
    number,
)

NOW = datetime(2026, 3, 4, 15, 20, 30, tzinfo=UTC)
# Within this hour, earlier today, last night, some days ago, too long ago for any period.
AGES = [
    timedelta(minutes=3),
    timedelta(minutes=59, seconds=40),
    timedelta(hours=5),
    timedelta(hours=19),
    timedelta(days=4),
    timedelta(days=9),
]
DISPOSITIONS = list(Message.Disposition)
STATES = list(Delivery.State)
INTENTS = ["order-status", "returns", "", "shipping", "order-status"]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What there is, and whose it is."""

    berlin: Team
    madrid: Team
    accounts: list[PlatformAccount]
    people: dict[Role, User]


def make_history(conversations: int = 36, *, now: datetime = NOW) -> History:
    """Two teams, four accounts (one without a team), people of each role in the first team, and their conversations."""
    berlin, madrid = make_team(), make_team()
    accounts = [
        make_account(platform="tiktok", team=berlin),
        make_account(platform="webchat", team=berlin),
        make_account(platform="tiktok", team=madrid),
        make_account(platform="webchat"),
    ]
    people: dict[Role, User] = {role: make_user(role=role, team=berlin) for role in Role if role != Role.API_CLIENT}
    release = Release.objects.current().first() or make_release()
    ages = cycle(AGES)
    for turn in range(conversations):
        # Steps without a common divisor bring every state together with every account and age.
        _talk(turn, accounts[turn % 4], people, release, began=now - next(ages), now=now)
    for turn, age in enumerate(islice(cycle(AGES), 38)):
        _event(turn, accounts[turn % 4], now - age)
    return History(berlin=berlin, madrid=madrid, accounts=accounts, people=people)


def _talk(
    turn: int, account: PlatformAccount, people: dict[Role, User], release: Release, *, began: datetime, now: datetime
) -> None:
    mode = [Conversation.Mode.BOT, Conversation.Mode.HUMAN, Conversation.Mode.CLOSED][(turn // 2) % 3]
    channel = make_channel(account)
    customer = make_customer(account_id=account.pk, platform=account.platform, name=f"Customer {turn}")
    conversation = make_conversation(channel=channel, customer=customer, mode=mode)
    if turn % 17 == 16:
        # A thread that was opened and in which nothing was said.
        return
    _say(turn, conversation, began)
    _note_episode(turn, conversation, began)
    _make_run(turn, conversation, release, began)
    conversation.refresh_from_db()
    if mode == Conversation.Mode.HUMAN:
        claimant = people[Role.AGENT] if turn % 4 in (1, 2) else None
        escalation = make_escalation(
            conversation,
            reason=ReasonCategory.values[turn % len(ReasonCategory.values)],
            claimed_by=claimant,
            priority=Priority.values[turn % 3],
        )
        due = now + timedelta(minutes=[-30, 45][turn // 4 % 2])
        Escalation.objects.filter(pk=escalation.pk).update(created_at=began, due_at=due if turn % 5 else None)
    elif turn % 3 == 0:
        Escalation.objects.create(
            conversation=conversation,
            reason=ReasonCategory.ASKED,
            state=Escalation.State.CLOSED,
            outcome=Escalation.Outcome.ANSWERED,
            created_at=began,
            closed_at=now,
        )
    waits = mode != Conversation.Mode.CLOSED and turn % 4 != 1
    Conversation.objects.filter(pk=conversation.pk).update(
        waiting_since=began if waits else None,
        closed_at=began + timedelta(minutes=2) if mode == Conversation.Mode.CLOSED else None,
        last_message_at=began + timedelta(seconds=turn % 2),
    )


def _say(turn: int, conversation: Conversation, began: datetime) -> None:
    disposition = DISPOSITIONS[turn % len(DISPOSITIONS)]
    decided: dict[str, Any] = {"disposition_id": 1} if disposition in ("answered", "handed_over") else {}
    for line in range(1 + turn % 3):
        make_message(
            conversation,
            f"Line {line}",
            created_at=began + timedelta(seconds=line),
            disposition=disposition,
            intent=INTENTS[(turn + line) % len(INTENTS)],
            sentiment_score=line / 2 - 0.5,
            language="en",
            **decided,
        )
    delivery = make_delivery(conversation, state=STATES[(turn + turn // 8) % len(STATES)])
    Delivery.objects.filter(pk=delivery.pk).update(created_at=began + timedelta(seconds=4))
    Message.objects.filter(pk=delivery.message_id).update(created_at=began + timedelta(seconds=4))


def _note_episode(turn: int, conversation: Conversation, began: datetime) -> None:
    """The episode's clocks: answered or not, and the ways in which a person may come into it."""
    later = began + timedelta(minutes=5)
    Episode.objects.filter(conversation=conversation).update(
        started_at=began,
        first_bot_reply_at=began + timedelta(milliseconds=350 * turn + 200) if turn % 4 else None,
        first_human_reply_at=later if turn % 5 == 1 else None,
        first_escalated_at=later if turn % 7 == 2 else None,
        asked_for_person_at=later if turn % 9 == 3 else None,
    )


def _make_run(turn: int, conversation: Conversation, release: Release, began: datetime) -> None:
    with_model = {
        "provider": "openai",
        "model": "gpt",
        "tokens_in": 100 + turn,
        "tokens_out": 20,
        "cost_micros": 30 * turn,
    }
    AgentRun.objects.create(
        conversation_id=conversation.pk,
        epoch=number(),
        release=release,
        from_seq=1,
        to_seq=1,
        state=AgentRun.State.REPLIED,
        started_at=began,
        ended_at=began,
        **(with_model if turn % 3 == 0 else {}),
    )


def _event(turn: int, account: PlatformAccount, received_at: datetime) -> None:
    state = WebhookEvent.State.values[(turn + turn // 6) % len(WebhookEvent.State.values)]
    WebhookEvent.objects.create(
        source=account.source,
        event_key=f"event-{number()}",
        platform=account.platform,
        body=b"{}",
        body_sha256="0" * 64,
        received_at=received_at,
        state=state,
        reason="" if state in ("received", "ingested") else "=1+1 said the platform",
    )


def signed_in(who: User) -> Client:
    """A browser in which ``who`` is signed in."""
    client = Client()
    client.force_login(who)
    return client


def history_until_now(conversations: int = 36) -> History:
    """A history that ends now."""
    return make_history(conversations, now=timezone.now())


def listed(page: str) -> int:
    """How many rows a page of a list shows."""
    return page.count('<th scope="row"')
