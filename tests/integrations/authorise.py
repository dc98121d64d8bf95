"""The authorise pages for the tests: the platforms at the other end, and somebody who allows or refuses there."""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2
from django.http import HttpResponse
from django.test import Client

from core.models import User
from core.policy import Role
from integrations import accounts
from integrations.models import PlatformAccount
from tests.factories import make_user

HOST = "http://testserver"


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
    answer = browser.post(f"/oauth/{platform}/start/", given)
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
