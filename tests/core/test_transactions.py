"""Transactions that the database ended for another's sake are done again, and no other ones."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from psycopg.errors import DeadlockDetected

from core import transactions
from core.models import Team
from core.transactions import MOST_TRIES, counter, gave_way, persistently, retried, retried_as_part
from tests.deadlocks import DEADLOCK, SERIALIZATION_FAILURE, giving_way
from tests.factories import make_team

pytestmark = pytest.mark.django_db(transaction=True)


def counted(result: str) -> float:
    """How many transactions ended so in this process."""
    return float(counter.labels(result)._value.get())


@pytest.mark.services
def test_of_two_that_wait_for_each_other_both_succeed() -> None:
    teams = [make_team().pk, make_team().pk]
    both_hold_one, before = threading.Barrier(2), counted("retried")
    tries = [0, 0]

    @retried
    def rename(number: int) -> None:
        tries[number] += 1
        Team.objects.select_for_update().get(pk=teams[number])
        if tries[number] == 1:
            both_hold_one.wait(10)
        Team.objects.filter(pk=teams[1 - number]).update(name=f"renamed by {number}")

    def work(number: int) -> None:
        try:
            rename(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))

    assert sorted(tries) == [1, 2]
    assert counted("retried") == before + 1
    assert set(Team.objects.filter(pk__in=teams).values_list("name", flat=True)) == {"renamed by 0", "renamed by 1"}


@pytest.mark.services
@pytest.mark.parametrize("code", [DEADLOCK, SERIALIZATION_FAILURE])
def test_it_is_tried_three_times_more_and_then_the_error_is_told(code: str) -> None:
    team, before = make_team(), (counted("retried"), counted("failed"))
    tries = []

    @retried
    def rename() -> None:
        tries.append(1)
        Team.objects.filter(pk=team.pk).update(name="renamed")

    with giving_way("core_team", times=MOST_TRIES, code=code), pytest.raises(OperationalError) as raised:
        rename()

    assert gave_way(raised.value)
    assert len(tries) == MOST_TRIES == 4
    assert (counted("retried"), counted("failed")) == (before[0] + 3, before[1] + 1)
    assert Team.objects.get(pk=team.pk).name == team.name


@pytest.mark.services
def test_nothing_of_a_try_that_gave_way_stays_or_is_announced() -> None:
    team = make_team()
    announced: list[str] = []

    @retried
    def rename() -> None:
        make_team(name=f"made at try {len(announced)}")
        transaction.on_commit(lambda: announced.append("committed"))
        Team.objects.filter(pk=team.pk).update(name="renamed")

    with giving_way("core_team", times=2):
        rename()

    assert announced == ["committed"]
    assert Team.objects.count() == 2


@pytest.mark.services
def test_a_part_of_a_transaction_leaves_it_to_the_whole() -> None:
    team = make_team()
    tries = []

    @retried
    def rename() -> None:
        tries.append("part")
        Team.objects.filter(pk=team.pk).update(name="renamed")

    @retried
    def whole() -> None:
        tries.append("whole")
        rename()

    with giving_way("core_team", times=1):
        whole()

    assert tries == ["whole", "part"] * 2


def test_what_is_wrong_is_not_tried_again() -> None:
    tries = []

    @retried
    def read_what_is_not_there() -> None:
        tries.append(1)
        with connection.cursor() as cursor:
            cursor.execute("SELECT nothing FROM nowhere")

    with pytest.raises(DatabaseError) as raised:
        read_what_is_not_there()

    assert len(tries) == 1
    assert not gave_way(raised.value)


def test_what_succeeds_is_done_once_and_answers() -> None:
    @retried
    def make(name: str, *, count: int) -> list[str]:
        return [make_team(name=f"{name} {number}").name for number in range(count)]

    assert make("North", count=2) == ["North 0", "North 1"]
    assert Team.objects.count() == 2


def failing(*errors: Exception) -> Callable[[], str]:
    """Work that fails so, each time otherwise, and then is done."""
    coming = iter(errors)

    def work() -> str:
        error = next(coming, None)
        if error is not None:
            raise error
        return "done"

    return work


def test_the_end_of_something_is_told_again_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "AWAY_PAUSE_SECONDS", 0.0)

    assert persistently(failing(OperationalError("gone"), InterfaceError("closed")), seconds=60.0) == "done"


def test_it_is_not_told_longer_than_it_is_ours() -> None:
    with pytest.raises(OperationalError):
        persistently(failing(OperationalError("gone")), seconds=0.0)


def test_what_is_no_outage_is_told_at_once() -> None:
    with pytest.raises(DatabaseError):
        persistently(failing(DatabaseError("no such table")), seconds=60.0)
    gave_up = OperationalError("deadlock detected")
    gave_up.__cause__ = DeadlockDetected()
    with pytest.raises(OperationalError):
        persistently(failing(gave_up), seconds=60.0)
    with transaction.atomic(), pytest.raises(OperationalError):
        persistently(failing(OperationalError("gone")), seconds=60.0)


def test_a_part_without_a_savepoint_ends_the_whole_with_its_error() -> None:
    team = make_team()

    @retried_as_part
    def rename(name: str) -> None:
        Team.objects.filter(pk=team.pk).update(name=name)
        if not name:
            raise ValueError("A team has a name.")

    with CaptureQueriesContext(connection) as asked, transaction.atomic():
        rename("renamed")
    assert not [each for each in asked.captured_queries if "SAVEPOINT" in each["sql"]]

    with transaction.atomic():
        Team.objects.filter(pk=team.pk).update(name="renamed by the whole")
        with pytest.raises(ValueError, match="has a name"):
            rename("")
        assert connection.needs_rollback

    assert Team.objects.get(pk=team.pk).name == "renamed"


@pytest.mark.services
def test_a_part_that_is_begun_by_itself_is_tried_again() -> None:
    team = make_team()

    @retried_as_part
    def rename() -> None:
        Team.objects.filter(pk=team.pk).update(name="renamed")

    with giving_way("core_team", times=2):
        rename()

    assert Team.objects.get(pk=team.pk).name == "renamed"
