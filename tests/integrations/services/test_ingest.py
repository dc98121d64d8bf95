"""Taking in: each event once, each thread in order, and one bad event holds up nobody else."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from conversations import services as conversations
from conversations.models import Conversation, Message
from conversations.services.receiving import Arrivals
from conversations.types import InboundMessage
from core.exceptions import NotAllowed
from core.policy import Role
from integrations import services
from integrations.exceptions import EventNotReplayable
from integrations.models import PlatformAccount, WebhookEvent
from integrations.services import ingest
from integrations.services.readings import Reading
from tests.factories import make_delivery, make_user
from tests.integrations.tiktok import BUSINESS, CUSTOMER, THREAD, event, keep, text_event, tiktok_account

pytestmark = pytest.mark.django_db
State = WebhookEvent.State


@pytest.fixture(autouse=True)
def ours() -> PlatformAccount:
    """The account that the events are for."""
    return tiktok_account()


def ingested(body: bytes, **values: str) -> WebhookEvent:
    """The event after it was taken in."""
    kept = keep(body, **values)  # type: ignore[arg-type]
    services.ingest_event(kept.pk)
    kept.refresh_from_db()
    return kept


def become_due() -> None:
    """Let every pause be over."""
    WebhookEvent.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))


def test_a_text_becomes_a_message_of_its_conversation(ours: PlatformAccount) -> None:
    kept = ingested(event("receive_text"))

    message = Message.objects.get()
    assert (kept.state, kept.message_id) == (State.INGESTED, message.pk)
    assert kept.ingested_at is not None
    assert message.text == "Is the blue lamp still on offer?"
    assert message.conversation.thread_key == THREAD
    assert message.conversation.customer.external_id == CUSTOMER
    assert (message.conversation.window_hours, message.conversation.window_messages) == (48, 10)
    assert message.conversation.account_id == ours.pk


def test_taking_in_twice_changes_nothing() -> None:
    kept = ingested(event("receive_text"))

    services.ingest_event(kept.pk)
    services.ingest_waiting()

    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    "name",
    [
        "receive_image",
        "receive_share_post",
        "receive_video",
        "receive_sticker",
        "receive_reaction",
        "receive_unknown_type",
    ],
)
def test_every_kind_of_message_is_kept_and_shown(name: str) -> None:
    assert ingested(event(name)).state == State.INGESTED
    assert Message.objects.get().kind in {name.removeprefix("receive_"), "unsupported"}


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("receive_eu", "eu"),
        ("comment_update", "comment"),
        ("high_intent_comment", "comment"),
        ("auto_message_config", "auto-message"),
        ("auto_message_audit", "auto-message"),
        ("unknown_event", "type"),
        ("read", "receipt"),
        ("read_by_us", "receipt"),
    ],
)
def test_what_needs_nothing_is_ignored_with_a_reason(name: str, word: str) -> None:
    kept = ingested(event(name))

    assert kept.state == State.IGNORED
    assert kept.reason.startswith(f"{word}: ")
    assert not Conversation.objects.exists()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"text":"\xff"}', "utf8"),
        (b"{", "json"),
        (b'{"a":1,"a":2}', "duplicate-key"),
        (b"[" * 5_000 + b"]" * 5_000, "depth"),
        (b'{"a":1e400}', "number"),
        (b"[]", "schema"),
        (b"", "schema"),
        (b'{"text":"a"}', "schema"),
    ],
)
def test_authentic_bytes_that_cannot_be_read_are_quarantined(body: bytes, code: str) -> None:
    kept = ingested(body)

    assert kept.state == State.QUARANTINED
    assert kept.reason.startswith(code)
    assert bytes(kept.body) == body


@pytest.mark.parametrize("business", ["somebody-else", BUSINESS])
def test_an_account_that_is_not_ours_or_was_removed_is_ignored(business: str) -> None:
    if business == BUSINESS:
        PlatformAccount.objects.update(state=PlatformAccount.State.REMOVED)

    kept = ingested(event("receive_text", user_openid=business))

    assert kept.state == State.IGNORED
    assert kept.reason.startswith("account: ")


def test_a_colleagues_words_in_the_app_hand_the_conversation_to_people() -> None:
    ingested(event("receive_text"))

    kept = ingested(event("echo_colleague"))

    assert (kept.state, kept.reason) == (State.INGESTED, "echo: colleague")
    assert Conversation.objects.get().mode == Conversation.Mode.HUMAN


def test_an_automatic_message_is_shown_and_takes_nothing_over() -> None:
    ingested(event("receive_text"))

    assert ingested(event("echo_automatic")).reason == "echo: automatic"
    assert Conversation.objects.get().mode == Conversation.Mode.BOT


def test_our_own_words_come_back_without_effect() -> None:
    ingested(event("receive_text"))
    conversation = Conversation.objects.get()
    make_delivery(conversation, "It left the warehouse today.", state="unknown")

    kept = ingested(event("echo_api"))

    assert (kept.state, kept.reason) == (State.IGNORED, "echo: ours")
    assert conversation.deliveries.get().state == "sent"
    assert conversation.mode == Conversation.Mode.BOT


def test_a_receipt_marks_what_was_read_before_it() -> None:
    ingested(event("receive_text"))
    conversation = Conversation.objects.get()
    delivery = make_delivery(conversation, state="sent")
    seen_at = int((timezone.now() + timedelta(seconds=1)).timestamp() * 1000)

    kept = ingested(event("read", content={"read": {"last_read_timestamp": seen_at}}))

    delivery.refresh_from_db()
    assert kept.state == State.IGNORED
    assert delivery.read_at is not None


def test_a_referral_is_shown_on_the_conversation_before_anybody_writes() -> None:
    kept = ingested(event("referral_ad"))

    assert kept.state == State.INGESTED
    assert Conversation.objects.get().subject == "Came by the advertisement Autumn lamps"
    assert not Message.objects.exists()


def test_one_id_under_two_accounts_of_an_app_is_two_messages() -> None:
    tiktok_account(external_id="second-business")

    ingested(text_event("One", message_id="m-1"))
    other = event(
        "receive_text",
        content={"message_id": "m-1", "to_user": {"id": "second-business", "role": "business_account"}},
        user_openid="second-business",
    )
    kept = WebhookEvent.objects.create(
        source="tiktok:7000000000000000001",
        event_key="other",
        platform="tiktok",
        body=other,
        body_sha256="x",
        conv_key=THREAD,
    )
    services.ingest_event(kept.pk)

    assert Message.objects.count() == 2
    assert Conversation.objects.count() == 2


def test_a_lane_with_two_accounts_threads_is_taken_in_whole() -> None:
    tiktok_account(external_id="second-business")
    kept = [
        keep(
            event(
                "receive_text",
                content={"message_id": f"m-{number}", "to_user": {"id": business, "role": "business_account"}},
                user_openid=business,
            )
        )
        for number, business in enumerate([BUSINESS, "second-business", BUSINESS, "second-business"])
    ]

    services.ingest_event(kept[-1].pk)

    assert Message.objects.count() == 4
    assert not WebhookEvent.objects.to_ingest().exists()


@pytest.mark.parametrize("pair", [("Jane", "jane"), ("jane", "jane "), ("Ａ", "A"), ("jane", "jane\n")])
def test_ids_that_look_alike_are_different_customers(pair: tuple[str, str]) -> None:
    for number, customer in enumerate(pair):
        ingested(text_event("Hi", message_id=f"m-{number}", thread=f"t-{number}", customer=customer))

    assert Conversation.objects.values("customer").distinct().count() == 2


def test_an_id_of_255_signs_is_held_and_a_longer_one_is_quarantined() -> None:
    assert (
        ingested(text_event("Hi", message_id="m" * 255, thread="t" * 255, customer="c" * 255)).state == State.INGESTED
    )
    assert ingested(text_event("Hi", message_id="m-2", customer="c" * 256)).state == State.QUARANTINED


def test_a_failing_event_is_tried_again_with_growing_pauses_and_given_up_after_the_fifth(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept = keep(event("receive_text"))

    with patch.object(conversations, "receive", side_effect=RuntimeError("boom")):
        for attempt in range(1, 5):
            services.ingest_event(kept.pk)
            kept.refresh_from_db()
            assert (kept.state, kept.attempts) == (State.RECEIVED, attempt)
            assert kept.next_attempt_at > timezone.now() + timedelta(seconds=ingest.RETRY_SECONDS[attempt - 1] - 1.5)
            become_due()
        services.ingest_event(kept.pk)

    kept.refresh_from_db()
    assert (kept.state, kept.attempts) == (State.DEAD, 5)
    assert kept.reason == "error: RuntimeError."
    assert "given up after 5 failures" in caplog.text
    assert not Message.objects.exists()


def test_a_failing_event_holds_up_its_own_thread_only() -> None:
    keep(text_event("Poison", message_id="p-1", thread="sick"))
    behind = keep(text_event("Behind it", message_id="p-2", thread="sick"))
    keep(text_event("Elsewhere", message_id="h-1", thread="well", customer="other"))
    receive = Arrivals.receive

    def refuse_poison(self: Arrivals, conversation: Conversation, inbound: InboundMessage) -> Message | None:
        if inbound.text == "Poison":
            raise RuntimeError("boom")
        return receive(self, conversation, inbound)

    with patch.object(Arrivals, "receive", refuse_poison):
        services.ingest_waiting()
        assert list(Message.objects.values_list("text", flat=True)) == ["Elsewhere"]
        services.ingest_event(behind.pk)
        assert Message.objects.count() == 1
        for _ in range(5):
            become_due()
            services.ingest_waiting()

    assert list(Message.objects.order_by("id").values_list("text", flat=True)) == ["Elsewhere", "Behind it"]
    assert WebhookEvent.objects.filter(state=State.DEAD).count() == 1


def test_a_long_queue_behind_a_failing_event_keeps_nobody_else_waiting() -> None:
    sick = keep(text_event("Poison", message_id="p-0", thread="sick"))
    for number in range(1, 8):
        keep(text_event("Behind it", message_id=f"p-{number}", thread="sick"))
    WebhookEvent.objects.filter(pk=sick.pk).update(next_attempt_at=timezone.now() + timedelta(seconds=10))
    keep(text_event("Elsewhere", message_id="h-1", thread="well", customer="other"))

    assert services.ingest_waiting(5) == 1

    assert Message.objects.get().text == "Elsewhere"


def test_a_bug_in_reading_is_the_events_own_failure() -> None:
    bad = keep(event("receive_text"))
    good = keep(text_event("Fine", message_id="m-2", thread="other", customer="other"))

    with patch("integrations.platforms.tiktok.parse._substance", side_effect=[KeyError("x"), ("text", "Fine", ())] * 9):
        services.ingest_event(bad.pk)
        services.ingest_event(good.pk)

    bad.refresh_from_db()
    assert (bad.state, bad.attempts) == (State.RECEIVED, 1)
    assert Message.objects.filter(text="Fine").exists()


def test_a_failure_half_way_leaves_nothing_behind() -> None:
    kept = keep(event("receive_text"))

    with patch("integrations.services.ingest.effect_of", side_effect=_receive_then_fail):
        services.ingest_event(kept.pk)

    assert not Message.objects.exists()
    kept.refresh_from_db()
    assert kept.attempts == 1


def _receive_then_fail(reading: Reading, held: Conversation | None) -> None:
    item = reading.items[0]
    assert isinstance(item, InboundMessage)
    conversations.receive(item, held=held)
    raise RuntimeError("after the message was written")


def test_a_forgotten_bell_costs_only_time() -> None:
    for number in range(3):
        keep(text_event(f"Line {number}", message_id=f"m-{number}"))

    assert services.ingest_waiting() == 1
    assert services.ingest_waiting() == 0
    assert list(Message.objects.order_by("seq").values_list("text", flat=True)) == ["Line 0", "Line 1", "Line 2"]


def test_a_quarantined_event_in_a_thread_does_not_stop_it() -> None:
    keep(text_event("One", message_id="m-1"))
    keep(event("receive_text", content={"message_id": "m-2", "text": 5}))
    last = keep(text_event("Three", message_id="m-3"))

    services.ingest_event(last.pk)

    assert list(WebhookEvent.objects.order_by("id").values_list("state", flat=True)) == [
        "ingested",
        "quarantined",
        "ingested",
    ]


def test_a_person_replays_a_quarantined_event_or_drops_it() -> None:
    supervisor = make_user(role=Role.SUPERVISOR)
    kept = ingested(event("receive_text", user_openid="not-yet-ours"))
    tiktok_account(external_id="not-yet-ours")

    with pytest.raises(NotAllowed):
        services.replay_event(kept, make_user(role=Role.AGENT))
    services.replay_event(kept, supervisor)
    services.ingest_waiting()

    kept.refresh_from_db()
    assert kept.state == State.INGESTED
    with pytest.raises(EventNotReplayable):
        services.replay_event(kept, supervisor)
    broken = ingested(b"{")
    assert services.drop_event(broken, supervisor, reason="No JSON.").state == State.IGNORED


@pytest.mark.django_db(transaction=True)
def test_eight_workers_take_in_twenty_messages_in_order() -> None:
    events = [keep(text_event(f"Line {number:02}", message_id=f"m-{number}")) for number in range(20)]
    account = PlatformAccount.objects.get()
    start = threading.Barrier(8)

    def work(number: int) -> None:
        if number < 8:
            start.wait(10)
        try:
            # As in eight processes: in one, a single thread would be at it.
            services.ingest_thread(account, events[0].conv_key)
        except OperationalError as error:
            # On a busy machine: whoever waits too long for the thread leaves it to the others.
            if "lock timeout" not in str(error):
                raise
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(20)))
    services.ingest_waiting()

    texts = list(Message.objects.order_by("seq").values_list("text", flat=True))
    assert texts == [f"Line {number:02}" for number in range(20)]
