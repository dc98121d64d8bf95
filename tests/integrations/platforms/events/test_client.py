"""Posting replies: what the other end gets, and what each of its answers means for a message."""

import base64
import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_django import Settings

from conversations.types import SendOutcome, SendResult
from integrations.models import PlatformAccount
from integrations.platforms import PLATFORMS
from integrations.platforms.base import CallFailed, Outgoing, Session
from integrations.platforms.events import client as client_module
from integrations.platforms.events.adapter import Events
from tests.integrations.events import OTHER_SECRET, SECRET, created
from tests.pictures import make_png
from tests.schemas import problems
from tests.simulator.rig import Rig

SCHEMAS = Path(client_module.__file__).with_name("schemas")
OUTGOING = Outgoing(
    thread_key="c-1", customer_id="u-1", text="It left today. 😀", idem_key="7b1e:1", author="bot", in_reply_to="m-1",
    message_id="5f6d1d0e-5d43-4c53-8f0a-0c8a2b1f8a11",
)  # fmt: skip


@pytest.fixture
def session(account: PlatformAccount) -> Session:
    """What is needed to post as our account."""
    return PLATFORMS["events"].session(account)


def send(session: Session, outgoing: Outgoing = OUTGOING, *, seconds: float = 5.0) -> SendResult:
    """One attempt."""
    return Events().send(session, outgoing, deadline=time.monotonic() + seconds)


def schema(name: str) -> dict[str, object]:
    """A committed schema."""
    found: dict[str, object] = json.loads((SCHEMAS / f"{name}.json").read_text())
    return found


def test_a_reply_arrives_proved_under_our_key(partner: Rig, session: Session) -> None:
    result = send(session)

    assert result == SendResult(outcome=SendOutcome.OK, http_status=200, platform_message_id=OUTGOING.message_id)
    (row,) = partner.log("accepted")
    assert (row["name"], row["message_id"], row["conversation_id"]) == ("message.reply", "7b1e:1", "c-1")
    assert row["detail"] == {
        "id": OUTGOING.message_id,
        "conversation_id": "c-1",
        "customer_id": "u-1",
        "text": "It left today. 😀",
        "sender": "bot",
        "in_reply_to": "m-1",
        "attachments": [],
    }


def test_a_picture_travels_inside_the_event(partner: Rig, session: Session) -> None:
    send(session, replace(OUTGOING, text="", picture=make_png()))

    (file,) = partner.log("accepted")[0]["detail"]["attachments"]
    assert (file["type"], file["name"]) == ("image/png", "picture.png")
    assert base64.b64decode(file["url"].removeprefix("data:image/png;base64,")) == make_png()


def test_what_is_posted_and_what_is_taken_keep_to_the_schemas(partner: Rig, session: Session) -> None:
    send(session, replace(OUTGOING, picture=make_png(), in_reply_to=""))
    reply = {"type": "message.reply", "timestamp": "2026-11-28T10:00:00Z", "data": partner.log("accepted")[0]["detail"]}

    assert problems(reply, schema("message.reply")) == []
    assert problems(json.loads(created()), schema("message.created")) == []
    assert problems(json.loads(created(id="")), schema("message.created")) == ["$.data.id has the wrong length"]
    assert problems({**reply, "type": "x"}, schema("message.reply"))


def test_while_a_secret_is_replaced_the_other_end_may_know_either(partner: Rig, session: Session) -> None:
    rotated = replace(session, secret=OTHER_SECRET, previous_secret=SECRET)

    assert send(rotated).outcome is SendOutcome.OK
    assert send(replace(rotated, previous_secret="")).outcome is SendOutcome.REAUTH


@pytest.mark.parametrize(
    ("kind", "outcome", "honoured"),
    [
        ("http_400", SendOutcome.REFUSED, SendOutcome.REFUSED),
        ("http_401", SendOutcome.REAUTH, SendOutcome.REAUTH),
        ("http_410", SendOutcome.REAUTH, SendOutcome.REAUTH),
        ("http_409", SendOutcome.RETRY, SendOutcome.RETRY),
        ("http_429", SendOutcome.RETRY, SendOutcome.RETRY),
        ("http_503", SendOutcome.RETRY, SendOutcome.RETRY),
        ("http_408", SendOutcome.AMBIGUOUS, SendOutcome.RETRY),
        ("http_500", SendOutcome.AMBIGUOUS, SendOutcome.RETRY),
        ("reset_before", SendOutcome.AMBIGUOUS, SendOutcome.RETRY),
        ("reset_after_accept", SendOutcome.AMBIGUOUS, SendOutcome.RETRY),
    ],
)
def test_each_answer_has_its_meaning_and_doubt_is_repeated_only_where_the_key_is_honoured(
    partner: Rig, session: Session, kind: str, outcome: SendOutcome, honoured: SendOutcome
) -> None:
    partner.fault("partner", kind, seconds=7)

    assert send(session).outcome is outcome
    assert send(replace(session, honours_key=True)).outcome is honoured


def test_a_pause_that_is_asked_for_is_kept(partner: Rig, session: Session) -> None:
    partner.fault("partner", "http_429", seconds=7, count=1)
    partner.fault("partner", "http_503", seconds=99_999, count=1)

    assert [send(session).retry_after for _ in range(2)] == [7.0, 3_600.0]


def test_a_silence_ends_at_the_deadline(partner: Rig, session: Session) -> None:
    partner.fault("partner", "timeout_after_accept", seconds=5)
    begun = time.monotonic()

    result = send(session, seconds=0.3)

    assert result.outcome is SendOutcome.AMBIGUOUS
    assert time.monotonic() - begun < 3


def test_a_private_address_is_not_called(session: Session, settings: Settings) -> None:
    settings.EGRESS_ALLOW = []

    result = send(session)

    assert result.outcome is SendOutcome.RETRY
    assert "EGRESS_ALLOW" in result.evidence


def test_a_file_is_fetched_from_the_accounts_own_host_alone(partner: Rig, session: Session) -> None:
    url = f"{session.api_base}/files/picture.png"

    file = Events().fetch_media(session, thread_key="c-1", message_id="m-1", media_id=url, kind="image")
    with pytest.raises(CallFailed) as caught:
        Events().fetch_media(session, thread_key="c-1", message_id="m-1", media_id="https://x.example/a", kind="image")

    assert (file.content_type, file.content[:4]) == ("image/png", b"\x89PNG")
    assert caught.value.result.outcome is SendOutcome.REFUSED


def test_the_test_of_an_account_posts_an_event_that_asks_for_nothing(partner: Rig, session: Session) -> None:
    (check,) = Events().check(session)

    assert check.ok
    assert [row["name"] for row in partner.log("accepted")] == ["account.test"]
