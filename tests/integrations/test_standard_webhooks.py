"""The scheme of signed webhooks, against a published vector and against nonsense."""

import pytest

from integrations import standard_webhooks
from integrations.exceptions import NoSignature
from simulator.partner import signature as partner
from tests.integrations.events import OTHER_SECRET, SECRET

ID, AT = "msg_test0001", 1_767_225_600
BODY = b'{"type":"message.created","timestamp":"2026-01-01T00:00:00Z","data":{"id":"m1"}}'
SIGNATURE = "v1,o2sTK0ygGCt5PRHGEr+GtqRnxflsoXWdnkEtshBy3Fo="


def headers(listed: str = SIGNATURE, **changes: str) -> dict[str, str]:
    """The three headers."""
    return {"Webhook-Id": ID, "Webhook-Timestamp": str(AT), "Webhook-Signature": listed} | changes


def test_the_vector_is_made_and_proved() -> None:
    signed = standard_webhooks.signed([SECRET], id=ID, at=AT, body=BODY)

    assert signed == headers()
    assert standard_webhooks.claim_of(signed).is_proved_by(SECRET, BODY)
    assert not standard_webhooks.claim_of(signed).is_proved_by(OTHER_SECRET, BODY)
    assert not standard_webhooks.claim_of(signed).is_proved_by(SECRET, BODY + b" ")


def test_two_secrets_sign_twice_and_either_proves() -> None:
    signed = standard_webhooks.signed([OTHER_SECRET, SECRET, ""], id=ID, at=AT, body=BODY)

    claim = standard_webhooks.claim_of(signed)
    assert len(claim.signatures) == 2
    assert claim.is_proved_by(SECRET, BODY)
    assert claim.is_proved_by(OTHER_SECRET, BODY)


def test_the_simulated_partner_signs_alike() -> None:
    theirs = partner.headers([SECRET, OTHER_SECRET], name=ID, body=BODY, at=AT)

    ours = standard_webhooks.signed([SECRET, OTHER_SECRET], id=ID, at=AT, body=BODY)
    assert {name.lower(): value for name, value in ours.items()} == theirs


@pytest.mark.parametrize(
    "listed",
    ["v1,{bad} {good}", "v9,x {good}", "v1a,{bad} {good}", "v1 {good}", "v1,%% {good}", ", {good}", "{good} x"],
)
def test_one_good_signature_is_enough_and_what_is_not_known_is_passed_over(listed: str) -> None:
    given = listed.format(bad="A" * 43 + "=", good=SIGNATURE)

    claim = standard_webhooks.claim_of(headers(given))

    assert claim.is_proved_by(SECRET, BODY)


@pytest.mark.parametrize(
    "given",
    [
        {},
        headers(""),
        headers("v1"),
        headers("v1a," + SIGNATURE[3:]),
        headers("v2," + SIGNATURE[3:]),
        headers("v1,AAAA"),
        headers(" ".join(["v1,AAAA"] * 20 + [SIGNATURE])),
        headers(SIGNATURE + " " * 3_000),
        headers(**{"Webhook-Id": "msg.1"}),
        headers(**{"Webhook-Id": "m" * 256}),
        headers(**{"Webhook-Id": "m 1"}),
        headers(**{"Webhook-Timestamp": "-5"}),
        headers(**{"Webhook-Timestamp": "1e9"}),
        headers(**{"Webhook-Timestamp": "١٢٣"}),
    ],
)
def test_what_can_be_no_proof_is_none(given: dict[str, str]) -> None:
    with pytest.raises(NoSignature):
        standard_webhooks.claim_of(given)


@pytest.mark.parametrize(
    "secret",
    ["", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "whsec_", "whsec_c2hvcnQ=", "whsec_%%", "whsec_" + "A" * 96],
)
def test_what_is_no_secret_signs_and_proves_nothing(secret: str) -> None:
    assert standard_webhooks.key_of(secret) is None
    assert standard_webhooks.signed([secret], id=ID, at=AT, body=BODY)["Webhook-Signature"] == ""
    assert not standard_webhooks.claim_of(headers()).is_proved_by(secret, BODY)


def test_a_new_secret_is_long_and_never_the_same() -> None:
    secrets = {standard_webhooks.new_secret() for _ in range(50)}

    assert len(secrets) == 50
    assert all(len(standard_webhooks.key_of(secret) or b"") == 32 for secret in secrets)
