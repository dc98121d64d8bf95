"""What killed processes left open is ended, and what is under way is not touched."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agent.llm import spend
from agent.models import AgentRun, Release, SpendLedger, SpendReservation
from agent.services.leftovers import book_stale_reservations, end_abandoned_runs
from tests.factories import make_release

pytestmark = pytest.mark.django_db

CAPS = (spend.Cap(scope="global", micros=10_000), spend.Cap(scope="conversation:1", micros=1_000))


def held() -> dict[str, int]:
    """What each scope holds."""
    return dict(SpendLedger.objects.values_list("scope", "reserved"))


def age(reservation: spend.Reservation, minutes: int) -> None:
    """Let it have been made so long ago."""
    SpendReservation.objects.filter(pk=reservation.pk).update(made_at=timezone.now() - timedelta(minutes=minutes))


def running(release: Release, *, minutes: int) -> AgentRun:
    """A run that began so long ago."""
    return AgentRun.objects.create(
        conversation_id=1,
        epoch=AgentRun.objects.count() + 1,
        release=release,
        from_seq=1,
        to_seq=1,
        state="running",
        started_at=timezone.now() - timedelta(minutes=minutes),
    )


def test_what_a_killed_call_held_is_booked_while_others_go_on_calling() -> None:
    killed, under_way = spend.reserve(CAPS, 400), spend.reserve(CAPS, 300)
    running(make_release(), minutes=1)
    age(killed, 11)
    age(under_way, 9)

    assert book_stale_reservations() == 1

    assert held() == {"global": 300, "conversation:1": 300}
    assert set(SpendLedger.objects.values_list("spent", flat=True)) == {400}
    assert book_stale_reservations() == 0


def test_a_call_that_ends_after_all_books_its_cost_in_the_estimates_place() -> None:
    late, other = spend.reserve(CAPS, 400), spend.reserve(CAPS, 300)
    age(late, 11)
    book_stale_reservations()

    spend.settle(late, 150)

    assert held() == {"global": 300, "conversation:1": 300}
    assert set(SpendLedger.objects.values_list("spent", flat=True)) == {150}
    spend.settle(other, 0)
    assert not SpendReservation.objects.exists()


def test_what_was_held_yesterday_is_booked_yesterday() -> None:
    killed = spend.reserve(CAPS, 400)
    yesterday = timezone.now().date() - timedelta(days=1)
    SpendLedger.objects.update(day=yesterday)
    SpendReservation.objects.update(day=yesterday)
    age(killed, 11)
    today = spend.reserve(CAPS, 200)

    assert book_stale_reservations() == 1

    assert dict(SpendLedger.objects.filter(day=yesterday).values_list("scope", "reserved")) == {
        "global": 0,
        "conversation:1": 0,
    }
    assert set(SpendLedger.objects.filter(day=today.day).values_list("reserved", flat=True)) == {200}


def test_a_run_whose_process_is_gone_is_ended_and_a_young_one_is_not() -> None:
    release = make_release()
    old, young = running(release, minutes=11), running(release, minutes=9)

    assert end_abandoned_runs() == 1

    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.state, young.state) == ("failed", "running")
