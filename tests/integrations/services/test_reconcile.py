"""Messages in doubt: found, absent or unreadable, and never sent twice by guessing."""

from collections.abc import Iterator
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.utils import timezone
from pytest_django import Settings

from conversations.models import Conversation, Delivery
from conversations.types import UnknownDelivery
from integrations import services
from integrations.models import PlatformAccount
from integrations.platforms.base import Listing
from integrations.services import reconcile
from tests.factories import make_conversation, make_delivery
from tests.simulator.rig import Rig

State = Delivery.State


@pytest.fixture(autouse=True)
def _looks_again_at_once() -> Iterator[None]:
    """A look that failed may be repeated without waiting for it."""
    with patch.object(reconcile, "AGAIN_AFTER_SECONDS", 0.0):
        yield


@pytest.fixture(autouse=True)
def _patient_with_a_busy_machine(settings: Settings) -> None:
    """A call that takes long because others work here is no platform that cannot be read."""
    settings.PLATFORM_CALL_SECONDS, settings.SEND_LEASE_SECONDS = 60.0, 300.0


def after(seconds: float) -> Delivery:
    """The delivery after a look, made when it had been in doubt for exactly so long, however long this takes."""
    now = timezone.now()
    Delivery.objects.filter(state=State.UNKNOWN).update(unknown_since=now - timedelta(seconds=seconds))
    services.reconcile_unknown(at=now)
    return Delivery.objects.latest("out_seq")


def test_what_arrived_is_found_and_not_sent_again(tiktok: Rig, conversation: Conversation) -> None:
    delivery = make_delivery(conversation, "It left today.")
    tiktok.fault("send", "reset_after_accept", count=1)
    services.send_next(conversation.pk)

    assert after(0.5).state == State.UNKNOWN
    assert after(1.1).state == State.SENT

    (accepted,) = tiktok.log("accepted")
    delivery.message.refresh_from_db()
    assert delivery.message.platform_message_id == accepted["message_id"]


def test_what_is_absent_at_the_third_look_is_sent_again(tiktok: Rig, conversation: Conversation) -> None:
    make_delivery(conversation, "It left today.")
    tiktok.fault("send", "http_500", count=1)
    services.send_next(conversation.pk)

    looks = [after(seconds).looks for seconds in (1.1, 2, 5.1, 10)]
    assert looks == [1, 1, 2, 2]
    assert after(15.1).state == State.RETRY_WAIT

    # SQLite's clock goes in steps of a millisecond.
    Delivery.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))
    services.send_next(conversation.pk)
    assert len(tiktok.log("accepted")) == 1
    assert Delivery.objects.get().state == State.SENT


def test_what_cannot_be_read_for_a_minute_is_for_a_person(tiktok: Rig, conversation: Conversation) -> None:
    make_delivery(conversation, state=State.UNKNOWN)
    tiktok.fault("content_list", "http_503")

    for seconds in (1.1, 5.1, 15.1, 56):
        assert after(seconds).state == State.UNKNOWN
    # A round of the sweeper before the minute is over.
    assert after(58).state == State.NEEDS_REVIEW


def test_how_long_what_cannot_be_read_is_asked_for_is_a_setting(
    tiktok: Rig, conversation: Conversation, settings: Settings
) -> None:
    settings.RECONCILE_GIVE_UP_SECONDS = 20.0
    make_delivery(conversation, state=State.UNKNOWN)
    tiktok.fault("content_list", "http_503")

    assert after(15.1).state == State.UNKNOWN
    assert after(19.5).state == State.NEEDS_REVIEW


def test_the_last_look_is_not_put_off_by_one_that_failed_just_now(tiktok: Rig, conversation: Conversation) -> None:
    make_delivery(conversation, state=State.UNKNOWN)
    tiktok.fault("content_list", "http_503")

    with patch.object(reconcile, "AGAIN_AFTER_SECONDS", 3600.0):
        assert after(50).state == State.UNKNOWN
        assert after(58).state == State.NEEDS_REVIEW


def test_where_the_owner_prefers_it_what_cannot_be_read_is_sent_again(tiktok: Rig, conversation: Conversation) -> None:
    PlatformAccount.objects.update(resend_when_unsure=True)
    make_delivery(conversation, state=State.UNKNOWN)
    tiktok.fault("content_list", "http_503")

    assert after(61).state == State.RETRY_WAIT


def test_unreadable_looks_do_not_count_as_looks(tiktok: Rig, conversation: Conversation) -> None:
    make_delivery(conversation, state=State.UNKNOWN)
    tiktok.fault("content_list", "http_503", count=3)

    for seconds in (1.1, 5.1, 15.1):
        assert after(seconds).looks == 0
    assert after(16).looks == 1


def test_the_same_words_sent_before_are_no_proof(tiktok: Rig, conversation: Conversation) -> None:
    make_delivery(conversation, "Thank you!")
    services.send_next(conversation.pk)
    make_delivery(conversation, "Thank you!")
    tiktok.fault("send", "http_500", count=1)
    services.send_next(conversation.pk)

    for seconds in (1.1, 5.1):
        assert after(seconds).state == State.UNKNOWN
    assert after(15.1).state == State.RETRY_WAIT


def test_the_same_words_by_a_colleague_or_the_customer_are_no_proof(tiktok: Rig, conversation: Conversation) -> None:
    make_delivery(conversation, "It left today.", state=State.UNKNOWN)
    tiktok.say("It left today.")
    tiktok.order("colleague", conversation_id=conversation.thread_key, text="It left today.")

    for seconds in (1.1, 5.1):
        assert after(seconds).state == State.UNKNOWN
    assert after(15.1).state == State.RETRY_WAIT


def test_a_list_that_does_not_reach_back_proves_no_absence(tiktok: Rig, conversation: Conversation) -> None:
    delivery = make_delivery(conversation, "It left today.", state=State.UNKNOWN)
    for number in range(25):
        tiktok.say(f"Line {number}")
    Delivery.objects.filter(pk=delivery.pk).update(created_at=timezone.now() - timedelta(minutes=10))

    assert after(15.1).looks == 0
    assert after(61).state == State.NEEDS_REVIEW


def test_a_look_with_an_expired_token_renews_it(
    tiktok: Rig, conversation: Conversation, account: PlatformAccount
) -> None:
    make_delivery(conversation, state=State.UNKNOWN)
    tiktok.order("tokens", business_id=account.external_id, action="expire")

    assert after(1.1).looks == 1


def test_one_messages_trouble_does_not_keep_the_others_in_doubt(tiktok: Rig, conversation: Conversation) -> None:
    make_delivery(make_conversation(), state=State.UNKNOWN, unknown_since=timezone.now() - timedelta(days=1))
    make_delivery(conversation, state=State.UNKNOWN)
    honest = reconcile._list

    def fail_for_others(account: PlatformAccount, unknown: UnknownDelivery) -> Listing | None:
        if unknown.conversation_id != conversation.pk:
            raise RuntimeError("boom")
        return honest(account, unknown)

    with patch.object(reconcile, "_list", fail_for_others):
        after(1.1)

    assert conversation.deliveries.get().looks == 1
