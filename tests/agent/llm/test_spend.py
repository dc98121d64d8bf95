"""The ledger."""

import threading

import pytest
from django.db import connection

from agent.llm import spend
from agent.models import SpendLedger, SpendReservation


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


@pytest.mark.django_db(transaction=True)
def test_however_many_ask_at_once_the_cap_holds() -> None:
    caps = [spend.Cap(scope="global", micros=1000)]
    spend.settle(spend.reserve(caps, 1), 0)
    held: list[spend.Reservation] = []
    start = threading.Barrier(10)

    def ask() -> None:
        start.wait(10)
        try:
            held.append(spend.reserve(caps, 400))
        except spend.CapReached:
            return
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(held) == 2
    assert SpendLedger.objects.get().reserved == 800


def test_the_longest_name_that_fits_sets_the_price() -> None:
    prices = {"default": [1, 1], "openai:": [2, 2], "openai:gpt-test": [3, 4]}

    assert spend.price(prices, "openai:gpt-test-mini", tokens_in=10, tokens_out=10) == 70
    assert spend.price(prices, "openai:other", tokens_in=10, tokens_out=10) == 40
    assert spend.price(prices, "anthropic:x", tokens_in=10, tokens_out=10) == 20
