"""Telling subscribers: once for each fact, proved, on the schedule, and never in the way of anybody else."""

import json
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from conversations import services as conversations
from conversations.models import Conversation, Delivery, Escalation, Fact
from conversations.types import SendOutcome, SendResult
from core.models import AuditEvent
from core.policy import Role
from integrations import services
from integrations.models import EventAttempt, EventDelivery, Subscription
from integrations.services import telling
from tests.factories import make_account, make_channel, make_conversation, make_delivery, make_inbound, make_user
from tests.integrations.events import SECRET
from tests.integrations.services.conftest import NAME
from tests.schemas import problems
from tests.simulator.rig import Rig

pytestmark = pytest.mark.django_db
State = EventDelivery.State
SCHEMA = Path(telling.__file__).parents[1] / "schemas" / "product_event.json"


def happen(number: int = 1) -> Conversation:
    """A customer writes, so many times."""
    channel = make_channel(make_account(platform="webchat"))
    for _ in range(number):
        conversations.receive(make_inbound(channel))
    return Conversation.objects.latest("pk")


def tell_all(subscription: Subscription) -> int:
    """Spread what happened and post what is due."""
    services.spread_facts()
    return services.tell(subscription.pk)


def become_due(**changes: Any) -> None:
    """Let every pause be over."""
    EventDelivery.objects.filter(state="waiting").update(next_attempt_at=timezone.now() - timedelta(seconds=1))
    Subscription.objects.update(paused_until=None, **changes)


def told(there: Rig) -> list[str]:
    """The types of the events that were taken, in order."""
    return [row["name"] for row in there.log("accepted")]


def test_each_thing_that_happens_is_told_once_and_in_order(there: Rig, subscription: Subscription) -> None:
    person = make_user(role=Role.SUPERVISOR, first_name="Dana", last_name="L")
    conversation = happen()
    escalation = conversations.escalate(conversation, detail="Asked for it.", by=person)
    conversations.claim(escalation, person)
    conversations.reply(conversation, "It left today.", person)
    conversations.resolve(conversation, person)

    assert tell_all(subscription) == 5
    assert tell_all(subscription) == 0

    rows = there.log("accepted")
    assert [row["name"] for row in rows] == [
        "message.received", "conversation.escalated", "conversation.claimed", "message.answered", "conversation.resolved",
    ]  # fmt: skip
    received, escalated, claimed, answered, resolved = (row["detail"] for row in rows)
    assert received["message"] | {"id": 0} == {
        "id": 0, "seq": 1, "sender": "customer", "kind": "text", "text": "Where is my parcel?",
    }  # fmt: skip
    assert received["conversation"]["id"] == str(conversation.public_id)
    assert escalated["escalation"] == {"id": str(Escalation.objects.get().public_id), "reason": "manual"}
    assert claimed["by"] == person.display_name
    assert (answered["message"]["sender"], answered["message"]["text"]) == ("human", "It left today.")
    assert resolved["outcome"] == "resolved"
    assert not Fact.objects.exists()


def test_each_kind_keeps_to_the_committed_schema(there: Rig, subscription: Subscription) -> None:
    schema = json.loads(SCHEMA.read_text())
    person = make_user(role=Role.SUPERVISOR)
    conversation = happen()
    conversations.claim(conversations.escalate(conversation, detail="Asked for it.", by=person), person)
    conversations.reply(conversation, "It left today.", person)
    conversations.resolve(conversation, person)
    services.spread_facts()

    events = [telling.payload(delivery) for delivery in EventDelivery.objects.order_by("id")]

    assert sorted(event["type"] for event in events) == sorted(Fact.Kind.values)
    assert [problems(event, schema) for event in events] == [[]] * 5
    assert problems(events[0] | {"type": "x"}, schema)


def test_a_reply_counts_as_an_answer_when_the_platform_has_it(subscription: Subscription) -> None:
    conversation = make_conversation()
    make_delivery(conversation, author="human")
    claimed = conversations.claim_delivery(conversation.pk)
    assert claimed is not None
    assert not Fact.objects.exists()

    result = SendResult(outcome=SendOutcome.OK, platform_message_id="p-1")
    conversations.settle_delivery(claimed, result, started_at=timezone.now())

    assert list(Fact.objects.values_list("kind", "message_id")) == [
        ("message.answered", Delivery.objects.get().message_id)
    ]


