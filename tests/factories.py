"""Rows for tests, plain and the same every time: each function makes one row and what it cannot be without.

They write rows and announce nothing. What a service does is tested by calling the service.
"""

import hashlib
import itertools
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from agent.models import AgentConfig, Intent, Release, ReplyTemplate, TrainingExample
from conversations.models import Conversation, Customer, Delivery, Episode, Escalation, Message
from conversations.types import Channel, InboundMessage, Priority, ReasonCategory
from core.models import ApiKey, Team, User, new_secret
from core.policy import Role
from integrations.models import PlatformAccount, WebhookEvent

_numbers = itertools.count(1)
PASSWORD = "correct horse battery"


def number() -> int:
    """A number that no other row of this session has."""
    return next(_numbers)


def make_team(name: str = "") -> Team:
    """A team."""
    return Team.objects.create(name=name or f"Team {number()}")


def make_user(*, role: Role = Role.AGENT, team: Team | None = None, username: str = "", **values: Any) -> User:
    """A member of staff who signs in with PASSWORD."""
    user = User.objects.create_user(
        username=username or f"{role.value}-{number()}", password=PASSWORD, role=role, is_staff=True, **values
    )
    if team is not None:
        user.teams.add(team)
    return user


def make_api_key(
    *, role: Role = Role.API_CLIENT, scopes: tuple[str, ...] = (), team: Team | None = None
) -> tuple[ApiKey, str]:
    """A key's row, and the key as its owner has it."""
    prefix, whole, digest = new_secret()
    row = ApiKey.objects.create(
        name=f"Key {prefix}", prefix=prefix, secret_hash=digest, role=role, scopes=list(scopes), team=team
    )
    return row, whole


def make_account(
    *, platform: str = "tiktok", team: Team | None = None, secrets: dict[str, str] | None = None, **values: Any
) -> PlatformAccount:
    """An account that works. TikTok's has the secrets a webhook and a send need."""
    unique = number()
    if secrets is None:
        secrets = _tiktok_secrets(unique) if platform == "tiktok" else {}
    values.setdefault("client_key", f"client-{unique}" if platform == "tiktok" else "")
    values.setdefault("external_id", f"business-{unique}")
    values.setdefault("name", f"{platform.title()} account {unique}")
    return PlatformAccount.objects.create(platform=platform, team=team, secrets=secrets, **values)


def make_channel(account: PlatformAccount | None = None, **values: Any) -> Channel:
    """What the record is told of an account: TikTok's window and text limit, or the web chat's none."""
    account = account or make_account()
    given: dict[str, Any] = {
        "platform": account.platform,
        "account_id": account.pk,
        "account_name": account.name,
        "team_id": account.team_id,
    }
    if account.platform == PlatformAccount.Platform.TIKTOK:
        given |= {"text_limit": 6000, "picture_limit": 3_000_000, "window_hours": 48, "window_messages": 10}
    if account.platform == PlatformAccount.Platform.WEBCHAT:
        given |= {"delivers_itself": True, "picture_limit": 8_000_000}
    return Channel(**(given | values))


def make_inbound(channel: Channel | None = None, text: str = "Where is my parcel?", **values: Any) -> InboundMessage:
    """A customer's message on its way in, from one thread and customer unless told otherwise."""
    unique = number()
    given: dict[str, Any] = {
        "source_id": f"in-{unique}",
        "thread_key": "thread-1",
        "customer_id": "customer-1",
        "customer_name": "Ada Marsh",
        "text": text,
        "sent_at": timezone.now(),
    }
    return InboundMessage(channel=channel or make_channel(), **(given | values))


def make_customer(*, account_id: int = 1, platform: str = "tiktok", name: str = "Ada Marsh", **values: Any) -> Customer:
    """A customer of an account."""
    values.setdefault("external_id", f"customer-{number()}")
    return Customer.objects.create(account_id=account_id, platform=platform, name=name, **values)


def make_conversation(
    *,
    channel: Channel | None = None,
    customer: Customer | None = None,
    mode: str = Conversation.Mode.BOT,
    **values: Any,
) -> Conversation:
    """A conversation without messages, with its first episode open; closed ones have theirs resolved."""
    channel = channel or make_channel()
    customer = customer or make_customer(account_id=channel.account_id, platform=channel.platform)
    kept = {field.name for field in fields(Channel)} & {
        "platform", "account_id", "account_name", "team_id", "is_public", "delivers_itself", "text_limit", "picture_limit",
        "window_hours", "window_messages",
    }  # fmt: skip
    facts = {name: getattr(channel, name) for name in kept}
    values.setdefault("thread_key", f"thread-{number()}")
    if mode == Conversation.Mode.CLOSED:
        values.setdefault("closed_at", timezone.now())
    conversation = Conversation.objects.create(customer=customer, mode=mode, **(facts | values))
    ended: dict[str, Any] = (
        {"ended_at": timezone.now(), "outcome": "resolved"} if mode == Conversation.Mode.CLOSED else {}
    )
    Episode.objects.create(conversation=conversation, number=1, **ended)
    return conversation


def make_message(
    conversation: Conversation,
    text: str = "Where is my parcel?",
    *,
    sender: str = Message.Sender.CUSTOMER,
    created_at: datetime | None = None,
    **values: Any,
) -> Message:
    """The conversation's next message; a customer's waits for an answer unless its disposition is given.

    The conversation's counters and last lines follow, as if it had been received or written.
    """
    created_at = created_at or timezone.now()
    inbound = sender == Message.Sender.CUSTOMER
    seq = conversation.last_seq + 1
    message = Message.objects.create(
        conversation=conversation,
        episode=conversation.episodes.order_by("-number").first(),
        account_id=conversation.account_id,
        seq=seq,
        direction=Message.Direction.INBOUND if inbound else Message.Direction.OUTBOUND,
        sender_type=sender,
        text=text,
        created_at=created_at,
        **({"disposition": Message.Disposition.UNDECIDED} if inbound else {}) | values,
    )
    conversation.last_seq = seq
    conversation.version += 1
    conversation.last_message_at = created_at
    if inbound:
        _count_inbound(conversation, message)
    conversation.save()
    return message


