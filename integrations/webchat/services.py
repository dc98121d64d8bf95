"""What visitors may do: begin, write, read, be told. A visitor is known by a random token.

Somebody whom the account's site vouches for has one thread on every device; what they wrote before, as somebody unknown,
stays a thread of its own.
"""

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from conversations import services as conversations
from conversations.exceptions import CustomerErased
from conversations.models import Attachment, Conversation, Customer, Message
from conversations.types import Channel, InboundAttachment, InboundMessage
from core import audit, live
from core.models import hash_secret
from integrations.models import IdentifiedPerson, PlatformAccount, Visitor
from integrations.webchat import files, guesses
from integrations.webchat.details import Details
from integrations.webchat.exceptions import IdentityMissing, IdentityWrong, NoFiles, TooManyRequests, VisitorUnknown
from integrations.webchat.identity import claims_of

TEXT_LIMIT = 4000
PICTURE_LIMIT = 8_000_000
DEBOUNCE_SECONDS = 0.6
MESSAGES_PER_MINUTE = 20
FILES_PER_TEN_MINUTES = 20
# How long a device of an identified person is believed without a new token of the site.
IDENTIFIED_FOR = timedelta(hours=24)
MOST_DEVICES = 20
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


def begin(
    account: PlatformAccount, *, locale: str, address: str, details: Details | None = None
) -> tuple[Visitor, str]:
    """A new visitor and the token that proves them, which is not kept. Raises TooManyRequests and IdentityMissing."""
    if account.identity_required:
        raise IdentityMissing
    address_hash = _hash_address(address)
    since = timezone.now() - timedelta(minutes=10)
    begun = Visitor.objects.filter(account=account, address_hash=address_hash, created_at__gt=since).count()
    if begun >= settings.CHAT_SESSIONS_PER_TEN_MINUTES:
        raise TooManyRequests(
            "Too many chats were begun from here. Wait some minutes, then try again.", retry_after=300
        )
    token = secrets.token_urlsafe(32)
    said = details or Details()
    visitor = Visitor.objects.create(
        account=account,
        token_hash=hash_secret(token),
        name=said.name,
        email=said.email,
        locale=locale[:20],
        address_hash=address_hash,
    )
    return visitor, token


def identify(account: PlatformAccount, identity: str, *, locale: str, known_token: str = "") -> tuple[Visitor, str]:
    """The visitor on this device of whom the site's token names, and the token that proves them for a day.

    A device that shows its token of before (``known_token``) keeps it. Raises IdentityWrong and IdentityExpired.
    """
    if not account.proofs:
        raise IdentityWrong("this account has no secret yet; `account rotate` makes one")
    claims = claims_of(identity, account.proofs)
    now = timezone.now()
    with transaction.atomic():
        person, _ = IdentifiedPerson.objects.update_or_create(
            account=account,
            subject=claims.subject,
            defaults={"name": claims.name, "email": claims.email, "proven_at": now},
        )
        visitor, token = _device_of(person, locale=locale, known_token=known_token)
        visitor.expires_at, visitor.last_seen_at = now + IDENTIFIED_FOR, now
        visitor.save()
        _forget_old_devices(person)
    conversations.describe_customer(
        account.pk,
        str(person.public_id),
        name=person.name,
        email=person.email,
        details_from=Customer.Source.SITE,
    )
    return visitor, token


def _device_of(person: IdentifiedPerson, *, locale: str, known_token: str) -> tuple[Visitor, str]:
    known = visitor_of(person.account, known_token)
    if known is not None and known.person == person:
        return known, known_token
    token = secrets.token_urlsafe(32)
    return Visitor(account=person.account, person=person, token_hash=hash_secret(token), locale=locale[:20]), token


def _forget_old_devices(person: IdentifiedPerson) -> None:
    devices = Visitor.objects.filter(person=person).order_by("-last_seen_at", "-pk")
    kept = list(devices.filter(expires_at__gt=timezone.now()).values_list("pk", flat=True)[:MOST_DEVICES])
    devices.exclude(pk__in=kept).delete()


def visitor_of(account: PlatformAccount, token: str) -> Visitor | None:
    """Whom a token proves."""
    if not token or len(token) > 100:
        return None
    known = Visitor.objects.proven().filter(account=account, token_hash=hash_secret(token))
    return known.select_related("person").first()


def prove(account: PlatformAccount, token: str) -> Visitor:
    """Whom a token proves. Raises VisitorUnknown, and TooManyRequests for an address that shows wrong ones again and again."""
    visitor = visitor_of(account, token)
    if visitor is not None:
        return visitor
    seconds = guesses.seconds_after(audit.origin.get().address) if token else 0
    if seconds:
        raise TooManyRequests("Too many chats were asked for that are not here. Wait a moment.", retry_after=seconds)
    raise VisitorUnknown


def is_known(visitor: Visitor) -> bool:
    """Whether the visitor's token proves them still."""
    return Visitor.objects.proven().filter(pk=visitor.pk).exists()


