"""Calls to TikTok: what is sent, and what each answer means for a message."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import httpx2
import pytest
from pytest_django import Settings

from conversations.types import SendOutcome
from core.http import Answer
from integrations.limits import Tally
from integrations.platforms.base import CallFailed, OutOfCalls, Session
from integrations.platforms.tiktok.adapter import TikTok
from integrations.platforms.tiktok.client import TikTokClient
from tests.simulator.rig import API, BUSINESS, CLIENT_KEY, REFRESH, SECRET, TOKEN, Rig
from tests.waiting import wait_until

UNUSED_PORT = 18_599
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64


@pytest.fixture
def session(tiktok: Rig) -> Session:
    """What is needed to speak as our account."""
    return make_session(f"{tiktok.simulator.base_url}{API}")


def no_call_left() -> None:
    """The meter of a minute that has no calls any more."""
    raise OutOfCalls(30.0)


def make_session(api_base: str, **values: str) -> Session:
    """A session at this address."""
    given: dict[str, Any] = {
        "account_id": 1,
        "external_id": BUSINESS,
        "client_key": CLIENT_KEY,
        "api_base": api_base,
        "auth_base": "",
        "secret": SECRET,
        "access_token": TOKEN,
        "refresh_token": REFRESH,
    }
    return Session(**(given | values))


@pytest.fixture
def thread(tiktok: Rig) -> str:
    """A conversation in which the customer has written."""
    return str(tiktok.say()["conversation_id"])


@pytest.fixture
def impatient(settings: Settings) -> None:
    """Calls that give up soon, so that a silence can be waited out."""
    settings.PLATFORM_CALL_SECONDS = 0.4


def test_a_text_arrives_with_its_id(tiktok: Rig, session: Session, thread: str) -> None:
    result = TikTokClient(session).send_text(thread, "It left today. 😀")

    assert result.outcome is SendOutcome.OK
    (accepted,) = tiktok.log("accepted")
    assert accepted["message_id"] == result.platform_message_id
    assert accepted["detail"]["content"] == {"body": "It left today. 😀"}


def test_a_quote_goes_with_the_text_and_is_left_out_where_it_is_not_taken(
    tiktok: Rig, session: Session, thread: str
) -> None:
    quoted = tiktok.say("This one?")["message_id"]

    TikTokClient(session).send_text(thread, "Yes.", reply_to=quoted)
    result = TikTokClient(session).send_text(thread, "Again yes.", reply_to="gone")

    assert result.outcome is SendOutcome.OK
    assert [row["detail"]["referenced"] for row in tiktok.log("accepted")] == [quoted, None]


@pytest.mark.parametrize(
    ("deed", "calls"),
    [
        (lambda client, thread: client.send_text(thread, "Yes."), 1),
        (lambda client, thread: client.send_text(thread, "Yes.", reply_to="gone"), 2),
        (lambda client, thread: client.send_picture(thread, PNG), 2),
        (lambda client, thread: client.sender_action(thread, "TYPING"), 1),
        (lambda client, thread: client.content_list(thread), 1),
        (lambda client, _: client.refresh(), 1),
    ],
)
def test_each_call_is_counted(
    session: Session, thread: str, deed: Callable[[TikTokClient, str], object], calls: int
) -> None:
    tally = Tally()

    deed(TikTokClient(replace(session, meter=tally)), thread)

    assert tally.made == calls


def test_without_a_call_left_nothing_is_called(tiktok: Rig, session: Session, thread: str) -> None:
    result = TikTokClient(replace(session, meter=no_call_left)).send_text(thread, "Yes.")

    assert result.outcome is SendOutcome.RETRY
    assert not result.is_counted
    assert not tiktok.log("call")


def test_a_picture_is_uploaded_and_sent(tiktok: Rig, session: Session, thread: str) -> None:
    result = TikTokClient(session).send_picture(thread, PNG)

    assert result.outcome is SendOutcome.OK
    (accepted,) = tiktok.log("accepted")
    assert accepted["detail"]["type"] == "image"


def test_a_file_that_is_no_picture_is_refused_in_words(session: Session, thread: str) -> None:
    result = TikTokClient(session).send_picture(thread, b"%PDF-1.7")

    assert result.outcome is SendOutcome.REFUSED
    assert "JPG and PNG" in result.evidence


def test_a_broken_upload_is_not_a_doubt_about_the_message(tiktok: Rig, session: Session, thread: str) -> None:
    tiktok.fault("upload", "reset_after_accept")

    assert TikTokClient(session).send_picture(thread, PNG).outcome is SendOutcome.RETRY
    assert not tiktok.log("accepted")


def test_sender_actions_send_nothing(tiktok: Rig, session: Session, thread: str) -> None:
    TikTokClient(session).sender_action(thread, "TYPING")
    TikTokClient(session).sender_action(thread, "MARK_READ")

    assert not tiktok.log("accepted")


@pytest.mark.parametrize(
    ("fault", "outcome", "accepted"),
    [
        ("http_429", SendOutcome.RETRY, 0),
        ("http_503", SendOutcome.RETRY, 0),
        ("http_409", SendOutcome.RETRY, 0),
        ("http_425", SendOutcome.RETRY, 0),
        ("http_500", SendOutcome.AMBIGUOUS, 0),
        ("http_502", SendOutcome.AMBIGUOUS, 0),
        ("http_504", SendOutcome.AMBIGUOUS, 0),
        ("http_408", SendOutcome.AMBIGUOUS, 0),
        ("http_401", SendOutcome.REAUTH, 0),
        ("http_403", SendOutcome.REAUTH, 0),
        ("http_400", SendOutcome.REFUSED, 0),
        ("http_404", SendOutcome.REFUSED, 0),
        ("code_40100", SendOutcome.RETRY, 0),
        ("code_40105", SendOutcome.REAUTH, 0),
        ("code_51065", SendOutcome.AMBIGUOUS, 0),
        ("code_40064", SendOutcome.REFUSED, 0),
        ("code_40001", SendOutcome.REFUSED, 0),
        ("code_40002", SendOutcome.REFUSED, 0),
        ("code_40007", SendOutcome.REFUSED, 0),
        ("code_40999", SendOutcome.REFUSED, 0),
        ("code_60001", SendOutcome.AMBIGUOUS, 0),
        ("reset_before", SendOutcome.AMBIGUOUS, 0),
        ("reset_after_accept", SendOutcome.AMBIGUOUS, 1),
        ("half_response", SendOutcome.AMBIGUOUS, 1),
        ("html_200", SendOutcome.AMBIGUOUS, 1),
    ],
)
def test_each_failure_is_called_what_it_is(
    tiktok: Rig, session: Session, thread: str, fault: str, outcome: SendOutcome, accepted: int
) -> None:
    tiktok.fault("send", fault)

    result = TikTokClient(session).send_text(thread, "It left today.")

    assert result.outcome is outcome
    assert len(tiktok.log("accepted")) == accepted
    assert 0 < len(result.evidence) <= 300
    assert TOKEN not in result.evidence


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("fault", "accepted"), [("timeout_after_accept", 1), ("slow", 1)])
def test_a_silence_leaves_a_doubt(tiktok: Rig, session: Session, thread: str, fault: str, accepted: int) -> None:
    tiktok.fault("send", fault, seconds=1.5)

    result = TikTokClient(session).send_text(thread, "It left today.")

    assert result.outcome is SendOutcome.AMBIGUOUS
    assert len(tiktok.log("accepted")) <= accepted


def test_the_pause_that_is_asked_for_is_passed_on(tiktok: Rig, session: Session, thread: str) -> None:
    tiktok.fault("send", "http_429", seconds=37)

    assert TikTokClient(session).send_text(thread, "Hello").retry_after == 37.0


def test_who_is_not_there_got_nothing() -> None:
    result = TikTokClient(make_session(f"http://127.0.0.1:{UNUSED_PORT}{API}")).send_text("t", "Hello")

    assert result.outcome is SendOutcome.RETRY


@pytest.mark.parametrize(
    "base", ["https://no-such-host.invalid", "http://example.com", "http://10.0.0.1", "ftp://127.0.0.1"]
)
def test_where_we_may_not_or_cannot_call_nothing_left(base: str) -> None:
    result = TikTokClient(make_session(base)).send_text("t", "Hello")

    assert result.outcome is SendOutcome.RETRY


def test_a_call_ends_at_its_deadline(tiktok: Rig, session: Session, thread: str) -> None:
    tiktok.fault("send", "timeout_after_accept", seconds=5)
    begun = time.monotonic()

    result = TikTokClient(session, deadline=begun + 0.5).send_text(thread, "Hello")

    assert result.outcome is SendOutcome.AMBIGUOUS
    assert time.monotonic() - begun < 3


def test_the_platforms_rules_are_explained_to_staff(tiktok: Rig, session: Session, thread: str) -> None:
    for number in range(10):
        assert TikTokClient(session).send_text(thread, f"Line {number}").outcome is SendOutcome.OK

    result = TikTokClient(session).send_text(thread, "One too many")

    assert result.outcome is SendOutcome.REFUSED
    assert "48 hours, 10 messages" in result.evidence


def test_the_list_tells_our_words_from_the_customers(tiktok: Rig, session: Session, thread: str) -> None:
    sent = TikTokClient(session).send_text(thread, "It left today.")

    listing = TikTok().listing(session, thread)

    (ours,) = listing.ours
    assert (ours.message_id, ours.text, ours.by_api) == (sent.platform_message_id, "It left today.", True)
    assert ours.sent_at is not None
    assert listing.reaches_back_to is None


def test_a_full_list_says_how_far_back_it_reaches(tiktok: Rig, session: Session, thread: str) -> None:
    for number in range(25):
        tiktok.say(f"Line {number}")

    assert TikTok().listing(session, thread).reaches_back_to is not None


def test_a_renewal_brings_a_pair(session: Session) -> None:
    pair = TikTokClient(session).refresh()

    assert pair.access_token not in {"", TOKEN}
    assert pair.refresh_token not in {"", REFRESH}
    assert pair.expires_in == 86_400
    assert pair.refresh_expires_in is not None
    with pytest.raises(CallFailed) as failure:
        TikTokClient(session).refresh()
    assert failure.value.result.outcome is SendOutcome.REAUTH


def test_a_picture_of_the_customers_is_fetched_from_the_accounts_own_host(tiktok: Rig, session: Session) -> None:
    said = tiktok.order("say", user="jane.k", image={})
    wait_until(lambda: tiktok.receiver.received)
    (received,) = tiktok.receiver.received
    media_id = received.content["image"]["media_id"]

    file = TikTokClient(session).download(
        conversation_id=said["conversation_id"], message_id=said["message_id"], media_id=media_id, media_type="IMAGE"
    )

    assert file.content.startswith(b"\x89PNG")
    assert file.content_type == "image/png"


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("https://business-api.tiktok.com/x", True),
        ("https://p16.tiktokcdn.com/x", True),
        ("http://p16.tiktokcdn.com/x", False),
        ("https://evil.example/x", False),
        ("https://tiktok.com.evil.example/x", False),
        ("https://eviltiktok.com/x", False),
        ("https://127.0.0.1/x", False),
        ("file:///etc/passwd", False),
    ],
)
def test_our_token_is_shown_to_tiktoks_hosts_only(url: str, ours: bool) -> None:
    session = make_session("https://business-api.tiktok.com/open_api/v1.3")
    named = {"code": 0, "message": "OK", "data": {"download_url": url}}

    with (
        patch.object(TikTokClient, "_exchange", side_effect=_answers(named)) as exchange,
        pytest.raises(CallFailed) as end,
    ):
        TikTokClient(session).download(conversation_id="c", message_id="m", media_id="x", media_type="IMAGE")

    assert exchange.call_count == (2 if ours else 1)
    assert ours or end.value.result.outcome is SendOutcome.REFUSED


def _answers(first: dict[str, Any]) -> list[object]:
    """The link to a file, then a host that does not have it."""
    return [
        Answer(status=200, headers=httpx2.Headers(), body=json.dumps(first).encode()),
        Answer(status=404, headers=httpx2.Headers(), body=b""),
    ]
