"""Finding the conversation of a thread, or beginning it; and who writes in it, as far as somebody says."""

from django.db.models import QuerySet

from conversations.exceptions import CustomerErased
from conversations.models import Conversation, Customer
from conversations.services.announce import announce, lock, save
from conversations.services.erased import thread_was_erased, was_erased
from conversations.types import Channel
from core import rows
from core.statements import Read
from core.text import clean_text, truncate
from core.transactions import retried


def conversation_of_thread(account_id: int, thread_key: str) -> int | None:
    """The pk of the thread's conversation, if there is one."""
    return _of_thread.first(account_id, thread_key)


@Read
def _of_thread(account_id: int, thread_key: str) -> QuerySet[Conversation, int]:
    thread = Conversation.objects.filter(account_id=account_id, thread_key=thread_key)
    return thread.order_by().values_list("pk", flat=True)


def ensure_conversation(
    channel: Channel,
    *,
    thread_key: str,
    customer_id: str,
    name: str = "",
    username: str = "",
    email: str = "",
    details_from: str = "",
    locale: str = "",
    for_message: str = "",
) -> int:
    """The pk of the thread's conversation, made with its customer if need be. Safe against two callers at once.

    ``for_message`` is the id of the customer's message it is wanted for, empty where something else asks for it.
    Raises CustomerErased where that would bring back somebody who was erased.
    """
    found = conversation_of_thread(channel.account_id, thread_key)
    if found is not None:
        return found
    account_id = channel.account_id
    if was_erased(account_id, for_message) if for_message else thread_was_erased(account_id, thread_key):
        raise CustomerErased
    new = Customer(
        platform=channel.platform,
        account_id=account_id,
        external_id=customer_id,
        name=truncate(clean_text(name), 200),
        username=truncate(clean_text(username), 200),
        email=truncate(clean_text(email), 254),
        details_from=details_from,
        locale=locale[:20],
    )
    return _make_conversation(channel, thread_key, new)


@retried
def _make_conversation(channel: Channel, thread_key: str, new: Customer) -> int:
    """The pk of the thread's conversation, made if need be for ``new`` or whoever that is already."""
    rows.insert_unless_there(
        Conversation(
            customer=_same_as(new),
            platform=channel.platform,
            account_id=channel.account_id,
            account_name=channel.account_name,
            thread_key=thread_key,
            team_id=channel.team_id,
            is_public=channel.is_public,
            needs_approval=channel.needs_approval,
            delivers_itself=channel.delivers_itself,
            text_limit=channel.text_limit,
            picture_limit=channel.picture_limit,
            window_hours=channel.window_hours,
            window_messages=channel.window_messages,
            # Until their words tell, what the platform says of the customer counts more than what most write here.
            language="" if new.locale else next(iter(channel.languages), ""),
        )
    )
    return _of_thread.one(channel.account_id, thread_key)


def _same_as(new: Customer) -> Customer:
    """The customer's row, made if need be, and held: nobody is erased while they get another conversation."""
    rows.insert_unless_there(new)
    # Whoever was erased while this waited for their row begins a new record.
    return _held_customer.first(new.account_id, new.external_id) or _same_as(new)


@Read
def _held_customer(account_id: int, external_id: str) -> QuerySet[Customer]:
    same = Customer.objects.filter(account_id=account_id, external_id=external_id).order_by()
    # Held without its key, or whoever has just written a conversation could not commit while others queue for the row.
    return same.select_for_update(no_key=True)


@retried
def describe_customer(
    account_id: int, customer_id: str, *, name: str, email: str, details_from: Customer.Source
) -> bool:
    """Keep what somebody is called now, where they have written before; open screens show it. Whether it was news."""
    details = {
        "name": truncate(clean_text(name), 200),
        "email": truncate(clean_text(email), 254),
        "details_from": details_from,
    }
    known = Customer.objects.filter(account_id=account_id, external_id=customer_id, erased_at=None)
    if not known.exclude(**details).update(**details):
        return False
    for pk in Conversation.objects.filter(customer__in=known).order_by("pk").values_list("pk", flat=True):
        conversation = lock(pk)
        save(conversation)
        announce(conversation)
    return True
