"""Bodies that are no events, and events that hold what cannot be."""

import json

import pytest

from conversations.models import Message
from integrations.intake import counter
from integrations.models import WebhookEvent
from tests.hostile.cases import CASES, covers, each, raw
from tests.hostile.door import State, set_aside, taken, within
from tests.integrations.tiktok import event, text_event

pytestmark = [pytest.mark.django_db, pytest.mark.both_doors, pytest.mark.usefixtures("account")]


@pytest.mark.parametrize(
    "body", each("W-032", b'{"event":"im_receive_msg\xc3"}', b'{"a":"\xed\xa0\x80"}', b"\x80", b'{"a":"\xf8\x88\x80\x80\x80"}')
)  # fmt: skip
def test_what_is_not_utf_8_is_set_aside(body: bytes) -> None:
    set_aside(body, "utf8")


@pytest.mark.parametrize(
    "body", each("W-034", event("receive_text").decode().encode("utf-16"), '{"a":1}'.encode("utf-32"))
)
def test_other_encodings_are_set_aside(body: bytes) -> None:
    set_aside(body, "utf8")


@covers("W-034")
def test_a_byte_order_mark_is_no_trouble() -> None:
    assert taken(b"\xef\xbb\xbf" + event("receive_text")).state == State.INGESTED


@pytest.mark.parametrize("body", each("W-035", b'{"text":"a\x00b"}', b'{"te\x01xt":"a"}', b'{"text":"a\nb"}', b"\x00"))
def test_bare_control_bytes_are_set_aside(body: bytes) -> None:
    set_aside(body, "json")


@pytest.mark.parametrize(
    "body", each("W-037", b'{"a":-1e999}', b'{"a":NaN}', b'{"a":[Infinity]}', b'{"a":123456789012345678901}')
)
def test_numbers_that_no_column_holds_are_set_aside(body: bytes) -> None:
    set_aside(body, "number")


@covers("W-037")
@pytest.mark.parametrize("number", [b"1e-999", b"-0.0", b"1e308", b"9223372036854775808"])
def test_numbers_that_mean_nothing_to_us_are_kept_with_the_message(number: bytes) -> None:
    inner = event("receive_text").replace(rb"{\"", rb"{\"odd\":" + number + rb",\"", 1)

    assert taken(inner).state == State.INGESTED


@pytest.mark.parametrize(
    "body", each("W-038", b'{"user_openid":9223372036854775808}', b'{"event":9223372036854775808}')
)
def test_numbers_where_ids_belong_are_set_aside(body: bytes) -> None:
    set_aside(body, "schema")


@covers("W-038")
@pytest.mark.parametrize("field", ["message_id", "conversation_id"])
@pytest.mark.parametrize("number", [2**63, 1, -1, 0, True, 1.5])
def test_an_id_is_a_text(field: str, number: object) -> None:
    set_aside(event("receive_text", content={field: number}), "schema")


@pytest.mark.parametrize(
    "body", each("W-040", b'{"event":"a","event":"b"}', b'{"a":{"b":1,"b":1}}', event("receive_text").replace(rb"{\"", rb"{\"type\":\"text\",\"type\":\"text\",\"", 1))
)  # fmt: skip
def test_a_key_that_comes_twice_is_set_aside(body: bytes) -> None:
    set_aside(body, "duplicate-key")


@pytest.mark.parametrize(
    "body", each("W-041", *((unit * depth)[:262_144] for unit in (b"[", b'{"a":', b'[{"a":') for depth in (33, 500, 5_000, 100_000)))
)  # fmt: skip
def test_nesting_is_counted_and_not_followed(body: bytes) -> None:
    set_aside(body, "depth")


@covers("W-043")
@pytest.mark.parametrize(
    "body",
    [
        event("receive_text")[:-1], event("receive_text") + b"}", event("receive_text") * 2, b'{"a":1}\n{"b":2}', b"{'text':'x'}",
        b'{"a":1 /* why */}', b'{"a":1,}', b"{a:1}", b'{"a":01}', b'{"a":.5}', b'{"a":+1}', b'{"a":"\\x41"}', b'{"a":tru}', b"--",
    ],
)  # fmt: skip
def test_what_is_almost_json_is_set_aside(body: bytes) -> None:
    set_aside(body, "json")


