"""From a partner's event to the reply at the partner, and what happens when nobody knows whether it arrived."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from conversations import services as conversations
from conversations.models import Attachment, Conversation, Delivery, Message
from core.policy import Role
from integrations import keys, services
from integrations.models import PlatformAccount, WebhookEvent
from tests.factories import make_user
from tests.integrations.platforms.events.conftest import NAME
from tests.simulator.rig import Received, Rig
from tests.waiting import wait_until

State = Delivery.State


def knock(account: PlatformAccount, received: Received) -> int:
    """One webhook at our door, its bytes and headers as the partner sent them."""
    signed = {name: value for name, value in received.headers.items() if name.startswith("webhook-")}
    path = f"/webhooks/events/{account.public_id}"
    return Client().post(path, received.body, content_type="application/json", headers=signed).status_code


def hear(partner: Rig, account: PlatformAccount, text: str = "Where is my parcel?", **order: object) -> Conversation:
    """The conversation, after a customer of the partner's has written in it."""
    before = len(partner.receiver.received)
    partner.order("partner-says", partner=NAME, user="ada", text=text, **order)
    wait_until(lambda: len(partner.receiver.received) > before, what="the partner's event")
    assert knock(account, partner.receiver.received[before]) == 200
    services.ingest_waiting()
    return Conversation.objects.get()


def reply(conversation: Conversation, text: str = "It left today.") -> None:
    """A person answers, and it is sent."""
    conversations.reply(conversation, text, make_user(role=Role.SUPERVISOR))
    services.send_next(conversation.pk)


def test_a_customer_of_a_partner_is_answered(partner: Rig, account: PlatformAccount) -> None:
    conversation = hear(partner, account, id="their-7", conversation_id="their-thread")

    reply(conversation)

    (row,) = partner.log("accepted")
    delivery = Delivery.objects.get()
    assert (row["message_id"], row["conversation_id"]) == (delivery.idem_key, "their-thread")
    assert row["detail"]["in_reply_to"] == "their-7"
    assert (row["detail"]["customer_id"], row["detail"]["sender"]) == ("ada", "human")
    assert delivery.state == State.SENT
    assert row["detail"]["id"] == str(delivery.message.public_id)


def test_in_doubt_a_person_decides(partner: Rig, account: PlatformAccount) -> None:
    partner.fault("partner", "reset_after_accept", count=1)
    conversation = hear(partner, account)

    reply(conversation)
    assert Delivery.objects.get().state == State.UNKNOWN
    Delivery.objects.update(unknown_since=timezone.now() - timedelta(seconds=90))
    services.reconcile_unknown()

    assert Delivery.objects.get().state == State.NEEDS_REVIEW
    assert len(partner.log("accepted")) == 1


def test_where_the_key_is_honoured_doubt_is_sent_again_and_arrives_once(partner: Rig, account: PlatformAccount) -> None:
    PlatformAccount.objects.update(honours_key=True)
    partner.fault("partner", "reset_after_accept", count=1)
    conversation = hear(partner, account)

    reply(conversation)
    assert Delivery.objects.get().state == State.RETRY_WAIT
    Delivery.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))
    services.send_next(conversation.pk)

    assert Delivery.objects.get().state == State.SENT
    assert len(partner.log("accepted")) == 1
    assert len(partner.log("call")) == 1


@pytest.mark.parametrize(("honoured", "state"), [(True, State.RETRY_WAIT), (False, State.UNKNOWN)])
def test_a_sender_that_died_half_way_leaves_doubt_that_only_an_honoured_key_ends(
    partner: Rig, account: PlatformAccount, settings: Settings, honoured: bool, state: str
) -> None:
    PlatformAccount.objects.update(honours_key=honoured)
    settings.RECONCILE_AFTER_SECONDS = [0.0] * 3
    conversation = hear(partner, account)
    conversations.reply(conversation, "It left today.", make_user(role=Role.SUPERVISOR))
    conversations.claim_delivery(conversation.pk)
    Delivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    conversations.release_expired_sends()
    services.reconcile_unknown()

    assert Delivery.objects.get().state == state


def test_an_account_whose_signature_is_not_taken_waits_for_a_person_and_goes_on_by_itself(
    partner: Rig, account: PlatformAccount
) -> None:
    conversation = hear(partner, account)
    partner.fault("partner", "http_401", count=1)

    reply(conversation)
    account.refresh_from_db()
    assert (account.state, "compare the secrets" in account.state_reason) == ("reconnect", True)
    PlatformAccount.objects.update(next_probe_at=None)
    services.refresh_tokens()
    services.send_next(conversation.pk)

    account.refresh_from_db()
    assert account.state == "active"
    assert Delivery.objects.get().state == State.SENT


def test_a_picture_at_the_partners_own_host_is_kept(partner: Rig, account: PlatformAccount) -> None:
    url = f"{account.api_base}/files/picture.png"

    hear(partner, account, "", attachments=[{"url": url, "type": "image/png", "name": "label.png"}])
    services.fetch_media()

    attachment = Attachment.objects.get()
    assert (attachment.state, attachment.content_type, attachment.name) == ("kept", "image/png", "label.png")
    assert Message.objects.get().kind == "image"


def test_the_partner_signs_with_both_secrets_while_one_is_replaced(partner: Rig, account: PlatformAccount) -> None:
    fresh = "whsec_" + "QUJD" * 11
    account.secrets = {"secret": fresh}
    account.save()
    keys.forget()
    partner.order("partners", partners=[{"name": NAME, "secrets": [account.secrets["secret"], "whsec_" + "MTIz" * 10]}])

    hear(partner, account)

    assert WebhookEvent.objects.get().state == "ingested"
    assert len(partner.receiver.received[0].headers["webhook-signature"].split()) == 2


def test_reading_back_asks_nothing_of_a_partner(partner: Rig, account: PlatformAccount) -> None:
    PlatformAccount.objects.update(read_back_to=timezone.now() - timedelta(hours=1))

    assert services.read_back(at_once=True) == 0

    assert not partner.log("accepted")