def test_what_is_taken_back_never_happened(subscription: Subscription) -> None:
    channel = make_channel(make_account(platform="webchat"))
    with transaction.atomic():
        conversations.receive(make_inbound(channel))
        transaction.set_rollback(True)

    assert services.spread_facts() == 0
    assert not EventDelivery.objects.exists()


def test_only_what_is_wanted_and_happened_since_is_told(there: Rig) -> None:
    happen()
    Fact.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    services.add_subscription("A", f"{there.simulator.base_url}/partner/{NAME}", ["message.received"])
    services.add_subscription("B", f"{there.simulator.base_url}/partner/{NAME}", ["conversation.resolved"])
    happen()

    assert services.spread_facts() == 2

    assert [row.subscription.name for row in EventDelivery.objects.all()] == ["A"]
    assert services.spread_facts() == 0


def test_an_answer_that_is_lost_is_repeated_under_the_same_id(there: Rig, subscription: Subscription) -> None:
    there.fault("partner", "reset_after_accept", count=1)
    happen()

    tell_all(subscription)
    become_due()
    services.tell(subscription.pk)

    assert len(there.log("accepted")) == 1
    assert len(there.log("call")) == 1
    assert EventDelivery.objects.get().state == State.DELIVERED
    assert [attempt.http_status for attempt in EventAttempt.objects.all()] == [None, 200]


def test_the_schedule_is_kept_and_ends(there: Rig, subscription: Subscription) -> None:
    there.fault("partner", "http_500")
    happen()
    services.spread_facts()

    waits = []
    for _ in range(telling.MAX_ATTEMPTS):
        become_due()
        before = timezone.now()
        services.tell(subscription.pk)
        waits.append((EventDelivery.objects.get().next_attempt_at - before).total_seconds())

    delivery = EventDelivery.objects.get()
    assert (delivery.state, delivery.attempts) == (State.FAILED, 10)
    assert delivery.reason == "Given up after 10 attempts: HTTP 500"
    for waited, planned in zip(waits, telling.RETRY_SECONDS, strict=False):
        assert 0.75 * planned <= waited <= 1.25 * planned + 5
    assert services.tell(subscription.pk) == 0


def test_a_pause_that_is_asked_for_holds_for_the_whole_subscriber(there: Rig, subscription: Subscription) -> None:
    there.fault("partner", "http_429", seconds=1800, count=1)
    happen(2)

    tell_all(subscription)

    subscription.refresh_from_db()
    assert subscription.paused_until is not None
    assert 1700 < (subscription.paused_until - timezone.now()).total_seconds() < 1900
    assert services.due_subscriptions(5) == []
    assert services.tell(subscription.pk) == 0


def test_one_that_is_away_with_much_to_be_told_keeps_nobody_else_waiting(
    there: Rig, subscription: Subscription
) -> None:
    away = Subscription.objects.create(name="Away", url="http://127.0.0.1:9/", secrets={"secret": SECRET}, kinds=[])
    happen(2)
    services.spread_facts()
    long_ago = timezone.now() - timedelta(hours=1)
    EventDelivery.objects.bulk_create(
        EventDelivery(
            subscription=away, event_id=uuid.uuid4(), kind="message.received", conversation_id=1,
            happened_at=long_ago, next_attempt_at=long_ago,
        )
        for _ in range(300)
    )  # fmt: skip

    assert services.due_subscriptions(4) == [away.pk, subscription.pk]

    # Even with a single hand, the second look is for the other: one failure is a rest for all that waits there.
    assert services.due_subscriptions(1) == [away.pk]
    assert services.tell(away.pk) == 0
    assert EventAttempt.objects.filter(delivery__subscription=away).count() == 1
    assert services.due_subscriptions(1) == [subscription.pk]
    assert services.tell(subscription.pk) == 2


@pytest.mark.parametrize(("failing", "rest"), [(0, 5), (20, 20), (3_600, 60)])
def test_the_rest_after_a_failure_is_as_long_as_nothing_got_through(
    there: Rig, subscription: Subscription, failing: float, rest: float
) -> None:
    there.fault("partner", "http_500")
    happen()
    services.spread_facts()
    Subscription.objects.update(failing_since=timezone.now() - timedelta(seconds=failing))

    before = timezone.now()
    services.tell(subscription.pk)

    subscription.refresh_from_db()
    assert subscription.paused_until is not None
    assert rest - 1 <= (subscription.paused_until - before).total_seconds() <= rest + 10


