"""What ``/metrics`` tells, and whom."""

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries, Settings

from core import authentication, keys
from core.models import WorkerHeartbeat, hash_secret
from core.policy import Role
from integrations import intake
from supportagent import heartbeats, metrics, readings
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


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, "ok"),
        ({"secrets": {"access_token": "act.one"}, "ends": timedelta(minutes=4)}, "soon"),
        ({"state": "reconnect"}, "lost"),
    ],
)
def test_it_tells_of_accounts_that_need_somebody(changes: dict[str, Any], kind: str) -> None:
    secrets = {"access_token": "act.one", "refresh_token": "rft.one"}
    ends = changes.pop("ends", timedelta(hours=23))
    make_account(**({"platform": "tiktok", "secrets": secrets, "token_expires_at": timezone.now() + ends} | changes))

    samples = scrape()

    assert {kind for kind in readings.HEALTHS if samples["account_health", (("kind", kind),)]} == {kind}


def test_it_tells_of_accounts_whose_secrets_cannot_be_read_and_how_all_others_stand(settings: Settings) -> None:
    make_account(platform="tiktok", secrets={"access_token": "act.one"})
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    make_account(platform="tiktok", secrets={"access_token": "act.two"}, state="reconnect")

    samples = scrape()

    found = {kind: samples["account_health", (("kind", kind),)] for kind in ("unreadable", *readings.HEALTHS)}
    assert {kind for kind, count in found.items() if count == 1} == {"unreadable", "lost"}
    assert sum(found.values()) == 2
    assert samples["database_up", ()] == 1


def test_it_tells_what_processes_that_are_not_scraped_have_counted() -> None:
    bells = ["bells_total", {"task": "agent.tasks.run_turn", "result": "rung"}, 7.0]
    heartbeats.beat("worker", {"counts": [["log_lines_dropped_total", {}, 2.0], bells]})

    samples = scrape()

    process = (("kind", "worker"), ("process", heartbeats.process_id("worker")))
    assert samples["behind_log_lines_dropped_total", process] == 2
    assert samples["behind_bells_total", (*process, ("result", "rung"), ("task", "agent.tasks.run_turn"))] == 7


@pytest.mark.parametrize("kind", ["sweeper", "worker", "beat"])
def test_how_long_a_kind_of_process_is_silent_is_told_by_its_youngest_and_without_one_too(kind: str) -> None:
    assert scrape()[f"{kind}_age_seconds", ()] == math.inf
    heartbeats.beat(kind)
    WorkerHeartbeat.objects.create(process="another", kind=kind, at=timezone.now() - timedelta(hours=1))

    assert scrape()[f"{kind}_age_seconds", ()] < 5


def test_a_scrape_asks_few_questions(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_max_num_queries(35):
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


class Database:
    """What becomes of the statements that begin so, for as long as it is wrapped around the connection."""

    def __init__(self, *refused: str) -> None:
        self.refused = refused

    def __call__(self, execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith(self.refused):
            raise OperationalError("the database is away, or its disk is full")
        return execute(sql, *rest)


AWAY, FULL = Database(""), Database("INSERT", "UPDATE", "DELETE")


def asked_with(secret: str, path: str = "/metrics") -> tuple[int, str]:
    """What a call with this key gets: the status, and what is said."""
    answer = Client(raise_request_exception=False).get(path, headers={"x-api-key": secret})
    return answer.status_code, answer.content.decode()


def test_a_key_that_was_right_is_answered_while_the_database_is_away() -> None:
    _, secret = make_api_key(scopes=("operations:read",))
    intake.counter.labels("tiktok", "failed").inc(0)
    assert asked_with(secret)[0] == 200

    with connection.execute_wrapper(AWAY):
        status, told = asked_with(secret)

    assert status == 200
    assert "database_up 0.0" in told
    assert 'webhook_answers_total{platform="tiktok",result="failed"}' in told


@pytest.mark.django_db(transaction=True)
def test_a_database_that_takes_nothing_does_not_hide_the_figures() -> None:
    key, secret = make_api_key(scopes=("operations:read",))

    with connection.execute_wrapper(FULL):
        status, told = asked_with(secret)

    assert (status, "database_up 1.0" in told) == (200, True)
    key.refresh_from_db()
    assert key.last_used_at is None


@pytest.mark.parametrize(
    "wrong", [lambda s: s + "x", lambda s: s[:-1], lambda _: "sak_12345678_nothing", lambda _: "sak_", lambda _: "x"]
)
def test_while_the_database_is_away_no_other_key_is_believed(wrong: Callable[[str], str]) -> None:
    _, secret = make_api_key(scopes=("operations:read",))
    assert asked_with(secret)[0] == 200

    with connection.execute_wrapper(AWAY):
        status, told = asked_with(wrong(secret))

    assert status in {401, 503}
    assert "database_up" not in told


def test_a_key_is_known_for_ten_minutes_without_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    _, secret = make_api_key(scopes=("operations:read",))
    assert asked_with(secret)[0] == 200

    with connection.execute_wrapper(AWAY):
        monkeypatch.setattr(authentication, "KNOWN_SECONDS", 0.0)
        status, told = asked_with(secret)

    assert (status, "does not answer" in told) == (503, True)


def test_being_believed_without_the_database_does_not_prolong_it() -> None:
    _, secret = make_api_key(scopes=("operations:read",))
    asked_with(secret)
    before = authentication._known._keys[hash_secret(secret)]

    with connection.execute_wrapper(AWAY):
        asked_with(secret)

    assert authentication._known._keys[hash_secret(secret)] == before


def test_a_revoked_key_is_forgotten_as_soon_as_the_database_says_so() -> None:
    key, secret = make_api_key(scopes=("operations:read",))
    assert asked_with(secret)[0] == 200
    keys.revoke(key, by=None)

    assert asked_with(secret)[0] == 401
    with connection.execute_wrapper(AWAY):
        assert asked_with(secret)[0] == 503


@pytest.mark.parametrize("scopes", [(), ("conversations:read",)])
def test_a_key_for_something_else_is_not_known_without_the_database(scopes: tuple[str, ...]) -> None:
    _, secret = make_api_key(scopes=scopes)
    assert asked_with(secret)[0] == 403

    with connection.execute_wrapper(AWAY):
        assert asked_with(secret)[0] == 503


def test_a_known_key_opens_no_other_door_while_the_database_is_away() -> None:
    _, secret = make_api_key(scopes=("operations:read", "conversations:read"))
    assert asked_with(secret)[0] == 200

    with connection.execute_wrapper(AWAY):
        status, _ = asked_with(secret, "/api/v1/conversations")

    assert status == 503
