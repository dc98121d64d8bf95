"""The older open project's flat events, through the door and into the record."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from conversations.models import Attachment, Message
from integrations import keys
from integrations.accounts import add_account
from integrations.exceptions import AccountProblem
from integrations.models import PlatformAccount, WebhookEvent
from integrations.new_accounts import NewAccount, takes_older_events
from integrations.platforms import older
from integrations.services.forgetting import events_about
from integrations.services.ingest import ingest_event, ingest_thread, ingest_waiting
from tests.factories import make_account
from tests.integrations.tiktok import tiktok_account

pytestmark = [pytest.mark.django_db, pytest.mark.both_doors]

SECRET = "old-test-secret"
TIKTOK = {"event_type": "message", "user_id": "u1", "message": "Hi", "conversation_id": "c1", "timestamp": 1767225600}
LINKEDIN = {
    "event_type": "message", "sender_id": "s1", "message_text": "Hi", "conversation_id": "c2", "timestamp": 1767225600
}  # fmt: skip
VECTORS = [
    (
        "tiktok",
        TIKTOK,
        b'{"event_type":"message","user_id":"u1","message":"Hi","conversation_id":"c1","timestamp":1767225600,"media_url":null}',
        "36f552108cca7ae625acc9582059933790d8131155737355e1b90a1094929955",
    ),
    (
        "linkedin",
        LINKEDIN,
        b'{"event_type":"message","sender_id":"s1","message_text":"Hi","conversation_id":"c2","timestamp":1767225600,'
        b'"attachments":null}',
        "4c0fc727144064b609a973b966151d818b2daf61017f891490dec255719eed55",
    ),
]


@pytest.fixture
def taker() -> PlatformAccount:
    """A TikTok account that takes such events, whose senders have a secret of their own."""
    return tiktok_account(
        legacy_payloads=True, secrets={"secret": "the-app's", "access_token": "a", "legacy_secret": SECRET}
    )


@pytest.fixture
def member() -> PlatformAccount:
    """A LinkedIn account for messages; its senders sign with the app's secret."""
    account = make_account(
        platform="linkedin", kind="messages", external_id="urn:li:person:AbC1", legacy_payloads=True,
        secrets={"secret": SECRET, "webhook_secret": "whsec_x"},
    )  # fmt: skip
    keys.forget()
    return account


