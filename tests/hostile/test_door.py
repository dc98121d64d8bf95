"""What attackers and broken senders do at the door: signatures, replays, types, echoes, ids and addresses."""

import time
import uuid
from collections import Counter
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from conversations import services as conversations
from conversations.models import Conversation, Customer, Delivery, Message
from conversations.types import MessageFacts, Reply
from integrations import intake, keys, services, standard_webhooks
from integrations.models import PlatformAccount, WebhookEvent
from integrations.platforms.tiktok import signature
from tests.factories import make_account, make_channel, make_delivery, make_inbound
from tests.hostile.cases import covers, each
from tests.hostile.door import State, refused, set_aside, taken
from tests.integrations.events import OTHER_SECRET as OTHER_WEBHOOK_SECRET
from tests.integrations.events import SECRET as WEBHOOK_SECRET
from tests.integrations.events import created, events_account
from tests.integrations.events import post as events_post
from tests.integrations.tiktok import BUSINESS, SECRET, THREAD, event, post, text_event

pytestmark = [pytest.mark.django_db, pytest.mark.both_doors, pytest.mark.usefixtures("account")]


# --- Who may knock ---------------------------------------------------------------------------------------------------


@covers("W-001")
def test_without_a_signature_nothing_is_kept() -> None:
    refused(post(Client(), event("receive_text"), headers={}), 401)


@covers("W-002")
@pytest.mark.parametrize("at", [0, 20, -1])
def test_one_byte_changed_after_signing_is_enough(at: int) -> None:
    body = bytearray(event("receive_text"))
    signed = {"Tiktok-Signature": signature.sign(SECRET, bytes(body), time=int(time.time()))}
    body[at] ^= 1

    refused(post(Client(), bytes(body), headers=signed), 401)


@covers("W-004")
def test_the_secret_of_another_account_proves_nothing() -> None:
    make_account(secrets={"secret": "the-other-one"}, client_key="7000000000000000009")
    keys.forget()

    refused(post(Client(), event("receive_text"), secret="the-other-one"), 401)


@pytest.mark.parametrize(
    "others", ["s=" + "0" * 64 + ",{good}", "{good},s=" + "0" * 64, "v9=x,{good}", "s=,{good}", "s=nonsense,{good}"]
)
def test_one_good_signature_among_others_is_enough_and_what_is_not_known_is_passed_over(others: str) -> None:
    body = event("receive_text")
    moment, _, good = signature.sign(SECRET, body, time=int(time.time())).partition(",")

    answer = post(Client(), body, headers={"Tiktok-Signature": f"{moment},{others.format(good=good)}"})

    assert answer.status_code == 200


@covers("W-005")
@pytest.mark.parametrize(
    ("listed", "status"),
    [
        ("{bad} {good}", 200),
        ("v9,x {good}", 200),
        ("v1a,{digest} {good}", 200),
        ("{good} {bad}", 200),
        ("{old} {new}", 200),
        ("{bad}", 401),
        ("v9,x", 401),
        ("v9,{digest}", 401),
        ("{good},{good}", 401),
    ],
)
def test_of_versioned_signatures_any_good_one_of_a_known_version_is_enough(listed: str, status: int) -> None:
    account = events_account(secrets={"secret": OTHER_WEBHOOK_SECRET, "previous_secret": WEBHOOK_SECRET})
    body, at = created(), int(time.time())
    old, new = (
        standard_webhooks.signed([secret], id="evt-1", at=at, body=body)["Webhook-Signature"]
        for secret in (WEBHOOK_SECRET, OTHER_WEBHOOK_SECRET)
    )
    words = {"good": old, "old": old, "new": new, "digest": old[3:], "bad": "v1," + "A" * 43 + "="}
    headers = {"Webhook-Id": "evt-1", "Webhook-Timestamp": str(at), "Webhook-Signature": listed.format(**words)}

    answer = events_post(account, body, headers=headers)

    assert answer.status_code == status
    assert WebhookEvent.objects.count() == (1 if status == 200 else 0)


def test_while_a_secret_is_being_replaced_both_prove(account: PlatformAccount) -> None:
    account.secrets = {**account.secrets, "secret": "the-new-one", "previous_secret": SECRET}
    account.save()
    keys.forget()

    answers = [
        post(Client(), text_event("Hi", message_id=f"m-{secret}"), secret=secret) for secret in (SECRET, "the-new-one")
    ]

    assert [answer.status_code for answer in answers] == [200, 200]


# --- Again, late, early ----------------------------------------------------------------------------------------------


@covers("W-007")
def test_the_same_request_twice_is_one_row_and_one_message() -> None:
    moment = time.time()
    answers = [post(Client(), event("receive_text"), at=moment).status_code for _ in range(2)]
    services.ingest_waiting()

    assert answers == [200, 200]
    assert WebhookEvent.objects.count() == Message.objects.filter(direction="in").count() == 1
    assert replies() == 1


