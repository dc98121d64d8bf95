"""What every answer carries."""

import re
from unittest.mock import Mock

import pytest
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from core import audit
from core.policy import Role
from supportagent.counters import registry
from supportagent.middleware import RequestOriginMiddleware, SecurityHeadersMiddleware, address_of
from tests.factories import make_user

STRICT = "default-src 'none'"
HEADERS = (
    "X-Request-ID",
    "X-Content-Type-Options",
    "Referrer-Policy",
    "Permissions-Policy",
    "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy",
    "Content-Security-Policy",
)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/health/live", 200),
        ("/metrics", 401),
        ("/nothing/here", 404),
        ("/admin/", 302),
        ("/static/css/base.css", 200),
    ],
)
def test_every_answer_carries_the_headers(client: Client, path: str, status: int) -> None:
    response = client.get(path)

    assert response.status_code == status
    assert [name for name in HEADERS if name not in response.headers] == []


@pytest.mark.django_db
def test_a_redirect_to_https_carries_them_too(client: Client, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True

    response = Client().get("/accounts/login/")

    assert response.status_code == 301
    assert [name for name in HEADERS if name not in response.headers] == []


@pytest.mark.django_db
def test_an_error_carries_them_too(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["desk.example"]

    response = Client(raise_request_exception=False).get("/accounts/login/", headers={"host": "evil.example"})

    assert response.status_code == 400
    assert [name for name in HEADERS if name not in response.headers] == []


@pytest.mark.django_db
def test_the_policy_is_strict_everywhere_but_in_the_admin(client: Client) -> None:
    client.force_login(make_user(role=Role.ADMIN))

    front = client.get("/accounts/login/").headers["Content-Security-Policy"]
    admin = client.get("/admin/").headers["Content-Security-Policy"]
    beside = client.get("/adminx/").headers["Content-Security-Policy"]

    for policy in (front, beside):
        assert STRICT in policy
        assert "unsafe" not in policy
    assert STRICT in admin
    assert "script-src 'self' 'unsafe-eval'" in admin
    assert "style-src 'self' 'unsafe-inline'" in admin
    assert "frame-ancestors 'none'" in admin


@pytest.mark.django_db
def test_what_a_signed_in_person_sees_is_not_stored(client: Client) -> None:
    stranger = client.get("/accounts/login/")
    client.force_login(make_user(role=Role.ADMIN))
    person = client.get("/admin/")

    assert person.headers["Cache-Control"] == "no-store" or "no-store" in person.headers["Cache-Control"]
    assert stranger.status_code == 200


def test_a_view_that_sets_a_header_itself_is_left_alone() -> None:
    response = HttpResponse(headers={"Cross-Origin-Resource-Policy": "same-site"})

    answered = SecurityHeadersMiddleware(lambda _: response)(RequestFactory().get("/page"))

    assert answered.headers["Cross-Origin-Resource-Policy"] == "same-site"


@pytest.mark.parametrize(
    ("path", "policy"),
    [("/static/js/embed.js", "cross-origin"), ("/static/js/shell.js", "same-origin"), ("/", "same-origin")],
)
def test_only_the_embed_script_may_be_loaded_by_other_sites(path: str, policy: str) -> None:
    answered = SecurityHeadersMiddleware(lambda _: HttpResponse())(RequestFactory().get(path))

    assert answered.headers["Cross-Origin-Resource-Policy"] == policy


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "6.6.6.6", "10.0.0.1"),
        (1, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 10.0.0.7", "203.0.113.9"),
        (1, "", "10.0.0.1"),
        (2, "203.0.113.9", "10.0.0.1"),
    ],
)
def test_an_address_is_believed_only_from_proxies_of_ours(
    settings: Settings, proxies: int, forwarded: str, expected: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", headers={"x-forwarded-for": forwarded})

    assert address_of(request.META) == expected


@pytest.mark.parametrize(
    ("proxies", "given", "kept"),
    [(1, "trace-0123456789", True), (0, "trace-0123456789", False), (1, "bad id\n", False), (1, "x" * 65, False)],
)
def test_a_request_id_is_kept_only_from_a_proxy_of_ours(
    settings: Settings, proxies: int, given: str, *, kept: bool
) -> None:
    settings.TRUSTED_PROXIES = proxies
    seen: list[audit.Origin] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(audit.origin.get())
        return HttpResponse()

    response = RequestOriginMiddleware(view)(RequestFactory().get("/", headers={"x-request-id": given}))

    assert response.headers["X-Request-ID"] == seen[0].request_id
    assert (response.headers["X-Request-ID"] == given) is kept
    assert kept or re.fullmatch(r"[0-9a-f]{32}", response.headers["X-Request-ID"])
    assert audit.origin.get() == audit.Origin()


def test_requests_are_counted_by_route_not_by_path(client: Client) -> None:
    labels = {"method": "GET", "route": "none", "status": "404"}
    before = registry.get_sample_value("http_requests_total", labels) or 0

    for n in range(3):
        client.get(f"/guess/{n}")

    assert registry.get_sample_value("http_requests_total", labels) == before + 3


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("get", "/webhooks/verify", 200), ("put", "/webhooks/tiktok", 405), ("post", "/webhooks/nowhere", 404)],
)
def test_what_platforms_call_passes_nothing_that_is_for_people(
    client: Client, method: str, path: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SessionMiddleware, "process_request", Mock(side_effect=AssertionError("a session")))
    if status == 404:
        # An address that is none is told in the design of all pages, which are for people.
        monkeypatch.undo()

    answer = getattr(client, method)(path)

    assert answer.status_code == status
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Request-ID"]
    assert int(answer["Content-Length"]) == len(answer.content) > 0
