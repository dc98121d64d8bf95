"""The hostile cases of the webhook surface, against the real door; outside data, so HOSTILE_CASES says where it is."""

import base64
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from conversations.models import Conversation, Customer, Message
from integrations import services
from integrations.models import WebhookEvent
from tests.integrations.tiktok import event, keep, post, text_event, tiktok_account

CASES_PATH = os.environ.get("HOSTILE_CASES", "")
CASES: dict[str, dict[str, Any]] = (
    {case["id"]: case for case in map(json.loads, Path(CASES_PATH).read_text().splitlines()) if case["id"][0] == "W"}
    if CASES_PATH
    else {}
)
# Told in words only, and held by tests of their own or by what stands in front of the door.
ELSEWHERE = {
    "W-001", "W-002", "W-004", "W-007", "W-008", "W-010", "W-011", "W-014", "W-022", "W-047", "W-053", "W-056",  # here, by name
    "W-005", "W-013", "W-016", "W-017",  # other platforms' doors
    "W-025", "W-026", "W-058", "W-059",  # the server in front, the logs, the engine
}  # fmt: skip
State = WebhookEvent.State

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not CASES_PATH, reason="HOSTILE_CASES is not set: the hostile cases are outside data"),
]


@pytest.fixture(autouse=True)
def _ours(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """An account to attack; whatever is tried, nothing may be logged as an error."""
    tiktok_account()
    yield
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def raw(case: dict[str, Any]) -> bytes:
    """The exact bytes of a case."""
    if "input_b64" in case:
        return base64.b64decode(str(case["input_b64"]))
    if "body" in case:
        return str(case["body"]).encode()
    recipe = case["gen"]
    count = int(recipe["n"])
    if "nest" in recipe:
        opening = str(recipe["nest"])
        return (opening * count + {"[": "]", "{": "}"}[opening] * count).encode()
    return f"{recipe.get('prefix', '')}{str(recipe['repeat']) * count}{recipe.get('suffix', '')}".encode()


def taken(body: bytes) -> WebhookEvent:
    """The event after it came through the door and was taken in."""
    answer = post(Client(), body)
    assert answer.status_code == 200
    kept = WebhookEvent.objects.latest("pk")
    services.ingest_event(kept.pk)
    kept.refresh_from_db()
    return kept


def within_an_event(case: dict[str, Any]) -> bytes:
    """The case's fields where TikTok would carry them."""
    fields = json.loads(case["body"])
    envelope = {"create_time": fields.pop("create_time")} if "create_time" in fields else {}
    text = fields.pop("text")
    return event("receive_text", content={"text": {"body": text}, **fields}, **envelope)


@pytest.mark.parametrize(
    "name", sorted(name for name, case in CASES.items() if {"body", "gen", "input_b64"} & set(case)) or [""]
)
def test_exact_bytes_are_answered_and_set_aside_or_refused(name: str) -> None:
    case = CASES[name]
    body = raw(case)
    status = 413 if case["expected"].startswith("413") else 200

    assert post(Client(), body).status_code == status

    if status == 200:
        kept = WebhookEvent.objects.get()
        services.ingest_event(kept.pk)
        kept.refresh_from_db()
        assert kept.state == State.QUARANTINED
        assert kept.reason
        assert bytes(kept.body) == body
    assert not Message.objects.exists()


@pytest.mark.parametrize("name", ["W-028", "W-029", "W-031", "W-049", "W-050"])
def test_odd_values_inside_an_honest_event_are_taken_in(name: str) -> None:
    kept = taken(within_an_event(CASES[name]))

    assert kept.state == State.INGESTED
    message = Message.objects.get()
    expected = {"W-028": "a", "W-029": "a\ufffdb", "W-031": "😀", "W-049": "x", "W-050": "x"}
    assert message.text == expected[name]
    if name in {"W-049", "W-050"}:
        assert message.sent_at is None
        assert message.details["ts_suspect"] is True


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("W-032", "utf8"),
        ("W-034", "utf8"),
        ("W-035", "json"),
        ("W-037", "number"),
        ("W-038", "schema"),
        ("W-040", "duplicate-key"),
        ("W-041", "depth"),
    ],
)
def test_the_reason_names_the_rule(name: str, code: str) -> None:
    assert taken(raw(CASES[name])).reason.startswith(code)


