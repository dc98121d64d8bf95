"""What ``/metrics`` tells, and whom."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries

from core.policy import Role
from supportagent import heartbeats, metrics
from tests.factories import (
    make_account,
    make_api_key,
    make_conversation,
    make_delivery,
    make_escalation,
    make_message,
    make_user,
)

pytestmark = pytest.mark.django_db


def scrape() -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample, by its name and labels."""
    _, secret = make_api_key(scopes=("operations:read",))
    response = Client().get("/metrics", headers={"authorization": f"Bearer {secret}"})
    assert response.status_code == 200
    families = text_string_to_metric_families(response.content.decode())
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def test_it_tells_how_things_stand() -> None:
    make_account()
    conversation = make_conversation()
    make_message(conversation, created_at=timezone.now() - timedelta(seconds=100))
    make_escalation(make_conversation(waiting_since=timezone.now() - timedelta(minutes=5)))
    make_delivery(make_conversation(), state="pending")
    heartbeats.beat("sweeper")

    samples = scrape()

    assert samples["conversations", (("mode", "bot"),)] == 2
    assert samples["conversations", (("mode", "human"),)] == 1
    assert samples["escalations", (("state", "open"),)] == 1
    assert samples["deliveries", (("state", "pending"),)] == 1
    assert samples["deliveries", (("state", "dead"),)] == 0
    assert samples["webhook_events", (("state", "received"),)] == 0
    assert samples["accounts", (("state", "active"),)] >= 1
    assert samples["messages_undecided", ()] == 1
    assert samples["oldest_unanswered_seconds", ()] == pytest.approx(100, abs=10)
    assert samples["oldest_waiting_seconds", ()] == pytest.approx(300, abs=10)
    assert samples["database_up", ()] == 1
    assert samples["broker_up", ()] == 1
    process = heartbeats.process_id("sweeper")
    assert samples["heartbeat_age_seconds", (("kind", "sweeper"), ("process", process))] < 5


def test_a_scrape_asks_few_questions(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_max_num_queries(29):
        list(metrics.RecordCollector().collect())


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.ADMIN, 200),
        (Role.SUPERVISOR, 200),
        (Role.AGENT, 403),
        (Role.PROMPT_EDITOR, 403),
        (Role.VIEWER, 403),
    ],
)
def test_staff_may_by_role(client: Client, role: Role, status: int) -> None:
    client.force_login(make_user(role=role))

    assert client.get("/metrics").status_code == status


@pytest.mark.parametrize(("scopes", "status"), [(("operations:read",), 200), (("conversations:read",), 403), ((), 403)])
def test_programs_may_by_scope(client: Client, scopes: tuple[str, ...], status: int) -> None:
    _, secret = make_api_key(scopes=scopes)

    response = client.get("/metrics", headers={"x-api-key": secret})

    assert response.status_code == status
    assert status == 200 or "detail" in response.json()


def test_nobody_else_may(client: Client) -> None:
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"authorization": "Bearer sak_12345678_nothing"}).status_code == 401


@pytest.mark.django_db(transaction=True)
def test_a_database_that_fails_is_told_and_not_an_error() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE conversations_delivery RENAME TO away")
    try:
        samples = {family.name: family.samples[0].value for family in metrics.RecordCollector().collect()}
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO conversations_delivery")

    assert samples == {"database_up": 0}
