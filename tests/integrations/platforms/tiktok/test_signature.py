"""TikTok's signature, on a vector worked out by hand and on headers that are not quite one."""

import pytest

from integrations.exceptions import InvalidSignature
from integrations.platforms.base import AppKey
from integrations.platforms.tiktok import signature

SECRET = "tt-test-secret"
TIME = 1_767_225_600
BODY = (
    rb'{"client_key":"7000000000000000001","event":"im_receive_msg","create_time":1767225600,"user_openid":"biz-open-id",'
    rb'"content":"{\"conversation_id\":\"Y29udi0x==\",\"message_id\":\"bXNnLTE=\",\"type\":\"text\",'
    rb'\"text\":{\"body\":\"Is my order on its way?\"},\"timestamp\":1767225600123}"}'
)
DIGEST = "1237d5578c7fb2e4676d8af8b5c43cf821dce67b304fea2e2304af85ee68f7cc"
KEYS = (AppKey(client_key="other", secret="other-secret"), AppKey(client_key="ours", secret=SECRET))


def test_the_known_vector_is_signed_and_verified() -> None:
    header = f"t={TIME},s={DIGEST}"

    assert signature.sign(SECRET, BODY, time=TIME) == header
    assert signature.verify(header, BODY, KEYS, now=TIME).client_keys == ("ours",)


@pytest.mark.parametrize(
    "header",
    [
        f"s={DIGEST},t={TIME}",
        f" t={TIME} , s={DIGEST} ",
        f"t={TIME},s={DIGEST.upper()}",
        f"t={TIME},s={'0' * 64},s={DIGEST}",
        f"v=2,t={TIME},s={DIGEST},x=y=z",
    ],
)
def test_parts_are_matched_by_name_and_one_fitting_signature_is_enough(header: str) -> None:
    assert signature.verify(header, BODY, KEYS, now=TIME).client_keys == ("ours",)


@pytest.mark.parametrize(("now", "late"), [(TIME + 300, False), (TIME + 301, True), (TIME - 300, False)])
def test_a_signature_is_fresh_for_five_minutes(now: int, late: bool) -> None:
    assert signature.verify(f"t={TIME},s={DIGEST}", BODY, KEYS, now=now).late is late


def test_a_signature_of_the_future_is_refused() -> None:
    with pytest.raises(InvalidSignature):
        signature.verify(f"t={TIME},s={DIGEST}", BODY, KEYS, now=TIME - 301)


def test_the_time_is_signed_too() -> None:
    with pytest.raises(InvalidSignature):
        signature.verify(f"t={TIME + 1},s={DIGEST}", BODY, KEYS, now=TIME)


def test_without_keys_nothing_is_proved() -> None:
    with pytest.raises(InvalidSignature):
        signature.verify(f"t={TIME},s={DIGEST}", BODY, (), now=TIME)
