"""The quick way in: what it leaves to Django, and that its answers are those of Django's chain."""

import io
import json
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.test import Client
from pytest_django import Settings

from integrations import intake, keys
from integrations.models import WebhookEvent
from supportagent import quick_door
from supportagent.counters import registry
from tests.integrations.tiktok import event, post, text_event, tiktok_account

SECURE = {"wsgi.url_scheme": "https"}


def told(**changes: Any) -> dict[str, Any]:
    """What WSGI tells of a POST to TikTok's door."""
    usual = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/webhooks/tiktok",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": "2",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(b"{}"),
        "wsgi.errors": io.StringIO(),
    }
    return usual | changes


def asked(environ: dict[str, Any]) -> tuple[str, dict[str, str], bytes]:
    """Status, headers and body of what the WSGI server would send."""
    heads: list[tuple[str, dict[str, str]]] = []

    def start(status: str, headers: list[tuple[str, str]], _: object = None) -> Any:
        heads.append((status, dict(headers)))

    body = b"".join(quick_door.QuickDoor(WSGIHandler())(environ, start))
    return *heads[0], body


@pytest.mark.django_db
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "encrypted"])
def test_its_answers_carry_what_those_of_djangos_chain_carry(secure: bool, settings: Settings) -> None:
    settings.SECURE_HSTS_SECONDS = 60
    quick_door._usual_headers.cache_clear()
    keys.warm()

    status, headers, body = asked(told(**(SECURE if secure else {})))
    usual = Client().post("/webhooks/tiktok", b"{}", content_type="application/json", secure=secure)

    quick_door._usual_headers.cache_clear()
    assert status == "401 Unauthorized"
    assert (usual.status_code, usual.content) == (401, body)
    theirs = dict(usual.headers.items())
    # DRF's; it is owed to a 405 only.
    theirs.pop("Allow")
    assert len(headers.pop("X-Request-ID")) == len(theirs.pop("X-Request-ID")) == 32
    assert headers == theirs
    assert "Content-Security-Policy" in headers


@pytest.mark.parametrize(
    "changes",
    [
        {"REQUEST_METHOD": "GET"},
        {"PATH_INFO": "/webhooks/nobody"},
        {"PATH_INFO": "/webhooks/verify"},
        {"PATH_INFO": "/webhooks/linkedin/" + "a" * 300},
        {"PATH_INFO": "/api/v1/events/"},
        {"HTTP_AUTHORIZATION": "Bearer x"},
        {"HTTP_X_API_KEY": "x"},
        {"HTTP_COOKIE": "sessionid=x"},
    ],
    ids=lambda changes: "-".join(map(str, *changes.items())).strip("/").replace("/", "-")[:40],
)
def test_what_is_not_plainly_an_event_goes_the_usual_way(changes: dict[str, str]) -> None:
    environ = told(**changes)

    assert quick_door.reply(environ, environ["PATH_INFO"], environ["wsgi.input"]) is None


@pytest.mark.django_db
def test_an_address_that_is_not_ascii_is_nobodys() -> None:
    status, _, _ = asked(told(PATH_INFO="/webhooks/tiktok\xc3\xa9"))

    assert status.startswith("404")


@pytest.mark.django_db
def test_whatever_goes_wrong_the_platform_sends_it_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> intake.Answer:
        raise ArithmeticError

    def counted() -> float:
        return registry.get_sample_value("webhook_answers_total", {"platform": "tiktok", "result": "failed"}) or 0.0

    monkeypatch.setattr(intake, "take_in", broken)
    before = counted()

    status, headers, body = asked(told())

    assert status == "503 Service Unavailable"
    assert headers["Retry-After"] == intake.RETRY_AFTER
    assert "again" in json.loads(body)["detail"]
    assert "ArithmeticError" in caplog.text
    assert counted() == before + 1


@pytest.mark.services
@pytest.mark.both_doors
@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_ended_is_made_anew_and_the_event_kept() -> None:
    tiktok_account()
    keys.warm()
    client = Client()
    assert post(client, text_event("Hello", message_id="first")).status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (mine,) = cursor.fetchone()
    with connection.copy().cursor() as other:
        other.execute("SELECT pg_terminate_backend(%s)", [mine])

    assert post(client, event("receive_text")).status_code == 200

    assert WebhookEvent.objects.count() == 2
