"""How long one stays signed in."""

import time

import pytest
from django.conf import settings as django_settings
from django.test import Client

from core.policy import Role
from supportagent import sessions
from tests.factories import PASSWORD, make_user

IDLE = 30 * 60
AGE = 12 * 3600


def put_back(client: Client, *, idle: float = 0, age: float | None = None) -> None:
    """Let the session have begun ``age`` seconds ago and its person have done the last thing ``idle`` seconds ago."""
    kept, now = client.session, int(time.time())
    kept[sessions.ACTIVE] = now - int(idle)
    kept[sessions.BEGUN] = now - int(idle if age is None else age)
    kept.save()


@pytest.fixture
def signed_in(client: Client, db: None) -> Client:
    """Somebody's browser, signed in through the page."""
    user = make_user(role=Role.SUPERVISOR)
    client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    assert client.get("/workspace/").status_code == 200
    return client


@pytest.mark.parametrize("path", ["/workspace/", "/dashboard/", "/admin/", "/accounts/password/change/"])
def test_who_did_nothing_for_half_an_hour_signs_in_again_and_is_told_why(signed_in: Client, path: str) -> None:
    put_back(signed_in, idle=IDLE - 60)
    assert signed_in.get(path).status_code == 200

    put_back(signed_in, idle=IDLE)
    answer = signed_in.get(path, follow=True)

    assert answer.request["PATH_INFO"] == "/accounts/login/"
    assert f"next={path}" in answer.request["QUERY_STRING"].replace("%2F", "/")
    assert "You were signed out because nothing was done for 30 minutes." in answer.content.decode()
    assert not signed_in.session.get("_auth_user_id")


def test_whoever_works_on_stays_until_twelve_hours_are_over(signed_in: Client) -> None:
    put_back(signed_in, idle=100, age=AGE - 60)
    assert signed_in.get("/workspace/").status_code == 200

    put_back(signed_in, idle=0, age=AGE)
    answer = signed_in.get("/workspace/", follow=True)

    assert "You were signed out, as after every 12 hours." in answer.content.decode()


def test_what_a_page_fetches_by_itself_keeps_nobody_signed_in(signed_in: Client) -> None:
    put_back(signed_in, idle=600)

    signed_in.get("/dashboard/tiles/", headers={"x-automatic": "1"})
    assert time.time() - signed_in.session[sessions.ACTIVE] > 590

    signed_in.get("/dashboard/tiles/")
    assert time.time() - signed_in.session[sessions.ACTIVE] < 60


def test_an_automatic_fetch_after_the_end_is_401_so_that_the_page_can_say_it(signed_in: Client) -> None:
    put_back(signed_in, idle=IDLE)

    assert signed_in.get("/dashboard/tiles/", headers={"x-automatic": "1"}).status_code == 401


def test_doing_something_again_within_a_minute_writes_nothing(signed_in: Client) -> None:
    put_back(signed_in, idle=30)
    before = signed_in.session[sessions.ACTIVE]

    signed_in.get("/workspace/")

    assert signed_in.session[sessions.ACTIVE] == before


def test_a_new_sign_in_begins_anew(signed_in: Client) -> None:
    put_back(signed_in, idle=IDLE)
    signed_in.get("/workspace/")

    user = make_user()
    signed_in.post("/accounts/login/", {"login": user.username, "password": PASSWORD})

    assert time.time() - signed_in.session[sessions.BEGUN] < 60
    assert signed_in.get("/workspace/").status_code == 200


def test_a_session_of_an_earlier_version_begins_now(signed_in: Client) -> None:
    kept = signed_in.session
    del kept[sessions.BEGUN], kept[sessions.ACTIVE]
    kept.save()

    assert signed_in.get("/workspace/").status_code == 200
    assert time.time() - signed_in.session[sessions.BEGUN] < 60


@pytest.mark.parametrize("path", ["/health/live", "/csp", "/webhooks/tiktok", "/chat/embed.js"])
def test_what_is_public_asks_for_no_session_even_with_a_cookie(path: str, client: Client) -> None:
    # Without a database every question to it would be an error.
    client.cookies[django_settings.SESSION_COOKIE_NAME] = "abc"

    answer = client.get(path)

    assert answer.status_code in {200, 404, 405}
