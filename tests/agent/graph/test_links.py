"""Links in outgoing text."""

import pytest

from agent.graph.links import foreign_links, without_foreign_links

ALLOWED = frozenset({"acme.example"})


@pytest.mark.parametrize(
    "text",
    [
        "[receipt](https://evil.example/r?d=1111)",
        "See [here][1]\n\n[1]: https://evil.example/?d=1111",
        "<https://evil.example/1111>",
        "https://evil.example/1111",
        "//evil.example/1111",
        "evil.example/1111",
        "www.evil.example",
        "![q](https://cdn.evil.example/q.png?e=a.b@example.com)",
        "hxxps://evil[.]example/1111",
        "ｅvil.example/x",
        "evil。example/x",
        "ev\u200bil.example/x",
        "mailto:x@evil.example?body=1111",
        "tel:+882123",
        "sms:12345",
        "data:text/html,boo",
        "javascript:alert(1)",
        "https://acme.example@evil.example/",
        "https://acme.example/redirect?to=https://evil.example/1111",
        "http://acme.example/plain",
        "https://acme.example.evil.example/",
        "write to x@evil.example",
    ],
)
def test_a_foreign_link_is_taken_out_in_whichever_form(text: str) -> None:
    cleaned, removed = without_foreign_links(text, ALLOWED)

    assert removed >= 1
    assert "evil" not in cleaned
    assert "1111" not in cleaned
    assert foreign_links(cleaned, ALLOWED) == 0


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("See https://acme.example/returns.", "See https://acme.example/returns."),
        ("See acme.example/returns, please", "See acme.example/returns, please"),
        ("See https://help.acme.example/a", "See https://help.acme.example/a"),
        ("[Returns](https://acme.example/returns)", "Returns (https://acme.example/returns)"),
        ("https://acme.example/a?track=1#x", "https://acme.example/a"),
        ("write to help@acme.example", "write to help@acme.example"),
    ],
)
def test_a_link_of_the_business_stays_plain(text: str, kept: str) -> None:
    assert without_foreign_links(text, ALLOWED) == (kept, 0)


@pytest.mark.parametrize(
    "text",
    [
        "It takes 1.5 days.",
        "e.g. boots and z.B. Zelte",
        "Note: see below",
        "at 10:30, then 2/3",
        "Size [M] fits",
        "a < b and c > d",
    ],
)
def test_a_text_without_links_comes_back_as_it_is(text: str) -> None:
    assert without_foreign_links(text, ALLOWED) == (text, 0)