def test_what_failed_in_an_outage_is_told_as_soon_as_it_is_over(there: Rig, subscription: Subscription) -> None:
    there.fault("partner", "http_500", count=3)
    happen(3)
    services.spread_facts()
    for _ in range(3):
        Subscription.objects.update(paused_until=None)
        services.tell(subscription.pk)
    hours = timezone.now() + timedelta(hours=5)
    EventDelivery.objects.update(next_attempt_at=hours)
    happen()
    services.spread_facts()
    Subscription.objects.update(paused_until=None, failing_since=timezone.now() - timedelta(hours=2))

    # The new one gets through, and the three that would have waited for hours go with it, in the same run.
    assert services.tell(subscription.pk) == 4
    assert set(EventDelivery.objects.values_list("state", flat=True)) == {State.DELIVERED}


@pytest.mark.parametrize(("failing", "attempts"), [(0, 2), (7_200, 9)], ids=["others get through", "the last attempt"])
def test_an_event_that_is_not_taken_while_others_are_keeps_to_its_own_time(
    there: Rig, subscription: Subscription, failing: float, attempts: int
) -> None:
    happen()
    services.spread_facts()
    later = timezone.now() + timedelta(hours=5)
    EventDelivery.objects.update(next_attempt_at=later, attempts=attempts)
    happen()
    services.spread_facts()
    Subscription.objects.update(failing_since=timezone.now() - timedelta(seconds=failing))

    assert services.tell(subscription.pk) == 1
    assert EventDelivery.objects.get(state=State.WAITING).next_attempt_at > timezone.now() + timedelta(hours=4)


def test_one_that_is_gone_is_disabled_at_once_with_a_notice(there: Rig, subscription: Subscription) -> None:
    there.fault("partner", "http_410")
    happen()

    tell_all(subscription)

    subscription.refresh_from_db()
    assert subscription.state == Subscription.State.DISABLED
    assert "gone for good" in subscription.state_reason
    assert AuditEvent.objects.filter(action="subscription.disabled").count() == 1


def test_one_that_fails_for_five_days_is_disabled_and_what_waits_goes_out_when_it_is_told_again(
    there: Rig, subscription: Subscription
) -> None:
    there.fault("partner", "http_500", count=2)
    happen()
    tell_all(subscription)
    become_due(failing_since=timezone.now() - timedelta(days=5, minutes=1))

    services.tell(subscription.pk)
    subscription.refresh_from_db()
    assert (subscription.state, "for 5 days" in subscription.state_reason) == ("disabled", True)
    become_due()
    assert services.tell(subscription.pk) == 0
    happen()
    services.spread_facts()
    assert EventDelivery.objects.count() == 1

    services.enable_subscription(subscription)
    assert services.tell(subscription.pk) == 1
    assert told(there) == ["message.received"]


def test_what_a_dead_process_was_posting_is_posted_again(there: Rig, subscription: Subscription) -> None:
    happen()
    services.spread_facts()
    EventDelivery.objects.update(state=State.SENDING, lease_until=timezone.now() - timedelta(seconds=1), fence=1)

    assert services.release_expired_events() == 1
    assert services.tell(subscription.pk) == 1
    assert len(told(there)) == 1


def test_a_late_result_changes_nothing_but_the_log(subscription: Subscription) -> None:
    happen()
    services.spread_facts()
    claimed = telling._claim(subscription.pk)
    assert claimed is not None
    EventDelivery.objects.update(fence=7)

    answer = telling.Answer(status=200, evidence="HTTP 200")
    settled = telling._settle(claimed, answer, started_at=timezone.now())

    assert settled is False
    assert (EventDelivery.objects.get().state, EventAttempt.objects.count()) == (State.SENDING, 1)


def test_a_private_address_is_not_called(subscription: Subscription, settings: Any) -> None:
    settings.EGRESS_ALLOW = []
    happen()

    tell_all(subscription)

    assert "EGRESS_ALLOW" in EventDelivery.objects.get().reason


def test_no_words_of_a_customers_are_kept_in_what_is_told(subscription: Subscription) -> None:
    happen()
    services.spread_facts()

    stored = str(list(EventDelivery.objects.values())) + str(list(Fact.objects.values()))
    Conversation.objects.all().delete()

    assert "parcel" not in stored
    assert telling.payload(EventDelivery.objects.get())["data"] == {"conversation": None, "message": None}
