"""What masking takes out, and what it leaves to look for a fault by."""

import pytest

from core.masking import mask

WORDS = "my parcel never came"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ('{"text": "my parcel never came"}', WORDS),
        ('{"content": "{\\"text\\":{\\"body\\":\\"my parcel never came\\"}}"}', WORDS),
        ('{"content": "{\\"body\\":\\"say \\\\\\"my parcel never came\\\\\\" twice\\"}"}', WORDS),
        ('{"a": 1, "text": "my parcel never came', WORDS),
        ('{"customer": {"id": "c-1", "name": "Ada Marsh"}}', "Ada Marsh"),
        ('{"note": "write to ada.marsh@mail.example"}', "ada.marsh@mail.example"),
        ('{"note": "call +44 20 7946 0991"}', "7946"),
        ('{"note": "card 4111 1111 1111 1111"}', "4111"),
    ],
)
def test_people_are_taken_out(text: str, secret: str) -> None:
    masked = mask(text)

    assert secret not in masked
    assert "•••" in masked


@pytest.mark.parametrize(
    "text",
    [
        '{"event": "im_receive_msg", "create_time": 1767225600, "timestamp": 1767225600123}',
        '{"message_id": "7390000000000000002", "type": "text", "user_openid": "biz-open-id"}',
        "not JSON at all \\xff\\xfe",
    ],
)
def test_what_a_fault_is_found_by_stays(text: str) -> None:
    assert mask(text) == text
