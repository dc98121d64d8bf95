"""From the customer's words on TikTok to the answer on TikTok, and what TikTok reports of it, by its own webhooks."""

import time
from datetime import timedelta

from django.test import Client
from pytest_django import Settings

from agent import services as agent
from agent.graph.brief import Brief, Thought
from conversations import services as conversations
from conversations.models import Conversation, Delivery, Message
from conversations.types import Picture
from core.clock import database_now
from core.policy import Role
from integrations import services
from integrations.models import PlatformAccount, WebhookEvent
from tests.factories import make_user
from tests.logged import logged
from tests.pictures import make_png
from tests.simulator.rig import Received, Rig
from tests.waiting import wait_until


def deliver(client: Client, tiktok: Rig, count: int) -> None:
    """Wait until TikTok has sent ``count`` webhooks, and bring what is new to our door as it came."""
    wait_until(lambda: len(tiktok.receiver.received) >= count, what="the webhooks")
    for received in tiktok.receiver.received:
        knock(client, received)
    services.ingest_waiting()


def knock(client: Client, received: Received) -> None:
    """One webhook at our door, its bytes and headers as TikTok sent them."""
    answer = client.post(
        "/webhooks/tiktok",
        received.body,
        content_type=received.headers["content-type"],
        headers={"Tiktok-Signature": received.headers["tiktok-signature"]},
    )
    assert answer.status_code == 200


def test_a_customer_is_answered_and_our_own_echo_and_their_receipt_are_understood(
    client: Client, tiktok: Rig, account: PlatformAccount
) -> None:
    tiktok.say("Where is my order?")
    deliver(client, tiktok, 1)
    conversation = Conversation.objects.get()
    conversations.reply(conversation, "It left today.", make_user(role=Role.SUPERVISOR))

    assert services.send_next(conversation.pk) == 1
    deliver(client, tiktok, 2)
    tiktok.order("read", user="jane.k", at_ms=int((time.time() + 1) * 1000))
    deliver(client, tiktok, 3)

    assert [message.text for message in Message.objects.order_by("seq")] == ["Where is my order?", "It left today."]
    ends = WebhookEvent.objects.order_by("id").values_list("state", "reason")
    assert [(state, reason.partition(":")[0]) for state, reason in ends] == [
        ("ingested", ""), ("ignored", "echo"), ("ignored", "receipt"),
    ]  # fmt: skip
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.read_at is not None) == ("sent", True)


def test_an_echo_that_comes_before_the_answer_is_lost_settles_the_doubt(
    client: Client, tiktok: Rig, account: PlatformAccount, settings: Settings
) -> None:
    tiktok.say("Where is my order?")
    deliver(client, tiktok, 1)
    conversation = Conversation.objects.get()
    conversations.reply(conversation, "It left today.", make_user(role=Role.SUPERVISOR))
    tiktok.fault("send", "reset_after_accept", count=1)

    services.send_next(conversation.pk)
    assert Delivery.objects.get().state == "unknown"
    settings.RECONCILE_AFTER_SECONDS = [999.0] * 3
    deliver(client, tiktok, 2)
    services.reconcile_unknown()

    assert Delivery.objects.get().state == "sent"
    assert len(tiktok.log("accepted")) == 1


def test_duplicates_reorderings_and_stale_copies_have_no_second_effect(
    client: Client, tiktok: Rig, account: PlatformAccount
) -> None:
    tiktok.fault("webhook", "duplicate", copies=3)
    tiktok.fault("webhook", "stale")
    tiktok.say("Once only")

    deliver(client, tiktok, 5)
    deliver(client, tiktok, 5)

    assert WebhookEvent.objects.count() == 1
    assert Message.objects.get().text == "Once only"


def test_words_and_a_picture_of_a_colleague_arrive_in_order_and_both_echoes_are_understood(
    client: Client, tiktok: Rig, account: PlatformAccount
) -> None:
    tiktok.say("Where do I find the number?")
    deliver(client, tiktok, 1)
    conversation = Conversation.objects.get()
    picture = Picture(content=make_png(note=b"48.2082 N 16.3738 E"), description="The label on the box")
    conversations.reply(conversation, "On the label:", make_user(role=Role.SUPERVISOR), picture=picture)

    assert services.send_next(conversation.pk) == 2
    deliver(client, tiktok, 3)

    accepted = tiktok.log("accepted")
    assert [row["detail"]["type"] for row in accepted] == ["text", "image"]
    seen = tiktok.client.get(f"/_sim/media/{accepted[1]['detail']['content']['media_id']}")
    assert (seen.headers["content-type"], seen.content) == ("image/png", make_png())
    assert list(Delivery.objects.order_by("out_seq").values_list("state", flat=True)) == ["sent", "sent"]
    ends = WebhookEvent.objects.order_by("id").values_list("reason", flat=True)
    assert [reason.partition(":")[0] for reason in ends] == ["", "echo", "echo"]
    assert Message.objects.filter(direction="out").count() == 2


def test_a_picture_in_doubt_is_found_on_the_platform_and_not_sent_again(
    client: Client, tiktok: Rig, account: PlatformAccount, settings: Settings
) -> None:
    tiktok.say("Where do I find the number?")
    deliver(client, tiktok, 1)
    conversation = Conversation.objects.get()
    conversations.reply(conversation, "", make_user(role=Role.SUPERVISOR), picture=Picture(content=make_png()))
    tiktok.fault("send", "reset_after_accept", count=1)

    services.send_next(conversation.pk)
    assert Delivery.objects.get().state == "unknown"
    settings.RECONCILE_AFTER_SECONDS = [0.0] * 3
    services.reconcile_unknown()

    assert Delivery.objects.get().state == "sent"
    assert len(tiktok.log("accepted")) == 1


def test_a_conversation_that_takes_no_pictures_now_says_so_to_staff(
    client: Client, tiktok: Rig, account: PlatformAccount
) -> None:
    tiktok.say("Where do I find the number?")
    deliver(client, tiktok, 1)
    conversation = Conversation.objects.get()
    tiktok.order("settings", send_images=False)
    conversations.reply(
        conversation, "On the label:", make_user(role=Role.SUPERVISOR), picture=Picture(content=make_png())
    )

    services.send_next(conversation.pk)

    text, picture = Delivery.objects.order_by("out_seq")
    assert (text.state, picture.state) == ("sent", "dead")
    assert "takes no picture in this conversation now. Say it in words" in picture.reason


class OutOfOrder:
    """A mind that cannot think."""

    def think(self, brief: Brief, **_: object) -> Thought:
        raise RuntimeError("out of order")


def test_each_line_that_is_logged_of_a_message_names_its_conversation(
    client: Client, tiktok: Rig, account: PlatformAccount
) -> None:
    with logged() as lines:
        tiktok.say("Where is my order?")
        deliver(client, tiktok, 1)
        conversation = Conversation.objects.get()
        Conversation.objects.update(ready_at=database_now() - timedelta(seconds=1))
        agent.answer(conversation.pk, OutOfOrder())
        conversations.reply(conversation, "It left today.", make_user(role=Role.SUPERVISOR))
        services.send_next(conversation.pk)

    event = WebhookEvent.objects.get()
    told = [
        (line["logger"], line.get("conversation"), line.get("webhook_event"))
        for line in lines
        if line["logger"] in {"integrations.services.ingest", "agent.services.turns", "integrations.services.sending"}
    ]
    assert told == [
        ("integrations.services.ingest", conversation.pk, event.pk),
        ("agent.services.turns", conversation.pk, None),
        ("integrations.services.sending", conversation.pk, None),
    ]
