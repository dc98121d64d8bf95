"""Whether the product lives and takes messages in."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from core.models import WorkerHeartbeat
from core.policy import Role
from supportagent import heartbeats
from tests.factories import make_api_key, make_conversation, make_delivery, make_user

pytestmark = pytest.mark.django_db


def test_it_lives_in_one_line_without_a_database(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        response = client.get("/health/live")

    assert (response.status_code, response.content) == (200, b"live\n")


def test_it_is_ready_when_the_database_takes_a_write(client: Client) -> None:
    response = client.get("/health/ready")

    assert (response.status_code, response.json()) == (200, {"status": "ready"})
    assert WorkerHeartbeat.objects.get(process=heartbeats.process_id("web")).kind == "web"


def test_it_is_not_ready_while_the_database_takes_none(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(kind: str) -> None:
        raise OperationalError("attempt to write a readonly database\nwith details")

    monkeypatch.setattr(heartbeats, "beat", fail)

    response = client.get("/health/ready")

    assert (response.status_code, response.json()) == (503, {"status": "unavailable"})
    assert response.headers["Retry-After"] == "5"


@pytest.mark.parametrize("role", list(Role))
def test_details_are_for_those_who_look_after_it(role: Role) -> None:
    client = Client()
    if role == Role.API_CLIENT:
        _, secret = make_api_key(scopes=("conversations:read",))
        body = client.get("/health/ready", headers={"authorization": f"Bearer {secret}"}).json()
    else:
        client.force_login(make_user(role=role))
        body = client.get("/health/ready").json()

    assert ("database" in body) is (role in (Role.ADMIN, Role.SUPERVISOR))


def test_details_say_what_is_due(client: Client) -> None:
    make_conversation(last_seq=1, last_in_seq=1, first_unanswered_at=timezone.now() - timedelta(seconds=90))
    make_delivery()
    heartbeats.beat("sweeper")
    _, secret = make_api_key(scopes=("operations:read",))

    body = client.get("/health/ready", headers={"x-api-key": secret}).json()

    assert body["oldest_unanswered_seconds"] == pytest.approx(90, abs=5)
    assert body["deliveries"]["pending"] == 1
    assert body["sweeper"]["age_seconds"] < 5
    assert body["queue"]["length"] is not None


def test_processes_that_have_been_gone_for_a_day_are_forgotten() -> None:
    heartbeats.beat("sweeper")
    WorkerHeartbeat.objects.create(process="gone", kind="web", at=timezone.now() - timedelta(days=2))

    assert heartbeats.forget_the_dead() == 1
    assert list(heartbeats.ages()) == [heartbeats.process_id("sweeper")]
