"""What every platform keeps to, whichever it is: what the door, the worker and the sender rely on."""

import json
import time
from pathlib import Path

import pytest
from django.utils import timezone

from conversations.types import SendOutcome
from integrations.exceptions import InvalidChallenge, InvalidSignature, Unreadable
from integrations.models import PlatformAccount
from integrations.platforms import PLATFORMS
from integrations.platforms.base import AppKey, CallFailed, Defective, Ignored, Outgoing, ParsedItem, Platform, RawEvent
from tests.factories import make_account

pytestmark = pytest.mark.django_db
FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
GARBAGE = (
    b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"data": 1}', b'{"content": "{"}', b'{"a":' * 2_000, b"[" * 5_000,
    b'{"data": {"conversation_id": {}}}', b'{"content": []}', b'"\\ud800"', b'{"data": {"conversation_id": "\\ud800"}}',
    b"{}", b'{"a":' * 40 + b"1" + b"}" * 40, b'{"type":[]}', b'{"event":{}}', b'{"content":5}', b'"' * 5_000,
    b'{"notifications":[null,1,"a",[]]}',
)  # fmt: skip
HARMLESS = (
    b'{"type":"x","notifications":{}}',
    b'{"type":"ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS","notifications":[null,{},{"action":1},{"action":"COMMENT"}]}',
)
SECRETS = {
    "secret": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "access_token": "act",
    "refresh_token": "rft",
}
KEYS = [AppKey(client_key="app", secret=SECRETS["secret"])]
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(params=sorted(PLATFORMS))
def platform(request: pytest.FixtureRequest) -> Platform:
    """Each platform in turn."""
    return PLATFORMS[request.param]


@pytest.fixture
def account(platform: Platform) -> PlatformAccount:
    """An account on it, of its usual kind, at an address where nobody listens."""
    return make_account(
        platform=platform.name, kind=platform.kinds[0], secrets=SECRETS, api_base=NOBODY, auth_base=NOBODY
    )


def read(platform: Platform, account: PlatformAccount, body: bytes) -> list[ParsedItem]:
    """What an event says, as the worker reads it."""
    raw = RawEvent(body=body, received_at=timezone.now())
    channel = platform.channel(account)
    return [item for opened in platform.open(raw) for item in platform.parse(opened, account, channel)]


def test_a_platform_goes_by_the_name_in_the_table_and_in_the_model(platform: Platform) -> None:
    assert PLATFORMS[platform.name] is platform
    assert platform.name in PlatformAccount.Platform.values


@pytest.mark.parametrize(
    "headers",
    [{}, {"Tiktok-Signature": "x"}, {"Webhook-Id": "m", "Webhook-Signature": "v1,x"}, {"X-Li-Signature": "0" * 64}],
)
def test_what_is_not_proved_is_refused(platform: Platform, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidSignature):
        platform.authenticate(headers, b"{}", KEYS, now=time.time())
    with pytest.raises(InvalidSignature):
        platform.authenticate(headers, b"{}", [], now=time.time())


def test_a_challenge_is_never_answered_with_markup(platform: Platform) -> None:
    query = {"challenge": "x" * 10_000, "challengeCode": "<script>"}

    with pytest.raises(InvalidChallenge):
        platform.answer_challenge(query, lambda: KEYS)


@pytest.mark.parametrize("body", [*GARBAGE, *HARMLESS])
def test_a_glance_never_fails(platform: Platform, body: bytes) -> None:
    glance = platform.glance(body)

    assert (glance.event_key, glance.conv_key) == ("", "")


@pytest.mark.parametrize("body", GARBAGE)
def test_what_cannot_be_read_says_so_and_nothing_else_goes_wrong(
    platform: Platform, account: PlatformAccount, body: bytes
) -> None:
    with pytest.raises(Unreadable) as caught:
        read(platform, account, body)

    assert caught.value.sentence.endswith(".")


@pytest.mark.parametrize("body", HARMLESS)
def test_what_says_nothing_that_can_be_read_has_no_effect(
    platform: Platform, account: PlatformAccount, body: bytes
) -> None:
    try:
        items = read(platform, account, body)
    except Unreadable:
        items = []

    assert all(isinstance(item, Ignored | Defective) for item in items)


def test_every_cut_of_a_real_event_is_read_or_unreadable(platform: Platform, account: PlatformAccount) -> None:
    for body in (path.read_bytes() for path in sorted((FIXTURES / platform.name).glob("*.json"))):
        assert json.loads(body)
        for length in range(0, len(body), 17):
            platform.glance(body[:length])
            try:
                read(platform, account, body[:length])
            except Unreadable:
                continue


def test_a_session_tells_no_secret(platform: Platform, account: PlatformAccount) -> None:
    shown = repr(platform.session(account))

    assert not [secret for secret in SECRETS.values() if f"'{secret}'" in shown]


def test_the_record_is_told_whose_the_account_is(platform: Platform, account: PlatformAccount) -> None:
    channel = platform.channel(account)

    assert (channel.platform, channel.account_id, channel.account_name) == (platform.name, account.pk, account.name)
    assert channel.text_limit > 0


def test_where_nobody_answers_a_send_is_tried_again_and_tests_say_why(
    platform: Platform, account: PlatformAccount
) -> None:
    session = platform.session(account)
    outgoing = Outgoing(
        thread_key="t", customer_id="c", text="Hello", idem_key="k:1", message_id="m", author="bot", in_reply_to="q"
    )

    result = platform.send(session, outgoing, deadline=time.monotonic() + 5)
    checks = platform.check(session)
    with pytest.raises(CallFailed):
        platform.probe(session)

    assert result.outcome is SendOutcome.RETRY
    assert result.evidence
    assert checks
    assert not any(check.ok for check in checks)