def make_escalation(
    conversation: Conversation | None = None,
    *,
    reason: str = ReasonCategory.ASKED,
    priority: str = Priority.NORMAL,
    claimed_by: User | None = None,
    **values: Any,
) -> Escalation:
    """A live escalation, claimed where a claimant is given; the conversation is with people from now on."""
    conversation = conversation or make_conversation()
    conversation.mode, conversation.priority, conversation.assignee = Conversation.Mode.HUMAN, priority, claimed_by
    conversation.waiting_since = conversation.waiting_since or timezone.now()
    conversation.save(update_fields=["mode", "priority", "assignee", "waiting_since"])
    claim: dict[str, Any] = {}
    if claimed_by is not None:
        claim = {"state": Escalation.State.CLAIMED, "claimed_by": claimed_by, "claimed_at": timezone.now()}
    return Escalation.objects.create(
        conversation=conversation,
        episode=conversation.episodes.order_by("-number").first(),
        reason=reason,
        priority=priority,
        **(claim | values),
    )


def make_delivery(
    conversation: Conversation | None = None,
    text: str = "It is on its way.",
    *,
    author: str = Delivery.Author.BOT,
    state: str = Delivery.State.PENDING,
    **values: Any,
) -> Delivery:
    """A message of ours and its delivery, in any state with what that state asks for."""
    conversation = conversation or make_conversation()
    message = make_message(conversation, text, sender=author)
    conversation.out_seq += 1
    conversation.save(update_fields=["out_seq"])
    needed: dict[str, dict[str, Any]] = {
        Delivery.State.SENDING: {"lease_until": timezone.now() + timedelta(seconds=30), "fence": 1, "attempts": 1},
        Delivery.State.UNKNOWN: {"unknown_since": timezone.now(), "fence": 1, "attempts": 1},
        Delivery.State.SENT: {"sent_at": timezone.now(), "platform_message_id": f"sent-{message.pk}", "attempts": 1},
        Delivery.State.DEAD: {"reason": "The platform refused it.", "attempts": 1},
        Delivery.State.NEEDS_REVIEW: {"reason": "It cannot be known whether it arrived.", "attempts": 1},
    }
    given: dict[str, Any] = {
        "idem_key": f"delivery-{number()}",
        "expires_at": timezone.now() + timedelta(hours=24),
    }
    return Delivery.objects.create(
        conversation=conversation,
        message=message,
        account_id=conversation.account_id,
        out_seq=conversation.out_seq,
        author=author,
        state=state,
        **(given | needed.get(state, {}) | values),
    )


def make_event(
    account: PlatformAccount | None = None,
    *,
    state: str = WebhookEvent.State.RECEIVED,
    body: bytes = b"{}",
    **values: Any,
) -> WebhookEvent:
    """What a platform sent for an account, as the door keeps it; what is set aside says why."""
    account = account or make_account()
    aside = state not in {WebhookEvent.State.RECEIVED, WebhookEvent.State.INGESTED}
    given: dict[str, Any] = {
        "source": account.source,
        "platform": account.platform,
        "event_key": f"event-{number()}",
        "body_sha256": hashlib.sha256(body).hexdigest(),
        "reason": "schema: text must be text." if aside else "",
    }
    return WebhookEvent.objects.create(state=state, body=body, **(given | values))


def make_release(*, state: str = Release.State.PUBLISHED, configs: dict[str, str] | None = None) -> Release:
    """A small release: two intents with a few examples and a fixed text. Nothing is fitted; see `first_release`."""
    published: dict[str, Any] = {}
    if state != Release.State.DRAFT:
        published = {"published_at": timezone.now(), "content_hash": "0" * 64}
    release = Release.objects.create(number=number(), state=state, **published)
    AgentConfig.objects.bulk_create(
        AgentConfig(release=release, config_key=key, config_value=value) for key, value in (configs or {}).items()
    )
    for key, route, texts in _INTENTS:
        Intent.objects.create(release=release, key=key, route=route)
        TrainingExample.objects.bulk_create(
            TrainingExample(release=release, label=key, language="en", text=text) for text in texts
        )
    ReplyTemplate.objects.create(
        release=release, key="hand-off", language="en", text="A colleague will answer you here."
    )
    return release


_INTENTS = [
    ("track-parcel", "support", ("Where is my parcel?", "Has my order been sent yet?", "When will it arrive?")),
    ("opening-hours", "general", ("When are you open?", "Are you open on Sunday?", "What are your hours?")),
]


def _tiktok_secrets(unique: int) -> dict[str, str]:
    return {
        "secret": f"secret-{unique}",
        "access_token": f"access-{unique}",
        "refresh_token": f"refresh-{unique}",
    }


def _count_inbound(conversation: Conversation, message: Message) -> None:
    conversation.last_in_seq = message.seq
    conversation.last_inbound_at = message.created_at
    conversation.last_customer_line = message.text[:200]
    conversation.window_used = 0
    if message.disposition == Message.Disposition.UNDECIDED:
        conversation.first_unanswered_at = conversation.first_unanswered_at or message.created_at
        conversation.waiting_since = conversation.waiting_since or message.created_at
        conversation.ready_at = conversation.ready_at or message.created_at
    else:
        conversation.answered_to_seq = message.seq
