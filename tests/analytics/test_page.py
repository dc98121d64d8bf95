"""The open dashboard in a real browser: figures move, and nothing under the person's hands does."""

from typing import TYPE_CHECKING

import pytest

from drill import wire
from tests.product import RunningProduct

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
RECEIVED = "[data-key=received] strong"


def sign_in(page: "Page", product: RunningProduct) -> None:
    page.goto(f"{product.url}/accounts/login/?next=/dashboard/")
    page.fill("input[name=login]", "sam")
    page.fill("input[name=password]", product.secrets()["DEMO_PASSWORD"])
    page.press("input[name=password]", "Enter")
    page.locator(".connection[data-state=live]").wait_for()


def write(product: RunningProduct, user: str) -> None:
    body = {"user": user, "text": "Where is my parcel?"}
    wire.post(f"{product.simulator_url}/_sim/say", json=body, timeout=30).raise_for_status()


def test_focus_and_scroll_stay_while_the_figures_move(page: "Page", running_demo: RunningProduct) -> None:
    sign_in(page, running_demo)
    page.evaluate(
        """() => {
            document.querySelector("main").scrollTop = 200;
            window.held = document.querySelector("[data-key=received]");
            window.held.focus({ preventScroll: true });
        }"""
    )
    before = page.inner_text(RECEIVED)
    scrolled = page.evaluate("document.querySelector('main').scrollTop")

    write(running_demo, "dashboard-focus")

    page.wait_for_function(f"old => document.querySelector('{RECEIVED}').innerText !== old", arg=before)
    assert page.evaluate("document.activeElement === window.held")
    assert page.evaluate("document.querySelector('main').scrollTop") == scrolled


def test_a_phone_shows_the_figures_without_scrolling_sideways(phone: "Page", running_demo: RunningProduct) -> None:
    sign_in(phone, running_demo)

    for path in ("/dashboard/", "/dashboard/rows/received/", "/dashboard/?wall=1"):
        phone.goto(f"{running_demo.url}{path}")
        phone.locator("main h1").wait_for()
        assert phone.evaluate(
            "document.querySelector('main').scrollWidth <= document.querySelector('main').clientWidth"
        ), path


def test_a_filter_applies_when_it_is_chosen(page: "Page", running_demo: RunningProduct) -> None:
    sign_in(page, running_demo)

    page.select_option("select[name=platform]", "webchat")

    page.wait_for_url("**/dashboard/?platform=webchat")
    assert page.input_value("select[name=platform]") == "webchat"
    assert not page.locator("[data-apply]").is_visible()
