"""How the older project's clients begin an authorisation: the address as data, and what comes of going there."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from pytest_django import Settings

from core.models import AuditEvent
from core.policy import Role
from integrations.models import AuthorizationRequest, PlatformAccount
from tests.integrations.authorise import HOST, Other, admin_client, decide, linkedin_other, tiktok_other
from tests.rest import Caller, with_key

pytestmark = pytest.mark.django_db

BACK = "https://crm.example/back?tenant=7"


@pytest.fixture
def admin() -> Caller:
    return with_key(role=Role.ADMIN)


@pytest.fixture(params=["tiktok", "linkedin"])
def other(request: pytest.FixtureRequest, tmp_path: Path, settings: Settings) -> Iterator[Other]:
    """A platform with an app of ours and two accounts; the app's keys stand in the environment."""
    settings.PUBLIC_URL = HOST
    yield from (tiktok_other if request.param == "tiktok" else linkedin_other)(tmp_path / "other", settings)


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(
    ("platform", "page", "client"),
    [
        ("tiktok", "https://www.tiktok.com/v2/auth/authorize", "client_key"),
        ("linkedin", "https://www.linkedin.com/oauth/v2/authorization", "client_id"),
    ],
)
def test_an_authorisation_begins_with_an_address(
    admin: Caller, settings: Settings, platform: str, page: str, client: str, slash: str
) -> None:
    settings.TIKTOK_CLIENT_KEY = settings.LINKEDIN_CLIENT_ID = "our-app"
    settings.TIKTOK_CLIENT_SECRET = settings.LINKEDIN_CLIENT_SECRET = "our-secret"

    told = admin.get(f"/oauth/{platform}/start{slash}", redirect_uri=BACK, state="theirs&more").json()

    assert set(told) == {"auth_url"}
    address = urlsplit(told["auth_url"])
    query = parse_qs(address.query)
    assert f"{address.scheme}://{address.netloc}{address.path}" == page
    assert (query[client], query["response_type"]) == (["our-app"], ["code"])
    assert (query["redirect_uri"], query["state"]) == ([BACK], ["theirs&more"])
    assert "our-secret" not in told["auth_url"]
    assert AuditEvent.objects.get().after == {"platform": platform, "comes_back_to": "crm.example"}
    # A state that somebody else chose is never one that our own callback takes.
    assert not AuthorizationRequest.objects.exists()


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(("platform", "setting"), [("tiktok", "TIKTOK_CLIENT_KEY"), ("linkedin", "LINKEDIN_CLIENT_ID")])
def test_without_a_client_id_no_authorisation_begins(admin: Caller, platform: str, setting: str, slash: str) -> None:
    refused = admin.get(f"/oauth/{platform}/start{slash}", redirect_uri=BACK, state="theirs")

    assert (refused.status_code, set(refused.json())) == (400, {"detail"})
    assert setting in refused.json()["detail"]
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({}, "redirect_uri"), ({"redirect_uri": BACK}, "state"), ({"state": "theirs"}, "redirect_uri"),
        ({"redirect_uri": "/back", "state": "theirs"}, "redirect_uri"),
        ({"redirect_uri": "javascript:alert(1)", "state": "theirs"}, "redirect_uri"),
        ({"redirect_uri": "https://[", "state": "theirs"}, "redirect_uri"),
        ({"redirect_uri": f"{BACK}#part", "state": "theirs"}, "redirect_uri"),
    ],
)  # fmt: skip
def test_a_program_says_where_the_answer_goes(admin: Caller, query: dict[str, str], wrong: str) -> None:
    refused = admin.get("/oauth/tiktok/start", **query)

    assert refused.status_code == 422
    assert refused.json()["detail"][0]["loc"] == ["query", wrong]


def test_an_address_that_an_admin_asked_for_as_data_connects_too(other: Other) -> None:
    browser, user = admin_client()

    address = browser.get(f"/oauth/{other.platform}/start").json()["auth_url"]
    answer = browser.get(decide(other, address))

    account = PlatformAccount.objects.get()
    assert answer.status_code == 302
    assert account.external_id == other.account
    assert other.tokens_are_taken(account)
    assert AuditEvent.objects.filter(actor_id=user.pk, action="account.authorisation_begun").exists()


def test_a_programs_own_answer_is_not_taken_here(other: Other) -> None:
    browser, _ = admin_client()
    ours = {"redirect_uri": f"{HOST}/oauth/{other.platform}/callback", "state": "theirs"}

    address = browser.get(f"/oauth/{other.platform}/start", ours).json()["auth_url"]
    back = decide(other, address)
    answer = browser.get(back)

    assert parse_qs(urlsplit(back).query)["state"] == ["theirs"]
    assert answer.status_code == 400
    assert not PlatformAccount.objects.exists()


def test_an_address_asked_for_elsewhere_says_where_to_begin(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://support.example"
    browser, _ = admin_client()

    refused = browser.get("/oauth/tiktok/start")

    assert refused.status_code == 400
    assert "https://support.example/oauth/tiktok/callback" in refused.json()["detail"]
    assert not AuthorizationRequest.objects.exists()