@covers("W-008")
def test_the_same_request_fifty_times_is_answered_once() -> None:
    # At the same moment: tests/integrations/test_webhooks.py, and with the bot that answers: tests/test_journeys.py.
    moment, client = time.time(), Client()
    answers = {post(client, event("receive_text"), at=moment).status_code for _ in range(50)}
    for kept in [*WebhookEvent.objects.all()] * 2:
        services.ingest_event(kept.pk)

    assert answers == {200}
    assert WebhookEvent.objects.count() == Message.objects.filter(direction="in").count() == 1
    assert replies() == 1


def replies() -> int:
    """How many replies there are after the bot had each turn that is due, twice over."""
    Conversation.objects.update(ready_at=timezone.now() - timedelta(seconds=1))
    for _ in range(2):
        take_turns()
    return Delivery.objects.count()


@covers("W-059")
def test_of_five_hundred_messages_in_ten_seconds_six_are_answered_in_a_minute_the_rest_by_one_answer_and_nobody_waits(
    settings: Settings,
) -> None:
    settings.BOT_TURNS_PER_MINUTE = 6
    channel, calm = make_channel(debounce_seconds=0), {"thread_key": "another", "customer_id": "another"}
    turns: Counter[int] = Counter()
    for number in range(500):
        # What the bot said before was said just now, however long this machine takes.
        Message.objects.filter(sender_type=Message.Sender.BOT).update(created_at=timezone.now())
        conversations.receive(make_inbound(channel, f"Line {number}"))
        if number % 200 == 199:
            conversations.receive(make_inbound(channel, f"And me? {number}", **calm))
        turns.update(take_turns())

    flood, other = (Conversation.objects.get(thread_key=key) for key in ("thread-1", "another"))
    assert flood.messages.filter(direction="in").count() == 500
    assert turns == {flood.pk: 6, other.pk: 2}
    # The rest waits together until the first of the six answers is a minute old, and nobody else waits for it.
    assert flood.messages.filter(disposition=Message.Disposition.UNDECIDED).count() == 494
    assert flood.ready_at is not None
    assert flood.ready_at > timezone.now() + timedelta(seconds=30)
    assert other.ready_at is None

    a_minute_passes(flood)

    assert take_turns() == [flood.pk]
    assert take_turns() == []
    assert not flood.messages.filter(disposition=Message.Disposition.UNDECIDED).exists()
    assert flood.deliveries.count() == 7


def a_minute_passes(conversation: Conversation) -> None:
    """What was said and what waits lie a minute further back."""
    minute = timedelta(minutes=1)
    conversation.messages.update(created_at=F("created_at") - minute)
    Conversation.objects.filter(pk=conversation.pk).update(
        ready_at=F("ready_at") - minute, first_unanswered_at=F("first_unanswered_at") - minute
    )


def take_turns() -> list[int]:
    """The bot has the turns that are due; in which conversations it had one."""
    had = []
    for pk in conversations.due_turns():
        turn = conversations.claim_turn(pk, owner="test")
        if turn is not None:
            conversations.commit_turn(turn, Reply(text="Here you are."), run_id=1, facts=MessageFacts())
            had.append(pk)
    return had


@covers("W-010")
@pytest.mark.parametrize("ahead", [301, 302, 3_600, 10**9])
def test_a_time_to_come_is_refused(ahead: int, monkeypatch: pytest.MonkeyPatch) -> None:
    at = stopped(monkeypatch)

    refused(post(Client(), event("receive_text"), at=at + ahead), 401)


@covers("W-010")
def test_a_time_within_the_tolerance_is_no_time_to_come(monkeypatch: pytest.MonkeyPatch) -> None:
    at = stopped(monkeypatch)

    assert not taken(event("receive_text"), at=at + 300).is_late


def stopped(monkeypatch: pytest.MonkeyPatch) -> float:
    """The clock by which the door judges stands still, at this moment."""
    now = float(int(time.time()))
    monkeypatch.setattr(intake, "time", SimpleNamespace(time=lambda: now, monotonic=time.monotonic))
    return now


@covers("W-011")
@pytest.mark.parametrize("hours", [1, 6, 71])
def test_an_old_signature_over_news_is_taken_and_called_late(hours: int) -> None:
    kept = taken(event("receive_text"), at=time.time() - hours * 3_600)

    assert (kept.state, kept.is_late) == (State.INGESTED, True)
    assert Message.objects.get().is_late


@pytest.mark.parametrize("days", [1, 29, 400])
def test_a_replay_has_no_effect_however_old_it_is(days: int) -> None:
    taken(event("receive_text"))
    long_ago = timezone.now() - timedelta(days=days)
    WebhookEvent.objects.update(received_at=long_ago, ingested_at=long_ago)
    if days > 30:
        # What the door keeps is deleted one day; the message is not.
        WebhookEvent.objects.all().delete()

    assert post(Client(), event("receive_text")).status_code == 200
    services.ingest_waiting()

    assert Message.objects.count() == 1


@covers("W-014")
def test_another_body_under_a_known_id_is_kept_to_be_seen_and_never_read() -> None:
    taken(text_event("Send it to Bath.", message_id="m-1"))

    for _ in range(2):
        assert post(Client(), text_event("Send it to me.", message_id="m-1")).status_code == 200
    services.ingest_waiting()

    assert sorted(WebhookEvent.objects.values_list("state", flat=True)) == ["conflict", "ingested"]
    assert [message.text for message in Message.objects.all()] == ["Send it to Bath."]


