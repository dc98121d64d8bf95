"""What comes to the workspace in another order than it happened: answers that bells and deeds have overtaken."""

from typing import TYPE_CHECKING

import pytest

from tests.playing import ASKS_FOR_A_PERSON, sign_in, write
from tests.product import RunningProduct
from tests.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import APIResponse, Page, Route


@pytest.mark.browser
def test_a_look_that_was_overtaken_does_not_undo_what_the_page_shows(
    visitor: "Page", page: "Page", product: RunningProduct
) -> None:
    sign_in(page, product, "dana")
    write(visitor, f"{ASKS_FOR_A_PERSON} about something slow")
    page.goto(f"{product.url}/workspace/?view=all")
    page.locator("a.queue-row", has_text="something slow").first.click()
    claimable = page.locator(".answering button", has_text="Claim")
    claimable.wait_for(timeout=30_000)
    address = page.locator("#conversation").get_attribute("data-url")
    looks: list[tuple[Route, APIResponse]] = []

    def keep(route: "Route") -> None:
        if looks or route.request.method != "GET":
            route.continue_()
        else:
            looks.append((route, route.fetch()))

    page.route(f"**{address}", keep)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    wait_until(lambda: page.evaluate("true") and bool(looks), what="a look at the conversation as it is unclaimed")

    claimable.click()
    page.locator(".answering[data-owner=you]").wait_for()
    ((route, unclaimed),) = looks
    with page.expect_response(f"**{address}"):
        route.fulfill(response=unclaimed)

    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.locator(".answering").get_attribute("data-owner") == "you"


@pytest.mark.browser
def test_what_changes_while_a_conversation_is_being_opened_is_shown(
    visitor: "Page", page: "Page", product: RunningProduct
) -> None:
    # Nothing is looked at for no other reason than that time went by.
    page.add_init_script("window.setInterval = () => 0")
    sign_in(page, product, "dana")
    write(visitor, f"{ASKS_FOR_A_PERSON} about something quick")
    visitor.locator("#chat-banner[data-owner=waiting]").wait_for(timeout=30_000)
    page.goto(f"{product.url}/workspace/?view=all")
    row = page.locator("a.queue-row", has_text="something quick")
    row.wait_for(timeout=30_000)
    opened: list[tuple[Route, APIResponse]] = []

    def keep(route: "Route") -> None:
        if opened:
            route.continue_()
        else:
            opened.append((route, route.fetch()))

    page.route(f"**{row.get_attribute('hx-get')}", keep)
    row.click(no_wait_after=True)
    wait_until(lambda: page.evaluate("true") and bool(opened), what="the conversation as it is")
    write(visitor, "One thing more")
    page.locator("a.queue-row", has_text="One thing more").wait_for(timeout=30_000)
    ((route, before),) = opened
    route.fulfill(response=before)

    page.locator(".entry[data-from=customer]", has_text="One thing more").wait_for(timeout=30_000)
