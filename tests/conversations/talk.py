"""Short ways to make a conversation happen through the real services."""

import uuid
from datetime import datetime, timedelta

from django.utils import timezone

from conversations import services as conversations
from conversations.models import Conversation, Delivery, Episode, Message
from conversations.types import (
    Channel,
    ClaimedDelivery,
    InboundMessage,
    MessageFacts,
    Outcome,
    Reply,
    SendOutcome,
    SendResult,
    Settled,
    Turn,
    TurnResult,
)
from core.models import User
from core.policy import Role

TIKTOK = Channel(
    platform="tiktok",
    account_id=7,
    account_name="Shop",
    text_limit=6000,
    picture_limit=3_000_000,
    window_hours=48,
    window_messages=10,
    debounce_seconds=0,
)
WEBCHAT = Channel(
    platform="webchat",
    account_id=8,
    account_name="Site",
    delivers_itself=True,
    picture_limit=8_000_000,
    debounce_seconds=0,
)


def write(
    text: str = "Where is my order?",
    *,
    thread: str = "thread-1",
    source_id: str = "",
    channel: Channel = TIKTOK,
    kind: str = "text",
    needs_no_answer: str = "",
) -> Message | None:
    """A customer writes."""
    return conversations.receive(
        inbound_message(
            text, thread=thread, source_id=source_id, channel=channel, kind=kind, needs_no_answer=needs_no_answer
        )
    )


def inbound_message(
    text: str,
    *,
    thread: str,
    source_id: str = "",
    channel: Channel = TIKTOK,
    kind: str = "text",
    needs_no_answer: str = "",
) -> InboundMessage:
    """The value a platform would hand over."""
    return InboundMessage(
        channel=channel,
        source_id=source_id or uuid.uuid4().hex,
        thread_key=thread,
        customer_id=f"customer-{thread}",
        customer_name="Jane",
        text=text,
        kind=kind,
        needs_no_answer=needs_no_answer,
    )


def wrote(text: str = "Where is my order?", *, thread: str = "thread-1", channel: Channel = TIKTOK) -> Conversation:
    """A customer wrote; the conversation as it stands."""
    message = write(text, thread=thread, channel=channel)
    assert message is not None
    return Conversation.objects.get(pk=message.conversation_id)


def answer(conversation: Conversation, outcome: Outcome | None = None, *, run_id: int = 1) -> TurnResult:
    """The bot claims a turn and commits it."""
    return commit(claimed_turn(conversation), outcome, run_id=run_id)


def claimed_turn(conversation: Conversation, *, owner: str = "worker") -> Turn:
    """A turn the bot has claimed."""
    turn = conversations.claim_turn(conversation.pk, owner=owner)
    assert turn is not None
    return turn


def commit(turn: Turn, outcome: Outcome | None = None, *, run_id: int = 1) -> TurnResult:
    """Commit a turn, as a reply unless told otherwise."""
    return conversations.commit_turn(
        turn,
        outcome or Reply(text="It is on its way."),
        run_id=run_id,
        facts=MessageFacts(intent="order_status", language="en"),
    )


def claimed_delivery(conversation: Conversation) -> ClaimedDelivery:
    """A delivery that a sender has claimed."""
    claimed = conversations.claim_delivery(conversation.pk)
    assert claimed is not None
    return claimed


def settle(claimed: ClaimedDelivery, outcome: SendOutcome, **result: object) -> Settled | None:
    """Write the end of an attempt."""
    fields = {"outcome": outcome, **result}
    return conversations.settle_delivery(claimed, SendResult(**fields), started_at=timezone.now())  # type: ignore[arg-type]


def send(conversation: Conversation, *, platform_message_id: str = "platform-1") -> Delivery:
    """Claim the next delivery and have it accepted."""
    claimed = claimed_delivery(conversation)
    settle(claimed, SendOutcome.OK, platform_message_id=platform_message_id)
    return Delivery.objects.get(pk=claimed.delivery_id)


def due_again(conversation: Conversation) -> None:
    """As if the back-off were over."""
    Conversation.objects.filter(pk=conversation.pk).update(ready_at=timezone.now() - timedelta(seconds=1))


def expire_lease(conversation: Conversation) -> None:
    """As if the turn's worker had been killed a while ago."""
    Conversation.objects.filter(pk=conversation.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def person(name: str = "dana", role: Role = Role.SUPERVISOR) -> User:
    """A member of staff."""
    return User.objects.create_user(username=name, password=None, role=role)


def fresh(conversation: Conversation) -> Conversation:
    """The conversation as the database has it."""
    return Conversation.objects.get(pk=conversation.pk)


def answered_after(*minutes: int, now: datetime) -> None:
    """Conversations that people answered, so many minutes after they were called."""
    for number, each in enumerate(minutes):
        conversation = wrote(thread=f"answered-{number}")
        replied = now - timedelta(hours=1)
        Episode.objects.update_or_create(
            conversation=conversation,
            number=1,
            defaults={"first_escalated_at": replied - timedelta(minutes=each), "first_human_reply_at": replied},
        )
