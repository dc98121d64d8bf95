"""What visitors may do: begin, write, read, be told. A visitor is known by a random token and nothing else."""

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from conversations import services as conversations
from conversations.exceptions import CustomerErased
from conversations.models import Attachment, Conversation, Message
from conversations.types import Channel, InboundMessage
from core import live
from core.models import hash_secret
from integrations.exceptions import TooManyRequests, VisitorUnknown
from integrations.models import PlatformAccount, Visitor

TEXT_LIMIT = 4000
PICTURE_LIMIT = 8_000_000
DEBOUNCE_SECONDS = 0.6
MESSAGES_PER_MINUTE = 20
PAGE = 50
CATCH_UP = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of a visitor's conversation: the messages oldest first, and how far it goes."""

    messages: list[Message]
    last_seq: int
    conversation: Conversation | None


def account_of(public_key: str) -> PlatformAccount | None:
    """The web chat account that a page's key names."""
    accounts = PlatformAccount.objects.receiving().filter(platform=PlatformAccount.Platform.WEBCHAT)
    return accounts.filter(public_key=public_key).first()


def channel_of(account: PlatformAccount) -> Channel:
    """The account as the record sees it."""
    return Channel(
        platform=account.platform,
        account_id=account.pk,
        account_name=account.name,
        team_id=account.team_id,
        delivers_itself=True,
        text_limit=TEXT_LIMIT,
        picture_limit=PICTURE_LIMIT,
        debounce_seconds=DEBOUNCE_SECONDS,
        languages=tuple(account.languages),
        bot_enabled=account.bot_enabled,
    )


def begin(account: PlatformAccount, *, locale: str, address: str) -> tuple[Visitor, str]:
    """A new visitor and the token that proves them, which is not kept. Raises TooManyRequests."""
    address_hash = _hash_address(address)
    since = timezone.now() - timedelta(minutes=10)
    begun = Visitor.objects.filter(account=account, address_hash=address_hash, created_at__gt=since).count()
    if begun >= settings.CHAT_SESSIONS_PER_TEN_MINUTES:
        raise TooManyRequests(
            "Too many chats were begun from here. Wait some minutes, then try again.", retry_after=300
        )
    token = secrets.token_urlsafe(32)
    visitor = Visitor.objects.create(
        account=account, token_hash=hash_secret(token), locale=locale[:20], address_hash=address_hash
    )
    return visitor, token


def visitor_of(account: PlatformAccount, token: str) -> Visitor | None:
    """Whom a token proves."""
    if not token or len(token) > 100:
        return None
    return Visitor.objects.filter(account=account, token_hash=hash_secret(token)).first()


def write(account: PlatformAccount, visitor: Visitor, *, client_msg_id: uuid.UUID, text: str) -> tuple[Message, bool]:
    """The visitor's message as it is kept, and whether it is new: the same id again gives the same message.

    Raises TooManyRequests, and VisitorUnknown if the visitor was erased this moment. When this returns the message is committed and will be dealt with.
    """
    source_id = f"{visitor.public_id}:{client_msg_id}"
    known = Message.objects.filter(account_id=account.pk, platform_message_id=source_id).first()
    if known is not None:
        return known, False
    _refuse_flood(account, visitor)
    inbound = InboundMessage(
        channel=channel_of(account),
        source_id=source_id,
        thread_key=str(visitor.public_id),
        customer_id=str(visitor.public_id),
        locale=visitor.locale,
        text=text,
        details={"client_msg_id": str(client_msg_id)},
    )
    try:
        message = conversations.receive(inbound)
    except CustomerErased as erased:
        raise VisitorUnknown from erased
    if message is None:
        return Message.objects.get(account_id=account.pk, platform_message_id=source_id), False
    live.signal(visitor_group(visitor), {"type": "conversation.opened"})
    return message, True


def conversation_of(visitor: Visitor) -> Conversation | None:
    """The visitor's conversation, once they have written."""
    return (
        Conversation.objects.filter(account_id=visitor.account_id, thread_key=str(visitor.public_id))
        .select_related("assignee")
        .first()
    )


def read(visitor: Visitor, *, after: int | None = None, before: int | None = None) -> Page:
    """What follows ``after``, what stands before ``before``, or the newest: at most 200 and 50 messages."""
    conversation = conversation_of(visitor)
    if conversation is None:
        return Page(messages=[], last_seq=0, conversation=None)
    rows = conversation.messages.prefetch_related("attachments")
    if after is not None:
        messages = list(rows.filter(seq__gt=after).order_by("seq")[:CATCH_UP])
    elif before is not None:
        messages = list(rows.filter(seq__lt=before).order_by("-seq")[:PAGE])[::-1]
    else:
        messages = list(rows.order_by("-seq")[:PAGE])[::-1]
    return Page(messages=messages, last_seq=conversation.last_seq, conversation=conversation)


def picture_of(visitor: Visitor, public_id: uuid.UUID) -> Attachment | None:
    """A picture of the visitor's own conversation; None for those of others and whatever is no picture."""
    own = Attachment.objects.filter(
        message__conversation__account_id=visitor.account_id, message__conversation__thread_key=str(visitor.public_id)
    )
    found = own.filter(public_id=public_id).first()
    return found if found is not None and found.is_shown else None


def mark_seen(visitor: Visitor, seq: int) -> None:
    """Everything up to ``seq`` was on the visitor's screen."""
    conversation = conversation_of(visitor)
    if conversation is not None:
        conversations.mark_read_to(conversation.pk, seq)


def tell_typing(visitor: Visitor, *, on: bool) -> None:
    """Show staff that the visitor writes, or has stopped."""
    conversation = conversation_of(visitor)
    if conversation is not None:
        live.signal(
            live.conversation_group(conversation.pk),
            {"type": "typing.changed", "who": "customer", "on": on, "name": ""},
        )


def visitor_group(visitor: Visitor) -> str:
    """The channel group of one visitor's open pages."""
    return f"visitor.{visitor.public_id.hex}"


def _refuse_flood(account: PlatformAccount, visitor: Visitor) -> None:
    since = timezone.now() - timedelta(minutes=1)
    recent = Message.objects.filter(
        conversation__account_id=account.pk,
        conversation__thread_key=str(visitor.public_id),
        direction=Message.Direction.INBOUND,
        created_at__gt=since,
    )
    if recent.count() >= MESSAGES_PER_MINUTE:
        raise TooManyRequests("That was a lot at once. Wait a moment, then send again.", retry_after=20)


def _hash_address(address: str) -> str:
    return hashlib.sha256(f"{settings.SECRET_KEY}:{address}".encode()).hexdigest()
