"""The page in a real browser: one plays a customer, the answer appears by itself."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser import DESKTOP, PHONE
from tests.simulator.rig import Rig, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

expect = pytest.importorskip("playwright.sync_api").expect

pytestmark = pytest.mark.browser


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def page(request: pytest.FixtureRequest, browser: "Browser", rig: Rig) -> "Iterator[Page]":
    """The page, in two sizes; it may not complain on the console nor be wider than the screen."""
    opened = browser.new_page(viewport=request.param)
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(f"{rig.simulator.base_url}/")
    yield opened
    assert opened.evaluate("document.documentElement.scrollWidth") <= request.param["width"]
    assert complaints == []
    opened.close()


def test_a_customer_is_played_and_the_answer_appears_by_itself(page: "Page", rig: Rig) -> None:
    page.get_by_role("button", name="New customer").click()
    page.get_by_label("Name").fill("Zoë Brandt")
    page.get_by_role("button", name="Start a chat").click()
    page.get_by_label("Message", exact=True).fill("Is it <b>blue</b>?")
    page.keyboard.press("Enter")
    expect(page.locator(".mine .bubble")).to_have_text("Is it <b>blue</b>?")
    wait_until(lambda: rig.receiver.texts() == ["Is it <b>blue</b>?"])
    conversation_id = rig.receiver.received[0].content["conversation_id"]

    rig.send(conversation_id, message_type="SENDER_ACTION", sender_action="TYPING")
    expect(page.locator(".dots")).to_be_visible()
    rig.send(conversation_id, "It is blue.")

    expect(page.locator(".line:not(.mine) .bubble")).to_have_text("It is blue.")
    expect(page.locator(".dots")).to_have_count(0)
    wait_until(lambda: "im_mark_read_msg" in [each.event for each in rig.receiver.received])


@pytest.mark.parametrize("page", [DESKTOP], indirect=True, ids=["desktop"])
def test_what_is_said_while_a_customer_is_being_made_is_said_by_them(page: "Page", rig: Rig) -> None:
    held: list[Route] = []
    page.route("**/_sim/customers", lambda route, _: held.append(route))
    page.get_by_role("button", name="New customer").click()
    page.get_by_label("Name").fill("Zoë Brandt")
    with page.expect_request("**/_sim/customers"):
        page.get_by_role("button", name="Start a chat").click()
    page.get_by_label("Message", exact=True).fill("Quick as I am")
    page.keyboard.press("Enter")

    held[0].continue_()

    expect(page.locator(".mine .bubble")).to_have_text("Quick as I am")


@pytest.mark.parametrize("page", [DESKTOP], indirect=True, ids=["desktop"])
def test_what_is_said_before_the_page_knows_its_customers_is_said_by_the_first(page: "Page", rig: Rig) -> None:
    rig.say()
    held: list[Route] = []
    page.route("**/_sim/conversations?*", lambda route, _: held.append(route), times=1)
    with page.expect_request("**/_sim/conversations?*"):
        page.reload()
    page.get_by_role("button", name="Stickers").click()
    page.get_by_role("button", name="Sticker: heart").click()

    held[0].continue_()

    expect(page.locator(".mine img")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_stickers_pictures_and_a_colleague(page: "Page", rig: Rig) -> None:
    rig.say()
    page.goto(f"{rig.simulator.base_url}/#jane.k")
    page.reload()

    page.get_by_role("button", name="Stickers").click()
    page.get_by_role("button", name="Sticker: heart").click()
    page.get_by_role("button", name="Send something else").click()
    page.get_by_role("button", name="A sample picture").click()
    page.get_by_text("Colleague in the app").click()
    page.get_by_label("Message", exact=True).fill("Tom here.")
    page.get_by_role("button", name="Send", exact=True).click()

    expect(page.locator(".caption.byhand")).to_contain_text("Colleague in TikTok")
    wait_until(lambda: len(rig.receiver.received) >= 4)
    types = [each.content.get("type") for each in rig.receiver.received if each.event != "im_mark_read_msg"]
    assert types == ["text", "sticker", "image", "text"]


def test_a_fault_is_switched_on_and_off_in_plain_words(page: "Page", rig: Rig) -> None:
    tab = page.get_by_role("button", name="Faults")
    if tab.is_visible():
        tab.click()
    switch = page.locator("label.switch", has_text="The message arrives twice")

    switch.click()
    wait_until(lambda: [rule["kind"] for rule in rig.look("faults")["rules"]] == ["duplicate"])
    rig.say()

    expect(switch).to_contain_text("1×")
    assert len(rig.receiver.received) >= 1
    switch.click()
    wait_until(lambda: rig.look("faults")["rules"] == [])


def test_a_business_allows_the_app_in_the_browser(browser: "Browser", rig: Rig) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.route("http://127.0.0.1:9/**", lambda route: route.fulfill(body="Back in the app"))
        page.goto(
            f"{rig.simulator.base_url}/v2/auth/authorize?client_key=7000000000000000001&response_type=code"
            "&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fcallback&scope=message.list.send&state=s1"
        )

        page.get_by_role("button", name="Allow").click()

        page.wait_for_url("http://127.0.0.1:9/callback?*code=*")
        assert "state=s1" in page.url
