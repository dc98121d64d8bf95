"""What platforms report of our own words: whose they were, in which thread, and that they arrived."""

from django.db.models import Exists, QuerySet
from django.utils import timezone

from conversations.models import Conversation, Delivery, Fact, Message
from conversations.services.announce import announce, save
from conversations.services.erased import was_known
from conversations.services.facts import note
from conversations.services.handover import HANDOVER_FIELDS, hand_to_people, open_episode
from conversations.services.receiving import hold
from conversations.services.restoring import is_of_the_lost_time, recover
from conversations.services.threads import ensure_conversation
from conversations.types import EchoMeaning, OutboundEcho, ReasonCategory
from core import rows
from core.statements import Change
from core.text import clean_text
from core.transactions import retried

_IN_FLIGHT = (Delivery.State.SENDING, Delivery.State.UNKNOWN, Delivery.State.RETRY_WAIT, Delivery.State.NEEDS_REVIEW)


@retried
def record_echo(echo: OutboundEcho) -> EchoMeaning:
    """Find out who said what the platform reports as ours, and record it if it is new.

    Ours if the id is known, or if the API said it and a delivery of the thread with these words is on its way.
    Ours as well if the API said it in the time that a restored record has lost.
    Otherwise a colleague wrote in the platform's own app, and people answer from now on. Raises CustomerErased in a
    thread that was erased.
    """
    found = ensure_conversation(
        echo.channel, thread_key=echo.thread_key, customer_id=echo.customer_id, name=echo.customer_name
    )
    conversation = hold(found, echo.thread_key)
    if was_known(conversation.account_id, echo.source_id):
        return EchoMeaning.DUPLICATE
    if echo.by_api and _settle_by_echo(conversation, echo):
        return EchoMeaning.OURS
    if echo.by_api and not echo.automatic and is_of_the_lost_time(conversation.account_id, echo.sent_at):
        recover(conversation, echo)
        return EchoMeaning.OURS
    sender = Message.Sender.SYSTEM if echo.automatic else Message.Sender.HUMAN
    conversation.last_seq += 1
    conversation.last_message_at = timezone.now()
    conversation.window_used += 1
    episode = open_episode(conversation)
    message = Message.objects.create(
        conversation=conversation,
        episode=episode,
        account_id=conversation.account_id,
        seq=conversation.last_seq,
        direction=Message.Direction.OUTBOUND,
        sender_type=sender,
        author_name="" if echo.automatic else "Colleague in the app",
        platform_message_id=echo.source_id,
        kind=echo.kind,
        text=clean_text(echo.text),
        sent_at=echo.sent_at,
    )
    if not echo.automatic:
        if conversation.mode == Conversation.Mode.CLOSED:
            conversation.closed_at = None
        hand_to_people(
            conversation,
            reason=ReasonCategory.COLLEAGUE,
            detail="A colleague answered in the platform's own app.",
            by_person=True,
        )
        conversation.waiting_since = None
        if episode.first_human_reply_at is None:
            episode.first_human_reply_at = message.created_at
            episode.save(update_fields=["first_human_reply_at"])
    save(conversation, *HANDOVER_FIELDS, "window_used", "closed_at")
    announce(conversation)
    return EchoMeaning.AUTOMATIC if echo.automatic else EchoMeaning.COLLEAGUE


def _settle_by_echo(conversation: Conversation, echo: OutboundEcho) -> bool:
    """Whether a delivery of ours explains the echo; its arrival is then recorded."""
    candidates = Delivery.objects.filter(conversation=conversation, echo_message_id="").select_related("message")
    known = candidates.filter(platform_message_id=echo.source_id).first()
    if known is not None:
        return True
    words = clean_text(echo.text).strip()
    for delivery in candidates.filter(state__in=_IN_FLIGHT).order_by("out_seq"):
        if delivery.message.text != words or (not words and delivery.message.kind != echo.kind):
            continue
        if delivery.state == Delivery.State.SENDING:
            # Its sender is still waiting for the answer and will write the result; this is the proof if it cannot.
            Delivery.objects.filter(pk=delivery.pk).update(echo_message_id=echo.source_id)
            return True
        arrived(conversation, delivery, platform_message_id=echo.source_id)
        announce(conversation, queued=True)
        return True
    return False


def arrived(conversation: Conversation, delivery: Delivery, *, platform_message_id: str) -> None:
    """Record that a delivery of a locked conversation reached the customer."""
    delivery.state = Delivery.State.SENT
    delivery.sent_at = timezone.now()
    delivery.platform_message_id = platform_message_id
    delivery.lease_until = delivery.unknown_since = None
    delivery.reason = ""
    rows.update(delivery, "state", "sent_at", "platform_message_id", "lease_until", "unknown_since", "reason")
    note_arrival(
        conversation,
        message_id=delivery.message_id,
        author=delivery.author,
        platform_message_id=platform_message_id,
    )


def note_arrival(conversation: Conversation, *, message_id: int, author: str, platform_message_id: str) -> None:
    """Record what follows, in a locked conversation, from the arrival of a delivery that is marked as sent."""
    if platform_message_id:
        _name_message(message_id, conversation.account_id, platform_message_id)
    if author != Delivery.Author.SYSTEM:
        note(Fact.Kind.ANSWERED, conversation, message_id=message_id)
    conversation.window_used += 1
    save(conversation, "window_used")


@Change
def _name_message(pk: int, account_id: int, platform_message_id: str) -> tuple[QuerySet[Message], dict[str, str]]:
    """Give a message the platform's id, unless another one has it."""
    known = Message.objects.filter(account_id=account_id, platform_message_id=platform_message_id)
    return Message.objects.filter(~Exists(known), pk=pk), {"platform_message_id": platform_message_id}


def thread_of_own(account_id: int, *, above: str, text: str) -> tuple[str, str] | None:
    """In whose thread we said something under ``above``: the thread's key and the customer's id on the platform.

    Where words like these are on their way to a thread of it, that one; else whoever said what stands above. None if
    that is nobody we know.
    """
    words = clean_text(text).strip()
    on_its_way = Delivery.objects.filter(account_id=account_id, state__in=_IN_FLIGHT, message__text=words)
    for delivery in on_its_way.select_related("conversation__customer").order_by("out_seq"):
        if delivery.conversation.thread_key.partition("|")[0] == above:
            return delivery.conversation.thread_key, delivery.conversation.customer.external_id
    said = Message.objects.filter(account_id=account_id, platform_message_id=above)
    found = said.select_related("conversation__customer").first()
    return (found.conversation.thread_key, found.conversation.customer.external_id) if found is not None else None
