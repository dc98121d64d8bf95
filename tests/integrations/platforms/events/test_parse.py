"""What signed webhooks say."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from conversations.types import InboundMessage
from integrations.exceptions import Unreadable
from integrations.platforms.base import Ignored, ParsedItem, RawEvent
from integrations.platforms.events import parse
from tests.factories import make_channel
from tests.integrations.events import created, events_account

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
OWN = "https://shop.example"


def read(body: bytes) -> ParsedItem:
    """The one thing an event says."""
    opened = parse.open_envelope(RawEvent(body=body, received_at=NOW))
    (item,) = parse.parse(opened, make_channel(events_account()), own_origin=OWN)
    return item


def message(body: bytes) -> InboundMessage:
    """The same, which must be a message."""
    item = read(body)
    assert isinstance(item, InboundMessage)
    return item


def test_a_message_carries_what_it_was_given() -> None:
    item = message(created("Is it blue? 💙"))

    assert (item.source_id, item.thread_key, item.customer_id) == ("m-1", "c-1", "u-1")
    assert (item.customer_name, item.locale) == ("Ada Marsh", "en-GB")
    assert (item.text, item.kind, item.attachments) == ("Is it blue? 💙", "text", ())
    assert item.sent_at == datetime(2026, 11, 28, 10, tzinfo=UTC)
    assert item.details["item"]["id"] == "m-1"


@pytest.mark.parametrize(
    ("url", "is_fetched"),
    [
        ("https://shop.example/a.png", True),
        ("https://SHOP.example/a.png", True),
        ("https://shop.example:8443/a.png", False),
        ("http://shop.example/a.png", False),
        ("https://shop.example.evil.test/a.png", False),
        ("https://shop.example@evil.test/a.png", False),
        ("https://user:pass@shop.example/a.png", False),
        ("//shop.example/a.png", False),
        ("https://shop.example:99999/a.png", False),
        ("https://[::1/a.png", False),
        ("javascript:alert(1)", False),
        ("https://shop.example/" + "a" * 300, False),
    ],
)
def test_files_are_fetched_from_the_accounts_own_host_alone(url: str, is_fetched: bool) -> None:
    item = message(created("", attachments=[{"url": url, "type": "image/png", "name": "a.png"}]))

    (file,) = item.attachments
    assert (file.kind, file.name, file.url) == ("image", "a.png", url)
    assert bool(file.media_id) is is_fetched
    assert item.kind == "image"


def test_at_most_ten_files_are_kept_and_an_unknown_kind_is_a_file() -> None:
    item = message(created(attachments=[{"url": f"https://shop.example/{n}", "type": "text/html"} for n in range(30)]))

    assert [file.kind for file in item.attachments] == ["file"] * 10


@pytest.mark.parametrize(
    ("given", "moment", "is_suspect"),
    [
        ("2026-11-28T11:00:00+01:00", datetime(2026, 11, 28, 10, tzinfo=UTC), False),
        ("2026-11-28T10:00:00Z", datetime(2026, 11, 28, 10, tzinfo=UTC), False),
        ("2026-11-28T10:00:00", None, True),
        ("yesterday", None, True),
        (1_700_000_000, None, True),
        ("1970-01-01T00:00:00Z", None, True),
        ((NOW + timedelta(days=2)).isoformat(), None, True),
        (None, datetime(2026, 11, 28, 10, 0, 1, tzinfo=UTC), False),
    ],
)
def test_a_time_that_cannot_be_is_left_out_and_marked(given: Any, moment: datetime | None, is_suspect: bool) -> None:
    item = message(created(sent_at=given))

    assert item.sent_at == moment
    assert item.details.get("ts_suspect", False) is is_suspect


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"type": "message.reply", "data": {}}', "type: the event 'message.reply' is not known here."),
        (b'{"type": "x\\u0000\\n<b>", "data": {}}', "type: the event"),
        (created("  \n "), "empty: it has neither words nor files."),
        (created("", attachments=[]), "empty: it has neither words nor files."),
    ],
)
def test_what_asks_for_nothing_is_ignored_with_its_reason(body: bytes, reason: str) -> None:
    item = read(body)

    assert isinstance(item, Ignored)
    assert item.reason.startswith(reason)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b'{"data": {}}', "type is missing"),
        (b'{"type": "message.created"}', "data is no object"),
        (created(text=5), "data.text is no text"),  # type: ignore[arg-type]  # that is the point
        (created(id=""), "id is missing"),
        (created(id=7), "id is missing"),
        (created(conversation_id=None), "conversation_id is missing"),
        (created(customer="u-1"), "customer.id is missing"),
        (created(customer={}), "customer.id is missing"),
        (created(attachments={}), "data.attachments is no list"),
        (created(attachments=["x"]), "data.attachments is no list"),
        (created(attachments=[{"type": "image/png"}]), "a url is missing"),
    ],
)
def test_what_breaks_the_form_is_set_aside_with_where(body: bytes, detail: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read(body)

    assert (caught.value.code, detail in caught.value.detail) == ("schema", True)


def test_a_glance_names_the_thread_and_survives_anything() -> None:
    assert parse.glance(created()).conv_key == "c-1"
    assert parse.glance(json.dumps({"data": {"conversation_id": "x" * 300}}).encode()).conv_key == ""
