"""What no webhook brought is found on the platform, once, and takes the same way in."""

import json
from datetime import timedelta
from io import StringIO
from unittest.mock import patch

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from conversations.models import Conversation, Message
from core import leases
from integrations import services
from integrations.exceptions import AccountProblem
from integrations.models import PlatformAccount, WebhookEvent
from integrations.services import missed
from tests.integrations.tiktok import post, tiktok_account
from tests.simulator.rig import API, Rig
from tests.waiting import wait_until


def connected(account: PlatformAccount, *, minutes: float = 30) -> None:
    """Let the account have been compared for the last time so many minutes ago."""
    PlatformAccount.objects.filter(pk=account.pk).update(read_back_to=timezone.now() - timedelta(minutes=minutes))


def webhook(tiktok: Rig) -> bytes:
    """The body of the one webhook that TikTok sent."""
    wait_until(lambda: bool(tiktok.receiver.received))
    (sent,) = tiktok.receiver.received
    return sent.body


def texts() -> list[str]:
    """What the conversations hold."""
    return list(Message.objects.order_by("id").values_list("text", flat=True))


def test_messages_of_an_outage_are_read_back_in_order_and_once(tiktok: Rig, account: PlatformAccount) -> None:
    connected(account)
    tiktok.say("Where is my order?")
    tiktok.say("It is TH-1190452.")
    tiktok.say("Hallo?", user="max.m")

    assert services.read_back() == 3
    services.ingest_waiting()

    assert sorted(texts()) == ["Hallo?", "It is TH-1190452.", "Where is my order?"]
    conversation = Conversation.objects.get(customer__name="jane.k")
    assert list(conversation.messages.order_by("seq").values_list("text", flat=True)) == [
        "Where is my order?",
        "It is TH-1190452.",
    ]
    connected(account)
    assert services.read_back() == 0


def test_the_webhook_that_comes_after_all_is_a_repetition(
    tiktok: Rig, account: PlatformAccount, client: Client
) -> None:
    connected(account)
    tiktok.say("Where is my order?")
    services.read_back()
    services.ingest_waiting()

    assert post(client, webhook(tiktok)).status_code == 200

    assert WebhookEvent.objects.count() == Message.objects.count() == 1


def test_what_a_webhook_brought_is_not_read_again(tiktok: Rig, account: PlatformAccount, client: Client) -> None:
    connected(account)
    tiktok.say("Where is my order?")
    post(client, webhook(tiktok))

    assert services.read_back() == 0


def test_a_colleague_in_the_platforms_own_app_is_heard_and_our_own_words_are_not(
    tiktok: Rig, account: PlatformAccount
) -> None:
    thread = tiktok.say("Where is my order?")["conversation_id"]
    tiktok.send(thread, "It left today.")
    tiktok.order("colleague", conversation_id=thread, text="I'll look into it myself.")
    connected(account)

    services.read_back()
    services.ingest_waiting()

    assert texts() == ["Where is my order?", "I'll look into it myself."]
    assert Conversation.objects.get().mode == Conversation.Mode.HUMAN


def test_what_was_said_long_ago_is_marked_late(tiktok: Rig, account: PlatformAccount) -> None:
    connected(account)
    tiktok.say("Where is my order?")

    with patch.object(missed, "LATE_AFTER", timedelta(0)):
        services.read_back()

    assert WebhookEvent.objects.get().is_late


def test_a_new_account_begins_now(tiktok: Rig, account: PlatformAccount) -> None:
    tiktok.say("Said before the account was connected.")

    assert services.read_back() == 0

    account.refresh_from_db()
    assert account.read_back_to is not None
    assert tiktok.log("call") == []


def test_an_account_is_compared_when_it_is_due_or_after_a_start(tiktok: Rig, account: PlatformAccount) -> None:
    connected(account, minutes=5)
    tiktok.say("Where is my order?")

    assert services.read_back() == 0
    assert services.read_back(at_once=True) == 1


def test_messages_come_before_comparing(tiktok: Rig, account: PlatformAccount, settings: Settings) -> None:
    settings.TIKTOK_RATE_LIMIT = 21
    connected(account)
    tiktok.say("Where is my order?")

    assert services.read_back() == 0

    account.refresh_from_db()
    assert account.read_back_to is not None
    assert account.read_back_to < timezone.now() - timedelta(minutes=20)


def test_an_account_in_trouble_does_not_keep_the_others_waiting(tiktok: Rig, account: PlatformAccount) -> None:
    other = tiktok_account(
        external_id="other-open-id",
        api_base=f"{tiktok.simulator.base_url}{API}",
        secrets={"secret": "tt-test-secret", "access_token": "act.other", "refresh_token": "wrong"},
    )
    connected(account)
    connected(other)
    tiktok.say("Where is my order?")

    assert services.read_back() == 1


def test_nothing_is_compared_where_it_is_switched_off(
    tiktok: Rig, account: PlatformAccount, settings: Settings
) -> None:
    settings.READ_BACK_MINUTES = 0
    connected(account)
    tiktok.say("Where is my order?")

    assert services.read_back(at_once=True) == 0


def by_hand(account: PlatformAccount, *options: str) -> dict[str, int]:
    """What `manage.py account read-back` prints."""
    output = StringIO()
    call_command("account", "read-back", str(account.pk), *options, stdout=output)
    found: dict[str, int] = json.loads(output.getvalue())
    return found


def test_a_person_can_read_an_account_back_at_once(tiktok: Rig, account: PlatformAccount) -> None:
    connected(account, minutes=1)
    tiktok.say("Where is my order?")

    assert by_hand(account) == {"id": account.pk, "read_back": 1}
    services.ingest_waiting()

    assert texts() == ["Where is my order?"]
    assert by_hand(account)["read_back"] == 0


def test_a_person_can_look_further_back_than_it_was_looked_last(
    tiktok: Rig, account: PlatformAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(missed, "OVERLAP", timedelta(0))
    tiktok.say("Where is my order?")
    connected(account, minutes=-60)
    assert by_hand(account)["read_back"] == 0

    assert by_hand(account, "--hours", "1")["read_back"] == 1


def test_two_do_not_read_an_account_back_at_once(tiktok: Rig, account: PlatformAccount) -> None:
    connected(account)

    leases.take(f"read back {account.pk}", owner="another process", seconds=60)

    with pytest.raises(AccountProblem, match="at this moment"):
        services.read_back_one(account)


def test_an_account_that_cannot_be_read_back_says_why(
    tiktok: Rig, account: PlatformAccount, settings: Settings
) -> None:
    connected(account)
    tiktok.say("Where is my order?")
    settings.TIKTOK_RATE_LIMIT = 21
    with pytest.raises(AccountProblem, match="needed for messages"):
        services.read_back_one(account)

    PlatformAccount.objects.filter(pk=account.pk).update(state=PlatformAccount.State.RECONNECT)
    account.refresh_from_db()
    with pytest.raises(AccountProblem, match="no platform that can be asked now"):
        services.read_back_one(account)
