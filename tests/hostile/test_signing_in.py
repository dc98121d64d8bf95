"""What is tried at the sign-in, with sessions and cookies, and by whoever edits prompts."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.core.internal import ratelimit
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth.hashers import get_hasher
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from agent.exceptions import InvalidValue, UnknownKey
from agent.releases import services as releases
from core.models import ApiKey, AuditEvent, hash_secret
from core.policy import Role
from supportagent import settings as ours
from tests.factories import (
    PASSWORD,
    make_api_key,
    make_release,
    make_user,
)  # fmt: skip
from tests.hostile.asking import PRODUCTION, settings_say
from tests.hostile.cases import covers
from tests.rest import signed_in

pytestmark = pytest.mark.django_db


# --- Signing in ------------------------------------------------------------------------------------------------------

LOGIN = "/accounts/login/"


def try_login(name: str, password: str, *, address: str = "192.0.2.1", **headers: str) -> Any:
    """One try from an address."""
    return Client(REMOTE_ADDR=address).post(LOGIN, {"login": name, "password": password}, headers=headers)


def is_in(answer: Any) -> bool:
    """Whether the try succeeded."""
    return bool(answer.status_code == 302)


@covers("A-019", "A-030")
def test_five_wrong_passwords_close_the_door_whatever_the_caller_says_of_their_address(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 0
    sam = make_user(role=Role.AGENT)

    for number in range(5):
        assert not is_in(try_login(sam.username, "wrong", **{"x-forwarded-for": f"198.51.100.{number}"}))

    assert not is_in(try_login(sam.username, PASSWORD, **{"x-forwarded-for": "198.51.100.77"}))


@covers("A-030")
def test_whoever_tries_from_elsewhere_locks_nobody_out() -> None:
    sam = make_user(role=Role.AGENT)

    for _ in range(8):
        try_login(sam.username, "wrong", address="192.0.2.1")

    assert is_in(try_login(sam.username, PASSWORD, address="192.0.2.2"))


@covers("A-030")
def test_fifty_wrong_passwords_close_the_door_to_an_address(settings: Settings) -> None:
    sam = make_user(role=Role.AGENT)

    for number in range(50):
        try_login(f"somebody-{number}", "wrong")

    assert not is_in(try_login(sam.username, PASSWORD))
    assert is_in(try_login(sam.username, PASSWORD, address="192.0.2.2"))


@covers("A-030")
def test_an_unknown_name_is_told_what_a_known_one_is_told() -> None:
    known = make_user(role=Role.AGENT).username
    told = [
        re.sub(r'(value|name="csrfmiddlewaretoken" value)="[^"]*"', "", try_login(name, "wrong").content.decode())
        for name in (known, "nobody-of-this-name")
    ]

    assert "Username and password do not fit together" in told[0]
    assert told[0] == told[1]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the clock that limits of signing in go by so many seconds on."""

    def move(seconds: float) -> None:
        ahead = time.time() + seconds
        monkeypatch.setattr(ratelimit, "time", SimpleNamespace(time=lambda: ahead, monotonic=time.monotonic))

    return move


@covers("A-030")
@pytest.mark.parametrize("tries", [5, 50], ids=["a person", "an address"])
def test_a_door_that_was_closed_opens_by_itself_after_fifteen_minutes(
    tries: int, later: Callable[[float], None]
) -> None:
    sam = make_user(role=Role.AGENT)
    for number in range(tries):
        try_login(sam.username if tries == 5 else f"somebody-{number}", "wrong")

    later(14 * 60)
    assert not is_in(try_login(sam.username, PASSWORD))

    later(16 * 60)
    assert is_in(try_login(sam.username, PASSWORD))


