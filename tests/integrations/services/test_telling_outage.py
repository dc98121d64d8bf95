"""A subscriber that refuses everything for an hour, on the real schedule, and everything that happened meanwhile.

Nobody's clock is set, for there are two: what is written down moves into the past instead.
"""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.db.models import F, Min
from django.utils import timezone

from conversations import services as conversations
from integrations import services
from integrations.models import EventAttempt, EventDelivery, Subscription
from integrations.services import telling
from tests.factories import make_account, make_channel, make_inbound
from tests.simulator.rig import Rig

pytestmark = pytest.mark.django_db

HOUR, DAY = 3_600.0, 86_400.0
EVERY = 300.0
A_LITTLE = 0.05
STATE = EventDelivery.State


def let_pass(seconds: float) -> None:
    """Make everything that was written down so much older."""
    past = timedelta(seconds=seconds)
    Subscription.objects.update(failing_since=F("failing_since") - past, paused_until=F("paused_until") - past)
    EventDelivery.objects.update(next_attempt_at=F("next_attempt_at") - past)
    EventAttempt.objects.update(started_at=F("started_at") - past, ended_at=F("ended_at") - past)


def next_try_in() -> float:
    """In how many seconds something is tried again, as the product has written it down."""
    first = EventDelivery.objects.filter(state=STATE.WAITING).aggregate(at=Min("next_attempt_at"))["at"]
    rests_until = Subscription.objects.get().paused_until
    at: datetime = max(first, rests_until or first)
    return max(0.0, (at - timezone.now()).total_seconds() + A_LITTLE)


def one_look(subscription: Subscription) -> None:
    """What the sweeper does."""
    services.spread_facts()
    for pk in services.due_subscriptions(1):
        assert pk == subscription.pk
        services.tell(pk)


def test_a_subscriber_that_refuses_for_an_hour_gets_every_event_once_after_it_returns(
    there: Rig, subscription: Subscription
) -> None:
    channel = make_channel(make_account(platform="webchat"))
    there.fault("partner", "http_500")
    passed, happened = 0.0, 0
    while passed < HOUR:
        if passed >= happened * EVERY:
            conversations.receive(make_inbound(channel))
            happened += 1
        one_look(subscription)
        step = min(next_try_in(), happened * EVERY - passed, HOUR - passed)
        let_pass(step)
        passed += step
    subscription.refresh_from_db()
    assert (happened, there.log("accepted"), subscription.state) == (12, [], "active")
    assert subscription.failing_since is not None
    assert HOUR - 5 < (timezone.now() - subscription.failing_since).total_seconds() < HOUR + 60
    assert set(EventDelivery.objects.values_list("state", flat=True)) == {STATE.WAITING}
    keeps_to_the_schedule()
    refused = EventAttempt.objects.count()
    assert refused == len(there.log("fault")) >= 2 * happened

    there.client.request("DELETE", "/_sim/faults")
    returned_in = next_try_in()
    let_pass(returned_in)
    one_look(subscription)

    assert returned_in < 2 * telling.RETRY_SECONDS[1]
    taken = [row["message_id"] for row in there.log("accepted")]
    in_order = [str(each) for each in EventDelivery.objects.order_by("id").values_list("event_id", flat=True)]
    # One was due by itself and showed that the outage is over; behind it all others go, the oldest first.
    assert sorted(taken) == sorted(in_order)
    assert taken[1:] == [each for each in in_order if each != taken[0]]
    assert Subscription.objects.filter(failing_since=None, paused_until=None).exists()
    assert EventAttempt.objects.count() == refused + happened
    for delivery in EventDelivery.objects.prefetch_related("attempt_log"):
        attempts = list(delivery.attempt_log.all())
        assert (delivery.state, delivery.reason, delivery.attempts) == (STATE.DELIVERED, "", len(attempts))
        assert [each.number for each in attempts] == list(range(1, len(attempts) + 1))
        assert [each.http_status for each in attempts] == [500] * (len(attempts) - 1) + [200]
        assert attempts[-1].evidence == "HTTP 200"

    let_pass(DAY)
    one_look(subscription)
    assert len(there.log("accepted")) == happened
    assert there.log("call") == []


def keeps_to_the_schedule() -> None:
    """Each event waits at least as long as it should before each further try; the rest of all may make it longer."""
    for delivery in EventDelivery.objects.prefetch_related("attempt_log"):
        attempts = list(delivery.attempt_log.all())
        assert 1 <= len(attempts) < telling.MAX_ATTEMPTS
        for (before, after), planned in zip(pairwise(attempts), telling.RETRY_SECONDS, strict=False):
            assert (after.started_at - before.started_at).total_seconds() >= 0.8 * planned - 1
