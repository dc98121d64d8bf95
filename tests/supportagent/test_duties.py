"""What the sweeper looks after, on real rows."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from agent.models import AgentRun, Release, SpendLedger
from agent.services.leftovers import release_stale_reservations
from conversations import services as conversations
from conversations.models import Conversation, Delivery, Escalation
from core import audit, leases
from core.models import AuditSeal, WorkerHeartbeat
from integrations import services as integrations
from integrations.models import EventDelivery
from supportagent.duties import Duties
from tests.factories import (
    make_account,
    make_channel,
    make_conversation,
    make_delivery,
    make_inbound,
    make_message,
    make_release,
    make_team,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def duties() -> Iterator[Duties]:
    """A sweeper whose crews are gone at the end."""
    duties = Duties()
    yield duties
    duties.retire()
    assert duties.wait(20)


def a_second_later(duties: Duties) -> None:
    """A pass for which the time of every step has come."""
    duties.sweeper._last_run.clear()
    duties.sweeper.sweep_once()


def test_what_nobody_waits_for_is_not_looked_for_at_every_bell(duties: Duties) -> None:
    first, second = duties.sweeper.sweep_once(), duties.sweeper.sweep_once()

    assert set(first) - set(second) >= {"expired sends", "unknown", "audit", "subscribers"}
    assert set(second) >= {"ingest", "turns", "sends", "facts"}


def test_nothing_due_is_a_pass_without_work(duties: Duties) -> None:
    found = duties.sweeper.sweep_once()

    assert found["turns"] == found["sends"] == found["ingest"] == 0
    assert set(found) == {
        "ingest",
        "turns",
        "sends",
        "expired sends",
        "unknown",
        "overdue",
        "silent",
        "reservations",
        "abandoned runs",
        "tokens",
        "media",
        "facts",
        "subscribers",
        "expired events",
        "exports",
        "erasures",
        "read back",
        "audit",
        "whole audit",
        "clock",
        "repeated calls",
        "heartbeat",
        "dead processes",
    }


def test_a_send_whose_sender_died_is_unknown_and_not_sent_again(duties: Duties) -> None:
    past = timezone.now() - timedelta(minutes=1)
    delivery = make_delivery(state=Delivery.State.SENDING, lease_until=past)
    fence = delivery.fence

    duties.sweeper.sweep_once()

    assert duties.wait(20)
    delivery.refresh_from_db()
    assert delivery.state in (Delivery.State.UNKNOWN, Delivery.State.NEEDS_REVIEW)
    assert delivery.fence == fence


def test_a_customer_whom_the_bot_left_waiting_gets_a_person(duties: Duties) -> None:
    late = timezone.now() - timedelta(seconds=130)
    conversation = make_conversation()
    make_message(conversation, created_at=late)
    # Somebody holds the turn and does not finish it.
    lease = timezone.now() + timedelta(minutes=5)
    Conversation.objects.filter(pk=conversation.pk).update(first_unanswered_at=late, lease_owner="x", lease_until=lease)

    duties.sweeper.sweep_once()

    assert Escalation.objects.get(conversation=conversation).reason == "bot_unavailable"


def test_a_silent_conversation_is_closed_but_looked_for_only_once_a_minute(duties: Duties) -> None:
    silent = make_conversation(last_message_at=timezone.now() - timedelta(hours=25))

    first, second = duties.sweeper.sweep_once(), duties.sweeper.sweep_once()

    silent.refresh_from_db()
    assert silent.mode == Conversation.Mode.CLOSED
    assert "silent" in first
    assert "silent" not in second


def test_the_audit_trail_is_sealed_by_one_process_at_a_time(duties: Duties) -> None:
    audit.record(None, "done", make_team())
    assert leases.take("audit seal", owner="another process", seconds=60)

    duties.sweeper.sweep_once()
    assert AuditSeal.objects.count() == 0

    leases.release("audit seal", owner="another process")
    a_second_later(duties)
    assert AuditSeal.objects.count() == 1


def test_it_gives_a_sign_of_life(duties: Duties) -> None:
    duties.sweeper.sweep_once()

    assert WorkerHeartbeat.objects.get().kind == "sweeper"


def test_two_sweeps_at_once_do_no_harm(duties: Duties) -> None:
    for _ in range(5):
        audit.record(None, "done", make_team())
    other = Duties()
    threads = [threading.Thread(target=each.sweeper.sweep_once) for each in (duties, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    other.retire()
    assert other.wait(20)

    a_second_later(duties)
    assert AuditSeal.objects.count() == 5
    assert audit.broken_links() == []


def make_run(release: Release, *, started: timedelta, state: str = "running") -> AgentRun:
    """A run that began so long ago."""
    ended = None if state == "running" else timezone.now()
    return AgentRun.objects.create(
        conversation_id=1,
        epoch=AgentRun.objects.count() + 1,
        release=release,
        from_seq=1,
        to_seq=1,
        state=state,
        started_at=timezone.now() - started,
        ended_at=ended,
    )


def test_money_is_held_as_long_as_a_call_may_be_under_way() -> None:
    ledger = SpendLedger.objects.create(scope="global", day=timezone.now().date(), reserved=500, spent=100, cap=10_000)
    release = make_release()
    run = make_run(release, started=timedelta(minutes=9))
    make_run(release, started=timedelta(minutes=1), state="replied")

    assert release_stale_reservations() == 0
    AgentRun.objects.filter(pk=run.pk).update(started_at=timezone.now() - timedelta(minutes=11))
    assert release_stale_reservations() == 1

    ledger.refresh_from_db()
    assert (ledger.reserved, ledger.spent) == (0, 100)


def test_a_pass_tells_subscribers_what_happened(duties: Duties) -> None:
    subscription, _ = integrations.add_subscription("Nobody listens", "http://127.0.0.1:9/hook")
    conversations.receive(make_inbound(make_channel(make_account(platform="webchat"))))

    duties.sweeper.sweep_once()
    assert duties.wait(10)

    delivery = EventDelivery.objects.get(subscription=subscription)
    assert (delivery.state, delivery.attempts) == ("waiting", 1)
    assert delivery.reason == "No whole answer came (ConnectError)."
