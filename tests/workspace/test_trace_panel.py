"""The trace of an answer in a real browser: replayed exactly, and what would have been with one thing changed."""

from typing import TYPE_CHECKING

import pytest

from tests.playing import PATIENCE, answered, conversation_of, fits, open_conversation, sign_in
from tests.product import RunningProduct

if TYPE_CHECKING:
    from playwright.sync_api import Page

expect = pytest.importorskip("playwright.sync_api").expect

pytestmark = pytest.mark.browser


def open_trace(page: "Page", product: RunningProduct, user: str) -> None:
    """Look at why the bot said what it said."""
    sign_in(page, product, "sam")
    open_conversation(page, product, conversation_of(product, user)[1])
    page.locator("details.trace summary").last.press("Enter")
    page.locator(".trace-steps").wait_for()


def test_a_run_is_the_same_again_and_other_with_one_thing_changed(page: "Page", product: RunningProduct) -> None:
    answered(product, "How long does delivery take?", user="traced.one")
    open_trace(page, product, "traced.one")
    replay = page.locator(".replay")

    page.get_by_role("button", name="Replay exactly").click()
    expect(replay).to_contain_text("The same again", timeout=PATIENCE)
    page.get_by_role("button", name="What if…").click()

    expect(replay).to_contain_text("Without the article", timeout=PATIENCE)
    expect(replay).to_contain_text("With the bot switched off", timeout=PATIENCE)
    expect(replay).to_contain_text("If the business did not answer in “en”", timeout=PATIENCE)
    expect(replay.locator("li[data-kind=warn]").first).to_be_visible(timeout=PATIENCE)


def test_on_a_phone_the_rule_that_called_a_person_is_taken_out(phone: "Page", product: RunningProduct) -> None:
    answered(product, "I want to speak to a real person", user="traced.two")
    open_trace(phone, product, "traced.two")

    phone.get_by_role("button", name="What if…").click()

    expect(phone.locator(".replay")).to_contain_text("Without the rule", timeout=PATIENCE)
    assert fits(phone)


def test_where_an_order_is_was_looked_up_and_stands_in_the_trace(page: "Page", product: RunningProduct) -> None:
    told = answered(product, "Where is my order 1001?", user="traced.order")
    open_trace(page, product, "traced.order")

    assert "Your order 1001 is on its way." in told
    expect(page.locator(".trace-steps")).to_contain_text("Order system: 1001 is shipped", timeout=PATIENCE)