def write(account: PlatformAccount, visitor: Visitor, *, client_msg_id: uuid.UUID, text: str) -> tuple[Message, bool]:
    """The visitor's message as it is kept, and whether it is new: the same id again gives the same message.

    Raises TooManyRequests, IdentityMissing, and VisitorUnknown if the visitor was erased this moment. When this returns the
    message is committed and will be dealt with.
    """
    known = _known(account, visitor, client_msg_id)
    if known is not None:
        return known, False
    _refuse_strangers(account, visitor)
    _refuse_flood(account, visitor)
    return _receive(account, visitor, client_msg_id=client_msg_id, text=text)


def send_files(
    account: PlatformAccount, visitor: Visitor, *, client_msg_id: uuid.UUID, text: str, sent: list[files.SentFile]
) -> tuple[Message, bool]:
    """A message with files, and words if there are any; otherwise as ``write``.

    Raises what that raises, NoFiles, and whatever ``files.judged`` says of the files. Either all of it is kept or nothing.
    """
    known = _known(account, visitor, client_msg_id)
    if known is not None:
        return known, False
    if not account.takes_files:
        raise NoFiles
    _refuse_strangers(account, visitor)
    _refuse_flood(account, visitor)
    _refuse_files(account, visitor, len(sent))
    attachments = files.keep(files.judged(sent))
    is_new = False
    try:
        message, is_new = _receive(account, visitor, client_msg_id=client_msg_id, text=text, attachments=attachments)
    finally:
        if not is_new:
            files.let_go(attachments)
    return message, is_new


def _known(account: PlatformAccount, visitor: Visitor, client_msg_id: uuid.UUID) -> Message | None:
    source_id = _source_id(visitor, client_msg_id)
    return Message.objects.filter(account_id=account.pk, platform_message_id=source_id).first()


def _source_id(visitor: Visitor, client_msg_id: uuid.UUID) -> str:
    return f"{visitor.thread_key}:{client_msg_id}"


def _receive(
    account: PlatformAccount,
    visitor: Visitor,
    *,
    client_msg_id: uuid.UUID,
    text: str,
    attachments: tuple[InboundAttachment, ...] = (),
) -> tuple[Message, bool]:
    source_id = _source_id(visitor, client_msg_id)
    name, email, details_from = _described(visitor)
    inbound = InboundMessage(
        channel=channel_of(account),
        source_id=source_id,
        thread_key=visitor.thread_key,
        customer_id=visitor.thread_key,
        customer_name=name,
        customer_email=email,
        details_from=details_from,
        locale=visitor.locale,
        text=text,
        kind="text" if text or not attachments else attachments[0].kind,
        attachments=attachments,
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


def _described(visitor: Visitor) -> tuple[str, str, str]:
    """The name, the address, and who told them."""
    if visitor.person is not None:
        return visitor.person.name, visitor.person.email, Customer.Source.SITE
    told = Customer.Source.VISITOR if visitor.name or visitor.email else ""
    return visitor.name, visitor.email, told


def conversation_of(visitor: Visitor) -> Conversation | None:
    """The visitor's conversation, once they have written."""
    return (
        Conversation.objects.filter(account_id=visitor.account_id, thread_key=visitor.thread_key)
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
    found = _attachment_of(visitor, public_id)
    return found if found is not None and found.is_shown else None


def document_of(visitor: Visitor, public_id: uuid.UUID) -> Attachment | None:
    """A document of the visitor's own conversation; None for those of others and whatever is no document."""
    found = _attachment_of(visitor, public_id)
    return found if found is not None and found.is_document else None


def recording_of(visitor: Visitor, public_id: uuid.UUID) -> Attachment | None:
    """A recording of the visitor's own conversation; None for those of others and whatever is no recording."""
    found = _attachment_of(visitor, public_id)
    return found if found is not None and found.is_recording else None


def _attachment_of(visitor: Visitor, public_id: uuid.UUID) -> Attachment | None:
    own = Attachment.objects.filter(
        message__conversation__account_id=visitor.account_id, message__conversation__thread_key=visitor.thread_key
    )
    return own.filter(public_id=public_id).first()


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
    """The channel group of the open pages of one visitor, on all their devices."""
    return f"visitor.{visitor.thread_key.replace('-', '')}"


def _refuse_strangers(account: PlatformAccount, visitor: Visitor) -> None:
    if account.identity_required and visitor.person is None:
        raise IdentityMissing


def _refuse_flood(account: PlatformAccount, visitor: Visitor) -> None:
    since = timezone.now() - timedelta(minutes=1)
    recent = Message.objects.filter(
        conversation__account_id=account.pk,
        conversation__thread_key=visitor.thread_key,
        direction=Message.Direction.INBOUND,
        created_at__gt=since,
    )
    if recent.count() >= MESSAGES_PER_MINUTE:
        raise TooManyRequests("That was a lot at once. Wait a moment, then send again.", retry_after=20)


def _refuse_files(account: PlatformAccount, visitor: Visitor, count: int) -> None:
    recent = Attachment.objects.filter(
        message__conversation__account_id=account.pk,
        message__conversation__thread_key=visitor.thread_key,
        message__direction=Message.Direction.INBOUND,
        message__created_at__gt=timezone.now() - timedelta(minutes=10),
    )
    if recent.count() + count > FILES_PER_TEN_MINUTES:
        raise TooManyRequests("That was a lot of files at once. Wait some minutes, then send again.", retry_after=120)


def _hash_address(address: str) -> str:
    return hashlib.sha256(f"{settings.SECRET_KEY}:{address}".encode()).hexdigest()