@covers("W-044")
@pytest.mark.parametrize("body", [b"[]", b'"x"', b"1", b"true", b"null", b"{}", b"", b" ", b"[{}]", b"\xef\xbb\xbf"])
def test_what_is_no_object_is_set_aside(body: bytes) -> None:
    set_aside(body, "schema")


# --- Odd values in an honest event -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body", each("W-028", b'{"text":"a","meta":{"k\\u0000":["\\u0000"]}}', b'{"text":"a\\u0000","from":"\\u0000"}')
)
def test_nul_goes_wherever_it_stands(body: bytes) -> None:
    assert taken(within(body)).state == State.INGESTED

    message = Message.objects.get()
    assert message.text == "a"
    assert "\\u0000" not in json.dumps(message.details)


@pytest.mark.parametrize(
    "body", each("W-029", b'{"text":"a\\udfffb"}', b'{"text":"a\\ud800b","from":"\\ud800","meta":"\\udc00"}')
)
def test_a_lone_surrogate_becomes_a_sign_of_its_own(body: bytes) -> None:
    assert taken(within(body)).state == State.INGESTED

    message = Message.objects.get()
    assert message.text == "a\ufffdb"
    json.dumps(message.details, ensure_ascii=False).encode()


@pytest.mark.parametrize("body", each("W-031", b'{"text":"\\ud83d\\ude00"}', '{"text":"😀"}'.encode()))
def test_a_pair_of_surrogates_is_what_it_means(body: bytes) -> None:
    assert taken(within(body)).state == State.INGESTED

    assert Message.objects.get().text == "😀"


@covers("W-028", "W-029", "W-031", "W-049", "W-050")
@pytest.mark.parametrize("name", ["W-028", "W-029", "W-031", "W-049", "W-050"])
def test_the_same_fields_without_an_envelope_are_set_aside(name: str) -> None:
    set_aside(raw(CASES[name]), "schema")


ODD_TIMES = [
    "-1",
    "0",
    "-99999999999999",
    "99999999999999999999",
    "1e308",
    '"1767225600"',
    "1767225600000",
    "true",
    "[]",
    "1.5",
]


@covers("W-049", "W-050")
@pytest.mark.parametrize("stamp", ODD_TIMES)
@pytest.mark.parametrize("where", ["create_time", "timestamp"])
def test_a_time_that_cannot_be_is_no_time(where: str, stamp: str) -> None:
    value = json.loads(stamp)
    if where == "timestamp" and stamp == "1767225600000":
        value = 1_767_225_600  # seconds where milliseconds belong
    body = (
        event("receive_text", create_time=value) if where == "create_time" else event("receive_text", content={"timestamp": value})
    )  # fmt: skip

    assert taken(body).state == State.INGESTED

    message = Message.objects.get()
    assert message.sent_at is None
    assert message.details["ts_suspect"] is True


@covers("W-050")
def test_order_never_depends_on_what_the_sender_says_of_time() -> None:
    stamps = [1e308, -1, 5, 1_767_225_600_000, 0]
    for number, stamp in enumerate(stamps):
        taken(text_event(f"Line {number}", message_id=f"m-{number}", timestamp=stamp))

    assert [message.text for message in Message.objects.order_by("seq")] == [f"Line {n}" for n in range(len(stamps))]


@covers("W-046")
@pytest.mark.parametrize("name", ["account.exploded", "im_receive_msg ", "IM_RECEIVE_MSG", "\x00", "x" * 5_000])
def test_an_unknown_event_is_ignored_by_its_type(name: str) -> None:
    before = stored()

    kept = taken(event("receive_text", event=name))

    assert (kept.state, kept.reason.partition(":")[0]) == (State.IGNORED, "type")
    # Counted where it comes in, and among what the operations page lists as ignored.
    assert stored() == before + 1
    assert WebhookEvent.objects.filter(state=State.IGNORED, reason__startswith="type").count() == 1


def stored() -> float:
    """How many events of the platform were taken, as the figures tell it."""
    return float(counter.labels("tiktok", "stored")._value.get())
