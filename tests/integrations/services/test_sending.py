"""Sending: in order, once, within the limits, and with a plain end whatever the platform does."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from conversations import services as conversations
from conversations.models import Attachment, Conversation, Delivery, DeliveryAttempt, Escalation, Message
from conversations.types import SendOutcome, SendResult
from core.http import Answer
from core.models import AuditEvent
from integrations import limits, services
from integrations.models import PlatformAccount, SendWindow
from integrations.platforms.base import Outgoing, Session
from integrations.platforms.tiktok import client as client_module
from integrations.platforms.tiktok.adapter import TikTok
from tests.conftest import RungBell
from tests.factories import make_conversation, make_delivery
from tests.simulator.rig import REFRESH, TOKEN, Rig

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64
State = Delivery.State


def states() -> list[str]:
    """Where each delivery stands, in order."""
    return list(Delivery.objects.order_by("out_seq").values_list("state", flat=True))


def become_due() -> None:
    """Let every pause be over."""
    Delivery.objects.waiting().update(next_attempt_at=timezone.now() - timedelta(seconds=1))


def test_what_waits_is_sent_in_order(tiktok: Rig, conversation: Conversation) -> None:
    for number in range(3):
        make_delivery(conversation, f"Line {number}")

    assert services.send_next(conversation.pk) == 3

    accepted = tiktok.log("accepted")
    assert [row["detail"]["content"]["body"] for row in accepted] == ["Line 0", "Line 1", "Line 2"]
    assert states() == ["sent"] * 3
    known = Message.objects.filter(direction="out").order_by("seq").values_list("platform_message_id", flat=True)
    assert list(known) == [row["message_id"] for row in accepted]
    assert [row.outcome for row in DeliveryAttempt.objects.all()] == ["ok"] * 3


def test_an_end_that_the_database_does_not_take_is_told_again_while_the_lease_holds(
    tiktok: Rig, conversation: Conversation, settings: Settings
) -> None:
    make_delivery(conversation)

    with patch("integrations.services.sending.persistently", side_effect=lambda work, **_: work()) as told:
        services.send_next(conversation.pk)

    assert states() == ["sent"]
    assert 0 < told.call_args.kwargs["seconds"] <= settings.SEND_LEASE_SECONDS


def test_one_message_is_sent_by_few_statements(
    tiktok: Rig, conversation: Conversation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    SendWindow.objects.create(account_id=conversation.account_id)
    make_delivery(conversation)

    # Four of them only because a test is a transaction already: the two savepoints.
    with django_assert_num_queries(16):
        assert services.send_next(conversation.pk) == 1


def test_the_sign_of_typing_costs_three_statements(
    tiktok: Rig, conversation: Conversation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    SendWindow.objects.create(account_id=conversation.account_id)

    with django_assert_num_queries(3):
        assert services.send_typing(conversation.pk)


def test_whoever_sends_goes_on_without_a_bell(
    tiktok: Rig, conversation: Conversation, bells: list[RungBell], django_capture_on_commit_callbacks: Any
) -> None:
    make_delivery(conversation, "One")
    make_delivery(conversation, "Two")

    with django_capture_on_commit_callbacks(execute=True):
        services.send_next(conversation.pk)

    assert states() == ["sent", "sent"]
    assert not bells


def test_where_nothing_waits_nothing_is_called_and_no_call_is_used_up(
    tiktok: Rig, conversation: Conversation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        assert services.send_next(conversation.pk) == 0

    assert not tiktok.log("call")
    assert not SendWindow.objects.exists()


def test_ringing_twice_sends_once(tiktok: Rig, conversation: Conversation) -> None:
    make_delivery(conversation)

    services.send_next(conversation.pk)
    services.send_next(conversation.pk)

    assert len(tiktok.log("accepted")) == 1


@pytest.mark.parametrize(
    ("fault", "state", "outcome"),
    [
        ("http_503", State.RETRY_WAIT, "retry"),
        ("code_40100", State.RETRY_WAIT, "retry"),
        ("code_40064", State.DEAD, "definite_fail"),
        ("code_51065", State.UNKNOWN, "ambiguous"),
        ("reset_after_accept", State.UNKNOWN, "ambiguous"),
        ("html_200", State.UNKNOWN, "ambiguous"),
    ],
)
def test_each_end_of_an_attempt_is_written_down(
    tiktok: Rig, conversation: Conversation, fault: str, state: str, outcome: str
) -> None:
    make_delivery(conversation)
    tiktok.fault("send", fault, count=1)

    services.send_next(conversation.pk)

    assert states() == [state]
    assert DeliveryAttempt.objects.get().outcome == outcome
    assert TOKEN not in DeliveryAttempt.objects.get().evidence


def test_a_refused_message_of_the_bots_calls_a_person_with_the_reason(tiktok: Rig, conversation: Conversation) -> None:
    make_delivery(conversation)
    tiktok.fault("send", "code_40064", count=1)

    services.send_next(conversation.pk)

    assert "48 hours, 10 messages" in Escalation.objects.get().detail


def test_a_message_in_doubt_holds_up_the_next_one(tiktok: Rig, conversation: Conversation) -> None:
    for number in range(2):
        make_delivery(conversation, f"Line {number}")
    tiktok.fault("send", "reset_after_accept", count=1)

    services.send_next(conversation.pk)

    assert states() == ["unknown", "pending"]
    assert len(tiktok.log("accepted")) == 1


def test_the_limit_delays_and_drops_nothing(tiktok: Rig, conversation: Conversation, settings: Settings) -> None:
    settings.TIKTOK_RATE_LIMIT = 2
    for number in range(3):
        make_delivery(conversation, f"Line {number}")

    services.send_next(conversation.pk)

    assert states() == ["sent", "sent", "pending"]
    waiting = Delivery.objects.get(state="pending")
    assert waiting.attempts == 0
    assert waiting.next_attempt_at > timezone.now() + timedelta(seconds=50)
    become_due()
    SendWindow.objects.update(calls=[])
    assert services.send_next(conversation.pk) == 1
    assert states() == ["sent"] * 3


def test_a_token_that_is_no_longer_taken_is_renewed_and_the_message_goes_out(
    tiktok: Rig, conversation: Conversation, account: PlatformAccount
) -> None:
    make_delivery(conversation)
    tiktok.order("tokens", business_id=account.external_id, action="expire")

    services.send_next(conversation.pk)

    account.refresh_from_db()
    assert states() == ["sent"]
    assert account.secrets["access_token"] != TOKEN
    assert account.secrets["refresh_token"] != REFRESH
    assert account.token_expires_at is not None
    assert len(DeliveryAttempt.objects.all()) == 1


def test_a_token_that_runs_out_soon_is_renewed_before_anything_is_sent(
    tiktok: Rig, conversation: Conversation, account: PlatformAccount
) -> None:
    make_delivery(conversation)
    PlatformAccount.objects.update(token_expires_at=timezone.now() + timedelta(minutes=4))

    services.send_next(conversation.pk)

    assert [row["name"] for row in tiktok.log("call")] == ["refresh", "send"]
    assert states() == ["sent"]


def test_an_account_that_must_be_reconnected_keeps_its_messages_and_is_tried_once_a_minute(
    tiktok: Rig, conversation: Conversation, account: PlatformAccount
) -> None:
    make_delivery(conversation)
    tiktok.fault("api", "http_401")

    for _ in range(5):
        services.send_next(conversation.pk)
        become_due()

    account.refresh_from_db()
    assert account.state == PlatformAccount.State.RECONNECT
    assert account.state_reason
    assert states() == ["retry_wait"]
    assert Delivery.objects.get().attempts == 0
    assert len(tiktok.log("call")) == 2
    assert AuditEvent.objects.filter(action="account.reconnect_needed").count() == 1
    PlatformAccount.objects.update(next_probe_at=timezone.now() - timedelta(seconds=1))
    for _ in range(3):
        services.send_next(conversation.pk)
        become_due()
    assert len(tiktok.log("call")) == 3


def test_what_waited_for_the_account_goes_out_once_it_works_again(
    tiktok: Rig, conversation: Conversation, account: PlatformAccount
) -> None:
    make_delivery(conversation)
    PlatformAccount.objects.update(
        state=PlatformAccount.State.RECONNECT, next_probe_at=timezone.now() - timedelta(seconds=1)
    )

    services.send_next(conversation.pk)

    account.refresh_from_db()
    assert account.state == PlatformAccount.State.ACTIVE
    assert states() == ["sent"]


def test_a_removed_account_sends_nothing(tiktok: Rig, conversation: Conversation) -> None:
    make_delivery(conversation)
    PlatformAccount.objects.update(state=PlatformAccount.State.REMOVED)

    services.send_next(conversation.pk)

    assert states() == ["dead"]
    assert not tiktok.log("call")


def test_a_send_does_not_begin_when_its_lease_is_nearly_over(
    tiktok: Rig, conversation: Conversation, settings: Settings
) -> None:
    make_delivery(conversation)
    settings.SEND_LEASE_SECONDS = 14

    services.send_next(conversation.pk)

    assert not tiktok.log("call")
    assert states() == ["retry_wait"]


def test_a_result_that_comes_after_the_lease_changes_nothing(tiktok: Rig, conversation: Conversation) -> None:
    make_delivery(conversation)

    def too_slow(_: TikTok, session: Session, outgoing: Outgoing, *, deadline: float) -> SendResult:
        Delivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        conversations.release_expired_sends()
        return SendResult(outcome=SendOutcome.OK, platform_message_id="late")

    with patch.object(TikTok, "send", too_slow):
        services.send_next(conversation.pk)

    assert states() == ["unknown"]
    assert not Message.objects.filter(platform_message_id="late").exists()


def test_no_transaction_is_open_while_the_platform_is_called(tiktok: Rig, conversation: Conversation) -> None:
    make_delivery(conversation)
    depths: list[int] = []
    honest = client_module.TikTokClient._exchange

    def note(client: client_module.TikTokClient, *args: Any, **kwargs: Any) -> Answer:
        depths.append(len(connection.savepoint_ids))
        return honest(client, *args, **kwargs)

    before = len(connection.savepoint_ids)
    with patch.object(client_module.TikTokClient, "_exchange", note):
        services.send_next(conversation.pk)

    assert depths == [before]


def test_a_picture_is_sent_and_uses_two_calls(tiktok: Rig, conversation: Conversation) -> None:
    delivery = make_delivery(conversation, "")
    attachment = Attachment(message=delivery.message, kind="image", state=Attachment.State.KEPT)
    attachment.file.save("picture.png", ContentFile(PNG))

    services.send_next(conversation.pk)

    assert states() == ["sent"]
    assert [row["name"] for row in tiktok.log("call")] == ["upload", "send"]
    assert sum(made for _, made in SendWindow.objects.get().calls) == 2


def test_a_picture_that_is_gone_is_said_so(tiktok: Rig, conversation: Conversation) -> None:
    delivery = make_delivery(conversation, "")
    attachment = Attachment(message=delivery.message, kind="image", state=Attachment.State.KEPT)
    attachment.file.save("picture.png", ContentFile(PNG))
    Path(attachment.file.path).unlink()

    services.send_next(conversation.pk)

    assert Delivery.objects.get().reason == "The picture to send is gone."


def test_the_web_chats_messages_are_not_sent_by_anybody(db: None) -> None:
    conversation = make_conversation(delivers_itself=True)
    make_delivery(conversation)

    assert services.send_next(conversation.pk) == 0


def test_typing_is_shown_while_there_is_room_for_it(
    tiktok: Rig, conversation: Conversation, account: PlatformAccount
) -> None:
    assert services.send_typing(conversation.pk)
    assert services.mark_read(conversation.pk)

    assert [row["name"] for row in tiktok.log("call")] == ["send", "send"]
    limits.take(account.pk, limit=60, calls=40)
    assert not services.send_typing(conversation.pk)
    assert limits.take(account.pk, limit=60) == 0.0


def test_typing_that_cannot_be_shown_is_nobodys_trouble(tiktok: Rig, conversation: Conversation) -> None:
    tiktok.fault("send", "http_500")

    assert not services.send_typing(conversation.pk)