@covers("A-030")
def test_a_wrong_password_costs_the_same_work_whether_somebody_has_that_name(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The product's own; the one of the tests costs nothing.
    settings.PASSWORD_HASHERS = ours.PASSWORD_HASHERS
    hasher, hashed = type(get_hasher()), list[str]()
    for deed in ("encode", "verify"):
        monkeypatch.setattr(hasher, deed, noting(getattr(hasher, deed), hashed))
    gone = make_user(role=Role.AGENT, is_active=False).username
    known = make_user(role=Role.AGENT).username
    costs = {}
    for name in (known, gone, "nobody-of-this-name"):
        hashed.clear()
        with CaptureQueriesContext(connection) as asked:
            assert not is_in(try_login(name, "wrong"))
        costs[name] = (len(hashed), len(asked))

    assert hasher.algorithm == "argon2"
    assert costs[known][0] > 0
    assert set(costs.values()) == {costs[known]}


def noting(deed: Callable[..., Any], noted: list[str]) -> Callable[..., Any]:
    """The same deed, which also writes down that it was done."""

    def done(*args: Any, **kwargs: Any) -> Any:
        noted.append(deed.__name__)
        return deed(*args, **kwargs)

    return done


def half_in(secret_of: Any) -> Client:
    """A browser whose person gave the password and is asked for the code."""
    client = Client()
    client.post(LOGIN, {"login": secret_of.username, "password": PASSWORD})
    return client


@covers("A-031")
def test_a_code_works_once_and_five_wrong_ones_are_enough() -> None:
    sam, kim = make_user(role=Role.AGENT), make_user(role=Role.AGENT)
    secrets = {person: totp.generate_totp_secret() for person in (sam, kim)}
    for person, secret in secrets.items():
        totp.TOTP.activate(person, secret)
    ask = reverse("mfa_authenticate")

    def code(person: Any) -> str:
        return str(
            totp.format_hotp_value(totp.hotp_value(secrets[person], next(iter(totp.yield_hotp_counters_from_time()))))
        )

    now = code(sam)
    assert half_in(sam).post(ask, {"code": now}).status_code == 302
    assert half_in(sam).post(ask, {"code": now}).status_code == 200
    guessing = half_in(kim)
    for number in range(5):
        assert guessing.post(ask, {"code": f"{number:06}"}).status_code == 200
    assert half_in(kim).post(ask, {"code": code(kim)}).status_code in (200, 429)


@covers("A-033")
@pytest.mark.parametrize("end", ["logout", "password", "deactivation", "role"])
def test_a_session_ends_with_what_it_was_for(end: str) -> None:
    sam = make_user(role=Role.SUPERVISOR)
    client, other = Client(), Client()
    for each in (client, other):
        each.force_login(sam)
    assert other.get("/operations/").status_code == 200

    if end == "logout":
        other.post("/accounts/logout/")
    elif end == "password":
        sam.set_password("a wholly different one 7")
        sam.save()
    elif end == "deactivation":
        sam.is_active = False
        sam.save()
    else:
        sam.role = Role.AGENT
        sam.save()

    assert other.get("/operations/").status_code in ({403} if end == "role" else {302})


@covers("A-034")
def test_cookies_of_production_are_for_this_host_by_https_alone(tmp_path: Path) -> None:
    names = ("SESSION_COOKIE", "CSRF_COOKIE")
    told = [f"{name}_{what}" for name in names for what in ("NAME", "SECURE", "HTTPONLY", "SAMESITE", "PATH", "DOMAIN")]
    ask = f"import json; from django.conf import settings; print(json.dumps([getattr(settings, n) for n in {told!r}]))"

    said = json.loads(settings_say(tmp_path, ask, **PRODUCTION))

    session, token = (said[start : start + 6] for start in (0, 6))
    assert session == ["__Host-sessionid", True, True, "Lax", "/", None]
    assert [*token[:2], *token[3:]] == ["__Host-csrftoken", True, "Lax", "/", None]


@covers("A-034")
def test_every_cookie_that_is_set_is_for_this_host_by_https_alone(settings: Settings) -> None:
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    admin, client = make_user(role=Role.ADMIN), Client()
    key = {"name": "CRM", "role": "api-client", "scopes": "[]", "team": ""}
    revoke = {"action": "revoke", "_selected_action": [make_api_key()[0].pk]}

    answers = [
        client.get(LOGIN, secure=True),
        client.post(LOGIN, {"login": admin.username, "password": PASSWORD}, secure=True),
        client.post(reverse("admin:core_apikey_add"), key, secure=True),
        client.post(reverse("admin:core_apikey_changelist"), revoke, secure=True),
        notice := client.get(reverse("admin:core_apikey_changelist"), secure=True),
        client.post("/accounts/logout/", secure=True),
    ]

    assert "are refused from now on" in notice.content.decode()
    cookies = [cookie for answer in answers for cookie in answer.cookies.values()]
    assert {cookie.key for cookie in cookies} == {"__Host-sessionid", "__Host-csrftoken"}
    for cookie in cookies:
        assert (cookie["path"], cookie["domain"], cookie["samesite"]) == ("/", "", "Lax"), cookie
        # What is being deleted is given an end and no more.
        assert cookie.value == "" or cookie["secure"], cookie
        assert cookie.value == "" or cookie["httponly"] or cookie.key == "__Host-csrftoken", cookie


@covers("A-034")
def test_a_new_key_is_in_the_answer_that_made_it_and_nowhere_else() -> None:
    client = Client()
    client.force_login(make_user(role=Role.ADMIN))

    answer = client.post(
        reverse("admin:core_apikey_add"),
        {"name": "CRM", "role": "api-client", "scopes": '["conversations:read"]', "team": ""},
    )

    (secret,) = re.findall(r"sak_\w{8}_[\w-]+", answer.content.decode())
    assert ApiKey.objects.get().secret_hash == hash_secret(secret.split("_", 2)[2])
    assert "no-store" in answer.headers["Cache-Control"]
    assert secret not in str(answer.cookies)
    assert secret not in str(dict(client.session))
    assert secret not in str(AuditEvent.objects.values())
    assert secret not in client.get(reverse("admin:core_apikey_changelist")).content.decode()


# --- Prompts -----------------------------------------------------------------------------------------------------------


@covers("A-040")
@pytest.mark.parametrize("key", ["webhook_secret", "SECRET_KEY", "allowed_hosts", "bot.name ", "__class__", ""])
def test_only_settings_of_the_agent_are_settings(key: str) -> None:
    make_release()
    editor = make_user(role=Role.PROMPT_EDITOR)

    with pytest.raises(UnknownKey):
        releases.configure(key, "x", editor)
    answer = signed_in(Role.PROMPT_EDITOR).post(
        f"/admin/agent/configure?config_key={key.strip() or '%20'}x&config_value=x"
    )
    assert answer.status_code == 422


@covers("A-039")
@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("x" * 1_000_000, "long"),
        ("Hello {secret_key}", "secret_key"),
        ("Use sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD", "key"),
        ("My key is AKIAIOSFODNN7EXAMPLE", "key"),
        ("-----BEGIN RSA PRIVATE KEY-----", "key"),
        ("Read https://evil.example/more", "evil.example"),
    ],
)
def test_a_prompt_that_may_not_be_is_refused_with_its_reason(value: str, told: str) -> None:
    make_release()
    editor = make_user(role=Role.PROMPT_EDITOR)

    with pytest.raises(InvalidValue, match=told):
        releases.configure("prompt.persona", value, editor)

    assert not AuditEvent.objects.filter(action="release.configured").exists()


@covers("A-039")
def test_nul_does_not_get_into_a_prompt() -> None:
    make_release(configs={"bot.name": "Sam"})

    draft = releases.configure("bot.name", "I\x00da", make_user(role=Role.PROMPT_EDITOR))

    assert draft.configs.get(config_key="bot.name").config_value == "Ida"
