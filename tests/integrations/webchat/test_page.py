"""The web chat's page in a real browser."""

from typing import TYPE_CHECKING

import pytest

from tests.product import RunningProduct

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.product]


def test_the_greeting_fills_an_empty_chat_and_makes_room_for_the_first_message(
    phone: "Page", running_demo: RunningProduct
) -> None:
    phone.goto(f"{running_demo.url}/chat/{running_demo.secrets()['CHAT_PUBLIC_KEY']}/")
    greeting = phone.locator("#chat-greeting")
    greeting.locator(".icon").wait_for()

    phone.fill("#chat-field", "Hello")
    phone.press("#chat-field", "Enter")

    phone.locator("#chat-log > li").first.wait_for()
    greeting.locator(".icon").wait_for(state="hidden")
    above, box = phone.locator("#chat-scroller").bounding_box(), greeting.bounding_box()
    assert above is not None
    assert box is not None
    assert box["y"] - above["y"] < 40
