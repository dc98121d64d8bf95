"""LinkedIn's calls: each is counted before it is made, and what finds none left is put off and not lost."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from conversations.models import Delivery, Message
from conversations.types import SendOutcome, SendResult
from core.policy import Role
from integrations import limits, services
from integrations.models import PlatformAccount, SendWindow, WebhookEvent
from integrations.platforms import PLATFORMS
from integrations.platforms.base import CallFailed, Outgoing, ParsedItem, Session, Unfinished
from integrations.services import finishing, tokens
from supportagent.promises import waits
from tests.factories import make_user
from tests.integrations.authorise import HOST, admin_client, connect, linkedin_other
from tests.integrations.linkedin import NOWHERE, account_at, answered, deliver
from tests.simulator.linkedin import TOKEN, LinkedInRig

LINKEDIN = PLATFORMS["linkedin"]
Prepare = Callable[[LinkedInRig], str]


@pytest.fixture
def account(db: None, rig: LinkedInRig) -> PlatformAccount:
    """Our account there."""
    return account_at(rig)


def counted(account: PlatformAccount) -> int:
    """How many calls of this minute are counted."""
    window = SendWindow.objects.filter(pk=account.pk).first()
    return sum(number for _, number in window.calls) if window else 0


def made(rig: LinkedInRig) -> list[str]:
    """The calls that LinkedIn saw."""
    return [str(row["name"]) for row in rig.log("call")]


def leave(calls: int, account: PlatformAccount, settings: Settings) -> None:
    """Let the account have so many calls left in this minute."""
    settings.LINKEDIN_RATE_LIMIT = counted(account) + calls


def a_minute_later(settings: Settings) -> None:
    """Nothing was called in the last minute, and what was put off is due."""
    settings.LINKEDIN_RATE_LIMIT = 100
    SendWindow.objects.update(calls=[])
    Delivery.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))


def commented(rig: LinkedInRig) -> str:
    """The name of a comment."""
    return str(rig.order("comment", text="How much?")["comments"][0])


def forbidden(rig: LinkedInRig) -> str:
    """A comment that nobody may answer."""
    rig.order("faults", rules=[{"where": "comment_create", "kind": "http_403"}])
    return commented(rig)


def replied(rig: LinkedInRig) -> str:
    """A comment that is a reply itself."""
    return str(rig.order("comment", text="Per month?", parent=commented(rig))["comments"][0])


def discussed(rig: LinkedInRig) -> str:
    """A comment with more than a page of answers."""
    top = commented(rig)
    for _ in range(2):
        rig.order("comment", texts=["Me too."] * 60, parent=top)
    return top


def outlived(rig: LinkedInRig) -> str:
    """A comment, and a token that has run out."""
    rig.order("tokens", action="expire")
    return commented(rig)


def say(session: Session, top: str) -> object:
    """Answer a comment."""
    outgoing = Outgoing(
        thread_key=f"{top}|x", customer_id="x", text="Nine.", idem_key="k", message_id="m", author="bot"
    )
    return LINKEDIN.send(session, outgoing, deadline=time.monotonic() + 10)


def look(session: Session, top: str) -> object:
    """Read what stands under a comment."""
    return LINKEDIN.listing(session, f"{top}|x")


def find(session: Session, _top: str) -> object:
    """Read what happened on the Page."""
    lane = LINKEDIN.threads_since(session, timezone.now())[0]
    return LINKEDIN.said_since(session, lane, timezone.now() - timedelta(hours=1))


@pytest.mark.parametrize(
    ("prepare", "operation", "expected"),
    [
        (commented, say, ["comment_create"]),
        (replied, say, ["comment_create", "comment_get", "comment_create"]),
        (forbidden, say, ["comment_create", "notifications"]),
        (discussed, look, ["comment_list", "comment_list"]),
        (discussed, find, ["notifications", "notifications"]),
        (outlived, look, ["comment_list", "linkedin_token", "comment_list"]),
    ],
)
def test_every_call_of_an_operation_is_counted(
    rig: LinkedInRig,
    account: PlatformAccount,
    prepare: Prepare,
    operation: Callable[[Session, str], object],
    expected: list[str],
) -> None:
    top = prepare(rig)

    tokens.call_as(account, lambda session: operation(session, top))

    assert made(rig) == expected
    assert counted(account) == len(expected)


def test_what_was_paid_for_is_not_counted_twice(rig: LinkedInRig, account: PlatformAccount) -> None:
    top = replied(rig)
    limits.take(account.pk, limit=100)

    tokens.call_as(account, lambda session: say(session, top), paid=1)

    assert counted(account) == len(made(rig)) == 3


def test_the_calls_of_connecting_count_for_the_new_account(db: None, tmp_path: Path, settings: Settings) -> None:
    settings.PUBLIC_URL = HOST
    for other in linkedin_other(tmp_path, settings):
        assert connect(admin_client()[0], other).status_code == 302

        # The tokens, the Pages, and the name of one.
        assert counted(PlatformAccount.objects.get()) == 3


@pytest.mark.parametrize("left", [1, 2])
def test_an_answer_that_runs_out_of_calls_on_its_way_is_put_off_and_arrives(
    client: Client, rig: LinkedInRig, account: PlatformAccount, settings: Settings, left: int
) -> None:
    commented(rig)
    deliver(client, rig, 1)
    talk = answered("First.")
    # What stands at the top of this thread has become a reply, so that an answer takes three calls.
    top = replied(rig)
    type(talk).objects.update(thread_key=f"{top}|{talk.thread_key.partition('|')[2]}")
    leave(left, account, settings)

    answered()

    delivery = Delivery.objects.order_by("id").last()
    assert delivery is not None
    assert (delivery.state, delivery.attempts) == ("retry_wait", 0)
    assert delivery.next_attempt_at > timezone.now()
    assert len(rig.log("accepted")) == 1
    a_minute_later(settings)
    services.send_next(talk.pk)
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}
    assert len(rig.log("accepted")) == 2


def test_a_403_that_cannot_be_asked_about_yet_is_nobodys_fault_yet(
    client: Client, rig: LinkedInRig, account: PlatformAccount, settings: Settings
) -> None:
    rig.order("faults", rules=[{"where": "comment_create", "kind": "http_403", "count": 1}])
    commented(rig)
    deliver(client, rig, 1)
    leave(1, account, settings)

    talk = answered()

    account.refresh_from_db()
    assert (Delivery.objects.get().state, account.state) == ("retry_wait", "active")
    a_minute_later(settings)
    services.send_next(talk.pk)
    assert Delivery.objects.get().state == "sent"


def test_a_renewal_is_made_with_the_call_that_its_message_had_paid_for(
    client: Client, rig: LinkedInRig, account: PlatformAccount, settings: Settings
) -> None:
    commented(rig)
    deliver(client, rig, 1)
    rig.order("tokens", action="expire")
    PlatformAccount.objects.update(token_expires_at=timezone.now() - timedelta(seconds=1))
    leave(1, account, settings)

    talk = answered()

    account.refresh_from_db()
    assert made(rig)[-1] == "linkedin_token"
    assert (account.state, account.refresh_problem) == ("active", "")
    assert (Delivery.objects.get().state, Delivery.objects.get().attempts) == ("retry_wait", 0)
    a_minute_later(settings)
    services.send_next(talk.pk)
    assert Delivery.objects.get().state == "sent"


def test_a_renewal_without_a_call_left_is_no_failed_one(
    rig: LinkedInRig, account: PlatformAccount, settings: Settings
) -> None:
    limits.take(account.pk, limit=1)
    settings.LINKEDIN_RATE_LIMIT = 1

    with pytest.raises(CallFailed) as failure:
        tokens.renew(account, stale=TOKEN)

    account.refresh_from_db()
    assert (failure.value.result.outcome, made(rig)) == (SendOutcome.RETRY, [])
    assert (failure.value.result.retry_after or 0.0) > 60
    assert (account.state, account.refresh_tried_at, account.refresh_problem) == ("active", None, "")


def test_a_reading_back_that_runs_out_of_calls_is_done_from_its_beginning_later(
    rig: LinkedInRig, account: PlatformAccount, settings: Settings
) -> None:
    since = timezone.now() - timedelta(minutes=5)
    PlatformAccount.objects.update(read_back_to=since)
    for _ in range(2):
        rig.order("comment", texts=["How much?"] * 60)
    # Two for what changed, one for the first page, and twenty that are kept for messages.
    settings.LINKEDIN_RATE_LIMIT = 23

    assert services.read_back(at_once=True) == 0

    account.refresh_from_db()
    assert (made(rig), account.read_back_to, account.state) == (["notifications"], since, "active")
    a_minute_later(settings)
    assert services.read_back(at_once=True) == 120
    assert WebhookEvent.objects.count() == 120


@pytest.mark.parametrize("changes", [{}, {"state": "reconnect"}])
def test_looking_after_tokens_counts_as_well(
    rig: LinkedInRig, account: PlatformAccount, changes: dict[str, Any]
) -> None:
    PlatformAccount.objects.update(token_expires_at=timezone.now() + timedelta(days=1), **changes)

    services.refresh_tokens()

    assert counted(account) == len(made(rig)) > 0


def test_an_event_whose_words_have_to_be_asked_for_waits_for_a_call_and_is_not_given_up(
    client: Client, rig: LinkedInRig, account: PlatformAccount, settings: Settings
) -> None:
    rig.order("settings", linkedin_decorated=False)
    rig.order("comment", text="How much?")
    limits.note(account.pk, limits.per_minute(LINKEDIN))
    deliver(client, rig, 1)
    for _ in range(8):
        WebhookEvent.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))
        services.ingest_waiting()
    waiting = WebhookEvent.objects.get()
    assert (waiting.state, waiting.attempts) == (WebhookEvent.State.RECEIVED, 0)
    assert "limit of calls" in waiting.reason

    a_minute_later(settings)
    WebhookEvent.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))
    services.ingest_waiting()

    assert Message.objects.get().text == "How much?"


def try_again(times: int = 1) -> None:
    """Take in what waits, as if its time had come."""
    for _ in range(times):
        WebhookEvent.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))
        services.ingest_waiting()


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ({"api_base": NOWHERE}, "platform: "),
        ({"state": PlatformAccount.State.RECONNECT}, "platform: The account has to be reconnected first."),
    ],
)
def test_an_event_waits_for_hours_where_linkedin_cannot_be_asked(
    client: Client, rig: LinkedInRig, account: PlatformAccount, trouble: dict[str, str], reason: str
) -> None:
    rig.order("settings", linkedin_decorated=False)
    for text in ("How much?", "Is it blue?"):
        rig.order("comment", text=text)
    at_peace = {name: getattr(account, name) for name in trouble}
    PlatformAccount.objects.update(**trouble)
    deliver(client, rig, 2)
    WebhookEvent.objects.update(received_at=timezone.now() - timedelta(hours=23))
    try_again(times=8)
    waiting, behind = WebhookEvent.objects.order_by("id")
    assert (waiting.state, waiting.attempts) == (WebhookEvent.State.RECEIVED, 0)
    assert waiting.reason.startswith(reason)
    assert not behind.reason
    assert waits().event == 0
    assert waits().unasked > 22 * 3600

    PlatformAccount.objects.update(**at_peace)
    try_again()

    assert list(Message.objects.order_by("id").values_list("text", flat=True)) == ["How much?", "Is it blue?"]
    assert waits().unasked == 0


def test_a_comment_that_linkedin_alone_chokes_on_is_given_up_and_holds_no_other_one_up(
    client: Client, rig: LinkedInRig, account: PlatformAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.order("settings", linkedin_decorated=False)
    first = commented(rig)
    rig.order("comment", text="Is it blue?")
    finish = LINKEDIN.finish

    def choke(session: Session, item: Unfinished) -> ParsedItem:
        if item.name == first:
            raise CallFailed(SendResult(outcome=SendOutcome.RETRY, evidence="500: something broke."))
        return finish(session, item)

    monkeypatch.setattr(type(LINKEDIN), "finish", lambda _, session, item: choke(session, item))
    deliver(client, rig, 2)
    try_again(times=5)

    given_up = WebhookEvent.objects.get(state=WebhookEvent.State.DEAD)
    assert (given_up.attempts, given_up.reason) == (5, "platform: 500: something broke.")
    assert Message.objects.get().text == "Is it blue?"


def test_what_linkedin_has_not_said_for_a_day_is_given_up_and_can_be_taken_in_again(
    client: Client, rig: LinkedInRig, account: PlatformAccount
) -> None:
    rig.order("settings", linkedin_decorated=False)
    rig.order("comment", text="How much?")
    PlatformAccount.objects.update(api_base=NOWHERE)
    deliver(client, rig, 1)
    WebhookEvent.objects.update(received_at=timezone.now() - timedelta(hours=25))
    try_again(times=5)
    given_up = WebhookEvent.objects.get()
    assert (given_up.state, given_up.attempts) == (WebhookEvent.State.DEAD, 5)

    PlatformAccount.objects.update(api_base=account.api_base)
    services.replay_event(given_up, make_user(role=Role.ADMIN))
    try_again()

    assert Message.objects.get().text == "How much?"


def test_an_account_that_does_not_answer_in_a_while_is_left_alone_and_holds_nobody_up(
    client: Client, rig: LinkedInRig, account: PlatformAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finishing, "_rests_until", {})
    monkeypatch.setattr(finishing, "SLOW_SECONDS", 0.0)
    monkeypatch.setattr(finishing, "REST_SHARE", 1e9)
    rig.order("settings", linkedin_decorated=False)
    rig.order("comment", text="How much?")
    PlatformAccount.objects.update(api_base=NOWHERE)
    deliver(client, rig, 1)
    PlatformAccount.objects.update(api_base=account.api_base)

    try_again(times=2)
    assert made(rig) == []
    assert WebhookEvent.objects.get().reason == "platform: The platform did not answer just now."

    finishing._rests_until.clear()
    try_again()
    assert Message.objects.get().text == "How much?"
