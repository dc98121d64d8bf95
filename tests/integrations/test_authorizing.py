"""Connecting and reconnecting accounts by the platforms' authorise pages, over the network to the simulator and back."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from core.models import AuditEvent
from core.policy import Role
from integrations import accounts, authorizing
from integrations.exceptions import StateUsed
from integrations.models import AuthorizationRequest, PlatformAccount
from tests.factories import make_user
from tests.integrations.authorise import (
    HOST,
    SECOND_PAGE,
    Other,
    admin_client,
    begin,
    connect,
    decide,
    linkedin_other,
    tiktok_other,
)
from tests.integrations.linkedin import linkedin_account
from tests.integrations.tiktok import tiktok_account

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["tiktok", "linkedin"])
def other(request: pytest.FixtureRequest, tmp_path: Path, settings: Settings) -> Iterator[Other]:
    """A platform with an app of ours and two accounts; the app's keys stand in the environment."""
    settings.PUBLIC_URL = HOST
    yield from (tiktok_other if request.param == "tiktok" else linkedin_other)(tmp_path / "other", settings)


def snapshot(account: PlatformAccount) -> tuple[object, ...]:
    account.refresh_from_db()
    return account.secrets, account.state, account.token_expires_at, account.name


def test_an_account_is_connected_and_works(other: Other) -> None:
    browser, user = admin_client()

    shown = browser.get(f"/oauth/{other.platform}/connect/")
    answer = connect(browser, other)

    account = PlatformAccount.objects.get()
    assert f"{HOST}/oauth/{other.platform}/callback" in shown.content.decode()
    assert answer.headers["Location"] == reverse("admin:integrations_platformaccount_change", args=[account.pk])
    assert (account.external_id, account.name) == (other.account, other.account_name)
    assert (account.state, account.state_reason) == (PlatformAccount.State.ACTIVE, "")
    assert account.token_expires_at is not None
    assert account.refresh_expires_at is not None
    assert account.refresh_expires_at - timezone.now() > timedelta(days=364)
    assert other.tokens_are_taken(account)
    done = AuditEvent.objects.filter(actor_id=user.pk, target_id=str(account.pk), action="account.connected").get()
    assert account.secrets["access_token"] not in str(done.after)


def test_the_way_to_the_platform_asks_for_what_is_needed_by_the_exact_address(other: Other) -> None:
    browser, _ = admin_client()

    first, second = (parse_qs(urlsplit(begin(browser, other.platform)).query) for _ in range(2))

    assert first["redirect_uri"] == [f"{HOST}/oauth/{other.platform}/callback"]
    assert first["response_type"] == ["code"]
    assert first["state"] != second["state"]
    assert len(first["state"][0]) >= 43
    assert not AuthorizationRequest.objects.filter(state_hash=first["state"][0]).exists()
    scopes = {"tiktok": "message.list.send", "linkedin": "w_organization_social_feed rw_organization_admin"}
    assert all(scope in first["scope"][0] for scope in scopes[other.platform].split())


def test_who_refuses_is_told_so_and_nothing_is_connected(other: Other) -> None:
    browser, _ = admin_client()
    back = decide(other, begin(browser, other.platform), decision="deny")

    answer = browser.get(back)

    assert answer.status_code == 400
    assert "Access was not allowed" in answer.content.decode()
    assert not PlatformAccount.objects.exists()
    assert AuditEvent.objects.get(action="account.authorisation_failed").reason == "Access was not allowed"


def test_a_state_that_was_not_given_out_connects_nothing(other: Other) -> None:
    browser, _ = admin_client()
    back = decide(other, begin(browser, other.platform), state="invented")

    for address in (back, f"/oauth/{other.platform}/callback?code=abc", f"/oauth/{other.platform}/callback/"):
        answer = browser.get(address)
        assert answer.status_code == 400
        assert "This answer was not expected" in answer.content.decode()
    assert not PlatformAccount.objects.exists()


def test_a_state_counts_only_in_the_session_that_began_it(other: Other) -> None:
    browser, user = admin_client()
    back = decide(other, begin(browser, other.platform))
    colleague, again = admin_client()[0], Client()
    again.force_login(user)

    refused = [visitor.get(back).status_code for visitor in (colleague, again)]

    assert refused == [400, 400]
    assert browser.get(back).status_code == 302


def test_a_state_counts_only_for_its_platform(other: Other) -> None:
    browser, _ = admin_client()
    back = decide(other, begin(browser, other.platform))
    elsewhere = {"tiktok": "linkedin", "linkedin": "tiktok"}[other.platform]

    answer = browser.get(back.replace(other.platform, elsewhere, 1))

    assert answer.status_code == 400
    assert not PlatformAccount.objects.exists()


