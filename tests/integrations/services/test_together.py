"""Many lanes' events are taken in together: as each would have been by itself, by few statements, and all or nothing."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations import services as conversations
from conversations.models import Conversation, Fact, Message
from conversations.services.receiving import Arrivals
from conversations.types import InboundMessage
from integrations import services
from integrations.models import PlatformAccount, WebhookEvent
from integrations.services import ingest
from integrations.services.lanes import Lane
from integrations.services.together import take_in_together
from tests.conftest import RungBell
from tests.factories import make_delivery
from tests.integrations.tiktok import event, keep, said, text_event, tiktok_account
from tests.logged import logged

pytestmark = pytest.mark.django_db
State = WebhookEvent.State
TEN = range(10)


@pytest.fixture(autouse=True)
def ours() -> PlatformAccount:
    """The account that the events are for."""
    return tiktok_account()


def became(events: Sequence[WebhookEvent]) -> list[tuple[str, str, int]]:
    """What became of each: state, reason and attempts."""
    found = WebhookEvent.objects.in_bulk([each.pk for each in events])
    return [(found[each.pk].state, found[each.pk].reason, found[each.pk].attempts) for each in events]


def become_due() -> None:
    """Let every pause be over."""
    WebhookEvent.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))


def poisoned(receive: Callable[..., Message | None]) -> Callable[..., Message | None]:
    """Receiving, which fails over one text."""

    def fails(self: Arrivals, conversation: Conversation, inbound: InboundMessage) -> Message | None:
        if inbound.text == "Poison":
            raise RuntimeError("boom")
        return receive(self, conversation, inbound)

    return fails


def test_ten_events_of_known_threads_take_less_than_two_statements_each() -> None:
    for person in TEN:
        services.ingest_event(said(person).pk)
    events = [said(person, "And the red one?", name="second") for person in TEN]

    with CaptureQueriesContext(connection) as asked:
        services.ingest_waiting()

    assert became(events) == [(State.INGESTED, "", 0)] * 10
    assert Message.objects.count() == 20
    assert len(asked) <= 19


def test_ten_events_of_new_customers_take_less_than_three_statements_each() -> None:
    events = [said(person) for person in TEN]

    with CaptureQueriesContext(connection) as asked:
        services.ingest_events([each.pk for each in events])

    assert became(events) == [(State.INGESTED, "", 0)] * 10
    assert Message.objects.values("conversation__customer").distinct().count() == 10
    assert len(asked) <= 28


def test_ten_echoes_that_are_known_touch_no_conversation() -> None:
    for person in TEN:
        services.ingest_event(said(person).pk)
        delivery = make_delivery(Conversation.objects.get(thread_key=f"t-{person}"), state="sent")
        Message.objects.filter(pk=delivery.message_id).update(platform_message_id=f"ours-{person}")
    versions = list(Conversation.objects.order_by("pk").values_list("version", flat=True))
    events = [
        keep(event("echo_api", content={"message_id": f"ours-{person}", "conversation_id": f"t-{person}"}))
        for person in TEN
    ]

    with CaptureQueriesContext(connection) as asked:
        services.ingest_waiting()

    assert became(events) == [(State.IGNORED, "echo: duplicate", 0)] * 10
    assert list(Conversation.objects.order_by("pk").values_list("version", flat=True)) == versions
    assert len(asked) <= 11


def test_what_waits_behind_is_taken_in_behind() -> None:
    for line in range(3):
        for person in range(4):
            said(person, f"Line {line}", name=f"line-{line}")

    with patch("integrations.services.ingest._drain", side_effect=AssertionError("by itself")):
        assert services.ingest_waiting() == 4

    for conversation in Conversation.objects.all():
        lines = conversation.messages.order_by("seq").values_list("text", flat=True)
        assert list(lines) == ["Line 0", "Line 1", "Line 2"]
    assert not WebhookEvent.objects.to_ingest().exists()


def test_a_poisonous_event_is_counted_by_itself_and_the_others_are_taken_in() -> None:
    events = [said(0), said(1, "Poison"), said(1, "Behind it", name="second"), said(2)]

    with patch.object(Arrivals, "receive", poisoned(Arrivals.receive)):
        services.ingest_waiting()
        first = became(events)
        for _ in range(5):
            become_due()
            services.ingest_waiting()

    taken = (State.INGESTED, "", 0)
    assert first == [taken, (State.RECEIVED, "error: RuntimeError.", 1), (State.RECEIVED, "", 0), taken]
    assert became(events) == [taken, (State.DEAD, "error: RuntimeError.", 5), taken, taken]
    assert sorted(Message.objects.values_list("text", flat=True)) == ["Behind it", *["Where is my parcel?"] * 2]


def test_nothing_of_a_batch_that_failed_at_its_end_is_there_twice() -> None:
    events = [said(person) for person in range(3)]

    with patch("integrations.services.together.may_die_before_end", side_effect=RuntimeError("boom")):
        assert take_in_together([each.pk for each in events]) == []
        assert not Message.objects.exists()
        services.ingest_waiting()

    assert became(events) == [(State.INGESTED, "", 0)] * 3
    assert list(Message.objects.values_list("seq", flat=True)) == [1, 1, 1]
    assert Fact.objects.count() == 3


def test_what_cannot_be_read_is_set_aside_among_the_others() -> None:
    events = [
        said(0),
        keep(b"{"),
        keep(event("receive_text", content={"message_id": "x", "conversation_id": "t-x", "text": 5})),
        keep(event("unknown_event")),
        keep(event("receive_text", user_openid="somebody-else", content={"conversation_id": "t-y"})),
    ]

    with patch("integrations.services.ingest._drain", side_effect=AssertionError("by itself")):
        services.ingest_waiting()

    assert [(state, reason.partition(":")[0]) for state, reason, _ in became(events)] == [
        (State.INGESTED, ""),
        (State.QUARANTINED, "json"),
        (State.QUARANTINED, "schema"),
        (State.IGNORED, "type"),
        (State.IGNORED, "account"),
    ]


def test_a_bug_in_reading_is_its_own_events_failure() -> None:
    events = [said(person) for person in range(3)]
    kinds = [("text", "Fine", ()), KeyError("x"), ("text", "Fine", ()), KeyError("x")]

    with patch("integrations.platforms.tiktok.parse._substance", side_effect=kinds):
        services.ingest_waiting()

    taken = (State.INGESTED, "", 0)
    assert became(events) == [taken, (State.RECEIVED, "error: KeyError while reading.", 1), taken]


def test_a_message_that_is_there_twice_is_one_message() -> None:
    events = [said(0), said(1), said(2)]
    again = text_event("Where is my parcel?", message_id="first-0", thread="t-elsewhere", customer="c-0")
    twin = keep(again, client_key="another door")
    WebhookEvent.objects.filter(pk=twin.pk).update(source=events[0].source, event_key="under another key")
    copy = WebhookEvent.objects.get(pk=events[1].pk)
    copy.pk, copy.event_key, copy.conv_key = None, "without a thread", ""
    copy.save()

    services.ingest_waiting()

    assert became([*events, twin, copy]) == [
        *[(State.INGESTED, "", 0)] * 3,
        *[(State.IGNORED, "duplicate: the message was known.", 0)] * 2,
    ]
    assert set(Message.objects.values_list("platform_message_id", flat=True)) == {"first-0", "first-1", "first-2"}
    assert Message.objects.count() == 3


def test_what_was_taken_in_before_changes_nothing() -> None:
    events = [said(person) for person in range(3)]
    services.ingest_waiting()

    assert take_in_together([each.pk for each in events]) == []
    WebhookEvent.objects.update(state=State.RECEIVED)
    services.ingest_waiting()

    assert Message.objects.count() == 3
    assert became(events) == [(State.IGNORED, "duplicate: the message was known.", 0)] * 3


def test_what_is_not_first_in_its_lane_or_has_to_wait_is_left() -> None:
    first, behind, waits, other = said(0), said(0, name="second"), said(1), said(2)
    WebhookEvent.objects.filter(pk=waits.pk).update(next_attempt_at=timezone.now() + timedelta(minutes=1))

    taken = take_in_together([behind.pk, waits.pk, other.pk])

    assert [each.event.pk for each in taken] == [other.pk]
    assert [state for state, _, _ in became([first, behind, waits])] == [State.RECEIVED] * 3


def test_a_colleagues_words_take_over_from_within_a_batch() -> None:
    for person in range(2):
        services.ingest_event(said(person).pk)
    colleague = keep(event("echo_colleague", content={"conversation_id": "t-0"}))
    asked = said(1, "Hello?", name="second")

    services.ingest_waiting()

    assert became([colleague, asked]) == [(State.INGESTED, "echo: colleague", 0), (State.INGESTED, "", 0)]
    modes = Conversation.objects.order_by("thread_key").values_list("mode", flat=True)
    assert list(modes)[:2] == [Conversation.Mode.HUMAN, Conversation.Mode.BOT]


def test_nobody_who_was_erased_is_brought_back() -> None:
    events = [said(person) for person in range(3)]
    services.ingest_waiting()
    account_id = Message.objects.first().account_id  # type: ignore[union-attr]  # there are three
    erased = conversations.erased_form(account_id, "first-0")
    Message.objects.filter(platform_message_id="first-0").update(platform_message_id=erased)
    Conversation.objects.filter(thread_key="t-0").update(thread_key="erased:0")
    WebhookEvent.objects.update(state=State.RECEIVED)

    services.ingest_waiting()

    assert became(events[:1]) == [(State.IGNORED, "erased: the customer was erased.", 0)]
    assert bytes(WebhookEvent.objects.get(pk=events[0].pk).body) == b""
    assert not Conversation.objects.filter(thread_key="t-0").exists()
    assert Message.objects.count() == 3


def test_each_message_is_followed_by_its_own_id() -> None:
    events = [said(person) for person in range(3)]

    with logged() as lines:
        services.ingest_waiting()

    told = [line for line in lines if line["logger"] == "integrations.services.ingest"]
    messages = list(Message.objects.order_by("pk"))
    assert [message.request_id for message in messages] == [f"event-{each.pk}" for each in events]
    assert [(line["webhook_event"], line["request_id"], line["conversation"]) for line in told] == [
        (each.pk, f"event-{each.pk}", message.conversation_id) for each, message in zip(events, messages, strict=True)
    ]


@pytest.mark.django_db(transaction=True)
def test_bells_ring_when_all_is_committed_one_for_each_conversation(bells: list[RungBell]) -> None:
    for person in range(3):
        said(person)

    services.ingest_waiting()

    pks = set(Conversation.objects.values_list("pk", flat=True))
    turns = [bell.args[0] for bell in bells if bell.task == "agent.tasks.run_turn"]
    assert len(turns) == 3
    assert set(turns) == pks


@pytest.mark.django_db(transaction=True)
def test_two_at_overlapping_batches_take_each_message_in_once() -> None:
    events = [said(person, f"Line {line}", name=f"line-{line}") for line in range(3) for person in range(12)]
    start = threading.Barrier(2)

    def work(pks: list[int]) -> None:
        start.wait(10)
        try:
            # As in two processes: in one, a lane is with one thread.
            for begin in range(0, 36, 12):
                take_in_together(pks[begin : begin + 12][:8])
                take_in_together(pks[begin : begin + 12][4:])
        finally:
            connection.close()

    forth = [each.pk for each in events]
    back = [pk for begin in range(0, 36, 12) for pk in reversed(forth[begin : begin + 12])]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, (forth, back)))
    services.ingest_waiting()

    assert became(events) == [(State.INGESTED, "", 0)] * 36
    for conversation in Conversation.objects.all():
        lines = conversation.messages.order_by("seq").values_list("seq", "text")
        assert list(lines) == [(1, "Line 0"), (2, "Line 1"), (3, "Line 2")]


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_a_conversation_that_somebody_holds_keeps_the_others_not_waiting() -> None:
    for person in range(3):
        services.ingest_event(said(person).pk)
    held = Conversation.objects.get(thread_key="t-1")
    events = [said(person, name="second") for person in range(3)]
    is_held, is_looked_at = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                conversations.lock(held.pk)
                is_held.set()
                assert is_looked_at.wait(20)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        assert is_held.wait(20)
        taken = take_in_together([each.pk for each in events])
        is_looked_at.set()
        holding.result(20)

    assert {each.event.pk for each in taken} == {events[0].pk, events[2].pk}
    services.ingest_waiting()
    assert became(events) == [(State.INGESTED, "", 0)] * 3


def test_what_is_taken_in_by_itself_has_half_of_the_time_however_much_there_is_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for person in range(30):
        said(person)
    clock = [0.0]
    taken: list[Lane] = []

    def three_seconds(lanes: Sequence[Lane], **_: float) -> list[Lane]:
        clock[0] += 3.0
        return list(lanes)

    def a_moment(lane: Lane, **_: float) -> None:
        clock[0] += 0.4
        taken.append(lane)

    monkeypatch.setattr(ingest, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(ingest, "_take_in_together", three_seconds)
    monkeypatch.setattr(ingest, "_take_in", a_moment)

    services.ingest_waiting(seconds=5.0)

    assert len(taken) == 5
