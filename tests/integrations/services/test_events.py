"""What people do with events that were set aside: once each, on what they saw, with their name under it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from core.exceptions import NotAllowed
from core.models import AuditEvent
from core.policy import Role
from integrations import services
from integrations.exceptions import EventMovedOn, EventNotReplayable, ReasonMissing
from integrations.models import WebhookEvent
from integrations.services.events import Sight
from tests.factories import make_event, make_user

pytestmark = pytest.mark.django_db
State = WebhookEvent.State


def sight(event: WebhookEvent) -> Sight:
    return Sight.of(WebhookEvent.objects.get(pk=event.pk))


def test_taking_in_again_waits_for_the_sweep_and_is_audited() -> None:
    sam = make_user(role=Role.SUPERVISOR)
    event = make_event(state=State.DEAD, attempts=5)

    services.replay_event(event, sam, reason="The reader is mended.", seen=sight(event))

    event.refresh_from_db()
    assert (event.state, event.attempts) == (State.RECEIVED, 0)
    assert event.reason == f"replayed: by {sam.display_name}: The reader is mended."
    audited = AuditEvent.objects.get(action="event.replay")
    assert (audited.actor_id, audited.reason) == (sam.pk, "")
    assert audited.before == {"state": "dead", "reason": "schema"}
    assert audited.after == {"state": "received", "reason_characters": len("The reader is mended.")}


def test_what_was_seen_is_decided_about_once() -> None:
    ada, sam = make_user(role=Role.ADMIN), make_user(role=Role.SUPERVISOR)
    event = make_event(state=State.QUARANTINED)
    seen = sight(event)
    services.drop_event(event, ada, reason="A test of theirs.", seen=seen)

    with pytest.raises(EventMovedOn):
        services.replay_event(event, sam, seen=seen)
    with pytest.raises(EventMovedOn):
        services.drop_event(event, ada, reason="A test of theirs.", seen=seen)

    event.refresh_from_db()
    assert event.state == State.IGNORED
    assert event.reason == f"dropped: by {ada.display_name}: A test of theirs."
    assert AuditEvent.objects.count() == 1


def test_a_second_press_on_an_event_that_fell_back_changes_nothing() -> None:
    sam = make_user(role=Role.SUPERVISOR)
    event = make_event(state=State.QUARANTINED, next_attempt_at=timezone.now() - timedelta(minutes=1))
    seen = sight(event)
    services.replay_event(event, sam, seen=seen)
    WebhookEvent.objects.update(state=State.QUARANTINED, reason="schema: still.")

    tally = services.replay_events([seen], sam)

    assert tally.done == 0
    assert WebhookEvent.objects.get().state == State.QUARANTINED


@pytest.mark.parametrize("state", [State.RECEIVED, State.INGESTED, State.CONFLICT])
def test_what_waits_is_done_or_was_refused_is_not_taken_in_again(state: str) -> None:
    event = make_event(state=state)

    with pytest.raises(EventNotReplayable):
        services.replay_event(event, make_user(role=Role.ADMIN))


def test_a_refused_event_can_be_dropped() -> None:
    event = make_event(state=State.CONFLICT)

    services.drop_event(event, make_user(role=Role.ADMIN), reason="Known.")

    assert WebhookEvent.objects.get().state == State.IGNORED


def test_nothing_is_dropped_without_a_reason() -> None:
    event = make_event(state=State.DEAD)

    with pytest.raises(ReasonMissing):
        services.drop_events([sight(event)], make_user(role=Role.ADMIN), reason="  ")

    assert WebhookEvent.objects.get().state == State.DEAD


@pytest.mark.parametrize("role", [Role.AGENT, Role.VIEWER, Role.PROMPT_EDITOR])
def test_others_may_do_none_of_it(role: Role) -> None:
    event, who = make_event(state=State.DEAD), make_user(role=role)

    for deed in (
        lambda: services.replay_event(event, who),
        lambda: services.drop_event(event, who, reason="No."),
        lambda: services.replay_events([sight(event)], who),
        lambda: services.drop_events([sight(event)], who, reason="No."),
    ):
        with pytest.raises(NotAllowed):
            deed()

    assert WebhookEvent.objects.get().state == State.DEAD
    assert not AuditEvent.objects.exists()


def test_many_are_moved_one_by_one_and_what_moved_on_is_told() -> None:
    sam = make_user(role=Role.SUPERVISOR)
    events = [make_event(state=State.QUARANTINED) for _ in range(3)]
    sights = [sight(event) for event in events]
    services.drop_event(events[1], sam, reason="Mine.")

    tally = services.replay_events([*sights, *sights], sam)

    assert tally.done == 2
    assert list(tally.problems.values()) == [1]
    assert list(WebhookEvent.objects.order_by("pk").values_list("state", flat=True)) == [
        "received",
        "ignored",
        "received",
    ]


def test_looking_at_a_body_unmasked_is_noted() -> None:
    event = make_event(state=State.DEAD)
    services.reveal_event(event, make_user(role=Role.SUPERVISOR))

    with pytest.raises(NotAllowed):
        services.reveal_event(event, make_user(role=Role.VIEWER))

    assert AuditEvent.objects.get().action == "event.reveal"


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_press_at_once_one_moves_it() -> None:
    event = make_event(state=State.QUARANTINED)
    sam, seen = make_user(role=Role.SUPERVISOR), sight(event)

    def press(number: int) -> int:
        try:
            if number % 2:
                return services.replay_events([seen], sam).done
            return services.drop_events([seen], sam, reason="No.").done
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        done = sum(pool.map(press, range(8)))

    assert done == 1
    assert AuditEvent.objects.filter(action__startswith="event.").count() == 1