def test_the_same_answer_twice_counts_once(other: Other) -> None:
    browser, _ = admin_client()
    back = decide(other, begin(browser, other.platform))
    browser.get(back)
    before = snapshot(PlatformAccount.objects.get())

    answer = browser.get(back)

    assert answer.status_code == 400
    assert "used already" in answer.content.decode()
    assert snapshot(PlatformAccount.objects.get()) == before


def test_an_answer_that_comes_too_late_is_refused_and_goes_after_a_day(other: Other) -> None:
    browser, _ = admin_client()
    back = decide(other, begin(browser, other.platform))
    AuthorizationRequest.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    answer = browser.get(back)

    assert answer.status_code == 400
    assert "That took too long" in answer.content.decode()
    assert not PlatformAccount.objects.exists()
    AuthorizationRequest.objects.update(expires_at=timezone.now() - timedelta(days=2))
    begin(browser, other.platform)
    assert AuthorizationRequest.objects.count() == 1


def test_a_code_that_is_not_taken_is_told(other: Other) -> None:
    browser, _ = admin_client()
    state = parse_qs(urlsplit(begin(browser, other.platform)).query)["state"][0]

    answer = browser.get(f"/oauth/{other.platform}/callback", {"code": "invented", "state": state})

    assert answer.status_code == 400
    assert "The code was not taken" in answer.content.decode()
    assert not PlatformAccount.objects.exists()


def test_an_answer_without_a_code_is_told(other: Other) -> None:
    browser, _ = admin_client()
    state = parse_qs(urlsplit(begin(browser, other.platform)).query)["state"][0]

    answer = browser.get(f"/oauth/{other.platform}/callback", {"state": state})

    assert answer.status_code == 400
    assert "The answer has no code" in answer.content.decode()


def test_a_platform_that_does_not_answer_is_told(other: Other) -> None:
    browser, _ = admin_client()
    back = decide(other, begin(browser, other.platform))
    other.fault("http_503")

    answer = browser.get(back)

    assert answer.status_code == 502
    assert "did not answer" in answer.content.decode()
    assert not PlatformAccount.objects.exists()


def test_an_account_that_lost_its_access_works_again(other: Other) -> None:
    browser, user = admin_client()
    account = other.reconnected(refresh_refused=True, refresh_problem="Refused.")

    answer = connect(browser, other, account=str(account.public_id))

    old = account.secrets
    account.refresh_from_db()
    assert answer.status_code == 302
    assert (account.state, account.state_reason, account.refresh_refused) == (PlatformAccount.State.ACTIVE, "", False)
    assert account.secrets["access_token"] != old["access_token"]
    assert account.secrets["secret"] == old["secret"]
    assert other.tokens_are_taken(account)
    done = AuditEvent.objects.filter(actor_id=user.pk, target_id=str(account.pk)).values_list("action", flat=True)
    assert {"account.reauthorised", "account.reconnected"} <= set(done)


def test_another_account_than_the_one_to_reconnect_is_refused(other: Other) -> None:
    browser, _ = admin_client()
    account = other.reconnected()
    before = snapshot(account)

    answer = connect(browser, other, chosen=other.second, account=str(account.public_id))

    assert answer.status_code == 409
    assert "That is another account" in answer.content.decode()
    assert snapshot(account) == before
    assert PlatformAccount.objects.count() == 1


def test_connecting_what_is_there_replaces_its_tokens_also_after_it_was_removed(other: Other) -> None:
    browser, _ = admin_client()
    connect(browser, other)
    account = accounts.remove(PlatformAccount.objects.get())

    connect(browser, other)

    account = PlatformAccount.objects.get()
    assert account.state == PlatformAccount.State.ACTIVE
    assert other.tokens_are_taken(account)


def test_who_is_not_signed_in_is_sent_to_sign_in_and_brings_nothing_back(other: Other) -> None:
    browser, _ = admin_client()
    back = decide(other, begin(browser, other.platform))

    started = Client().get(f"/oauth/{other.platform}/connect/")
    answer = Client().get(back)

    assert started.status_code == 302
    assert started.headers["Location"].startswith("/accounts/login/")
    assert answer.status_code == 403
    assert "You are signed out" in answer.content.decode()
    assert not PlatformAccount.objects.exists()


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.AGENT, Role.PROMPT_EDITOR, Role.VIEWER])
def test_a_role_without_the_right_gets_nowhere(client: Client, role: Role) -> None:
    client.force_login(make_user(role=role))

    answers = [
        client.get("/oauth/tiktok/connect/").status_code,
        client.post("/oauth/linkedin/connect/").status_code,
        client.get("/oauth/tiktok/callback/", {"code": "abc", "state": "abc"}).status_code,
    ]

    assert answers == [403, 403, 403]
    assert not AuthorizationRequest.objects.exists()


