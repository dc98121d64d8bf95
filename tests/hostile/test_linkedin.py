"""Hostile cases at LinkedIn's door: challenges that want more than a signed UUID, and replays without a time."""

import time
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from conversations.models import Message, SeenKey
from integrations import services
from integrations.models import WebhookEvent
from privacy.services.retention import apply_retention
from tests.hostile.cases import covers
from tests.integrations.linkedin import batch, comment, linkedin_account, post

pytestmark = [pytest.mark.django_db, pytest.mark.both_doors]
CODE = "3f2b7c1e-5d4a-4e0b-9b7f-2a6c8d9e0f11"


@covers("W-016")
def test_a_challenge_is_answered_within_a_second_without_the_database(client: Client) -> None:
    linkedin_account()
    # The first request of a process loads every page's code.
    client.get("/webhooks/linkedin", {"challengeCode": CODE})

    began = time.monotonic()
    with patch.object(connection, "cursor", side_effect=OperationalError("gone")):
        answer = client.get("/webhooks/linkedin", {"challengeCode": CODE})
    took = time.monotonic() - began

    assert answer.status_code == 200
    assert set(answer.json()) == {"challengeCode", "challengeResponse"}
    assert took < 1


@covers("W-017")
@pytest.mark.parametrize(
    "query", [{"challengeCode": "<script>alert(1)</script>"}, {"challengeCode": "a" * 10_240}, {}, {"challenge": "x"}]
)
def test_what_is_no_uuid_is_neither_signed_nor_reflected(client: Client, query: dict[str, str]) -> None:
    linkedin_account()

    answer = client.get("/webhooks/linkedin", query)

    assert (answer.status_code, answer["Content-Type"]) == (400, "application/json")
    assert answer.json() == {"detail": "Send challengeCode, a UUID."}


@covers("W-013")
@pytest.mark.parametrize("days", [29, 31])
def test_a_replay_of_weeks_ago_has_no_second_effect(client: Client, days: int) -> None:
    linkedin_account()
    body = batch(comment())
    post(client, body)
    services.ingest_waiting()
    before = timezone.now() - timedelta(days=days)
    WebhookEvent.objects.update(received_at=before)
    SeenKey.objects.update(seen_at=before)
    apply_retention()

    answer = post(client, body)
    services.ingest_waiting()

    assert answer.status_code == 200
    assert Message.objects.count() == 1
    assert WebhookEvent.objects.count() == 1
