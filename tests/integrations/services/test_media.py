"""Attachments: fetched from the account's own host, kept as what they are, given up with a reason."""

from datetime import timedelta

import pytest
from django.utils import timezone

from conversations.models import Attachment, Conversation
from integrations import limits, services
from integrations.models import PlatformAccount, WebhookEvent
from integrations.platforms.base import OutOfCalls
from integrations.services import tokens
from tests.integrations.tiktok import CLIENT_KEY
from tests.simulator.rig import Rig
from tests.waiting import wait_until

State = Attachment.State


def receive(tiktok: Rig, **said: object) -> Attachment:
    """What the customer says, taken in as the platform reports it; the attachment it came with."""
    before = len(tiktok.receiver.received)
    tiktok.order("say", user="jane.k", **said)
    wait_until(lambda: len(tiktok.receiver.received) > before, what="the webhook")
    body = tiktok.receiver.received[-1].body
    event = WebhookEvent.objects.create(
        source=f"tiktok:{CLIENT_KEY}", event_key=f"e{before}", platform="tiktok", body=body, body_sha256="x"
    )
    services.ingest_event(event.pk)
    return Attachment.objects.latest("pk")


def become_due() -> None:
    """Let every pause be over."""
    Attachment.objects.filter(state=State.WAITING).update(next_attempt_at=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize(("kind", "content_type"), [("image", "image/png"), ("video", "video/mp4")])
def test_what_a_customer_sends_is_fetched_and_kept(
    tiktok: Rig, account: PlatformAccount, kind: str, content_type: str
) -> None:
    attachment = receive(tiktok, **{kind: {}})
    before = Conversation.objects.get().version

    assert services.fetch_media() == 1

    attachment.refresh_from_db()
    assert (attachment.state, attachment.content_type) == (State.KEPT, content_type)
    assert attachment.size == attachment.file.size > 0
    assert Conversation.objects.get().version > before
    assert services.fetch_media() == 0


def test_a_sticker_is_referred_to_and_not_fetched(tiktok: Rig, account: PlatformAccount) -> None:
    attachment = receive(tiktok, sticker="wave")

    assert services.fetch_media() == 0
    assert attachment.state == State.REFERENCED
    assert attachment.url


def test_a_file_that_cannot_be_fetched_is_tried_five_times(tiktok: Rig, account: PlatformAccount) -> None:
    attachment = receive(tiktok, image={})
    tiktok.fault("file", "http_503")

    for _ in range(8):
        services.fetch_media()
        become_due()

    attachment.refresh_from_db()
    assert (attachment.state, attachment.attempts) == (State.FAILED, 5)


def test_a_file_that_the_platform_refuses_is_given_up_at_once(tiktok: Rig, account: PlatformAccount) -> None:
    attachment = receive(tiktok, image={})
    tiktok.fault("download", "code_40007")

    services.fetch_media()

    attachment.refresh_from_db()
    assert attachment.state == State.FAILED


def test_what_is_no_picture_is_not_kept_whatever_it_is_called(tiktok: Rig, account: PlatformAccount) -> None:
    attachment = receive(tiktok, image={})
    tiktok.fault("file", "html_200")

    services.fetch_media()

    attachment.refresh_from_db()
    assert attachment.state == State.FAILED
    assert not attachment.file


def test_an_account_to_be_reconnected_fetches_later(tiktok: Rig, account: PlatformAccount) -> None:
    attachment = receive(tiktok, image={})
    PlatformAccount.objects.update(state=PlatformAccount.State.RECONNECT)

    assert services.fetch_media() == 0

    attachment.refresh_from_db()
    assert (attachment.state, attachment.attempts) == (State.WAITING, 0)


@pytest.mark.parametrize("where", ["take", "call"])
def test_without_a_call_left_nothing_was_tried(
    where: str, tiktok: Rig, account: PlatformAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    attachment = receive(tiktok, image={})

    def none_left(*_: object, **__: object) -> float:
        if where == "take":
            return 30.0
        raise OutOfCalls(30.0)

    # Before the call, or in the midst of it, where what is begun with one call needs others.
    monkeypatch.setattr(*((limits, "take") if where == "take" else (tokens, "call_as")), none_left)
    now = timezone.now()

    for _ in range(6):
        services.fetch_media()
        become_due()
    services.fetch_media()

    attachment.refresh_from_db()
    assert (attachment.state, attachment.attempts) == (State.WAITING, 0)
    assert attachment.next_attempt_at is not None
    assert attachment.next_attempt_at > now + timedelta(seconds=29)
