"""What may not stand in a log, and what must still be readable there."""

import pytest
from pytest_django import Settings

from core.redaction import redact, redact_values


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Write to ada.marsh+shop@mail.example.org today", "Write to [e-mail] today"),
        ("ÄÖ@bücher.example said", "[e-mail] said"),
        ("call +49 (0) 171 234 5678 now", "call [phone] now"),
        ("call +14155550123", "call [phone]"),
        ("call 0171 2345678 or 030/123456", "call [phone] or [phone]"),
        ("call (415) 555-0123", "call [phone]"),
        ("card 4111 1111 1111 1111, thanks", "card [card], thanks"),
        ("card 5500-0000-0000-0004", "card [card]"),
        ("iban DE89 3704 0044 0532 0130 00", "iban [account]"),
        ("Authorization: Bearer abcdefgh12345678", "Authorization: Bearer [secret]"),
        ("sent with bearer abcdefgh12345678", "sent with bearer [secret]"),
        ("GET /x?access_token=act.1234567890&page=2", "GET /x?access_token=[secret]&page=2"),
        ("{'client_secret': 'abcdef123456', 'id': 4}", "{'client_secret': '[secret]', 'id': 4}"),
        ('{"refresh_token":"rft.abcdefghij"}', '{"refresh_token":"[secret]"}'),
        ("key sak_1a2b3c4d_abcdefghijklmnopqrstuvwxyz012345 refused", "key [secret] refused"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "[secret]"),
        ("sk-" + "a1b2" * 6, "[secret]"),
        ("postgres://agent:hunter2hunter2@db:5432/x", "postgres://[secret]@db:5432/x"),
        ("GET /oauth/callback?code=0123456789abcdef0123&state=1", "GET /oauth/callback?code=[secret]&state=1"),
        ("Set-Cookie: sessionid=abcdefghijkl", "Set-Cookie: [secret]"),
    ],
)
def test_people_and_secrets_are_masked(text: str, shown: str) -> None:
    assert redact(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Delivery 812345 of conversation 71234: ambiguous (HTTP 502).",
        "2026-11-22T22:01:57.123456Z [info     ] Turn 3 of conversation 17: replied [agent.services.turns]",
        "Event 7431987654321098765 is given up after 5 failures: error: KeyError while reading.",
        "request 0b8a7c1e-52a4-4d7e-9c83-0f3a5d6e7f80 took 0.123456 s from 127.0.0.1:52814",
        "tiktok code 40105, error code: 51065",
        'File "/srv/app/core/http.py", line 120, in exchange',
        "0000000000000000000",
        "",
    ],
)
def test_what_operators_need_stays(text: str) -> None:
    assert redact(text) == text


def test_the_secrets_of_the_settings_are_masked_wherever_they_stand(settings: Settings) -> None:
    settings.SECRET_KEY = "a-secret-of-this-installation"
    settings.OPENAI_API_KEY = "provider-key-0123456789"
    settings.REDIS_URL = "redis://:redis-word-1@cache:6379"

    shown = redact("x=a-secret-of-this-installation;provider-key-0123456789 redis-word-1")

    assert shown == "x=[secret];[secret] [secret]"


def test_values_are_masked_at_every_depth() -> None:
    event = {"event": "from ada@example.org", "args": [4111111111111111, 17, {"to": ("+49 171 2345678",)}], "ok": True}

    assert redact_values(event) == {"event": "from [e-mail]", "args": ["[card]", 17, {"to": ["[phone]"]}], "ok": True}


@pytest.mark.parametrize("piece", ["a", "a-", "1 ", "eyJ", "a.", "token=", "+1 ", "x://", "@a"])
def test_a_long_line_is_masked_in_one_go(piece: str) -> None:
    assert redact(piece * 20_000)
