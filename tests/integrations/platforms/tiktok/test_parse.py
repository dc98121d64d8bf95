"""What TikTok's events say, one payload file for each event and type."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from conversations.types import Channel, InboundAttachment, InboundMessage, OutboundEcho
from integrations.exceptions import Unreadable
from integrations.platforms.base import Glance, Ignored, ParsedItem, RawEvent, ReadReceipt, Referral
from integrations.platforms.tiktok import parse
from tests.integrations.tiktok import BUSINESS, CLIENT_KEY, CUSTOMER, FIXTURES, THREAD, event

CHANNEL = Channel(platform="tiktok", account_id=7)
NOW = datetime(2026, 1, 1, 0, 5, tzinfo=UTC)


def said(body: bytes, *, late: bool = False) -> ParsedItem:
    """The one thing that an event says."""
    opened = parse.open_envelope(RawEvent(body=body, late=late, received_at=NOW))
    (item,) = parse.parse(opened, CHANNEL)
    return item


def message(name: str, **content: Any) -> InboundMessage:
    """The customer's message of a payload file."""
    item = said(event(name, content=content))
    assert isinstance(item, InboundMessage)
    return item


def echo(name: str) -> OutboundEcho:
    """The echo of a payload file."""
    item = said(event(name))
    assert isinstance(item, OutboundEcho)
    return item


def test_every_payload_file_is_understood() -> None:
    for path in FIXTURES.glob("*.json"):
        assert said(event(path.stem)) is not None


def test_a_text_says_who_wrote_what_where_and_when() -> None:
    text = message("receive_text")

    assert text.channel is CHANNEL
    assert (text.source_id, text.thread_key, text.customer_id) == ("bXNnLXRleHQ=", THREAD, CUSTOMER)
    assert (text.customer_name, text.customer_username) == ("jane.k", "jane.k")
    assert (text.kind, text.text) == ("text", "Is the blue lamp still on offer?")
    assert text.sent_at == datetime(2026, 1, 1, 0, 0, 0, 123_000, tzinfo=UTC)
    assert not text.needs_no_answer
    assert text.details["item"]["scene_type"] == 0
    assert "ts_suspect" not in text.details


@pytest.mark.parametrize(
    ("name", "kind", "attachment"),
    [
        ("receive_image", "image", InboundAttachment(kind="image", media_id="media-7001")),
        ("receive_video", "video", InboundAttachment(kind="video", media_id="media-7002")),
        (
            "receive_share_post",
            "share_post",
            InboundAttachment(kind="share_post", url="https://www.tiktok.com/player/v1/7380000000000000042"),
        ),
        (
            "receive_sticker",
            "sticker",
            InboundAttachment(kind="sticker", url="https://p16.tiktokcdn.com/sticker/42.webp"),
        ),
        ("receive_emoji", "emoji", InboundAttachment(kind="emoji", url="https://p16.tiktokcdn.com/emoji/7.webp")),
    ],
)
def test_what_is_not_text_is_kept_as_an_attachment(name: str, kind: str, attachment: InboundAttachment) -> None:
    found = message(name)

    assert (found.kind, found.text, found.attachments) == (kind, "", (attachment,))


@pytest.mark.parametrize("kind", ["sticker", "emoji", "reaction"])
def test_signs_without_words_need_no_answer(kind: str) -> None:
    assert message(f"receive_{kind}").needs_no_answer == kind


def test_an_unknown_type_is_kept_whole_as_unsupported() -> None:
    found = message("receive_unknown_type")

    assert (found.kind, found.text) == ("unsupported", "")
    assert found.details["item"]["hologram"] == {"depth": 3, "scene": "desk"}


def test_a_reaction_says_what_it_is_about() -> None:
    assert message("receive_reaction").details["item"]["reaction"][0]["original_msg_id"] == "b2xkLTE="


@pytest.mark.parametrize(
    ("reaction", "shown"),
    [
        ([{"operation": "ADD", "emoji": "👍"}], "👍"),
        ([{"operation": "REMOVE", "emoji": "👍"}, {"operation": "ADD", "emoji": "😡"}], "took back 👍 😡"),
        ([{"operation": "ADD"}, "nonsense", {"emoji": 7}], ""),
        ("nonsense", ""),
    ],
)
def test_a_reaction_shows_its_signs(reaction: object, shown: str) -> None:
    found = message("receive_reaction", reaction=reaction)

    assert (found.kind, found.text, found.needs_no_answer) == ("reaction", shown, "reaction")


def test_a_tapped_button_is_a_text_with_the_buttons_id() -> None:
    found = message("receive_button_tap")

    assert (found.kind, found.text) == ("text", "My order")
    assert (found.details["button"], found.details["button_of"]) == ("order", "b2xkLTI=")


