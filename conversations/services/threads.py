"""Finding the conversation of a thread, or beginning it; and who writes in it, as far as somebody says."""

from collections.abc import Iterable, Mapping, Sequence

from django.db.models import QuerySet

from conversations.exceptions import CustomerErased
from conversations.models import Conversation, Customer
from conversations.services.announce import announce, lock, save
from conversations.services.erased import erased_items, thread_was_erased, was_erased
from conversations.types import Channel, InboundMessage
from core import rows
from core.statements import Read
from core.text import clean_text, truncate
from core.transactions import retried

Thread = tuple[int, str]
"""A thread by its account and the platform's key of it."""


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
    new = _new_customer(
        channel,
        customer_id,
        name=name,
        username=username,
        email=email,
        details_from=details_from,
        locale=locale,
    )
    return _make_conversation(channel, thread_key, new)


def ensure_conversations(inbounds: Iterable[InboundMessage]) -> dict[Thread, int]:
    """The pks of the conversations that messages of different threads belong to, made as ``ensure_conversation`` makes one.

    Those that would bring back somebody who was erased are left out.
    """
    wanted = {(each.channel.account_id, each.thread_key): each for each in inbounds}
    found = _those_of(wanted)
    missing = {thread: each for thread, each in wanted.items() if thread not in found}
    erased = erased_items((account_id, each.source_id) for (account_id, _), each in missing.items())
    # In one order everywhere, so that two who make the same ones do not wait for each other.
    new = [missing[thread] for thread in sorted(missing) if (thread[0], missing[thread].source_id) not in erased]
    return found | _make_conversations(new) if new else found


def _those_of(threads: Iterable[Thread]) -> dict[Thread, int]:
    wanted = set(threads)
    if not wanted:
        return {}
    accounts, keys = {account_id for account_id, _ in wanted}, {key for _, key in wanted}
    found = _of_threads.all(tuple(sorted(accounts)), tuple(sorted(keys)))
    return {(account_id, key): pk for account_id, key, pk in found if (account_id, key) in wanted}


@Read
def _of_threads(accounts: tuple[int, ...], keys: tuple[str, ...]) -> QuerySet[Conversation, tuple[int, str, int]]:
    threads = Conversation.objects.filter(account_id__in=accounts, thread_key__in=keys)
    return threads.order_by().values_list("account_id", "thread_key", "pk")


@retried
def _make_conversation(channel: Channel, thread_key: str, new: Customer) -> int:
    """The pk of the thread's conversation, made if need be for ``new`` or whoever that is already."""
    rows.insert_unless_there(_new_conversation(channel, thread_key, _same_as(new), locale=new.locale))
    return _of_thread.one(channel.account_id, thread_key)


@retried
def _make_conversations(inbounds: Sequence[InboundMessage]) -> dict[Thread, int]:
    """As ``_make_conversation``, of several threads; who was erased meanwhile is left out."""
    new = {
        (each.channel.account_id, each.customer_id): _new_customer(
            each.channel,
            each.customer_id,
            name=each.customer_name,
            username=each.customer_username,
            email=each.customer_email,
            details_from=each.details_from,
            locale=each.locale,
        )
        for each in inbounds
    }
    customers = {(each.account_id, each.external_id): each for each in _same_as_each(new)}
    missing = [
        _new_conversation(each.channel, each.thread_key, customer, locale=each.locale)
        for each in inbounds
        if (customer := customers.get((each.channel.account_id, each.customer_id))) is not None
    ]
    if missing:
        rows.insert_unless_there(*missing)
    return _those_of((each.account_id, each.thread_key) for each in missing)


def _new_customer(
    channel: Channel, customer_id: str, *, name: str, username: str, email: str, details_from: str, locale: str
) -> Customer:
    return Customer(
        platform=channel.platform,
        account_id=channel.account_id,
        external_id=customer_id,
        name=truncate(clean_text(name), 200),
        username=truncate(clean_text(username), 200),
        email=truncate(clean_text(email), 254),
        details_from=details_from,
        locale=locale[:20],
    )


def _new_conversation(channel: Channel, thread_key: str, customer: Customer, *, locale: str) -> Conversation:
    return Conversation(
        customer=customer,
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
        language="" if locale else next(iter(channel.languages), ""),
    )


def _same_as_each(new: Mapping[Thread, Customer]) -> list[Customer]:
    """As ``_same_as``, of several; who was erased while this waited for their row is not among them."""
    rows.insert_unless_there(*(new[each] for each in sorted(new)))
    accounts, ids = {account_id for account_id, _ in new}, {customer_id for _, customer_id in new}
    return _held_customers.all(tuple(sorted(accounts)), tuple(sorted(ids)))


@Read
def _held_customers(accounts: tuple[int, ...], ids: tuple[str, ...]) -> QuerySet[Customer]:
    same = Customer.objects.filter(account_id__in=accounts, external_id__in=ids).order_by("pk")
    return same.select_for_update(no_key=True)


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
