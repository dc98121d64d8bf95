"""From a comment on LinkedIn to the answer under it, and what goes wrong in between."""

import time
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from conversations.models import Conversation, Delivery, Message, Restoration
from integrations import accounts, limits, services
from integrations.models import PlatformAccount, SendWindow, WebhookEvent
from integrations.platforms import PLATFORMS
from integrations.platforms.base import Outgoing
from tests.factories import make_conversation, make_message
from tests.integrations.linkedin import PAGE, account_at, answered, deliver
from tests.simulator.linkedin import LinkedInRig
from tests.waiting import wait_until


@pytest.fixture
def account(db: None, rig: LinkedInRig) -> PlatformAccount:
    """Our account there."""
    return account_at(rig)


def test_a_comment_is_answered_under_it_and_our_echo_is_known(
    client: Client, rig: LinkedInRig, account: PlatformAccount
) -> None:
    top = rig.order("comment", text="How much?")["comments"][0]
    deliver(client, rig, 1)

    answered()
    deliver(client, rig, 2)

    assert Delivery.objects.get().state == "sent"
    assert [row["conversation_id"] for row in rig.log("accepted")] == [top]
    assert list(Message.objects.order_by("seq").values_list("text", flat=True)) == ["How much?", "Nine a seat."]
    assert WebhookEvent.objects.order_by("id").last().reason == "echo: duplicate"  # type: ignore[union-attr]


def test_who_answers_us_stays_in_the_thread_and_who_joins_gets_one(
    client: Client, rig: LinkedInRig, account: PlatformAccount
) -> None:
    top = rig.order("comment", text="How much?")["comments"][0]
    rig.order("comment", text="Per month?", parent=top)
    rig.order("comment", text="Same question", parent=top, user="Omar Haddad")

    deliver(client, rig, 3)

    threads = {talk.thread_key: talk.messages.count() for talk in Conversation.objects.all()}
    assert threads == {f"{top}|urn:li:person:JaneKerr": 2, f"{top}|urn:li:person:OmarHaddad": 1}


def test_words_that_a_webhook_leaves_out_are_asked_for(
    client: Client, rig: LinkedInRig, account: PlatformAccount
) -> None:
    rig.order("settings", linkedin_decorated=False)
    rig.order("comment", text="How much?")

    deliver(client, rig, 1)

    assert Message.objects.get().text == "How much?"


def test_a_mention_is_answered_under_the_post(client: Client, rig: LinkedInRig, account: PlatformAccount) -> None:
    post = rig.order("mention", text="I like @Acme")["post"]
    deliver(client, rig, 1)

    answered("Thank you!")

    assert [row["conversation_id"] for row in rig.log("accepted")] == [post]


def test_a_lead_is_kept_for_sales_and_answered_by_nobody(
    client: Client, rig: LinkedInRig, account: PlatformAccount
) -> None:
    response = rig.order("lead")["response"]
    rig.order("lead", action="DELETED", response=response)

    deliver(client, rig, 2)

    events = WebhookEvent.objects.order_by("id")
    assert [event.event_key for event in events] == [f"lead:{response}:{action}" for action in ("CREATED", "DELETED")]
    assert {event.state for event in events} == {WebhookEvent.State.IGNORED}
    assert not Conversation.objects.exists()


def test_a_lost_answer_is_found_by_listing_and_not_said_twice(
    client: Client, rig: LinkedInRig, account: PlatformAccount, settings: Settings
) -> None:
    settings.RECONCILE_AFTER_SECONDS = [0.0] * 3
    rig.order("comment", text="How much?")
    deliver(client, rig, 1)
    rig.order("faults", rules=[{"where": "comment_create", "kind": "reset_after_accept", "count": 1}])

    answered()
    assert Delivery.objects.get().state == "unknown"
    services.reconcile_unknown()

    assert Delivery.objects.get().state == "sent"
    assert len(rig.log("accepted")) == 1