def sign(body: bytes, secret: str = SECRET) -> str:
    """The header's value."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def knock(client: Client, event: dict[str, Any] | bytes, platform: str = "tiktok", **headers: str) -> Any:
    """Post an event; signed over its raw bytes unless a header says otherwise."""
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    given = headers or {"X-Signature": sign(body)}
    return client.generic("POST", f"/webhooks/{platform}", body, content_type="application/json", headers=given)


@pytest.mark.parametrize(("platform", "event", "text", "signature"), VECTORS, ids=["tiktok", "linkedin"])
def test_the_text_that_its_clients_sign_is_the_documented_one(
    client: Client,
    taker: PlatformAccount,
    member: PlatformAccount,
    platform: str,
    event: Any,
    text: bytes,
    signature: str,
) -> None:
    assert older.canonical(platform, json.dumps(event, indent=2).encode()) == text
    assert sign(text) == signature

    # Posted as its own client would: spaced as it likes, signed over the text that the service makes of it.
    answer = knock(
        client, json.dumps(event | {"unknown": 1}, indent=2).encode(), platform, **{"X-Signature": signature}
    )

    assert (answer.status_code, answer.json()) == (200, {"status": "accepted"})


def test_an_event_becomes_the_customers_message(client: Client, taker: PlatformAccount) -> None:
    said = TIKTOK | {"message": "Wo ist mein Paket? 📦", "media_url": "https://files.example/a.png"}
    assert knock(client, said).status_code == 200

    assert ingest_waiting() == 1

    message = Message.objects.select_related("conversation__customer").get()
    assert message.text == "Wo ist mein Paket? 📦"
    assert message.conversation.thread_key == "c1"
    assert message.conversation.account_id == taker.pk
    assert message.conversation.customer.external_id == "u1"
    assert message.sent_at == datetime(2026, 1, 1, tzinfo=UTC)
    attachment = Attachment.objects.get()
    # A stranger's address is shown and never fetched.
    assert (attachment.url, attachment.media_id) == ("https://files.example/a.png", "")


def test_a_repetition_is_known_again_and_told_its_number(client: Client, taker: PlatformAccount) -> None:
    first, second = knock(client, TIKTOK), knock(client, TIKTOK)

    assert first.json() == {"status": "accepted"}
    assert second.json() == {"status": "accepted", "internal_id": WebhookEvent.objects.get().pk}


def test_two_messages_of_one_second_are_two(client: Client, taker: PlatformAccount) -> None:
    knock(client, TIKTOK)
    knock(client, TIKTOK | {"message": "And another thing"})
    ingest_waiting()

    assert list(Message.objects.order_by("seq").values_list("text", flat=True)) == ["Hi", "And another thing"]


def test_without_a_time_the_same_words_are_a_repetition_for_ten_minutes() -> None:
    event = older.read("tiktok", json.dumps(TIKTOK | {"timestamp": None}).encode())
    began = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)

    at = [older.event_key("tiktok", event, began + timedelta(minutes=minutes)) for minutes in (0, 9, 11)]

    assert at[0] == at[1] != at[2]


def test_the_switch_is_the_accounts_own(client: Client) -> None:
    tiktok_account(secrets={"secret": SECRET, "access_token": "a"})

    assert knock(client, TIKTOK).status_code == 401
    assert WebhookEvent.objects.count() == 0


def test_a_switch_that_was_just_turned_on_counts(client: Client) -> None:
    account = tiktok_account(secrets={"secret": SECRET, "access_token": "a"})
    keys.older_keys("tiktok")
    PlatformAccount.objects.filter(pk=account.pk).update(legacy_payloads=True)
    # As a few seconds later.
    keys._tried_at.clear()

    assert knock(client, TIKTOK).status_code == 200


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ({"X-Signature": "00" * 32}, "Invalid signature"),
        ({"X-Signature": "nonsense"}, "Invalid signature"),
        ({"User-Agent": "old-client"}, "Missing signature header"),
    ],
    ids=["another's", "nonsense", "none"],
)
def test_who_does_not_prove_itself_is_refused_before_anything_is_said_of_the_body(
    client: Client, taker: PlatformAccount, headers: dict[str, str], detail: str
) -> None:
    for body in (json.dumps(TIKTOK).encode(), b'{"event_type": 1}', b"[["):
        answer = knock(client, body, **headers)

        assert (answer.status_code, answer.json()) == (401, {"detail": detail})
    assert WebhookEvent.objects.count() == 0


def test_a_proved_body_that_is_no_event_is_told_what_is_wrong(client: Client, taker: PlatformAccount) -> None:
    answer = knock(client, {"event_type": "message", "user_id": 7, "conversation_id": "", "timestamp": "soon"})

    assert answer.status_code == 422
    assert {tuple(fault["loc"]): fault["msg"] for fault in answer.json()["detail"]} == {
        ("body", "user_id"): "Input should be a valid string",
        ("body", "message"): "Field required",
        ("body", "conversation_id"): "Give an id of 1 to 255 characters",
        ("body", "timestamp"): "Input should be a valid integer",
    }
    assert knock(client, b"{").status_code == 422
    assert WebhookEvent.objects.count() == 0


@pytest.mark.parametrize("platform", ["tiktok", "linkedin"])
def test_a_platforms_own_proof_is_not_replaced_by_the_older_one(
    client: Client, taker: PlatformAccount, member: PlatformAccount, platform: str
) -> None:
    body = json.dumps(TIKTOK if platform == "tiktok" else LINKEDIN).encode()
    own = older.SHAPES[platform].own_header

    answer = knock(client, body, platform, **{"X-Signature": sign(body), own: "t=1,s=00"})

    assert answer.status_code == 401


def test_whoever_may_be_answered_in_public_only_takes_none(client: Client, member: PlatformAccount) -> None:
    page = make_account(platform="linkedin", kind="comments", external_id="urn:li:organization:9")
    assert takes_older_events(member.platform, member.kind)

    with pytest.raises(IntegrityError), transaction.atomic():
        PlatformAccount.objects.filter(pk=page.pk).update(legacy_payloads=True)


@pytest.mark.parametrize(
    ("platform", "kind", "wrong"),
    [("linkedin", "comments", "only a TikTok account"), ("webchat", "", "only a TikTok account")],
)
def test_such_an_account_cannot_be_added(platform: str, kind: str, wrong: str) -> None:
    new = NewAccount(
        platform=platform, name="A", external_id="urn:li:organization:9", client_key="k", secret="s" * 32,
        access_token="a", api_kind=kind, legacy_payloads=True,
    )  # fmt: skip

    with pytest.raises(AccountProblem, match=wrong):
        add_account(new)


def test_a_secret_without_the_switch_is_a_mistake() -> None:
    new = NewAccount(
        platform="tiktok", name="A", external_id="b", client_key="k", secret="s", access_token="a", legacy_secret="x"
    )

    with pytest.raises(AccountProblem, match="only with --legacy-payloads"):
        add_account(new)


def test_a_takeover_waits_for_what_came_in_this_way_too(client: Client, taker: PlatformAccount) -> None:
    knock(client, TIKTOK)

    ingest_thread(taker, "c1")

    assert Message.objects.get().text == "Hi"


def test_erasing_a_person_finds_these_events(client: Client, taker: PlatformAccount) -> None:
    knock(client, TIKTOK)
    ingest_event(WebhookEvent.objects.get().pk)

    found = events_about(taker, customer_id="u1", thread_keys=["c1"], message_pks=Message.objects.values("pk"))

    assert found.count() == 1
