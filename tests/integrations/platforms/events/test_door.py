"""The door of signed webhooks: whose proof counts at which address, for how long, and how often."""

import json
import time

import pytest
from django.test import Client

from conversations.models import Message
from integrations import accounts, keys, services, standard_webhooks
from integrations.models import WebhookEvent
from tests.integrations.events import OTHER_SECRET, SECRET, created, events_account, post

pytestmark = [pytest.mark.django_db, pytest.mark.both_doors]


def test_a_proved_message_is_kept_and_taken_in() -> None:
    account = events_account()

    answer = post(account, created("Is it blue?"))
    services.ingest_waiting()

    assert answer.status_code == 200
    event = WebhookEvent.objects.get()
    assert (event.source, event.event_key, event.conv_key) == (f"events:{account.public_id}", "id:evt-1", "c-1")
    assert (event.source, event.state) == (account.source, "ingested")
    assert event.headers["Webhook-Id"] == "evt-1"
    message = Message.objects.get()
    assert (message.text, message.account_id, message.platform_message_id) == ("Is it blue?", account.pk, "m-1")


@pytest.mark.parametrize("seconds", [-290, 0, 290])
def test_a_fresh_time_is_taken(seconds: int) -> None:
    assert post(events_account(), created(), at=time.time() + seconds).status_code == 200


@pytest.mark.parametrize("seconds", [-303, 303, 86_400])
def test_a_time_too_far_away_is_refused_and_says_so(seconds: int) -> None:
    answer = post(events_account(), created(), at=time.time() + seconds)

    assert answer.status_code == 401
    assert "more than 300 s away from our clock" in json.loads(answer.content)["detail"]
    assert not WebhookEvent.objects.exists()


def test_a_secret_proves_at_its_own_address_alone() -> None:
    here = events_account()
    there = events_account(secrets={"secret": OTHER_SECRET})

    answers = [post(here, created(), secret=OTHER_SECRET), post(there, created(), secret=SECRET)]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize(
    "path", ["/webhooks/events/00000000-0000-4000-8000-000000000000", "/webhooks/events/x", "/webhooks/events"]
)
def test_an_address_of_nobody_takes_nothing(path: str) -> None:
    events_account()
    body = created()
    headers = standard_webhooks.signed([SECRET], id="evt-1", at=int(time.time()), body=body)

    answer = Client().post(path, body, content_type="application/json", headers=headers)

    assert answer.status_code in {401, 404}
    assert not WebhookEvent.objects.exists()


def test_what_comes_again_has_no_second_effect_and_another_body_under_its_id_is_set_aside() -> None:
    account = events_account()

    answers = [post(account, body).status_code for body in (created(), created(), created("Something else"))]
    services.ingest_waiting()

    assert answers == [200, 200, 200]
    assert sorted(WebhookEvent.objects.values_list("state", flat=True)) == ["conflict", "ingested"]
    assert Message.objects.count() == 1


def test_one_message_under_two_ids_is_one_message() -> None:
    account = events_account()

    for identifier in ("evt-1", "evt-2"):
        post(account, created(), identifier=identifier)
    services.ingest_waiting()

    assert Message.objects.count() == 1
    assert "duplicate" in WebhookEvent.objects.get(event_key="id:evt-2").reason


def test_while_a_secret_is_replaced_both_prove_and_a_dropped_one_does_not() -> None:
    account = accounts.rotate_secret(events_account())
    keys.forget()

    both = [post(account, created(), secret=secret).status_code for secret in (SECRET, account.secrets["secret"])]
    account = accounts.drop_old_secret(account)
    keys.forget()
    after = [post(account, created(), secret=secret).status_code for secret in (SECRET, account.secrets["secret"])]

    assert (both, after) == ([200, 200], [401, 200])


def test_a_removed_account_takes_nothing() -> None:
    account = accounts.remove(events_account())
    keys.forget()

    assert post(account, created()).status_code == 401


def test_what_cannot_be_read_is_kept_for_people() -> None:
    account = events_account()

    answers = [post(account, body, identifier=f"evt-{n}") for n, body in enumerate((b"{", created(id=5)))]
    services.ingest_waiting()

    assert [answer.status_code for answer in answers] == [200, 200]
    reasons = WebhookEvent.objects.order_by("pk").values_list("state", "reason")
    assert [(state, reason.partition(":")[0]) for state, reason in reasons] == [
        ("quarantined", "json"), ("quarantined", "schema"),
    ]  # fmt: skip