def test_an_answer_that_was_never_taken_is_sent_again(
    client: Client, rig: LinkedInRig, account: PlatformAccount, settings: Settings
) -> None:
    settings.RECONCILE_AFTER_SECONDS = [0.0]
    rig.order("comment", text="How much?")
    deliver(client, rig, 1)
    rig.order("faults", rules=[{"where": "comment_create", "kind": "http_500", "count": 1}])

    talk = answered()
    services.reconcile_unknown()
    # SQLite's clock goes in milliseconds, and within the same one it is not due yet.
    wait_until(lambda: services.send_next(talk.pk), what="the second attempt")

    assert Delivery.objects.get().state == "sent"
    assert len(rig.log("accepted")) == 1


@pytest.mark.parametrize(
    ("fault", "state"),
    [("http_409", "retry_wait"), ("http_425", "retry_wait"), ("http_429", "retry_wait"), ("http_404", "dead")],
)
def test_an_error_ends_an_attempt_as_it_means(
    client: Client, rig: LinkedInRig, account: PlatformAccount, fault: str, state: str
) -> None:
    rig.order("comment", text="How much?")
    deliver(client, rig, 1)
    rig.order("faults", rules=[{"where": "comment_create", "kind": fault}])

    answered()

    assert Delivery.objects.get().state == state


@pytest.mark.parametrize(
    ("also", "state", "of_account"), [("", "dead", "active"), ("notifications", "retry_wait", "reconnect")]
)
def test_a_comment_that_may_not_be_answered_is_a_persons_and_the_account_goes_on(
    client: Client, rig: LinkedInRig, account: PlatformAccount, also: str, state: str, of_account: str
) -> None:
    rig.order("comment", text="How much?")
    deliver(client, rig, 1)
    rig.order("faults", rules=[{"where": where, "kind": "http_403"} for where in ("comment_create", also) if where])

    answered()

    account.refresh_from_db()
    assert (Delivery.objects.get().state, account.state) == (state, of_account)


def test_a_token_that_ran_out_is_renewed_and_a_revoked_one_needs_a_person(
    client: Client, rig: LinkedInRig, account: PlatformAccount
) -> None:
    rig.order("comment", text="How much?")
    deliver(client, rig, 1)
    rig.order("tokens", action="expire")
    answered()

    assert Delivery.objects.get().state == "sent"

    rig.order("tokens", action="revoke")
    answered("And ten for two.")

    account.refresh_from_db()
    assert account.state == "reconnect"
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent", "retry_wait"}


def test_all_workers_share_a_hundred_calls_a_minute(client: Client, rig: LinkedInRig, account: PlatformAccount) -> None:
    rig.order("comment", text="How much?")
    deliver(client, rig, 1)
    limits.take(account.pk, limit=limits.per_minute(PLATFORMS["linkedin"]), calls=99)
    answered()
    answered("More.")

    states = list(Delivery.objects.order_by("id").values_list("state", flat=True))
    assert limits.per_minute(PLATFORMS["linkedin"]) == 100
    assert states[-1] == "pending"
    assert "sent" not in states
    assert rig.log("accepted") == []


def test_what_no_webhook_brought_is_read_back(client: Client, rig: LinkedInRig, account: PlatformAccount) -> None:
    PlatformAccount.objects.update(read_back_to=timezone.now() - timedelta(minutes=5))
    rig.order("comment", text="How much?")

    services.read_back(at_once=True)
    services.ingest_waiting()
    deliver(client, rig, 1)

    assert Message.objects.get().text == "How much?"


def asked(rig: LinkedInRig, count: int) -> None:
    """So many comments."""
    texts = [f"Price for {number} seats?" for number in range(count)]
    for first in range(0, count, 60):
        rig.order("comment", texts=texts[first : first + 60])