@pytest.mark.parametrize("depth", [33, 500, 5_000, 100_000])
@pytest.mark.parametrize("bracket", ["[", "{"])
def test_w_041_nesting_is_counted_and_not_followed(bracket: str, depth: int) -> None:
    unit = {"[": "[", "{": '{"a":'}[bracket]

    assert taken((unit * depth).encode()[:262_144]).reason.startswith("depth")


def test_w_034_a_byte_order_mark_is_no_trouble() -> None:
    assert taken(b"\xef\xbb\xbf" + event("receive_text")).state == State.INGESTED


@pytest.mark.parametrize(
    "body", [b'{"text":"x"', b'{"text":"x"}}', b'{"a":1}\n{"b":2}', b"{'text':'x'}", b'{"a":1 /* why */}', b'{"a":1,}']
)
def test_w_043_what_is_no_json_is_set_aside(body: bytes) -> None:
    assert taken(body).reason.startswith("json")


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"1", b"true", b"null", b"{}", b""])
def test_w_044_what_is_no_event_is_set_aside(body: bytes) -> None:
    assert taken(body).reason.startswith("schema")


def test_w_046_an_unknown_event_is_ignored_by_its_type() -> None:
    kept = taken(event("unknown_event"))

    assert (kept.state, kept.reason.partition(":")[0]) == (State.IGNORED, "type")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml"]
)
def test_w_019_and_w_020_only_json_is_taken(content_type: str) -> None:
    assert post(Client(), event("receive_text"), content_type=content_type).status_code == 415


def test_w_023_a_body_that_is_too_long_is_refused() -> None:
    assert post(Client(), b"A" * 263_168).status_code == 413


@pytest.mark.parametrize("customer", ["x" * 10_000, ""])
def test_w_052_an_id_that_cannot_be_is_set_aside(customer: str) -> None:
    assert taken(text_event("Hi", message_id="m-1", customer=customer)).state == State.QUARANTINED


@pytest.mark.parametrize("customer", ["../../etc/passwd", "50%25 off", "a b", "trailing\n", "x" * 255])
def test_w_052_an_odd_id_is_kept_byte_for_byte(customer: str) -> None:
    assert taken(text_event("Hi", message_id="m-1", customer=customer)).state == State.INGESTED
    assert Customer.objects.get().external_id == customer


@pytest.mark.parametrize("path", ["/webhooks/tiktok%2f..%2fadmin", "/webhooks/unknown"])
def test_w_055_other_addresses_are_not_doors(path: str) -> None:
    assert post(Client(), event("receive_text"), path=path).status_code == 404


def test_w_055_a_post_is_never_redirected() -> None:
    answers: list[HttpResponse] = [
        post(Client(), text_event("Hi", message_id=f"m{path}"), path=path)
        for path in ("/webhooks/tiktok", "/webhooks/tiktok/")
    ]

    assert [answer.status_code for answer in answers] == [200, 200]


def test_no_case_of_the_surface_is_forgotten() -> None:
    by_name = {"W-019", "W-020", "W-023", "W-034", "W-041", "W-043", "W-044", "W-046", "W-052", "W-055"}
    by_bytes = {name for name, case in CASES.items() if {"body", "gen", "input_b64"} & set(case)}

    assert set(CASES) == by_name | by_bytes | ELSEWHERE


Mutate = Callable[[bytes, int], bytes]
MUTATIONS: list[Mutate] = [
    lambda body, n: body[: n % len(body)],
    lambda body, n: body[: n % len(body)] + bytes([n * 37 % 256]) + body[n % len(body) + 1 :],
    lambda body, n: body.replace(b'"', b"", 1 + n % 7),
    lambda body, n: body + body[: n % 50],
    lambda body, n: body.replace(b"text", bytes([n % 256]) * 4),
    lambda body, n: body.replace(b"1767225600", b"9" * (n % 40), 1),
]


@pytest.mark.parametrize("mutate", MUTATIONS)
def test_whatever_is_done_to_an_event_nothing_breaks(mutate: Mutate) -> None:
    honest = event("receive_text")
    begun = time.monotonic()

    for number in range(40):
        body = mutate(honest, number * 17 + 1)
        assert post(Client(), body).status_code in {200, 401}
    services.ingest_waiting()

    assert not WebhookEvent.objects.filter(state__in=[State.RECEIVED, State.DEAD]).exists()
    assert Conversation.objects.count() <= 40
    assert time.monotonic() - begun < 30


def test_a_late_message_says_that_it_is_late() -> None:
    kept = keep(event("receive_text"), late=True)

    services.ingest_event(kept.pk)

    assert Message.objects.get().is_late
