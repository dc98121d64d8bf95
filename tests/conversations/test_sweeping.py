"""What is found by looking: nothing waits for a moment that a clock which was put back has yet to reach again."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations import services
from conversations.models import Conversation, Delivery, Escalation
from conversations.services import sweeping, turns
from conversations.types import MessageFacts, Reply
from core.clock import database_now
from tests.factories import make_account, make_channel, make_conversation, make_delivery, make_message

pytestmark = pytest.mark.django_db

TEN_MINUTES = timedelta(minutes=10)


def test_a_clock_that_was_put_back_makes_nobody_wait() -> None:
    later = database_now() + TEN_MINUTES
    owed = make_conversation()
    make_message(owed)
    Conversation.objects.filter(pk=owed.pk).update(ready_at=later, first_unanswered_at=later, lease_until=later)
    pending, sending, unknown = (make_delivery(state=state) for state in ("pending", "sending", "unknown"))
    Delivery.objects.filter(pk=pending.pk).update(next_attempt_at=later)
    Delivery.objects.filter(pk=sending.pk).update(lease_until=later)
    Delivery.objects.filter(pk=unknown.pk).update(unknown_since=later)

    assert services.shorten_impossible_waits() == 6

    soon = timezone.now() + timedelta(seconds=31)
    owed.refresh_from_db()
    for moment in (owed.ready_at, owed.first_unanswered_at, owed.lease_until):
        assert moment is not None
        assert moment < soon
    for delivery in (pending, sending, unknown):
        delivery.refresh_from_db()
        moments = (delivery.next_attempt_at, delivery.lease_until, delivery.unknown_since)
        assert all(moment < soon for moment in moments if moment is not None)


def test_waits_that_may_be_are_left_alone() -> None:
    owed = make_conversation()
    make_message(owed)
    soon = database_now() + timedelta(seconds=15)
    Conversation.objects.filter(pk=owed.pk).update(ready_at=soon, lease_until=soon)
    retried = make_delivery(state="retry_wait")
    Delivery.objects.filter(pk=retried.pk).update(next_attempt_at=database_now() + timedelta(hours=8))

    assert services.shorten_impossible_waits() == 0


def test_who_is_alone_on_the_database_waits_for_no_lease() -> None:
    owed = make_conversation()
    make_message(owed)
    assert services.claim_turn(owed.pk, owner="the last run") is not None
    answering = make_delivery(state="sending")
    Delivery.objects.filter(pk=answering.pk).update(lease_until=database_now() + timedelta(seconds=30))
    assert services.due_turns() == []

    assert services.end_all_leases() == 2

    assert services.due_turns() == [owed.pk]
    assert services.release_expired_sends() == 1
    answering.refresh_from_db()
    # It may have arrived, so it is asked about and not sent again.
    assert answering.state == "unknown"
    assert services.end_all_leases() == 0


def test_a_turn_that_ends_processes_does_not_come_first_at_each_start() -> None:
    owed = make_conversation()
    make_message(owed)
    for _ in range(2):
        services.end_all_leases()
        assert services.claim_turn(owed.pk, owner="a run that ended") is not None

    assert services.end_all_leases() == 0
    assert services.due_turns() == []


def test_where_the_bot_was_switched_off_people_get_what_it_owes_and_what_it_has_not_sent() -> None:
    off, on = make_account(), make_account()
    owed, about_to, elsewhere = (make_conversation(channel=make_channel(each)) for each in (off, off, on))
    make_message(owed)
    make_message(elsewhere)
    unsent = make_delivery(about_to)
    turn = services.claim_turn(owed.pk, owner="test")
    assert turn is not None

    assert services.hold_back([off.pk]) == 2
    assert services.hold_back([off.pk]) == 0

    for conversation, mode in ((owed, "human"), (about_to, "human"), (elsewhere, "bot")):
        conversation.refresh_from_db()
        assert conversation.mode == mode
    assert set(Escalation.objects.values_list("conversation_id", "reason")) == {
        (owed.pk, "policy"),
        (about_to.pk, "policy"),
    }
    unsent.refresh_from_db()
    assert unsent.state == "cancelled"
    # It had begun to think, and is not heard any more.
    services.commit_turn(turn, Reply(text="Late."), run_id=1, facts=MessageFacts())
    assert not Delivery.objects.filter(conversation=owed).exists()


def test_who_has_waited_so_long_that_a_person_is_called_is_not_answered_meanwhile() -> None:
    late, in_time = make_conversation(), make_conversation()
    for conversation, seconds in ((late, 121), (in_time, 100)):
        make_message(conversation)
        since = timezone.now() - timedelta(seconds=seconds)
        Conversation.objects.filter(pk=conversation.pk).update(ready_at=since, first_unanswered_at=since)

    assert services.due_turns() == [in_time.pk]
    assert services.raise_overdue() == 1
    assert Escalation.objects.get().conversation == late


def overdue(number: int) -> list[Conversation]:
    """Conversations in which somebody has waited for too long."""
    since = timezone.now() - timedelta(seconds=130)
    found = []
    for _ in range(number):
        conversation = make_conversation()
        make_message(conversation)
        found.append(conversation)
    Conversation.objects.update(ready_at=since, first_unanswered_at=since)
    return found


def test_a_crowd_that_waited_too_long_is_given_to_people_in_few_transactions() -> None:
    crowd = overdue(25)

    with CaptureQueriesContext(connection) as asked:
        assert services.raise_overdue() == 25

    assert Escalation.objects.live().count() == len(crowd)
    assert not Conversation.objects.filter(mode=Conversation.Mode.BOT).exists()
    assert sum("SAVEPOINT" in each["sql"] and "RELEASE" not in each["sql"] for each in asked.captured_queries) <= 3


def test_one_that_cannot_be_given_to_a_person_does_not_keep_the_others_from_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second, third = overdue(3)

    def fail_for_the_first(conversation: Conversation, **told: Any) -> Escalation:
        if conversation == first:
            raise RuntimeError("This one is broken.")
        return turns.give_up(conversation, **told)

    monkeypatch.setattr(sweeping, "give_up", fail_for_the_first)

    assert services.raise_overdue() == 2
    assert set(Escalation.objects.values_list("conversation", flat=True)) == {second.pk, third.pk}


def test_one_that_cannot_be_buried_does_not_keep_the_others_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (make_conversation() for _ in range(2))
    for conversation in (first, second):
        make_message(conversation)
    stopped = {"attempts": turns.MAX_ATTEMPTS, "ready_at": database_now() - timedelta(seconds=1)}
    Conversation.objects.update(**stopped)

    def fail_for_the_first(pk: int) -> bool:
        if pk == first.pk:
            raise RuntimeError("This one is broken.")
        return turns.bury_exhausted(pk)

    monkeypatch.setattr(sweeping, "bury_exhausted", fail_for_the_first)

    assert services.raise_overdue() == 1
    assert Escalation.objects.get().conversation == second
