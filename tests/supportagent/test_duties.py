"""What the sweeper looks after, on real rows."""

import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.utils import timezone
from pytest_django import Settings

from agent.models import AgentRun, Release
from agent.releases.first import ensure_first_release
from agent.tasks import refit
from conversations import services as conversations
from conversations.models import Conversation, Delivery, Escalation
from conversations.types import InboundAttachment
from core import audit, leases
from core.models import AuditSeal, WorkerHeartbeat
from integrations import services as integrations
from integrations.models import EventDelivery, PlatformAccount
from integrations.tasks import ingest_event, send_next
from supportagent.duties import Duties
from tests.factories import (
    make_account,
    make_channel,
    make_conversation,
    make_delivery,
    make_event,
    make_inbound,
    make_message,
    make_release,
    make_team,
)
from tests.integrations.linkedin import batch, comment, keep
from tests.recordings import OGG
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def duties() -> Iterator[Duties]:
    """A sweeper whose crews are gone at the end."""
    duties = Duties()
    yield duties
    duties.retire()
    assert duties.wait(20)


def a_second_later(duties: Duties) -> None:
    """A pass for which the time of every step has come."""
    for sweeper in (duties.sweeper, duties.upkeep):
        sweeper._last_run.clear()
    duties.sweep_once()


def test_what_nobody_waits_for_is_not_looked_for_at_every_bell(duties: Duties) -> None:
    first, second = duties.sweep_once(), duties.sweep_once()

    assert set(first) - set(second) >= {"expired sends", "unknown", "audit", "switched off"}
    assert set(second) >= {"ingest", "turns", "sends", "facts"}


def test_a_pages_comments_have_hands_of_their_own(duties: Duties, monkeypatch: pytest.MonkeyPatch) -> None:
    of_many_threads, of_one = keep(batch(comment())), make_event()
    taken: dict[str, list[int]] = {}

    def note(lanes: Sequence[integrations.Lane], **_: float) -> None:
        by = threading.current_thread().name.partition("-")[0]
        taken.setdefault(by, []).extend(lane.event_pk for lane in lanes)

    monkeypatch.setattr(integrations, "ingest_lanes", note)

    duties.sweep_once()
    assert duties.wait(20)

    assert taken == {"pages": [of_many_threads.pk], "events": [of_one.pk]}


