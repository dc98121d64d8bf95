"""What is left of erased customers: rows without their words, and keyed hashes by which a repetition is known.

A platform may report a message again days after the person who wrote it was erased. Its id is known by its hash, so
it is not taken in a second time. What the person writes anew begins a new record.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from conversations.models import Attachment, Conversation, Customer, Delivery, Episode, Escalation, Message, SeenKey
from conversations.services.announce import announce, lock, save
from conversations.services.handover import HANDOVER_FIELDS, close_escalation, end_episode, rest_turn
from conversations.services.outgoing import cancel_waiting
from core.keyed import keyed_hash, keyed_hashes
from core.statements import Read
from core.transactions import retried

Item = tuple[int, str]
"""A message by its account and the platform's id of it."""

MARK = "erased:"
# Platforms repeat what they could not deliver for three days.
REPEATED_FOR = timedelta(hours=80)


def erased_form(account_id: int, item_id: str) -> str:
    """What is kept in place of an id of an account's platform."""
    return f"{MARK}{keyed_hash('item', account_id, item_id)}"


def was_known(account_id: int, item_id: str) -> bool:
    """Whether a message is in the record, or was before it was erased."""
    return bool(known_ids(account_id, [item_id]))


def known_ids(account_id: int, item_ids: Iterable[str]) -> set[str]:
    """Which of these messages are in the record, or were before they were erased."""
    return {item_id for _, item_id in known_items((account_id, item_id) for item_id in item_ids)}


def known_items(items: Iterable[Item]) -> set[Item]:
    """As ``known_ids``, of several accounts at once."""
    return _found({(item[0], form): item for item in items for form in (item[1], *_erased_forms(*item))})


def recorded_items(items: Iterable[Item]) -> set[Item]:
    """Which of these messages are in the record as they were, whoever wrote them."""
    return _found({item: item for item in items})


def erased_items(items: Iterable[Item]) -> set[Item]:
    """Which of these messages were in the record before their customers were erased."""
    return _found({(item[0], form): item for item in items for form in _erased_forms(*item)})


def was_erased(account_id: int, item_id: str) -> bool:
    """Whether this message was in the record before its customer was erased."""
    return bool(erased_items([(account_id, item_id)]))


def _found(forms: Mapping[Item, Item]) -> set[Item]:
    """The items of which a form is some message's id."""
    if not forms:
        return set()
    accounts = tuple(dict.fromkeys(account_id for account_id, _ in forms))
    ids = tuple(dict.fromkeys(form for _, form in forms))
    kept = ((account_id, str(form)) for account_id, form in _with_ids.all(accounts, ids))
    # Two accounts may have one id for different things.
    return {forms[each] for each in kept if each in forms}


@Read
def _with_ids(accounts: tuple[int, ...], ids: tuple[str, ...]) -> QuerySet[Message, tuple[int, str | None]]:
    found = Message.objects.filter(account_id__in=accounts, platform_message_id__in=ids)
    return found.order_by().values_list("account_id", "platform_message_id")


def thread_was_erased(account_id: int, thread_key: str) -> bool:
    """Whether a thread was erased so lately that its platform may still repeat what was said in it."""
    keys = [_thread_form(digest) for digest in keyed_hashes("thread", account_id, thread_key)]
    since = timezone.now() - REPEATED_FOR
    return SeenKey.objects.filter(account_id=account_id, key__in=keys, seen_at__gt=since).exists()


def remember_erased_thread(account_id: int, thread_key: str) -> None:
    """Know an erased thread by its hash for as long as its platform may repeat what was said in it."""
    key = _thread_form(keyed_hash("thread", account_id, thread_key))
    SeenKey.objects.update_or_create(account_id=account_id, key=key, defaults={"seen_at": timezone.now()})


def hold_customer(customer_id: int) -> Customer:
    """The customer, held until the surrounding transaction ends: they get no other conversation meanwhile."""
    return Customer.objects.select_for_update().get(pk=customer_id)


