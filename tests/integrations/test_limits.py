"""The limit of calls a minute: exact, shared by all workers, and never a loss."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import OperationalError, connection, transaction
from pytest_django import Settings

from conversations.types import SendOutcome
from core.clock import database_now
from integrations import limits
from integrations.models import PlatformAccount, SendWindow
from integrations.platforms.base import OutOfCalls
from tests.factories import make_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> PlatformAccount:
    """An account that made no calls yet."""
    return make_account()


def age(account: PlatformAccount, seconds: float) -> None:
    """Let time pass for the calls that were made."""
    window = SendWindow.objects.get(pk=account.pk)
    window.calls = [(at - seconds, made) for at, made in window.calls]
    window.save()


def made(account: PlatformAccount) -> int:
    """How many calls are counted."""
    return sum(number for _, number in SendWindow.objects.get(pk=account.pk).calls)


def test_as_many_calls_as_allowed_go_and_the_next_one_waits_for_the_first_to_be_a_minute_old(
    account: PlatformAccount,
) -> None:
    waits = [limits.take(account.pk, limit=3) for _ in range(5)]

    assert waits[:3] == [0.0, 0.0, 0.0]
    assert all(60 < wait <= 61.25 for wait in waits[3:])
    age(account, 61.5)
    assert limits.take(account.pk, limit=3) == 0.0


def test_the_window_slides(account: PlatformAccount) -> None:
    limits.take(account.pk, limit=2)
    age(account, 40)
    limits.take(account.pk, limit=2)

    assert 20 < limits.take(account.pk, limit=2) <= 21.25
    age(account, 21.5)
    assert limits.take(account.pk, limit=2) == 0.0
    assert 39 < limits.take(account.pk, limit=2) <= 40.25


def test_what_matters_less_leaves_room(account: PlatformAccount) -> None:
    for _ in range(3):
        assert limits.take(account.pk, limit=5, leaving=2) == 0.0

    assert limits.take(account.pk, limit=5, leaving=2) > 0
    assert limits.take(account.pk, limit=5) == 0.0


def test_two_calls_are_taken_together_or_not_at_all(account: PlatformAccount) -> None:
    limits.take(account.pk, limit=2)

    assert limits.take(account.pk, limit=2, calls=2) > 0
    assert made(account) == 1


def test_a_meter_counts_each_call_beyond_those_that_were_paid_for(account: PlatformAccount, settings: Settings) -> None:
    settings.TIKTOK_RATE_LIMIT = 2
    meter = limits.Meter(account, paid=1)

    for _ in range(3):
        meter()
    with pytest.raises(OutOfCalls) as refused:
        meter()

    assert made(account) == 2
    assert refused.value.result.outcome is SendOutcome.RETRY
    assert 60 < (refused.value.result.retry_after or 0.0) <= 61.25
    assert not refused.value.result.is_counted


def test_a_call_that_cannot_be_counted_is_not_made(account: PlatformAccount) -> None:
    with patch.object(limits, "take", side_effect=OperationalError("gone")), pytest.raises(OutOfCalls):
        limits.Meter(account)()


def test_calls_that_were_made_before_the_account_was_there_count(account: PlatformAccount) -> None:
    tally = limits.Tally()
    for _ in range(3):
        tally()

    limits.note(account.pk, tally.made)

    assert limits.take(account.pk, limit=3) > 0
    assert made(account) == 3


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
    assert made(account) == 60
    latest = max(at for at, _ in SendWindow.objects.get(pk=account.pk).calls)
    assert latest <= (database_now() + timedelta(seconds=1)).timestamp()


def test_many_calls_keep_the_row_short(account: PlatformAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    held, began = limits._held, database_now().timestamp()
    for number in range(200):
        monkeypatch.setattr(limits, "_held", lambda pk: (held(pk)[0], began + number / 200))  # noqa: B023
        assert limits.take(account.pk, limit=200) == 0.0

    assert made(account) == 200
    assert len(SendWindow.objects.get(pk=account.pk).calls) <= 5
    assert 60 < limits.take(account.pk, limit=200) <= 61.25
