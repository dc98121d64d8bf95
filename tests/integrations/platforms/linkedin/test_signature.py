"""LinkedIn's proofs, by the vectors of our own and by what must not pass."""

from dataclasses import replace

import pytest

from integrations.exceptions import InvalidChallenge, InvalidSignature
from integrations.platforms.base import AppKey
from integrations.platforms.linkedin import signature

KEY = AppKey(client_key="li-app", secret="li-test-secret")
OTHER = AppKey(client_key="other", secret="another-secret")
BODY = b'{"type":"ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS","notifications":[{"notificationId":900001,"action":"COMMENT"}]}'
DIGEST = "c4a501871e45c23b55eb0eba827633fc12992695ed90163b091128a71bbca0ba"
CODE = "3f2b7c1e-5d4a-4e0b-9b7f-2a6c8d9e0f11"
RESPONSE = "67a8a09900fb7aa386da813419138e985db8f888c547900911ab7e2c92a8a82c"


@pytest.mark.parametrize("header", [DIGEST, DIGEST.upper(), f"hmacsha256={DIGEST}", f" {DIGEST} "])
def test_the_vector_passes_with_and_without_the_prefix(header: str) -> None:
    proof = signature.verify(header, BODY, [OTHER, KEY])

    assert (proof.client_keys, proof.late) == (("li-app",), False)


@pytest.mark.parametrize("header", [None, "", "0" * 64, DIGEST[:-1], f"sha256={DIGEST}", "é" * 64, DIGEST + "0"])
def test_what_proves_nothing_is_refused(header: str | None) -> None:
    with pytest.raises(InvalidSignature):
        signature.verify(header, BODY, [KEY])


def test_one_changed_byte_is_refused() -> None:
    with pytest.raises(InvalidSignature):
        signature.verify(DIGEST, BODY + b" ", [KEY])


def test_a_challenge_is_answered_by_the_vector() -> None:
    assert signature.answer({"challengeCode": CODE}, [KEY]) == {"challengeCode": CODE, "challengeResponse": RESPONSE}


def test_the_app_that_is_named_answers_else_the_newest() -> None:
    named = signature.answer({"challengeCode": CODE, "applicationId": "li-app"}, [KEY, OTHER])
    newest = signature.answer({"challengeCode": CODE}, [OTHER, KEY])

    by_number = signature.answer(
        {"challengeCode": CODE, "applicationId": "7700042"}, [replace(KEY, number="7700042"), OTHER]
    )
    assert named["challengeResponse"] == newest["challengeResponse"] == by_number["challengeResponse"] == RESPONSE


@pytest.mark.parametrize(
    "code", ["", "abc", "<script>alert(1)</script>", "x" * 10_240, f"{CODE}\n", f"hmacsha256={CODE}"]
)
def test_nothing_but_a_uuid_is_signed(code: str) -> None:
    with pytest.raises(InvalidChallenge):
        signature.answer({"challengeCode": code}, [KEY])


def test_without_an_app_there_is_nothing_to_answer_with() -> None:
    with pytest.raises(InvalidChallenge):
        signature.answer({"challengeCode": CODE}, [])
