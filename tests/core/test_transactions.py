"""Transactions that the database broke off: begun again a few times, by whoever began them."""

import psycopg
import pytest
from django.db import OperationalError, transaction

from core.models import Lease
from core.transactions import begun_again

pytestmark = pytest.mark.django_db(transaction=True)


class Work:
    """Writes a row, and is broken off as often as it was told to be."""

    def __init__(self, *, times: int, by: type[psycopg.Error] = psycopg.errors.DeadlockDetected) -> None:
        self.calls = 0
        self._times = times
        self._by = by

    @begun_again
    @transaction.atomic
    def write(self) -> int:
        """The row's number."""
        self.calls += 1
        Lease.objects.create(name=f"try {self.calls}", owner="somebody", until="2030-01-01T00:00:00Z")
        if self.calls <= self._times:
            raise OperationalError("broken off") from self._by()
        return self.calls


@pytest.mark.parametrize("by", [psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure])
def test_what_was_broken_off_is_begun_again_and_happens_once(by: type[psycopg.Error]) -> None:
    work = Work(times=3, by=by)

    assert work.write() == 4

    assert list(Lease.objects.values_list("name", flat=True)) == ["try 4"]


def test_after_three_more_tries_it_is_given_up() -> None:
    work = Work(times=9)

    with pytest.raises(OperationalError):
        work.write()

    assert work.calls == 4
    assert not Lease.objects.exists()


def test_another_failure_of_the_database_is_not_tried_again() -> None:
    work = Work(times=1, by=psycopg.errors.LockNotAvailable)

    with pytest.raises(OperationalError):
        work.write()

    assert work.calls == 1


def test_within_anothers_transaction_it_is_for_that_one_to_begin_again() -> None:
    work = Work(times=1)

    with pytest.raises(OperationalError), transaction.atomic():
        work.write()

    assert work.calls == 1
    assert not Lease.objects.exists()