@retried
def stop(conversation_id: int) -> int:
    """Close a conversation for good: no turn and no send begins here again. Returns how many sends are under way.

    A turn that is being worked out finds its epoch over; what waited to be sent is cancelled, and what waited to be read
    by a machine stays unread.
    """
    conversation = lock(conversation_id)
    cancel_waiting(conversation, *Delivery.Author, reason="The customer is being erased.")
    _leave_unanswered([conversation])
    Attachment.objects.filter(message__conversation=conversation, reading_state=Attachment.ReadingState.PENDING).update(
        reading_state=Attachment.ReadingState.OFF, reading_due_at=None
    )
    if conversation.mode != Conversation.Mode.CLOSED:
        close_escalation(conversation, Escalation.Outcome.EXPIRED)
        end_episode(conversation, Episode.Outcome.ASSUMED)
        conversation.mode = Conversation.Mode.CLOSED
        conversation.assignee = None
        conversation.closed_at = timezone.now()
    rest_turn(conversation)
    conversation.waiting_since = None
    save(conversation, *HANDOVER_FIELDS, "assignee", "closed_at")
    announce(conversation)
    return Delivery.objects.filter(conversation=conversation, state=Delivery.State.SENDING).count()


def is_erased(conversation_id: int) -> bool:
    """Whether the customer of a conversation was erased."""
    return bool(_of_erased.all(conversation_id))


@Read
def _of_erased(conversation_id: int) -> QuerySet[Conversation, int]:
    erased = Conversation.objects.filter(pk=conversation_id, customer__erased_at__isnull=False)
    return erased.order_by().values_list("pk", flat=True)


def forget_ids(customer: Customer) -> None:
    """Put hashes in the place of every id by which platforms know a customer, their threads and their messages.

    The conversations are held by the caller, and what was said in them is erased in the same transaction.
    """
    threads = list(Conversation.objects.filter(customer=customer))
    for conversation in threads:
        remember_erased_thread(conversation.account_id, conversation.thread_key)
        SeenKey.objects.filter(account_id=conversation.account_id, key__endswith=f":{conversation.thread_key}").delete()
        conversation.thread_key = f"{MARK}{conversation.public_id}"
        save(conversation, "thread_key")
        announce(conversation)
    messages = Message.objects.filter(conversation__in=threads, platform_message_id__isnull=False)
    rows = list(messages.only("pk", "account_id", "platform_message_id"))
    for message in rows:
        message.platform_message_id = erased_form(message.account_id, str(message.platform_message_id))
    Message.objects.bulk_update(rows, ["platform_message_id"], batch_size=500)
    Delivery.objects.filter(conversation__in=threads).exclude(state=Delivery.State.SENT).update(
        state=Delivery.State.CANCELLED, fence=F("fence") + 1, lease_until=None, unknown_since=None
    )
    _leave_unanswered(threads)
    customer.erased_at = timezone.now()
    customer.external_id = f"{MARK}{customer.public_id}"
    customer.save(update_fields=["erased_at", "external_id"])


def _leave_unanswered(threads: Sequence[Conversation]) -> None:
    """Nobody answers what nothing was decided about, nor what was to be answered by words that are cancelled."""
    cancelled = Delivery.objects.filter(conversation__in=threads, state=Delivery.State.CANCELLED).values("pk")
    Message.objects.filter(
        Q(disposition=Message.Disposition.UNDECIDED)
        | Q(disposition=Message.Disposition.ANSWERED, disposition_id__in=cancelled),
        conversation__in=threads,
    ).update(
        disposition=Message.Disposition.IGNORED,
        disposition_reason="the customer is being erased",
        disposition_id=None,
    )


def _erased_forms(account_id: int, item_id: str) -> list[str]:
    return [f"{MARK}{digest}" for digest in keyed_hashes("item", account_id, item_id)]


def _thread_form(digest: str) -> str:
    return f"{MARK}thread:{digest}"