def test_a_busy_page_leaves_a_hand_for_another_one(duties: Duties, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on, taken = threading.Event(), []

    def take(lanes: Sequence[integrations.Lane], **_: float) -> None:
        taken.append(lanes[0].conv_key)
        goes_on.wait(20)

    monkeypatch.setattr(integrations, "ingest_lanes", take)
    busy = [keep(batch(comment(number=number))) for number in (1, 2)]
    duties.sweep_once()
    wait_until(lambda: len(taken) == 1, what="the first Page's hand")
    # What was first is dealt with meanwhile.
    busy[0].delete()
    keep(batch(comment(number=3, page="urn:li:organization:222")))
    a_second_later(duties)

    wait_until(lambda: len(taken) == 2, what="the other Page's hand")
    goes_on.set()
    assert taken[1] != taken[0]


def test_nothing_due_is_a_pass_without_work(duties: Duties) -> None:
    found = duties.sweep_once()

    assert found["turns"] == found["sends"] == found["ingest"] == 0
    assert set(found) == {
        "ingest",
        "turns",
        "sends",
        "expired sends",
        "unknown",
        "overdue",
        "switched off",
        "silent",
        "reservations",
        "abandoned runs",
        "undecided approvals",
        "tokens",
        "media",
        "readings",
        "facts",
        "subscribers",
        "expired events",
        "exports",
        "imports",
        "old searches",
        "review",
        "runs read",
        "erasures",
        "notifications",
        "read back",
        "restored",
        "audit",
        "whole audit",
        "clock",
        "old calls",
        "repeated calls",
        "heartbeat",
        "late promises",
        "dead processes",
        "heads",
    }


def test_a_send_whose_sender_died_is_unknown_and_not_sent_again(duties: Duties) -> None:
    past = timezone.now() - timedelta(minutes=1)
    delivery = make_delivery(state=Delivery.State.SENDING, lease_until=past)
    fence = delivery.fence

    duties.sweep_once()

    assert duties.wait(20)
    delivery.refresh_from_db()
    assert delivery.state in (Delivery.State.UNKNOWN, Delivery.State.NEEDS_REVIEW)
    assert delivery.fence == fence


def test_a_customer_whom_the_bot_left_waiting_gets_a_person(duties: Duties) -> None:
    late = timezone.now() - timedelta(seconds=130)
    conversation = make_conversation()
    make_message(conversation, created_at=late)
    # Somebody holds the turn and does not finish it.
    lease = timezone.now() + timedelta(minutes=5)
    Conversation.objects.filter(pk=conversation.pk).update(first_unanswered_at=late, lease_owner="x", lease_until=lease)

    duties.sweep_once()

    assert Escalation.objects.get(conversation=conversation).reason == "bot_unavailable"


def test_a_silent_conversation_is_closed_but_looked_for_only_once_a_minute(duties: Duties) -> None:
    silent = make_conversation(last_message_at=timezone.now() - timedelta(hours=25))

    first, second = duties.sweep_once(), duties.sweep_once()

    silent.refresh_from_db()
    assert silent.mode == Conversation.Mode.CLOSED
    assert "silent" in first
    assert "silent" not in second


def test_the_audit_trail_is_sealed_by_one_process_at_a_time(duties: Duties) -> None:
    audit.record(None, "done", make_team())
    assert leases.take("audit seal", owner="another process", seconds=60)

    duties.sweep_once()
    assert AuditSeal.objects.count() == 0

    leases.release("audit seal", owner="another process")
    a_second_later(duties)
    assert AuditSeal.objects.count() == 1


def test_it_gives_a_sign_of_life(duties: Duties) -> None:
    duties.sweep_once()

    assert WorkerHeartbeat.objects.get().kind == "sweeper"


def test_what_was_missed_is_looked_for_however_long_other_errands_last(duties: Duties) -> None:
    is_over = threading.Event()
    duties.errands.give("errand", range(3), lambda _: is_over.wait(20))
    account = make_account()
    try:
        duties.sweep_once()

        wait_until(lambda: PlatformAccount.objects.get(pk=account.pk).read_back_to is not None)
    finally:
        is_over.set()


def test_a_look_that_could_not_begin_is_still_the_first_one(duties: Duties) -> None:
    is_over = threading.Event()
    duties.comparing.give("comparison", (0,), lambda _: is_over.wait(20))
    looks: list[bool] = []
    try:
        with patch.object(integrations, "read_back", lambda *, at_once: looks.append(at_once)):
            duties.sweep_once()
            is_over.set()
            assert duties.wait(20)
            a_second_later(duties)
            assert duties.wait(20)
            a_second_later(duties)
            assert duties.wait(20)
    finally:
        is_over.set()

    assert looks == [True, False]


def test_two_sweeps_at_once_do_no_harm(duties: Duties) -> None:
    for _ in range(5):
        audit.record(None, "done", make_team())
    other = Duties()
    threads = [threading.Thread(target=each.sweep_once) for each in (duties, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    other.retire()
    assert other.wait(20)

    a_second_later(duties)
    assert AuditSeal.objects.count() == 5
    assert audit.broken_links() == []


def test_a_pass_tells_subscribers_what_happened(duties: Duties) -> None:
    subscription, _ = integrations.add_subscription("Nobody listens", "http://127.0.0.1:9/hook")
    conversations.receive(make_inbound(make_channel(make_account(platform="webchat"))))

    duties.sweep_once()
    assert duties.wait(10)

    delivery = EventDelivery.objects.get(subscription=subscription)
    assert (delivery.state, delivery.attempts) == ("waiting", 1)
    assert delivery.reason == "No whole answer came (ConnectError)."


def test_a_bell_is_answered_by_these_hands_now_or_when_it_is_due(
    duties: Duties, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int] = []
    monkeypatch.setitem(duties._answers, send_next.name, (duties.sends, "send", done.append))

    assert duties.answer(send_next, 7, 0.0)
    assert duties.answer(send_next, 8, 0.05)

    wait_until(lambda: done == [7, 8], what="both to be answered")
    assert not duties.answer(refit, 1, 0.0)


def test_events_that_are_rung_for_while_no_hand_is_free_are_taken_in_together(
    duties: Duties, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[list[int]] = []
    are_all_rung, are_begun = threading.Event(), threading.Semaphore(0)

    def take_in(pks: list[int], *, seconds: float) -> None:
        taken.append(sorted(pks))
        are_begun.release()
        assert are_all_rung.wait(10)

    monkeypatch.setattr(integrations, "ingest_events", take_in)
    hands = duties.events.threads
    for pk in range(hands):
        assert duties.answer(ingest_event, pk, 0.0)
        assert are_begun.acquire(timeout=10)
    for pk in range(hands, hands + 5):
        assert duties.answer(ingest_event, pk, 0.0)
    are_all_rung.set()

    assert duties.wait(10)
    assert taken == [*([pk] for pk in range(hands)), list(range(hands, hands + 5))]


def test_hands_that_are_too_busy_look_for_what_they_left_out_once_there_is_room(
    duties: Duties, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_over = threading.Event()
    monkeypatch.setitem(duties._answers, send_next.name, (duties.sends, "send", lambda _: is_over.wait(10)))
    looks: list[float] = []
    monkeypatch.setattr(duties.sweeper, "hear", looks.append)

    answers = [duties.answer(send_next, pk, 0.0) for pk in range(duties.sends.most + 1)]
    before = list(looks)
    is_over.set()

    wait_until(lambda: looks == [0.0], what="another look")
    assert all(answers)
    assert before == []


def test_turns_that_were_cut_off_twice_are_answered_one_after_another(duties: Duties) -> None:
    ensure_first_release()
    cut_off = [make_conversation(), make_conversation()]
    for conversation in cut_off:
        make_message(conversation)
    past = timezone.now() - timedelta(seconds=1)
    Conversation.objects.update(attempts=2, lease_owner="a process that ended", lease_until=past, ready_at=past)

    a_second_later(duties)
    in_hand = duties.suspected.in_hand

    assert in_hand <= 1
    assert duties.turns.wait(0)
    wait_until(lambda: duties.sweep_once() and Delivery.objects.count() == 2, seconds=60)
    assert not AgentRun.objects.exclude(state=AgentRun.State.REPLIED).exists()


def test_a_pass_looks_after_voice_notes_that_are_to_be_read(duties: Duties, settings: Settings) -> None:
    settings.TRANSCRIPTION_MODEL = "openai:whisper-test"
    stored = conversations.store_file(OGG, content_type="audio/ogg", extension="ogg")
    note = InboundAttachment(kind="audio", stored=stored)
    message = conversations.receive(make_inbound(make_channel(), "", kind="audio", attachments=(note,)))
    assert message is not None

    duties.sweep_once()
    assert duties.wait(60)

    # This process has no key for the model, so that nobody is there who could read it.
    assert message.attachments.get().reading_state == "off"


def test_examples_whose_bell_was_lost_are_learnt(duties: Duties) -> None:
    draft = make_release(state=Release.State.DRAFT)
    Release.objects.filter(pk=draft.pk).update(fit_at=timezone.now())

    a_second_later(duties)

    # The small release has too little to learn from, which ends it as well.
    wait_until(lambda: Release.objects.get(pk=draft.pk).fit_at is None, seconds=60)
