"""What every platform keeps to, whichever it is."""

import time

import pytest
from django.utils import timezone

from conversations.types import SendOutcome
from integrations.exceptions import InvalidSignature, Unreadable
from integrations.models import PlatformAccount
from integrations.platforms import PLATFORMS
from integrations.platforms.base import AppKey, CallFailed, Outgoing, Platform, RawEvent
from tests.factories import make_account

pytestmark = pytest.mark.django_db
JUNK = (
    b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"data": 1}', b'{"content": "{"}', b'{"a":' * 2_000, b"[" * 5_000,
    b'{"data": {"conversation_id": {}}}', b'{"content": []}', b'"\\ud800"', b'{"data": {"conversation_id": "\\ud800"}}',
)  # fmt: skip
SECRETS = {
    "secret": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "access_token": "act",
    "refresh_token": "rft",
}
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(params=sorted(PLATFORMS))
def platform(request: pytest.FixtureRequest) -> Platform:
    """Each platform in turn."""
    return PLATFORMS[request.param]


@pytest.fixture
def account(platform: Platform) -> PlatformAccount:
    """An account on it, at an address where nobody listens."""
    return make_account(platform=platform.name, secrets=SECRETS, api_base=NOBODY, auth_base=NOBODY)


@pytest.mark.parametrize("headers", [{}, {"Tiktok-Signature": "x"}, {"Webhook-Id": "m", "Webhook-Signature": "v1,x"}])
def test_what_is_not_proved_is_refused(platform: Platform, headers: dict[str, str]) -> None:
    keys = [AppKey(client_key="app", secret=SECRETS["secret"])]

    with pytest.raises(InvalidSignature):
        platform.authenticate(headers, b"{}", keys, now=time.time())
    with pytest.raises(InvalidSignature):
        platform.authenticate(headers, b"{}", [], now=time.time())


@pytest.mark.parametrize("body", JUNK)
def test_a_glance_never_fails(platform: Platform, body: bytes) -> None:
    glance = platform.glance(body)

    assert (glance.event_key, glance.conv_key) == ("", "")


@pytest.mark.parametrize("body", JUNK)
def test_what_cannot_be_read_says_so_and_nothing_else_goes_wrong(
    platform: Platform, account: PlatformAccount, body: bytes
) -> None:
    with pytest.raises(Unreadable) as caught:
        platform.parse(platform.open(RawEvent(body=body, received_at=timezone.now())), account)

    assert caught.value.sentence.endswith(".")


def test_a_session_tells_no_secret(platform: Platform, account: PlatformAccount) -> None:
    shown = repr(platform.session(account))

    assert not [secret for secret in SECRETS.values() if secret in shown]


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
