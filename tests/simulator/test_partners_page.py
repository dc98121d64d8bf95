"""The partners' page in a real browser: a customer is played, and what partners took of the product is seen."""

import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from simulator.partner import signature
from tests.browser import DESKTOP, PHONE
from tests.simulator.rig import Rig

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

expect = pytest.importorskip("playwright.sync_api").expect

pytestmark = pytest.mark.browser

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def page(request: pytest.FixtureRequest, browser: "Browser", rig: Rig) -> "Iterator[Page]":
    """The page, in two sizes; it may not complain on the console nor be wider than the screen."""
    shop = {"name": "shop", "secrets": [SECRET], "webhook_url": rig.receiver.url}
    rig.order("partners", partners=[shop, {"name": "crm", "secrets": [SECRET]}])
    opened = browser.new_page(viewport=request.param)
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(f"{rig.simulator.base_url}/partners")
    yield opened
    assert opened.evaluate("document.documentElement.scrollWidth") <= request.param["width"]
    assert complaints == []
    opened.close()


def told(rig: Rig, name: str, event: dict[str, object], *, secret: str = SECRET) -> int:
    """Post as the product would; the status of the answer."""
    body = json.dumps(event).encode()
    headers = signature.headers([secret], name=f"msg_{time.time_ns()}", body=body, at=int(time.time()))
    return rig.client.post(f"/partner/{name}", content=body, headers=headers).status_code


def test_a_partners_customer_is_played_and_what_is_taken_is_shown(page: "Page", rig: Rig) -> None:
    shop = page.locator("article", has_text="shop:")
    page.get_by_label("What").fill("Is it <b>blue</b>?")
    page.get_by_role("button", name="Send").click()
    expect(shop).to_contain_text("Is it <b>blue</b>?")

    data = {"conversation_id": "c-1", "text": "Yes, it is.", "sender": "bot"}
    assert told(rig, "shop", {"type": "message.reply", "data": data}) == 200
    message = {"conversation": {"id": "c-7"}, "message": {"text": "Where is it?"}}
    assert told(rig, "crm", {"type": "message.received", "data": message}) == 200
    assert told(rig, "crm", {"type": "message.received", "data": message}, secret=SECRET[:-4] + "AAA=") == 401

    expect(shop).to_contain_text("Answered (bot) · signature right")
    crm = page.locator("article", has_text="crm:")
    expect(crm).to_contain_text("message.received · signature right")
    expect(crm).to_contain_text("conversation c-7: Where is it?")
    expect(crm).to_contain_text("crm: 1 taken, 1 refused for a wrong signature")
    assert page.locator("select option").all_text_contents() == ["shop"]
