"""The limit of calls a minute: exact, shared by all workers, and never a loss."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction

from core.clock import database_now
from integrations import limits
from integrations.models import PlatformAccount, SendWindow
from tests.factories import make_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> PlatformAccount:
    """An account that made no calls yet."""
    return make_account()


def age(account: PlatformAccount, seconds: float) -> None:
    """Let time pass for the calls that were made."""
    window = SendWindow.objects.get(pk=account.pk)
    window.stamps = [stamp - seconds for stamp in window.stamps]
    window.save()


def test_as_many_calls_as_allowed_go_and_the_next_one_waits_for_the_first_to_be_a_minute_old(
    account: PlatformAccount,
) -> None:
    waits = [limits.take(account.pk, limit=3) for _ in range(5)]

    assert waits[:3] == [0.0, 0.0, 0.0]
    assert all(60 < wait <= 61 for wait in waits[3:])
    age(account, 61.5)
    assert limits.take(account.pk, limit=3) == 0.0


def test_the_window_slides(account: PlatformAccount) -> None:
    limits.take(account.pk, limit=2)
    age(account, 40)
    limits.take(account.pk, limit=2)

    assert 20 < limits.take(account.pk, limit=2) <= 21
    age(account, 21.5)
    assert limits.take(account.pk, limit=2) == 0.0
    assert 39 < limits.take(account.pk, limit=2) <= 40


def test_what_matters_less_leaves_room(account: PlatformAccount) -> None:
    for _ in range(3):
        assert limits.take(account.pk, limit=5, leaving=2) == 0.0

    assert limits.take(account.pk, limit=5, leaving=2) > 0
    assert limits.take(account.pk, limit=5) == 0.0


def test_two_calls_are_taken_together_or_not_at_all(account: PlatformAccount) -> None:
    limits.take(account.pk, limit=2)

    assert limits.take(account.pk, limit=2, calls=2) > 0
    assert len(SendWindow.objects.get(pk=account.pk).stamps) == 1


def test_accounts_do_not_share_their_limits(account: PlatformAccount) -> None:
    limits.take(account.pk, limit=1)

    assert limits.take(make_account().pk, limit=1) == 0.0


def test_what_is_taken_in_a_transaction_that_fails_is_not_taken(account: PlatformAccount) -> None:
    with transaction.atomic():
        limits.take(account.pk, limit=1)
        transaction.set_rollback(True)

    assert limits.take(account.pk, limit=1) == 0.0


@pytest.mark.django_db(transaction=True)
def test_many_workers_together_take_exactly_the_limit() -> None:
    account = make_account()
    start = threading.Barrier(8)

    def take_many(_: int) -> int:
        start.wait(10)
        try:
            return sum(limits.take(account.pk, limit=60) == 0.0 for _ in range(12))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        taken = sum(pool.map(take_many, range(8)))

    assert taken == 60
    stamps = SendWindow.objects.get(pk=account.pk).stamps
    assert len(stamps) == 60
    assert max(stamps) <= (database_now() + timedelta(seconds=1)).timestamp()
