"""What the door and the worker rely on, of every platform there is."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from integrations.exceptions import InvalidChallenge, InvalidSignature, Unreadable
from integrations.models import PlatformAccount
from integrations.platforms import PLATFORMS
from integrations.platforms.base import AppKey, RawEvent
from tests.factories import make_account

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
KEYS = [AppKey(client_key="app", secret="secret")]
NAMES = sorted(PLATFORMS)
GARBAGE = [
    b"", b"{}", b"[]", b"null", b"\xff\xfe", b'{"a":' * 40 + b"1" + b"}" * 40, b'{"type":[]}', b'{"event":{}}',
    b'{"type":"x","notifications":{}}', b'{"notifications":[null,1,"a",[]]}', b'{"content":5}', b'"' * 5_000,
    b'{"type":"ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS","notifications":[null,{},{"action":1},{"action":"COMMENT"}]}',
]  # fmt: skip


def raw(body: bytes) -> RawEvent:
    return RawEvent(body=body, received_at=datetime(2026, 1, 1, tzinfo=UTC))


def fixtures(name: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((FIXTURES / name).glob("*.json"))]


@pytest.mark.parametrize("name", NAMES)
def test_a_platform_goes_by_the_name_in_the_table_and_in_the_model(name: str) -> None:
    assert PLATFORMS[name].name == name
    assert name in PlatformAccount.Platform.values


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("body", GARBAGE)
def test_a_glance_never_fails(name: str, body: bytes) -> None:
    assert len(PLATFORMS[name].glance(body).event_key) <= 300


@pytest.mark.django_db
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("body", GARBAGE)
def test_garbage_is_unreadable_and_nothing_worse(name: str, body: bytes) -> None:
    platform, account = PLATFORMS[name], make_account(platform=name)

    try:
        items = [item for opened in platform.open(raw(body)) for item in platform.parse(opened, account)]
    except Unreadable:
        items = []
    assert all(type(item).__name__ in {"Ignored", "Defective"} for item in items)


@pytest.mark.django_db
@pytest.mark.parametrize("name", NAMES)
def test_every_cut_of_a_real_event_is_read_or_unreadable(name: str) -> None:
    platform, account = PLATFORMS[name], make_account(platform=name)

    for body in fixtures(name):
        assert json.loads(body)
        for length in range(0, len(body), 17):
            platform.glance(body[:length])
            try:
                for opened in platform.open(raw(body[:length])):
                    platform.parse(opened, account)
            except Unreadable:
                continue


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("headers", [{}, {"X-Signature": "0" * 64}])
def test_who_proves_nothing_is_refused(name: str, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidSignature):
        PLATFORMS[name].authenticate(headers, b"{}", KEYS, now=0.0)


@pytest.mark.parametrize("name", NAMES)
def test_a_challenge_is_never_answered_with_markup(name: str) -> None:
    query = {"challenge": "x" * 10_000, "challengeCode": "<script>"}

    with pytest.raises(InvalidChallenge):
        PLATFORMS[name].answer_challenge(query, KEYS)