# --- Looks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/webhooks/tiktok", "/webhooks/verify"])
@pytest.mark.parametrize(
    ("challenge", "status"), [("<script>alert(1)</script>", 200), ("x" * 10_000, 400), ("\u202e\x00", 200)]
)
def test_a_challenge_is_never_given_back_as_a_page(path: str, challenge: str, status: int) -> None:
    answer = Client().get(path, {"challenge": challenge})

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


# --- Types and sizes -------------------------------------------------------------------------------------------------


@covers("W-019", "W-020")
@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain", "text/plain; charset=utf-8", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
        "application/xml", "application/jsonp", "text/json", "application/json-patch+json",
    ],
)  # fmt: skip
def test_only_json_is_taken(content_type: str) -> None:
    refused(post(Client(), event("receive_text"), content_type=content_type), 415)


@covers("W-022")
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, identity", "x-unknown"])
def test_nothing_is_unpacked(coding: str) -> None:
    body = event("receive_text")
    signed = {"Tiktok-Signature": signature.sign(SECRET, body, time=int(time.time())), "Content-Encoding": coding}

    refused(post(Client(), body, headers=signed), 415)


@pytest.mark.parametrize("body", each("W-023", b"{" + b" " * 262_144, b"\xff" * 300_000))
def test_a_body_that_is_too_long_is_refused(body: bytes) -> None:
    refused(post(Client(), body), 413)


# --- Our own voice ---------------------------------------------------------------------------------------------------


@covers("W-047")
def test_our_own_words_are_known_again_settle_a_doubt_and_are_never_answered() -> None:
    taken(text_event("Where is it?", message_id="m-1"))
    delivery = make_delivery(Conversation.objects.get(), "It left today.", state=Delivery.State.UNKNOWN)
    echo = {"message_id": "echo-1", "conversation_id": THREAD, "text": {"body": "It left today."}}

    kept = taken(event("echo_api", content=echo))

    assert (kept.state, kept.reason.partition(":")[0]) == (State.IGNORED, "echo")
    delivery.refresh_from_db()
    assert delivery.state == Delivery.State.SENT
    assert Message.objects.filter(direction=Message.Direction.INBOUND).count() == 1


@covers("W-047")
def test_the_business_that_writes_to_itself_gets_no_answer() -> None:
    kept = taken(text_event("Hello me", message_id="m-1", customer=BUSINESS))

    assert kept.state == State.IGNORED
    assert not Message.objects.exists()


# --- Who wrote -------------------------------------------------------------------------------------------------------


@covers("W-052")
@pytest.mark.parametrize("customer", ["x" * 10_000, "x" * 256, "", "nul\x00", "lone\ud800"])
def test_an_id_that_cannot_be_is_set_aside(customer: str) -> None:
    set_aside(text_event("Hi", message_id="m-1", customer=customer), "schema")


@covers("W-052")
@pytest.mark.parametrize(
    "customer", ["../../etc/passwd", "..\\..", "50%25 off", "a b", "trailing\n", "\r\nSet-Cookie: x", "x" * 255, "💥" * 60, "%00", "' OR 1=1 --"]
)  # fmt: skip
def test_an_odd_id_is_kept_byte_for_byte(customer: str) -> None:
    assert taken(text_event("Hi", message_id="m-1", customer=customer)).state == State.INGESTED

    assert Customer.objects.get().external_id == customer


@covers("W-053")
def test_ids_that_only_look_alike_are_different_people() -> None:
    alike = ["Jane", "jane", "JANE", "jane ", " jane", "ｊane", "jane\u200b", "ja\u0301ne", "jáne"]
    for number, customer in enumerate(alike):
        taken(text_event("Hi", message_id=f"m-{number}", customer=customer, thread=f"thread of {customer}"))

    assert sorted(Customer.objects.values_list("external_id", flat=True)) == sorted(alike)
    assert Conversation.objects.count() == len(alike)


# --- Addresses -------------------------------------------------------------------------------------------------------


@covers("W-055")
@pytest.mark.parametrize(
    "path",
    [
        "/webhooks/tiktok%2f..%2fadmin", "/webhooks/unknown", "/webhooks/", "/webhooks/TikTok", "/webhooks/tiktok//", "/webhooks//tiktok",
        "/webhooks/tiktok/x", "/webhooks/%74iktok%00",
    ],
)  # fmt: skip
def test_other_addresses_are_not_doors_and_send_nobody_elsewhere(path: str) -> None:
    assert post(Client(), event("receive_text"), path=path).status_code == 404
    assert not WebhookEvent.objects.exists()


@covers("W-055")
def test_a_post_is_never_redirected() -> None:
    answers = [
        post(Client(), text_event("Hi", message_id=str(uuid.uuid4())), path=path).status_code
        for path in ("/webhooks/tiktok", "/webhooks/tiktok/", "/webhooks/tiktok?a=b")
    ]

    assert answers == [200, 200, 200]
