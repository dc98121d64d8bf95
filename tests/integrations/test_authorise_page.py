"""Connecting in a real browser: from the admin's list to the platform's page and back."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.product import RunningProduct

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.product]


@pytest.mark.parametrize(
    ("button", "go"), [("Connect TikTok account", "Go to TikTok"), ("Connect LinkedIn Page", "Go to LinkedIn")]
)
def test_an_admin_connects_an_account(page: "Page", running_demo: RunningProduct, button: str, go: str) -> None:
    # The address that the platforms send back to, which the session has to be of.
    own = f"http://localhost:{urlsplit(running_demo.url).port}"
    page.goto(f"{own}/accounts/login/?next=/admin/integrations/platformaccount/")
    page.fill("input[name=login]", "admin")
    page.fill("input[name=password]", running_demo.secrets()["DEMO_PASSWORD"])
    page.press("input[name=password]", "Enter")

    page.get_by_role("link", name=button).click()
    page.get_by_role("button", name=go).click()
    page.get_by_role("button", name="Allow", exact=True).click()

    page.get_by_text("is connected again; what waited goes out.").wait_for()
    assert urlsplit(page.url).path.startswith("/admin/integrations/platformaccount/")
    assert page.get_by_text("The access token runs out on").is_visible()
