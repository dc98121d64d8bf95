"""Partners' messages on LinkedIn going out: a person's word, one call of the Messages API, and what its answer means."""

from datetime import timedelta

import pytest
from django.utils import timezone

from conversations import services as conversations
from conversations.models import Conversation, Delivery, DeliveryAttempt, Escalation
from conversations.types import MessageFacts, Reply
from core.policy import Role
from integrations import services
from integrations.models import PlatformAccount
from tests.factories import make_user
from tests.integrations.events import SECRET, created, post
from tests.integrations.linkedin import account_at
from tests.simulator.linkedin import TOKEN, LinkedInRig

ADA = "urn:li:person:AdaM4rsh"
THREAD = "urn:li:messagingThread:2-ODJhYzQ1"
DRAFT = "Yes, in five days."


@pytest.fixture
def account(db: None, rig: LinkedInRig) -> PlatformAccount:
    """A member's messages there."""
    secrets = {"secret": "li-test-secret", "webhook_secret": SECRET, "access_token": TOKEN}
    return account_at(
        rig,
        kind=PlatformAccount.MESSAGES,
        external_id="urn:li:person:AbC123",
        secrets=secrets,
    )


def drafted(account: PlatformAccount, *, thread: str = "c-1", customer: str = ADA) -> Conversation:
    """A member asks, and the bot's answer waits for a person."""
    post(account, created("Do you ship to Norway?", conversation_id=thread, customer={"id": customer, "name": "Ada"}))
    services.ingest_waiting()
    Conversation.objects.update(ready_at=timezone.now() - timedelta(seconds=1))
    talk = Conversation.objects.get()
    turn = conversations.claim_turn(talk.pk, owner="test")
    assert turn is not None
    conversations.commit_turn(turn, Reply(text=DRAFT), run_id=1, facts=MessageFacts())
    talk.refresh_from_db()
    return talk


def approve(talk: Conversation) -> Delivery:
    """A person's word, and one attempt."""
    conversations.reply(talk, Escalation.objects.get().suggestion, make_user(role=Role.SUPERVISOR))
    services.send_next(talk.pk)
    return Delivery.objects.get()


@pytest.mark.parametrize(
    ("thread", "place"), [("c-1", {"recipients": [ADA]}), (THREAD, {"thread": THREAD})], ids=["new", "reply"]
)
def test_an_approved_reply_is_one_documented_call(
    rig: LinkedInRig, account: PlatformAccount, thread: str, place: dict[str, object]
) -> None:
    talk = drafted(account, thread=thread)
    services.send_next(talk.pk)
    assert rig.log("call") == []

    delivery = approve(talk)

    (accepted,) = rig.log("accepted")
    assert accepted["detail"]["order"] == place | {"body": DRAFT, "messageType": "MEMBER_TO_MEMBER"}
    assert [(row["name"], row["status"]) for row in rig.log("call")] == [("messages", 201)]
    assert (delivery.state, delivery.author) == ("sent", "human")
    assert delivery.message.platform_message_id == accepted["message_id"]
    services.send_next(talk.pk)
    assert len(rig.log("call")) == 1


@pytest.mark.parametrize(
    ("fault", "state", "outcome"),
    [
        ("http_429", "retry_wait", "retry"),
        ("http_409", "retry_wait", "retry"),
        ("http_426", "retry_wait", "retry"),
        ("http_400", "dead", "definite_fail"),
        ("http_404", "dead", "definite_fail"),
        ("http_422", "dead", "definite_fail"),
        ("http_403", "retry_wait", "reauth"),
        ("http_500", "unknown", "ambiguous"),
        ("reset_after_accept", "unknown", "ambiguous"),
    ],
)
def test_an_answer_ends_an_attempt_as_it_means(
    rig: LinkedInRig, account: PlatformAccount, fault: str, state: str, outcome: str
) -> None:
    talk = drafted(account)
    rig.order("faults", rules=[{"where": "messages", "kind": fault, "count": 1}])

    delivery = approve(talk)

    account.refresh_from_db()
    assert (delivery.state, DeliveryAttempt.objects.get().outcome) == (state, outcome)
    assert account.state == ("reconnect" if outcome == "reauth" else "active")


def test_what_may_have_arrived_waits_for_a_person_and_is_not_said_twice(
    rig: LinkedInRig, account: PlatformAccount
) -> None:
    talk = drafted(account)
    rig.order("faults", rules=[{"where": "messages", "kind": "reset_after_accept", "count": 1}])
    approve(talk)

    services.reconcile_unknown()
    assert Delivery.objects.get().state == "unknown"
    services.reconcile_unknown(at=timezone.now() + timedelta(minutes=2))
    services.send_next(talk.pk)

    assert Delivery.objects.get().state == "needs_review"
    assert len(rig.log("accepted")) == 1


def test_a_lost_token_waits_and_goes_out_once_it_is_given(rig: LinkedInRig, account: PlatformAccount) -> None:
    talk = drafted(account)
    PlatformAccount.objects.update(secrets=account.secrets | {"access_token": "li.revoked"})

    assert approve(talk).state == "retry_wait"

    account.refresh_from_db()
    assert account.state == "reconnect"
    assert DeliveryAttempt.objects.get().outcome == "reauth"


def test_a_customer_whom_linkedin_does_not_know_by_that_name_is_refused_with_the_reason(
    rig: LinkedInRig, account: PlatformAccount
) -> None:
    talk = drafted(account, customer="u-9")

    delivery = approve(talk)

    assert delivery.state == "dead"
    assert "urn:li:person:" in DeliveryAttempt.objects.get().evidence
    assert rig.log("call") == []
