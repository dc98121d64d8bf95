"""The authorise pages for the tests: the platforms at the other end, and somebody who allows or refuses there."""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from core.models import User
from core.policy import Role
from integrations import accounts
from integrations.models import PlatformAccount
from tests.factories import make_user
from tests.integrations.linkedin import linkedin_account
from tests.integrations.tiktok import tiktok_account
from tests.simulator import linkedin as linkedin_rig
from tests.simulator import rig as tiktok_rig

HOST = "http://testserver"
SECOND_PAGE = "urn:li:organization:222"


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """A platform: how its accounts are called, and what it does when it is asked to."""

    platform: str
    base_url: str
    client: httpx2.Client
    choice: str
    account: str
    account_name: str
    second: str
    make_account: Callable[..., PlatformAccount]
    fault: Callable[[str], object]

    def reconnected(self, **values: Any) -> PlatformAccount:
        """Our account there, in need of a person."""
        return self.make_account(state=PlatformAccount.State.RECONNECT, state_reason="Lost.", **values)

    def tokens_are_taken(self, account: PlatformAccount) -> bool:
        """Whether the platform takes what we keep."""
        return accounts.try_out(account).ok


def admin_client() -> tuple[Client, User]:
    """A browser in which an admin is signed in."""
    browser, user = Client(), make_user(role=Role.ADMIN)
    browser.force_login(user)
    return browser, user


def begin(browser: Client, platform: str, **given: str) -> str:
    """Press the button; the address of the platform's page."""
    answer = browser.post(f"/oauth/{platform}/connect/", given)
    assert answer.status_code == 302, answer.content.decode()
    return str(answer.headers["Location"])


def decide(other: Other, address: str, *, chosen: str = "", decision: str = "allow", **changes: str) -> str:
    """Open the platform's page and press a button there; the way back to us, path and query."""
    page = other.client.get(address)
    assert page.status_code == 200, page.text
    found = re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)">', page.text)
    form = {name: html.unescape(value) for name, value in found}
    form |= {other.choice: chosen or other.account, "decision": decision} | changes
    back = other.client.post(urlsplit(address).path, data=form)
    assert back.status_code == 302, back.text
    location = urlsplit(back.headers["location"])
    assert f"{location.scheme}://{location.netloc}" == HOST
    return f"{location.path}?{location.query}"


def connect(browser: Client, other: Other, *, chosen: str = "", **given: str) -> HttpResponse:
    """The whole way."""
    back = decide(other, begin(browser, other.platform, **given), chosen=chosen)
    return browser.get(back)  # type: ignore[return-value]


def tiktok_other(folder: Path, settings: Settings) -> Iterator[Other]:
    """TikTok, with two businesses; the app's keys stand in the environment."""
    with tiktok_rig.receiving() as receiver, tiktok_rig.running(folder, receiver) as rig:
        app = tiktok_rig.config(None)["apps"][0] | {"redirect_uri": f"{HOST}/oauth/tiktok/callback"}
        rig.order("apps", apps=[app])
        base = rig.simulator.base_url
        settings.TIKTOK_CLIENT_KEY, settings.TIKTOK_CLIENT_SECRET = tiktok_rig.CLIENT_KEY, tiktok_rig.SECRET
        settings.TIKTOK_API_BASE, settings.TIKTOK_AUTH_BASE = f"{base}{tiktok_rig.API}", base
        yield Other(
            platform="tiktok",
            base_url=base,
            client=rig.client,
            choice="business_id",
            account=tiktok_rig.BUSINESS,
            account_name="Acme Shop",
            second="other-open-id",
            make_account=tiktok_account,
            fault=lambda kind: rig.fault("token", kind),
        )


def linkedin_other(folder: Path, settings: Settings) -> Iterator[Other]:
    """LinkedIn, with two Pages; the app's keys stand in the environment."""
    with linkedin_rig.linkedin(folder) as rig:
        app = {
            "client_id": linkedin_rig.CLIENT_ID,
            "client_secret": linkedin_rig.SECRET,
            "webhook_url": rig.door.url,
            "redirect_uri": f"{HOST}/oauth/linkedin/callback",
            "pages": [{"organization": SECOND_PAGE, "name": "Borealis"}],
        }
        rig.order("apps", apps=[app])
        settings.LINKEDIN_CLIENT_ID, settings.LINKEDIN_CLIENT_SECRET = linkedin_rig.CLIENT_ID, linkedin_rig.SECRET
        settings.LINKEDIN_API_BASE = settings.LINKEDIN_AUTH_BASE = rig.base_url
        yield Other(
            platform="linkedin",
            base_url=rig.base_url,
            client=rig.client,
            choice="organization",
            account=linkedin_rig.PAGE,
            account_name="Acme",
            second=SECOND_PAGE,
            make_account=lambda **values: linkedin_account(api_base="", auth_base="", **values),
            fault=lambda kind: rig.order("faults", rules=[{"where": "linkedin_token", "kind": kind}]),
        )
