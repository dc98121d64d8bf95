"""The ledger."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from agent.llm import spend
from agent.models import SpendLedger, SpendReservation
from agent.releases import keys

# A quarter of a dollar: twice in a conversation, four times for a customer.
QUARTER = 250_000


def caps_for(*, account: int = 1, customer: int = 1, conversation: int, account_cents: int = 2000) -> list[spend.Cap]:
    """The caps of a conversation, as a release has them by itself."""
    release = {key: keys.read(key, keys.KEYS[key].default) for key in spend.RELEASE_KEYS.values()}
    release["spend.account_cents_per_day"] = account_cents
    return list(spend.caps_of(release, account_id=account, customer_id=customer, conversation_id=conversation))


def at_once(deeds: Sequence[Callable[[], object]]) -> None:
    """Do all of these in the same moment, each on a connection of its own."""
    start = threading.Barrier(len(deeds))

    def do(deed: Callable[[], object]) -> None:
        start.wait(10)
        try:
            deed()
        finally:
            connection.close()

    threads = [threading.Thread(target=do, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def reserved_at_once(wanted: Sequence[Sequence[spend.Cap]], micros: int) -> list[spend.Reservation]:
    """What is held when a call for each of these begins in the same moment."""
    held: list[spend.Reservation] = []

    def ask(caps: Sequence[spend.Cap]) -> None:
        with suppress(spend.CapReached):
            held.append(spend.reserve(caps, micros))

    at_once([partial(ask, caps) for caps in wanted])
    return held


@pytest.mark.django_db
def test_a_reservation_is_held_and_then_settled() -> None:
    held = spend.reserve([spend.Cap(scope="global", micros=1000)], 400)
    assert SpendLedger.objects.get().reserved == 400
    assert SpendReservation.objects.get().pk == held.pk

    spend.settle(held, 150)

    row = SpendLedger.objects.get()
    assert (row.reserved, row.spent) == (0, 150)
    assert not SpendReservation.objects.exists()


@pytest.mark.django_db
def test_what_one_scope_refuses_is_held_in_none() -> None:
    with pytest.raises(spend.CapReached, match="conversation:1"):
        spend.reserve([spend.Cap(scope="global", micros=1000), spend.Cap(scope="conversation:1", micros=100)], 400)

    assert not SpendLedger.objects.filter(reserved__gt=0).exists()
    assert not SpendReservation.objects.exists()


@pytest.mark.django_db
def test_a_changed_cap_counts_from_the_next_call() -> None:
    spend.settle(spend.reserve([spend.Cap(scope="global", micros=1000)], 500), 500)

    with pytest.raises(spend.CapReached):
        spend.reserve([spend.Cap(scope="global", micros=600)], 200)


def test_a_call_has_a_cap_for_all_for_its_account_its_customer_and_its_conversation(settings: Settings) -> None:
    settings.SPEND_CAP_DOLLARS_PER_DAY = 30.0

    assert caps_for(account=7, customer=5, conversation=3) == [
        spend.Cap(scope="global", micros=30_000_000),
        spend.Cap(scope="account:7", micros=20_000_000),
        spend.Cap(scope="customer:5", micros=1_000_000),
        spend.Cap(scope="conversation:3", micros=500_000),
    ]


@pytest.mark.django_db
def test_all_conversations_of_a_customer_share_the_customers_cap() -> None:
    for conversation in (1, 1, 2, 2):
        spend.settle(spend.reserve(caps_for(customer=5, conversation=conversation), QUARTER), QUARTER)

    with pytest.raises(spend.CapReached, match="customer:5"):
        spend.reserve(caps_for(customer=5, conversation=3), QUARTER)

    spend.reserve(caps_for(customer=6, conversation=4), QUARTER)


@pytest.mark.django_db
def test_all_customers_of_an_account_share_the_accounts_cap() -> None:
    for customer in (5, 6):
        spend.reserve(caps_for(customer=customer, conversation=customer, account_cents=50), QUARTER)

    with pytest.raises(spend.CapReached, match="account:1"):
        spend.reserve(caps_for(customer=7, conversation=7, account_cents=50), QUARTER)

    spend.reserve(caps_for(account=2, customer=7, conversation=7, account_cents=50), QUARTER)


@pytest.mark.django_db
def test_whatever_a_call_held_is_given_back_to_all_it_was_held_for() -> None:
    for _ in range(6):
        spend.settle(spend.reserve(caps_for(conversation=1), 2 * QUARTER), 0)

    assert set(SpendLedger.objects.values_list("reserved", "spent")) == {(0, 0)}
    assert SpendLedger.objects.count() == 4


@pytest.mark.django_db
def test_to_reserve_and_to_settle_ask_the_database_three_times_each() -> None:
    caps = caps_for(conversation=1)
    spend.settle(spend.reserve(caps, 1), 0)

    with CaptureQueriesContext(connection) as reserving:
        held = spend.reserve(caps, QUARTER)
    with CaptureQueriesContext(connection) as settling:
        spend.settle(held, QUARTER)

    for asked in (reserving, settling):
        assert len([each for each in asked if "SAVEPOINT" not in each["sql"]]) == 3


@pytest.mark.django_db(transaction=True)
def test_however_many_ask_at_once_the_cap_holds() -> None:
    caps = [spend.Cap(scope="global", micros=1000)]

    held = reserved_at_once([caps] * 10, 400)

    assert len(held) == 2
    assert SpendLedger.objects.get().reserved == 800


def of_one_conversation(_: int) -> list[spend.Cap]:
    return caps_for(conversation=1)


def of_one_customer(number: int) -> list[spend.Cap]:
    return caps_for(conversation=number)


def of_one_account(number: int) -> list[spend.Cap]:
    return caps_for(customer=number, conversation=number, account_cents=125)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("of_one", "most"),
    [(of_one_conversation, 2), (of_one_customer, 4), (of_one_account, 5)],
    ids=["conversation", "customer", "account"],
)
@pytest.mark.parametrize("is_first", [True, False], ids=["of the day", "later"])
def test_however_many_ask_at_once_every_cap_holds(
    of_one: Callable[[int], list[spend.Cap]], most: int, is_first: bool
) -> None:
    wanted = [of_one(number) for number in range(1, 11)]
    if not is_first:
        for caps in wanted:
            spend.settle(spend.reserve(caps, 1), 0)

    held = reserved_at_once(wanted, QUARTER)

    assert len(held) == most
    assert SpendReservation.objects.count() == most
    assert SpendLedger.objects.get(scope="global").reserved == most * QUARTER
    assert not SpendLedger.objects.filter(reserved__gt=F("cap")).exists()


@pytest.mark.django_db(transaction=True)
def test_calls_that_end_while_others_begin_leave_nothing_held_and_nobody_waiting_for_each_other() -> None:
    wanted = [caps_for(account=number % 2, customer=number % 4, conversation=number) for number in range(8)]
    begun = reserved_at_once(wanted, 1000)

    def call(caps: Sequence[spend.Cap]) -> None:
        spend.settle(spend.reserve(caps, 1000), 10)

    at_once([*(partial(spend.settle, held, 10) for held in begun), *(partial(call, caps) for caps in wanted)])

    whole = SpendLedger.objects.get(scope="global")
    assert (len(begun), whole.spent, whole.reserved) == (8, 160, 0)
    assert not SpendLedger.objects.filter(reserved__gt=0).exists()


def test_the_longest_name_that_fits_sets_the_price() -> None:
    prices = {"default": [1, 1], "openai:": [2, 2], "openai:gpt-test": [3, 4]}

    assert spend.price(prices, "openai:gpt-test-mini", tokens_in=10, tokens_out=10) == 70
    assert spend.price(prices, "openai:other", tokens_in=10, tokens_out=10) == 40
    assert spend.price(prices, "anthropic:x", tokens_in=10, tokens_out=10) == 20
