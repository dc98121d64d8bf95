"""Accounts and events over REST."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import ids
from core.models import AuditEvent
from core.policy import Role
from integrations.models import WebhookEvent
from tests.factories import make_account, make_event, make_team
from tests.rest import signed_in, with_key

pytestmark = pytest.mark.django_db


def test_accounts_are_shown_without_their_keys() -> None:
    account = make_account(secrets={"secret": "hidden-one", "access_token": "hidden-two"}, client_key="hidden-three")

    answer = with_key("operations:read").get("/api/v1/accounts/")

    assert [row["id"] for row in answer.json()["results"]] == [str(account.public_id)]
    assert b"hidden" not in answer.content


def test_a_key_of_a_team_sees_its_accounts_and_no_events() -> None:
    team = make_team()
    own, other = make_account(team=team), make_account()
    event = make_event(own)
    caller = with_key("operations:read", team=team)

    assert [row["id"] for row in caller.get("/api/v1/accounts/").json()["results"]] == [str(own.public_id)]
    assert caller.get(f"/api/v1/accounts/{other.public_id}/").status_code == 404
    assert caller.get("/api/v1/events/").json()["results"] == []
    assert caller.get(f"/api/v1/events/{ids.id_of(event.pk)}/").status_code == 404


def test_events_are_listed_without_their_bodies_in_one_query() -> None:
    events = [make_event(body=b'{"text": "secret words"}') for _ in range(4)]
    caller = with_key("operations:read")
    caller.get("/api/v1/events/")

    with CaptureQueriesContext(connection) as asked:
        answer = caller.get("/api/v1/events/", page_size=3)

    assert [row["id"] for row in answer.json()["results"]] == [str(ids.id_of(event.pk)) for event in events[:0:-1]]
    assert len(asked) == 3
    assert b"secret words" not in answer.content
    assert caller.get(f"/api/v1/events/{ids.id_of(events[0].pk)}/").json()["state"] == "received"
    assert caller.get(f"/api/v1/events/{uuid.uuid4()}/").status_code == 404


def test_a_set_aside_event_is_taken_in_again_or_dropped_by_whoever_may() -> None:
    event, other = (make_event(state=WebhookEvent.State.QUARANTINED) for _ in range(2))
    replay = f"/api/v1/events/{ids.id_of(event.pk)}/replay/"
    drop = f"/api/v1/events/{ids.id_of(other.pk)}/drop/"
    caller = signed_in(Role.SUPERVISOR)

    assert with_key("operations:read").post(replay).status_code == 403
    assert signed_in(Role.AGENT).post(replay).status_code == 403
    first, second = caller.post(replay), caller.post(replay)
    unexplained, dropped = caller.post(drop), caller.post(drop, {"reason": "A test of theirs."})

    assert [each.status_code for each in (first, second, unexplained, dropped)] == [200, 409, 400, 200]
    assert (first.json()["state"], dropped.json()["state"]) == ("received", "ignored")
    assert set(AuditEvent.objects.values_list("action", flat=True)) == {"event.replay", "event.drop"}