@pytest.mark.parametrize(("minutes", "days"), [(5, 0), (0, 80)], ids=["a while", "longer than LinkedIn keeps them"])
def test_more_than_one_page_of_an_outage_is_read_back_and_once(
    rig: LinkedInRig, account: PlatformAccount, minutes: int, days: int
) -> None:
    PlatformAccount.objects.update(read_back_to=timezone.now() - timedelta(minutes=minutes, days=days))
    asked(rig, 120)
    rig.order("colleague", text="We answer this evening.")

    assert services.read_back(at_once=True) == 121
    assert services.read_back(at_once=True) == 0

    assert WebhookEvent.objects.filter(conv_key=f"page:{PAGE}").count() == 121


def test_what_exceeds_the_bound_is_said_in_the_log(
    rig: LinkedInRig, account: PlatformAccount, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("integrations.platforms.linkedin.client.MOST_NOTIFICATION_PAGES", 1)
    PlatformAccount.objects.update(read_back_to=timezone.now() - timedelta(minutes=5))
    asked(rig, 101)

    assert services.read_back(at_once=True) == 100
    assert "more notifications than are read back" in caplog.text


def test_a_partners_messages_cannot_be_read_back(rig: LinkedInRig, account: PlatformAccount) -> None:
    PlatformAccount.objects.update(kind=PlatformAccount.MESSAGES, read_back_to=timezone.now() - timedelta(minutes=5))
    rig.order("comment", text="How much?")

    assert services.read_back(at_once=True) == 0
    assert rig.log("call") == []


def test_an_account_is_tried_for_real(rig: LinkedInRig, account: PlatformAccount) -> None:
    good = accounts.try_out(account)
    rig.order("tokens", action="revoke")
    bad = accounts.try_out(account)

    assert (good.ok, good.checks[0].detail) == (True, f"LinkedIn takes our token for the Page {PAGE}.")
    assert (bad.ok, bad.account.state) == (False, "reconnect")


def test_a_send_ends_within_its_time(rig: LinkedInRig, account: PlatformAccount) -> None:
    platform = PLATFORMS["linkedin"]
    top = rig.order("comment", text="How much?")["comments"][0]
    rig.order("faults", rules=[{"where": "comment_create", "kind": "timeout_after_accept", "seconds": 20}])
    began = time.monotonic()

    outgoing = Outgoing(
        thread_key=f"{top}|x", customer_id="x", text="Nine.", idem_key="k", message_id="m", author="bot"
    )
    result = platform.send(platform.session(account), outgoing, deadline=began + 0.5)

    assert result.outcome.value == "ambiguous"
    assert time.monotonic() - began < 5


def test_what_was_answered_since_a_back_up_is_not_answered_again(
    client: Client, rig: LinkedInRig, account: PlatformAccount
) -> None:
    top = rig.order("comment", text="How much?")["comments"][0]
    rig.comment(top, "Nine a seat.")
    rig.order("comment", text="In blue?", user="Omar Haddad")

    services.begin_after_restore(timezone.now() - timedelta(minutes=30))
    assert services.read_back() == 3

    assert not Restoration.objects.unfinished().exists()
    assert not Conversation.objects.get(thread_key__startswith=top).owes_an_answer
    assert Conversation.objects.exclude(thread_key__startswith=top).get().owes_an_answer
    assert [each.message.text for each in Delivery.objects.filter(state="sent")] == ["Nine a seat."]


def test_no_call_is_spent_on_threads_that_cannot_be_asked_for_one_by_one(
    rig: LinkedInRig, account: PlatformAccount
) -> None:
    channel = PLATFORMS["linkedin"].channel(account)
    for number in range(3):
        make_message(make_conversation(channel=channel, thread_key=f"top-{number}|someone"), "How much?")

    services.begin_after_restore(timezone.now() - timedelta(minutes=30))
    services.read_back()

    assert not Restoration.objects.unfinished().exists()
    # Two are put by for naming what there is, and one asks for the Page's list.
    assert sum(made for _, made in SendWindow.objects.get(account_id=account.pk).calls) == 3
