"""What browsers report when the content policy stopped something."""

import json
import logging

import pytest
from django.test import Client

from supportagent import counters, csp_reports

OLD = {
    "csp-report": {
        "document-uri": "https://support.example.org/workspace/abc?token=hush",
        "blocked-uri": "https://evil.example/x?who=hush",
        "effective-directive": "script-src-elem",
        "script-sample": "hush",
    }
}
NEW = [
    {"type": "csp-violation", "body": {"documentURL": "https://a.example/chat/", "blockedURL": "inline", "effectiveDirective": "style-src-attr"}},
    {"type": "deprecation", "body": None},
]  # fmt: skip


@pytest.fixture(autouse=True)
def _lines_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csp_reports, "allowance", csp_reports._Allowance(10))


def post(client: Client, body: object, content_type: str = "application/csp-report") -> int:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post("/csp", raw, content_type=content_type).status_code


def counted(directive: str) -> float:
    return counters.registry.get_sample_value("csp_reports_total", {"directive": directive}) or 0.0


def test_every_page_names_the_place_for_reports(client: Client, db: None) -> None:
    for path in ("/accounts/login/", "/admin/login/", "/nothing-here/"):
        assert "report-uri /csp" in client.get(path).headers["Content-Security-Policy"], path


def test_a_report_is_counted_and_logged_without_what_may_be_somebodys(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    before = counted("script-src"), counted("style-src")

    with caplog.at_level(logging.WARNING):
        assert post(client, OLD) == 204
        assert post(client, NEW, "application/reports+json") == 204

    assert (counted("script-src"), counted("style-src")) == (before[0] + 1, before[1] + 1)
    assert "The content policy stopped script-src on '/workspace/abc': 'https://evil.example'." in caplog.text
    assert "The content policy stopped style-src on '/chat/': inline." in caplog.text
    assert "hush" not in caplog.text


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[" * 9000, b"null", b"[1]", b'{"csp-report": 1}', b'{"csp-report": {"blocked-uri": 5}}', b"\xff", b"x" * 20_000],
)  # fmt: skip
def test_anything_else_is_taken_without_a_word(client: Client, body: bytes) -> None:
    assert post(client, body) == 204


def test_it_takes_no_other_request(client: Client) -> None:
    assert client.get("/csp").status_code == 405


def test_what_a_stranger_writes_becomes_no_figure_and_no_line_of_its_own(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    before = counted("other")
    forged = {"effective-directive": "made-up", "document-uri": "https://a/\nFORGED line", "blocked-uri": "https://[x"}

    with caplog.at_level(logging.WARNING):
        post(client, {"csp-report": forged})

    assert counted("other") == before + 1
    assert "\n" not in caplog.records[-1].getMessage()


def test_a_flood_is_counted_whole_and_logged_in_part(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    before = counted("script-src")

    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            post(client, [{"body": {"effectiveDirective": "script-src"}}] * 30, "application/reports+json")

    assert counted("script-src") == before + 3 * csp_reports.MOST_REPORTS
    assert len([line for line in caplog.messages if "stopped" in line]) == 10


def test_what_was_left_out_is_said_with_the_next_minutes_first() -> None:
    now = 1000.0
    allowance = csp_reports._Allowance(2, clock=lambda: now)

    assert [allowance.take() for _ in range(5)] == [(True, 0), (True, 0), (False, 0), (False, 0), (False, 0)]

    now += 60
    assert allowance.take() == (True, 3)
