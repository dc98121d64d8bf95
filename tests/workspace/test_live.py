"""The open workspace and dashboard where something in between takes the socket and never answers."""

from typing import TYPE_CHECKING

import pytest

from tests.browser import playwright_module
from tests.product import RunningProduct
from tests.swallowing import swallowing_proxy
from tests.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = [pytest.mark.browser, pytest.mark.product]


@pytest.mark.parametrize(("path", "polling"), [("/workspace/", "Every 4 s"), ("/dashboard/", "")])
def test_a_handshake_that_is_never_answered_is_given_up_and_tried_again(
    path: str, polling: str, page: "Page", running_demo: RunningProduct
) -> None:
    with swallowing_proxy(running_demo.url) as proxy:
        page.clock.install()
        page.goto(f"{proxy.url}/accounts/login/?next={path}")
        page.fill("input[name=login]", "sam")
        page.fill("input[name=password]", running_demo.secrets()["DEMO_PASSWORD"])
        page.press("input[name=password]", "Enter")
        page.locator(".connection[data-state=connecting]").wait_for()
        wait_until(lambda: proxy.taken > 0, seconds=20, what="the first handshake")

        # Each ten seconds given up, and begun again after a while that grows.
        for _ in range(30):
            page.clock.run_for(2_000)
            if proxy.taken >= 3:
                break
        assert proxy.taken >= 3
        assert polling in shown(page, "polling").inner_text()

        proxy.is_open = True
        shown(page, "live")


def shown(page: "Page", state: str) -> "Locator":
    """The pill, once it says so: the page's time is pushed on, with room between for requests to be answered."""
    playwright = playwright_module()
    assert playwright is not None
    timed_out: type[Exception] = playwright.TimeoutError
    pill = page.locator(f".connection[data-state={state}]")
    for _ in range(30):
        try:
            pill.wait_for(timeout=1_000)
        except timed_out:
            page.clock.run_for(2_000)
        else:
            break
    pill.wait_for()
    return pill
