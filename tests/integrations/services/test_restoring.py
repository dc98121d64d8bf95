"""A record that was put back asks the platform what was said since, before it says anything."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from conversations.models import Conversation, Delivery, Escalation, Message, Restoration
from integrations import services
from integrations.models import PlatformAccount, SendWindow
from integrations.platforms import PLATFORMS
from integrations.services import ingest, missed
from tests.factories import make_conversation, make_delivery, make_message
from tests.simulator.rig import Rig


def test_what_was_answered_since_the_back_up_is_not_answered_again(tiktok: Rig, account: PlatformAccount) -> None:
    answered = tiktok.say("Where is my order?")["conversation_id"]
    tiktok.send(answered, "It left today.")
    tiktok.say("Do you have it in blue?", user="max.m")

    assert services.begin_after_restore(timezone.now() - timedelta(minutes=30)) == 1
    assert services.read_back() == 3

    assert not Restoration.objects.unfinished().exists()
    assert not Conversation.objects.get(thread_key=answered).owes_an_answer
    assert Conversation.objects.exclude(thread_key=answered).get().owes_an_answer
    assert [each.message.text for each in Delivery.objects.filter(state="sent")] == ["It left today."]


def test_what_was_on_its_way_is_looked_for_before_it_is_sent(
    tiktok: Rig, account: PlatformAccount, conversation: Conversation
) -> None:
    make_delivery(conversation, "It left today.")
    Delivery.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    tiktok.send(conversation.thread_key, "It left today.")

    services.begin_after_restore(timezone.now() - timedelta(seconds=30))
    assert services.send_next(conversation.pk) == 0
    services.read_back()

    assert Delivery.objects.get().state == Delivery.State.SENT
    assert len(tiktok.log("accepted")) == 1


def test_an_account_is_held_until_its_platform_can_be_read(
    tiktok: Rig, account: PlatformAccount, settings: object
) -> None:
    thread = tiktok.say("Where is my order?")["conversation_id"]
    tiktok.send(thread, "It left today.")
    tiktok.fault("content_list", "http_503", count=1)
    services.begin_after_restore(timezone.now() - timedelta(minutes=30))

    services.read_back()
    assert Restoration.objects.unfinished().exists()

    services.read_back()
    assert not Restoration.objects.unfinished().exists()
    assert Message.objects.count() == 2
    assert account.pk not in missed._under_way


def test_comparing_takes_all_calls_goes_on_when_some_are_free_and_asks_nothing_twice(
    tiktok: Rig, account: PlatformAccount, settings: Settings
) -> None:
    settings.TIKTOK_RATE_LIMIT = 5
    for number in range(4):
        tiktok.say("Where is my order?", user=f"customer.{number}")
    services.begin_after_restore(timezone.now() - timedelta(minutes=30))

    services.read_back()

    assert services.progress() == {account.pk: (3, 4)}
    assert services.go_on_after_restore() == 0
    assert Restoration.objects.unfinished().exists()

    SendWindow.objects.update(calls=[])
    assert services.go_on_after_restore() == 1

    assert services.progress() == {}
    assert not Restoration.objects.unfinished().exists()
    assert Message.objects.count() == 4
    asked = [row["name"] for row in tiktok.log("call")]
    assert len(asked) == 6


def test_only_what_a_restore_holds_is_gone_on_with(tiktok: Rig, account: PlatformAccount) -> None:
    tiktok.say("Where is my order?")
    PlatformAccount.objects.update(read_back_to=timezone.now() - timedelta(hours=1))

    assert services.go_on_after_restore() == 0
    assert tiktok.log("call") == []


def test_a_thread_of_which_the_platform_says_nothing_goes_to_people_and_holds_up_no_other(
    tiktok: Rig, account: PlatformAccount
) -> None:
    channel = PLATFORMS["tiktok"].channel(account)
    gone = make_conversation(channel=channel, thread_key="no-longer-there")
    make_message(gone, "Where is my order?")
    tiktok.say("Do you have it in blue?", user="max.m")
    services.begin_after_restore(timezone.now() - timedelta(minutes=30))

    assert services.read_back() == 1

    assert not Restoration.objects.unfinished().exists()
    gone.refresh_from_db()
    assert (gone.mode, Escalation.objects.get().conversation_id) == (Conversation.Mode.HUMAN, gone.pk)
    assert Conversation.objects.exclude(pk=gone.pk).get().owes_an_answer


def test_what_somebody_else_is_taking_in_is_neither_waited_for_nor_done_twice(
    tiktok: Rig, account: PlatformAccount
) -> None:
    thread = tiktok.say("Where is my order?")["conversation_id"]
    services.begin_after_restore(timezone.now() - timedelta(minutes=30))

    with ingest._drains.rounds((account.source, thread)):
        assert services.read_back() == 1
        assert services.go_on_after_restore() == 0
        assert Message.objects.count() == 0
        assert Restoration.objects.unfinished().exists()
    services.ingest_waiting()
    services.go_on_after_restore()

    assert not Restoration.objects.unfinished().exists()


def test_a_round_ends_in_time_and_the_next_one_goes_on(
    tiktok: Rig, account: PlatformAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiktok.say("Where is my order?")
    services.begin_after_restore(timezone.now() - timedelta(minutes=30))

    with monkeypatch.context() as patched:
        patched.setattr(missed, "ROUND_SECONDS", 0.0)
        assert services.read_back() == 0
        assert services.progress() == {account.pk: (0, 1)}

    assert services.go_on_after_restore() == 1
    assert not Restoration.objects.unfinished().exists()
    # Twice for the names of the threads, in one call each, and once for the thread.
    assert len(tiktok.log("call")) == 3
