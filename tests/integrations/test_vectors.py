"""The documented examples of each sender's proof, posted as they stand: literal bytes and headers, at their own hour."""

from collections.abc import Iterator
from unittest.mock import patch

import pytest
from django.test import Client

from integrations import keys
from integrations.models import WebhookEvent
from tests.factories import make_account
from tests.integrations.events import events_account
from tests.integrations.linkedin import linkedin_account
from tests.integrations.tiktok import tiktok_account

pytestmark = [pytest.mark.django_db, pytest.mark.both_doors]

SIGNED_AT = 1767225600
TIKTOK = (
    rb'{"client_key":"7000000000000000001","event":"im_receive_msg","create_time":1767225600,"user_openid":"biz-open-id",'
    rb'"content":"{\"conversation_id\":\"Y29udi0x==\",\"message_id\":\"bXNnLTE=\",\"type\":\"text\",'
    rb'\"text\":{\"body\":\"Is my order on its way?\"},\"timestamp\":1767225600123}"}'
)
TIKTOK_DIGEST = "1237d5578c7fb2e4676d8af8b5c43cf821dce67b304fea2e2304af85ee68f7cc"
LINKEDIN = b'{"type":"ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS","notifications":[{"notificationId":900001,"action":"COMMENT"}]}'
LINKEDIN_DIGEST = "c4a501871e45c23b55eb0eba827633fc12992695ed90163b091128a71bbca0ba"
STANDARD = b'{"type":"message.created","timestamp":"2026-01-01T00:00:00Z","data":{"id":"m1"}}'
STANDARD_SIGNATURE = "v1,o2sTK0ygGCt5PRHGEr+GtqRnxflsoXWdnkEtshBy3Fo="
STANDARD_HEADERS = {
    "webhook-id": "msg_test0001", "webhook-timestamp": "1767225600", "webhook-signature": STANDARD_SIGNATURE
}  # fmt: skip
OLDER_TIKTOK = b'{"event_type":"message","user_id":"u1","message":"Hi","conversation_id":"c1","timestamp":1767225600,"media_url":null}'
OLDER_LINKEDIN = (
    b'{"event_type":"message","sender_id":"s1","message_text":"Hi","conversation_id":"c2","timestamp":1767225600,'
    b'"attachments":null}'
)
PARTNER = "11111111-2222-4333-8444-555555555555"
EXAMPLES = {
    "tiktok": ("tiktok", TIKTOK, {"Tiktok-Signature": f"t=1767225600,s={TIKTOK_DIGEST}"}),
    "linkedin": ("linkedin", LINKEDIN, {"X-LI-Signature": LINKEDIN_DIGEST}),
    "standard webhooks": (f"events/{PARTNER}", STANDARD, STANDARD_HEADERS),
    "older tiktok": (
        "tiktok",
        OLDER_TIKTOK,
        {"X-Signature": "36f552108cca7ae625acc9582059933790d8131155737355e1b90a1094929955"},
    ),
    "older linkedin": (
        "linkedin",
        OLDER_LINKEDIN,
        {"X-Signature": "4c0fc727144064b609a973b966151d818b2daf61017f891490dec255719eed55"},
    ),
}
GIVEN = pytest.mark.parametrize(("path", "body", "headers"), EXAMPLES.values(), ids=EXAMPLES)


@pytest.fixture(autouse=True)
def _accounts() -> Iterator[None]:
    """One account for each, with the documented secret."""
    tiktok_account(
        legacy_payloads=True,
        secrets={"secret": "tt-test-secret", "access_token": "a", "legacy_secret": "old-test-secret"},
    )
    linkedin_account(secrets={"secret": "li-test-secret", "access_token": "a"})
    make_account(
        platform="linkedin", kind="messages", external_id="urn:li:person:AbC1", legacy_payloads=True,
        secrets={"secret": "old-test-secret", "webhook_secret": "whsec_x"},
    )  # fmt: skip
    events_account(public_id=PARTNER, secrets={"secret": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="})
    keys.forget()
    with patch("integrations.intake.time.time", return_value=float(SIGNED_AT)):
        yield
    keys.forget()


def knock(path: str, body: bytes, headers: dict[str, str]) -> int:
    """The status that such a post is answered with."""
    answer = Client().generic("POST", f"/webhooks/{path}", body, content_type="application/json", headers=headers)
    return answer.status_code


@GIVEN
def test_a_documented_example_is_taken_word_for_word(path: str, body: bytes, headers: dict[str, str]) -> None:
    assert knock(path, body, headers) == 200

    kept = WebhookEvent.objects.get()
    assert (bytes(kept.body), kept.is_late) == (body, False)


@GIVEN
def test_the_same_proof_proves_no_other_bytes(path: str, body: bytes, headers: dict[str, str]) -> None:
    # The older project's senders sign what the body says, the others its bytes.
    forged = body.replace(b'"Hi"', b'"Ho"') if "X-Signature" in headers else body + b" "

    assert knock(path, forged, headers) == 401
    assert not WebhookEvent.objects.exists()


def test_the_documented_challenge_is_answered_as_documented() -> None:
    code = "3f2b7c1e-5d4a-4e0b-9b7f-2a6c8d9e0f11"

    answer = Client().get(f"/webhooks/linkedin?challengeCode={code}")

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.json() == {
        "challengeCode": code, "challengeResponse": "67a8a09900fb7aa386da813419138e985db8f888c547900911ab7e2c92a8a82c"
    }  # fmt: skip