def test_the_button_needs_the_forms_own_proof(settings: Settings) -> None:
    settings.PUBLIC_URL = HOST
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(make_user(role=Role.ADMIN))

    assert browser.post("/oauth/tiktok/connect/").status_code == 403


@pytest.mark.parametrize(("platform", "setting"), [("tiktok", "TIKTOK_CLIENT_KEY"), ("linkedin", "LINKEDIN_CLIENT_ID")])
def test_without_an_app_it_is_said_where_its_keys_belong(settings: Settings, platform: str, setting: str) -> None:
    settings.PUBLIC_URL = HOST
    browser, _ = admin_client()

    answer = browser.get(f"/oauth/{platform}/connect/")

    assert answer.status_code == 409
    assert setting in answer.content.decode()


def test_an_app_of_an_account_can_connect_others_too(settings: Settings) -> None:
    settings.PUBLIC_URL = HOST
    browser, _ = admin_client()
    tiktok_account(auth_base="https://one.example")
    tiktok_account(client_key="second-app", external_id="b2", auth_base="https://two.example")

    shown = browser.get("/oauth/tiktok/connect/")
    address = begin(browser, "tiktok", app="second-app")

    assert "second-app" in shown.content.decode()
    assert address.startswith("https://two.example/v2/auth/authorize?client_key=second-app&")
    assert "https://one.example https://two.example" in shown.headers["Content-Security-Policy"]


def test_a_page_opened_elsewhere_leads_to_the_address_that_the_platform_sends_back_to(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://support.example"
    browser, _ = admin_client()

    answer = browser.get("/oauth/tiktok/connect/?app=a")

    assert answer.status_code == 409
    assert 'href="https://support.example/oauth/tiktok/connect/?app=a"' in answer.content.decode()


def test_partners_messages_are_not_connected_in_the_browser(settings: Settings) -> None:
    settings.PUBLIC_URL = HOST
    browser, _ = admin_client()
    account = linkedin_account(kind="messages", external_id="urn:li:person:A")

    answer = browser.get("/oauth/linkedin/connect/", {"account": str(account.public_id)})

    assert answer.status_code == 409
    assert f"account renew {account.pk}" in answer.content.decode()


@pytest.mark.parametrize("other", ["tiktok"], indirect=True)
def test_permissions_that_were_not_given_are_named(other: Other) -> None:
    browser, _ = admin_client()
    back = decide(other, begin(browser, "tiktok"), scope="user.info.basic,message.list.read")

    answer = browser.get(back)

    assert answer.status_code == 400
    assert "message.list.send" in answer.content.decode()
    assert not PlatformAccount.objects.exists()


@pytest.mark.parametrize("other", ["linkedin"], indirect=True)
def test_of_several_pages_one_is_chosen(other: Other) -> None:
    other.client.post("/_sim/settings", json={"linkedin_administers_all": True}).raise_for_status()
    browser, _ = admin_client()

    asked = connect(browser, other).content.decode()
    connect(browser, other, external_id=SECOND_PAGE)

    assert "Which one?" in asked
    assert "Acme" in asked
    assert "external_id=urn%3Ali%3Aorganization%3A222" in asked
    assert PlatformAccount.objects.get().external_id == SECOND_PAGE
    assert PlatformAccount.objects.get().name == "Borealis"


@pytest.mark.parametrize("other", ["linkedin"], indirect=True)
def test_an_id_that_is_none_is_told_in_the_form(other: Other) -> None:
    browser, _ = admin_client()

    answer = browser.post("/oauth/linkedin/connect/", {"external_id": "not an id"})

    assert answer.status_code == 400
    assert "is no id of LinkedIn" in answer.content.decode()
    assert not AuthorizationRequest.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("other", ["tiktok"], indirect=True)
def test_of_the_same_answer_many_times_at_once_one_counts(other: Other) -> None:
    browser, user = admin_client()
    back = parse_qs(urlsplit(decide(other, begin(browser, "tiktok"))).query)
    answer = {name: values[0] for name, values in back.items()}
    session_key, together = browser.session.session_key or "", threading.Barrier(4)

    def come_back(_: int) -> str:
        together.wait(10)
        try:
            authorizing.finish("tiktok", answer, user, session_key=session_key)
        except StateUsed:
            return "used"
        else:
            return "connected"
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        ends = sorted(pool.map(come_back, range(4)))

    assert ends == ["connected", "used", "used", "used"]
    assert PlatformAccount.objects.count() == 1
