"""Partners' messages on LinkedIn: they come in as signed events, and each answer needs a person's word."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from conversations import services as conversations
from conversations.models import Conversation, Delivery, Escalation
from conversations.types import MessageFacts, Reply
from integrations import services
from integrations.models import PlatformAccount, WebhookEvent
from tests.integrations.events import OTHER_SECRET, SECRET, created, events_account, post
from tests.integrations.linkedin import linkedin_account

pytestmark = pytest.mark.django_db
APP_SECRET = "whsec_c2VjcmV0IG9mIHRoZSBhcHAsIG5vdCBvZiBldmVudHM="


def messages_account(**values: Any) -> PlatformAccount:
    """A member's messages, as a partner passes them on."""
    given: dict[str, Any] = {
        "kind": PlatformAccount.MESSAGES,
        "external_id": "urn:li:person:AbC123",
        "secrets": {"secret": APP_SECRET, "webhook_secret": SECRET, "access_token": "li.first"},
    }
    return linkedin_account(**(given | values))


def test_a_message_at_its_door_becomes_a_conversation_whose_reply_needs_approval() -> None:
    account = messages_account()

    answer = post(account, created("Do you ship to Norway?"))
    services.ingest_waiting()

    event, talk = WebhookEvent.objects.get(), Conversation.objects.get()
    assert (answer.status_code, event.state, event.account_id_hint) == (200, "ingested", account.pk)
    assert event.source == account.source == f"events:{account.public_id}"
    assert (talk.platform, talk.account_id, talk.needs_approval, talk.is_public) == (
        "linkedin",
        account.pk,
        True,
        False,
    )
    assert talk.text_limit == 1_900

    Conversation.objects.update(ready_at=timezone.now() - timedelta(seconds=1))
    turn = conversations.claim_turn(talk.pk, owner="test")
    assert turn is not None
    conversations.commit_turn(turn, Reply(text="Yes, in five days."), run_id=1, facts=MessageFacts())

    assert Escalation.objects.get().suggestion == "Yes, in five days."
    assert not Delivery.objects.exists()


def test_the_apps_secret_proves_no_message() -> None:
    account = messages_account()

    assert post(account, created(), secret=APP_SECRET).status_code == 401
    assert post(account, created(), secret=OTHER_SECRET).status_code == 401
    assert not WebhookEvent.objects.exists()


def test_another_accounts_secret_opens_only_its_own_door() -> None:
    account = messages_account()
    events_account(secrets={"secret": OTHER_SECRET})

    assert post(account, created(), secret=OTHER_SECRET).status_code == 401
    assert post(account, created(), secret=SECRET).status_code == 200


def test_a_file_is_named_and_never_fetched_from_linkedins_own_interface() -> None:
    account = messages_account(api_base="http://127.0.0.1:9/api")
    file = {"url": "http://127.0.0.1:9/api/picture.png", "type": "image/png", "name": "picture.png"}

    post(account, created(attachments=[file]))
    services.ingest_waiting()

    assert [each.media_id for each in Conversation.objects.get().messages.get().attachments.all()] == [""]
