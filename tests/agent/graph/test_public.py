"""What changes where everybody reads."""

import pytest

from agent.graph import validation


@pytest.mark.parametrize(
    ("text", "ok"),
    [
        ("Write to us privately, please.", True),
        ("We sent it to ada@example.org.", False),
        ("We will call you at +49 170 1234567.", False),
        ("Order 12345678 has left.", False),
        ("Call our shop: 030 5550123.", True),
        ("It costs 49.90 and has 2 years of warranty.", True),
    ],
)
def test_nothing_personal_is_said_in_public(text: str, ok: bool) -> None:
    answer = validation.Answer(
        text=text,
        limit=500,
        allowed_hosts=frozenset(),
        secret_words=(),
        is_composed=False,
        is_public=True,
        known=["Our shop answers at 030 5550123."],
    )

    assert {each["check"]: each["ok"] for each in validation.check(answer)}["public"] is ok
