"""The web chat's page in a real browser."""

from typing import TYPE_CHECKING

import pytest

from tests.product import RunningProduct

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

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


def test_a_chat_without_words_of_its_own_welcomes_in_the_visitors_language(
    browser: "Browser", running_demo: RunningProduct
) -> None:
    made = running_demo.manage_json("account", "add", "--platform", "webchat", "--name", "Bare")
    context = browser.new_context(locale="de-DE")
    page = context.new_page()

    page.goto(f"{running_demo.url}/chat/{made['public_key']}/")

    page.locator("#chat-greeting", has_text="Hallo! Wie können wir helfen?").wait_for()
    context.close()