def test_a_quote_names_the_message_it_quotes() -> None:
    assert message("receive_quote").reply_to == "b2xkLTE="


def test_a_late_event_makes_a_late_message() -> None:
    item = said(event("receive_text"), late=True)

    assert isinstance(item, InboundMessage)
    assert item.late


@pytest.mark.parametrize(
    ("name", "by_api", "automatic"),
    [
        ("echo_api", True, False),
        ("echo_colleague", False, False),
        ("echo_automatic", False, True),
        ("echo_template", False, False),
    ],
)
def test_an_echo_says_who_spoke_for_the_business(name: str, by_api: bool, automatic: bool) -> None:
    found = echo(name)

    assert (found.by_api, found.automatic) == (by_api, automatic)
    assert (found.customer_id, found.customer_name, found.thread_key) == (CUSTOMER, "jane.k", THREAD)
    assert found.text


def test_a_receipt_is_a_high_water_mark() -> None:
    found = said(event("read"))

    assert isinstance(found, ReadReceipt)
    assert (found.account_id, found.thread_key) == (7, THREAD)
    assert found.up_to == datetime(2026, 1, 1, 0, 1, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("referral_ad", "Came by the advertisement Autumn lamps"),
        ("referral_link", "Came by the link newsletter-10"),
    ],
)
def test_a_referral_says_how_the_customer_came(name: str, subject: str) -> None:
    found = said(event(name))

    assert isinstance(found, Referral)
    assert (found.thread_key, found.customer_id, found.subject) == (THREAD, CUSTOMER, subject)


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("receive_eu", "eu"),
        ("auto_message_config", "auto-message"),
        ("auto_message_audit", "auto-message"),
        ("high_intent_comment", "comment"),
        ("comment_update", "comment"),
        ("read_by_us", "receipt"),
        ("unknown_event", "type"),
    ],
)
def test_what_needs_nothing_says_why(name: str, word: str) -> None:
    found = said(event(name))

    assert isinstance(found, Ignored)
    assert found.reason.startswith(f"{word}: ")


@pytest.mark.parametrize(
    "stamp", [-1, 0, -99999999999999, 99999999999999999999, 1e308, "1700000000", 1_767_225_600, True, [], 10**15]
)
def test_a_time_that_cannot_be_is_left_out_and_flagged(stamp: object) -> None:
    found = message("receive_text", timestamp=stamp)

    assert found.sent_at is None
    assert found.details["ts_suspect"] is True


@pytest.mark.parametrize(
    "content",
    [
        {"message_id": ""},
        {"message_id": None},
        {"message_id": 5},
        {"conversation_id": "x" * 256},
        {"from_user": {}},
        {"from_user": {"id": ""}},
        {"from_user": "jane"},
        {"from_user": {"id": "a\x00b"}},
        {"type": None},
        {"type": ["text"]},
        {"text": "hello"},
        {"text": {"body": None}},
    ],
)
def test_a_message_without_what_it_needs_is_unreadable(content: dict[str, Any]) -> None:
    with pytest.raises(Unreadable) as refusal:
        said(event("receive_text", content=content))

    assert refusal.value.code == "schema"


@pytest.mark.parametrize("content", [5, None, [], "", "[]", "{", '{"a":1,"a":2}', '{"a":' * 40])
def test_content_that_is_no_object_is_unreadable(content: object) -> None:
    with pytest.raises(Unreadable):
        said(json.dumps({"event": "im_receive_msg", "user_openid": BUSINESS, "content": content}).encode())


def test_odd_characters_are_cleaned_and_ids_are_not() -> None:
    body = event("receive_text", content={"text": {"body": "a\x00b\ud800c\x1b[31m"}, "message_id": "a b\n+/="})

    found = said(body)

    assert isinstance(found, InboundMessage)
    assert found.text == "ab\ufffdc[31m"
    assert found.source_id == "a b\n+/="
    assert "\x00" not in json.dumps(found.details)


def test_a_glance_names_app_message_and_thread() -> None:
    glance = parse.glance(event("receive_text"))

    assert glance == Glance(client_key=CLIENT_KEY, event_key="msg:bXNnLXRleHQ=", conv_key=THREAD)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[1]",
        b"\xff\xfe",
        b"{",
        b"[" * 100_000,
        b'{"content":5}',
        b'{"content":"{"}',
        b'{"content":"[]","client_key":["x"]}',
        b'{"content":{"message_id":"a\\u0000b","conversation_id":"\\ud800"}}',
        b'{"content":{"message_id":5,"conversation_id":""}}',
        b'{"a":' + b"9" * 5_000 + b"}",
    ],
)
def test_a_glance_at_anything_names_nothing_and_does_not_fail(body: bytes) -> None:
    assert parse.glance(body) == Glance()
