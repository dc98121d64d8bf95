"""A record that was put back asks the platform what was said since, before it says anything."""

from datetime import timedelta

from django.utils import timezone

from conversations.models import Conversation, Delivery, Message, Restoration
from integrations import services
from integrations.models import PlatformAccount
from integrations.services import missed
from tests.factories import make_delivery
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
    assert account.pk not in missed._compared
