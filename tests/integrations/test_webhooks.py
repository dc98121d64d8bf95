"""The door: what it keeps, what it refuses, and what it answers."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from core import bells
from integrations import keys
from integrations.intake import KEPT_WITHIN_SECONDS, counter
from integrations.models import PlatformAccount, WebhookEvent
from integrations.platforms.tiktok import signature
from tests.conftest import RungBell
from tests.integrations.tiktok import CLIENT_KEY, SECRET, event, post, text_event, tiktok_account
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db, pytest.mark.both_doors]


@pytest.fixture(autouse=True)
def account() -> PlatformAccount:
    """The account that the events are for."""
    return tiktok_account()


@pytest.mark.parametrize("path", ["/webhooks/tiktok", "/webhooks/tiktok/"])
def test_a_signed_event_is_kept_word_for_word_and_answered_200(client: Client, path: str) -> None:
    body = event("receive_text")

    answer = post(client, body, path=path)

    assert answer.status_code == 200
    kept = WebhookEvent.objects.get()
    assert bytes(kept.body) == body
    assert kept.source == f"tiktok:{CLIENT_KEY}"
    assert kept.event_key == "msg:bXNnLXRleHQ="
    assert kept.conv_key == "Y29udi0x+/=="
    assert kept.state == WebhookEvent.State.RECEIVED
    assert not kept.is_late


def test_an_event_is_kept_by_one_statement(client: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    keys.app_keys("tiktok")

    with django_assert_num_queries(1):
        post(client, event("receive_text"))


def test_a_kept_event_wakes_a_worker(client: Client, bells: list[RungBell]) -> None:
    post(client, event("receive_text"))

    kept = WebhookEvent.objects.get()
    wait_until(lambda: RungBell("integrations.tasks.ingest_event", (kept.pk,)) in bells, what="the bell")


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "garbage",
        "t=,s=",
        "t=1767225600",
        "s=" + "0" * 64,
        "t=1767225600,s=" + "0" * 64,
        "t=-1,s=" + "0" * 64,
        "t=١٢٣,s=" + "0" * 64,
        "t=1767225600,s=zz",
        "t=1767225600,s=é",
        "=,=,=",
        "t=1,t=2,s=" + "0" * 64,
        "t=1767225600,s=" + ",s=".join(["0" * 64] * 40),
        "t=1767225600,s=" + "0" * 5000,
    ],
)
def test_who_does_not_prove_itself_gets_401_and_leaves_nothing(client: Client, header: str | None) -> None:
    headers = {} if header is None else {"Tiktok-Signature": header}

    answer = post(client, event("receive_text"), headers=headers)

    assert answer.status_code == 401
    assert json.loads(answer.content)["detail"] in {"Missing signature header", "Invalid signature"}
    assert not WebhookEvent.objects.exists()


def test_a_body_changed_after_signing_is_refused(client: Client) -> None:
    body = event("receive_text")
    signed = {"Tiktok-Signature": signature.sign(SECRET, body, time=int(time.time()))}

    answer = post(client, body.replace(b"blue lamp", b"blue Lamp"), headers=signed)

    assert answer.status_code == 401
    assert not WebhookEvent.objects.exists()


def test_another_apps_secret_does_not_vouch_for_this_apps_event(client: Client) -> None:
    tiktok_account(client_key="other-app", external_id="other", secrets={"secret": "other-secret"})

    answer = post(client, event("receive_text"), secret="other-secret")

    assert answer.status_code == 401
    assert not WebhookEvent.objects.exists()


def test_a_removed_accounts_secret_opens_nothing(client: Client, account: PlatformAccount) -> None:
    PlatformAccount.objects.update(state=PlatformAccount.State.REMOVED)
    keys.forget()

    assert post(client, event("receive_text")).status_code == 401


def test_an_empty_secret_opens_nothing(client: Client) -> None:
    PlatformAccount.objects.update(secrets={"secret": ""})
    keys.forget()

    assert post(client, event("receive_text"), secret="").status_code == 401


def test_a_secret_that_is_being_replaced_still_proves_an_event(client: Client) -> None:
    PlatformAccount.objects.update(secrets={"secret": "the-new-one", "previous_secret": SECRET})
    keys.forget()

    assert post(client, event("receive_text")).status_code == 200


@pytest.mark.parametrize(("age", "late"), [(295, False), (301, True), (6 * 3600, True), (-299, False)])
def test_an_old_signature_is_accepted_and_called_late(client: Client, age: int, late: bool) -> None:
    answer = post(client, event("receive_text"), at=time.time() - age)

    assert answer.status_code == 200
    assert WebhookEvent.objects.get().is_late is late


def test_a_signature_from_the_future_is_refused_and_counted(client: Client) -> None:
    counted = counter.labels("tiktok", "ahead")._value
    before = counted.get()

    assert post(client, event("receive_text"), at=time.time() + 310).status_code == 401

    assert not WebhookEvent.objects.exists()
    assert counted.get() == before + 1


def test_the_same_event_again_changes_nothing_whenever_it_was_signed(client: Client) -> None:
    body = event("receive_text")

    answers = [post(client, body), post(client, body), post(client, body, at=time.time() - 7200)]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert WebhookEvent.objects.count() == 1


def test_an_event_without_an_inner_id_goes_by_its_bytes(client: Client) -> None:
    for _ in range(2):
        assert post(client, event("comment_update")).status_code == 200

    assert WebhookEvent.objects.get().event_key.startswith("sha256:")


def test_a_known_id_with_another_body_is_kept_as_a_conflict(client: Client) -> None:
    first, second = text_event("First", message_id="m-1"), text_event("Second", message_id="m-1")

    answers = [post(client, body) for body in (first, second, second, first)]

    assert [answer.status_code for answer in answers] == [200] * 4
    kept = list(WebhookEvent.objects.order_by("id"))
    assert [row.state for row in kept] == ["received", "conflict"]
    assert bytes(kept[1].body) == second
    assert "msg:m-1" in kept[1].reason


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_only_json_is_taken(client: Client, content_type: str) -> None:
    assert post(client, event("receive_text"), content_type=content_type).status_code == 415
    assert not WebhookEvent.objects.exists()


def test_a_compressed_body_is_never_unpacked(client: Client) -> None:
    body = event("receive_text")
    signed = {
        "Tiktok-Signature": signature.sign(SECRET, body, time=int(time.time())),
        "Content-Encoding": "gzip",
    }

    assert post(client, body, headers=signed).status_code == 415


def test_json_may_say_its_charset(client: Client) -> None:
    assert post(client, event("receive_text"), content_type="application/json; charset=utf-8").status_code == 200


def test_whatever_the_sender_accepts_it_gets_json(client: Client) -> None:
    body = event("receive_text")
    signed = {"Tiktok-Signature": signature.sign(SECRET, body, time=int(time.time())), "Accept": "text/html"}

    answer = post(client, body, headers=signed)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"


def test_a_body_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(client: Client) -> None:
    limit = settings.WEBHOOK_MAX_BYTES
    fits = b'{"a":"' + b"x" * (limit - 8) + b'"}'
    assert len(fits) == limit

    assert post(client, fits).status_code == 200
    assert post(client, fits + b" ").status_code == 413
    assert WebhookEvent.objects.count() == 1


@pytest.mark.parametrize(
    "length",
    ["999999999999999999999", "000000000000999999999", "9" * 5000, "-1", "abc"],
    ids=["long", "zeros", "endless", "negative", "words"],
)
def test_a_length_that_cannot_be_is_refused_before_anything_is_read(client: Client, length: str) -> None:
    answer = client.generic("POST", "/webhooks/tiktok", b"{}", content_type="application/json", CONTENT_LENGTH=length)

    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/webhooks/unknown", 404),
        ("/webhooks/tiktok%2f..%2fadmin", 404),
        ("/webhooks/tiktok%0a", 404),
        ("/webhooks/", 404),
    ],
)
def test_other_addresses_are_not_doors(client: Client, path: str, status: int) -> None:
    assert post(client, event("receive_text"), path=path).status_code == status


def test_a_look_echoes_the_challenge_as_json(client: Client) -> None:
    for path in ("/webhooks/tiktok", "/webhooks/tiktok/", "/webhooks/verify", "/webhooks/verify/"):
        answer = client.get(path, {"challenge": "<script>1</script>"})
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.json() == {"challenge": "<script>1</script>"}
    assert client.get("/webhooks/verify").json() == {"status": "webhook endpoint ready"}
    assert client.get("/webhooks/verify", {"challenge": "x" * 10_000}).status_code == 400


def test_other_methods_are_refused_without_an_error(client: Client) -> None:
    assert client.put("/webhooks/tiktok", b"{}", content_type="application/json").status_code == 405
    assert client.delete("/webhooks/tiktok").status_code == 405


def test_without_a_database_the_sender_is_told_to_come_back(client: Client) -> None:
    body = event("receive_text")
    keys.app_keys("tiktok")

    with patch.object(connection, "cursor", side_effect=OperationalError("gone")):
        answer = post(client, body)

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert post(client, body).status_code == 200


def test_a_database_that_is_silent_is_given_up_in_time(client: Client) -> None:
    keys.app_keys("tiktok")

    with patch("integrations.intake.within", side_effect=OperationalError("cut")) as within:
        assert post(client, event("receive_text")).status_code == 503

    within.assert_called_once_with(connection, KEPT_WITHIN_SECONDS)


def test_nobody_is_called_a_forger_before_the_keys_were_ever_read(client: Client) -> None:
    keys.forget()

    with patch.object(connection, "cursor", side_effect=OperationalError("gone")):
        assert post(client, event("receive_text")).status_code == 503


def test_who_shows_no_proof_costs_no_look_at_the_database(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    keys.forget()
    keys.warm()

    with patch.object(keys, "REREAD_SECONDS", 0.0), django_assert_num_queries(0):
        assert post(client, event("receive_text"), headers={}).status_code == 401
        assert post(client, event("receive_text"), headers={"Tiktok-Signature": "t=1,s=x"}).status_code == 401


def test_an_account_that_was_just_added_elsewhere_is_known_at_its_first_event(client: Client) -> None:
    keys.app_keys("tiktok")
    PlatformAccount.objects.update(secrets={"secret": "changed-elsewhere"})

    with patch.object(keys, "REREAD_SECONDS", 0.0):
        assert post(client, event("receive_text"), secret="changed-elsewhere").status_code == 200


def test_the_environments_key_judges_without_a_database(client: Client, settings: pytest.FixtureRequest) -> None:
    settings.TIKTOK_CLIENT_KEY, settings.TIKTOK_CLIENT_SECRET = "env-app", "env-secret"  # type: ignore[attr-defined]
    keys.forget()
    body = event("receive_text", client_key="env-app")

    with patch.object(connection, "cursor", side_effect=OperationalError("gone")):
        assert post(client, body, secret="env-secret").status_code == 503
    assert post(client, body, secret="env-secret").status_code == 200


def test_a_broker_that_hangs_holds_up_nobody(client: Client) -> None:
    let_go, gave_up = threading.Event(), threading.Event()

    def hang(*_: object, **__: object) -> None:
        if not let_go.wait(60):
            gave_up.set()
        raise OSError("the broker is gone")

    aside = bells._Ringer(bells.Breaker())
    with patch.object(bells, "_ringer", aside), patch("integrations.intake.ingest_event.apply_async", hang):
        for number in range(5):
            assert post(client, text_event("Hello", message_id=f"m-{number}")).status_code == 200
        waited_for = gave_up.is_set()
        let_go.set()

    assert not waited_for
    assert WebhookEvent.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_fifty_deliveries_of_one_event_at_once_are_one_row() -> None:
    body = event("receive_text")
    start = threading.Barrier(10)

    def knock(number: int) -> HttpResponse:
        if number < 10:
            start.wait(10)
        try:
            return post(Client(), body)
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(knock, range(50)))

    assert [answer.status_code for answer in answers] == [200] * 50
    assert WebhookEvent.objects.count() == 1


def test_every_answer_is_counted_by_what_it_was(client: Client) -> None:
    def counted() -> dict[str, float]:
        results = ("stored", "repeated", "conflict", "refused")
        return {result: counter.labels("tiktok", result)._value.get() for result in results}

    before = counted()

    post(client, text_event("One", message_id="m-1"))
    post(client, text_event("One", message_id="m-1"))
    post(client, text_event("Two", message_id="m-1"))
    post(client, text_event("One", message_id="m-2"), secret="not ours")

    assert {result: counted()[result] - number for result, number in before.items()} == {
        "stored": 1, "repeated": 1, "conflict": 1, "refused": 1,
    }  # fmt: skip
