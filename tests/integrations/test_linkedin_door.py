"""LinkedIn at the door: its challenge, its signature, and batches that are kept as they came."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from django.db import OperationalError, connection
from django.test import Client
from pytest_django import Settings

from integrations import accounts, keys
from integrations.models import WebhookEvent
from integrations.platforms.base import AppKey
from tests.integrations.conftest import HungDatabase
from tests.integrations.linkedin import CLIENT_ID, PAGE, SECRET, batch, comment, fixture, linkedin_account, post

pytestmark = [pytest.mark.django_db, pytest.mark.both_doors]
CODE = "3f2b7c1e-5d4a-4e0b-9b7f-2a6c8d9e0f11"
RESPONSE = "67a8a09900fb7aa386da813419138e985db8f888c547900911ab7e2c92a8a82c"


@pytest.fixture(autouse=True)
def _nothing_known() -> Iterator[None]:
    keys.forget()
    yield
    keys.forget()


def test_a_challenge_is_answered_with_its_hmac(client: Client) -> None:
    linkedin_account()

    answer = client.get("/webhooks/linkedin", {"challengeCode": CODE})

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.json() == {"challengeCode": CODE, "challengeResponse": RESPONSE}


def test_a_challenge_is_answered_while_the_database_is_stopped(client: Client) -> None:
    linkedin_account()
    keys.warm()

    with patch.object(keys, "REREAD_SECONDS", 0.0), patch.object(connection, "cursor", side_effect=OperationalError):
        answer = client.get("/webhooks/linkedin/", {"challengeCode": CODE})

    assert answer.json()["challengeResponse"] == RESPONSE


@pytest.mark.parametrize("path", ["/webhooks/linkedin", f"/webhooks/linkedin/{CLIENT_ID}"])
def test_a_challenge_is_answered_with_the_kept_secret_while_the_database_hangs(
    client: Client, hung: HungDatabase, path: str
) -> None:
    keys._known["linkedin"] = keys._Known((AppKey(client_key=CLIENT_ID, secret=SECRET),), (), float("-inf"))
    hung.found = (AppKey(client_key=CLIENT_ID, secret="li-new-secret"),)

    answer = client.get(path, {"challengeCode": CODE})

    # It was asked, and has not said a word yet.
    assert (hung.times_asked(), hung.answers.is_set()) == (1, False)
    assert answer.json()["challengeResponse"] == RESPONSE
    hung.let_go("linkedin")
    after = client.get(path, {"challengeCode": CODE}).json()["challengeResponse"]
    assert after == hmac.new(b"li-new-secret", CODE.encode(), hashlib.sha256).hexdigest()


def test_a_challenge_to_a_hung_database_without_a_key_is_to_be_asked_again(client: Client, hung: HungDatabase) -> None:
    answer = client.get("/webhooks/linkedin", {"challengeCode": CODE})

    assert (answer.status_code, hung.answers.is_set()) == (503, False)


def test_a_challenge_is_answered_from_the_environment_alone(client: Client, settings: Settings) -> None:
    settings.LINKEDIN_CLIENT_ID, settings.LINKEDIN_CLIENT_SECRET = CLIENT_ID, SECRET

    with patch.object(connection, "cursor", side_effect=OperationalError):
        answer = client.get("/webhooks/linkedin", {"challengeCode": CODE})

    assert answer.json()["challengeResponse"] == RESPONSE


def test_a_challenge_with_neither_database_nor_key_is_to_be_asked_again(client: Client) -> None:
    with patch.object(connection, "cursor", side_effect=OperationalError):
        answer = client.get("/webhooks/linkedin", {"challengeCode": CODE})

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_each_app_answers_at_an_address_of_its_own(client: Client) -> None:
    linkedin_account()
    linkedin_account(client_key="newer", external_id="urn:li:organization:222", secrets={"secret": "newer-secret"})

    own = client.get(f"/webhooks/linkedin/{CLIENT_ID}", {"challengeCode": CODE})
    common = client.get("/webhooks/linkedin", {"challengeCode": CODE})

    assert own.json()["challengeResponse"] == RESPONSE
    assert common.json()["challengeResponse"] != RESPONSE
    assert post(client, batch(comment()), path="/webhooks/linkedin/newer").status_code == 401


@pytest.mark.parametrize("path", ["/webhooks/linkedin", f"/webhooks/linkedin/{CLIENT_ID}"])
@pytest.mark.parametrize("in_environment", ["", "li-old-secret", SECRET], ids=["not", "old", "new"])
def test_a_challenge_is_answered_with_the_secret_of_now_once_it_was_renewed(
    client: Client, settings: Settings, django_capture_on_commit_callbacks: Any, in_environment: str, path: str
) -> None:
    settings.LINKEDIN_CLIENT_ID, settings.LINKEDIN_CLIENT_SECRET = CLIENT_ID if in_environment else "", in_environment
    account = linkedin_account(secrets={"secret": "li-old-secret", "access_token": "li.first"})
    # Another Page of the same app, whose secret nobody has renewed yet.
    linkedin_account(external_id="urn:li:organization:222", secrets={"secret": "li-old-secret"})
    before = client.get(path, {"challengeCode": CODE}).json()["challengeResponse"]

    with django_capture_on_commit_callbacks(execute=True):
        accounts.renew_secrets(account, secret=SECRET)

    assert before == hmac.new(b"li-old-secret", CODE.encode(), hashlib.sha256).hexdigest()
    assert client.get(path, {"challengeCode": CODE}).json()["challengeResponse"] == RESPONSE
    for number, secret in enumerate((SECRET, "li-old-secret"), start=2):
        assert post(client, batch(comment(number=number)), path=path, secret=secret).status_code == 200
    assert post(client, batch(comment(number=9)), path=path, secret="another").status_code == 401


def test_a_signed_batch_is_one_row_word_for_word(client: Client) -> None:
    linkedin_account()
    body = batch(comment(), comment("And for 60?", number=7000000000000000003))

    answer = post(client, body)

    kept = WebhookEvent.objects.get()
    assert answer.status_code == 200
    assert (bytes(kept.body), kept.source, kept.conv_key) == (body, f"linkedin:{CLIENT_ID}", f"page:{PAGE}")
    assert kept.event_key.startswith("sha256:")


def test_the_same_batch_again_is_no_second_row(client: Client) -> None:
    linkedin_account()
    body = batch(comment())

    assert [post(client, body).status_code for _ in range(2)] == [200, 200]
    assert WebhookEvent.objects.count() == 1


@pytest.mark.parametrize("headers", [{}, {"X-LI-Signature": "0" * 64}, {"X-LI-Signature": "nonsense"}])
def test_who_does_not_prove_itself_gets_401_and_leaves_nothing(client: Client, headers: dict[str, str]) -> None:
    linkedin_account()

    assert post(client, batch(comment()), headers=headers).status_code == 401
    assert not WebhookEvent.objects.exists()


def test_a_lead_is_kept_under_its_response_and_action(client: Client) -> None:
    linkedin_account()

    post(client, json.dumps(fixture("lead")).encode())

    assert WebhookEvent.objects.get().event_key == "lead:urn:li:leadGenFormResponse:abc-1:CREATED"
