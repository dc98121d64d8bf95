"""Promises in a real browser: written down, marked when late wherever the conversation shows, and ended."""

from typing import TYPE_CHECKING

import pytest

from tests.playing import PATIENCE, answered, conversation_of, fits, open_conversation, query, sign_in
from tests.product import RunningProduct

if TYPE_CHECKING:
    from playwright.sync_api import Page

expect = pytest.importorskip("playwright.sync_api").expect

pytestmark = pytest.mark.browser


def write_down(page: "Page", product: RunningProduct, user: str) -> int:
    """A customer asks for a person, and sam writes down what was promised to them; the conversation's key."""
    answered(product, "I want to speak to a real person", user=user)
    key, public_id = conversation_of(product, user)
    sign_in(page, product, "sam")
    open_conversation(page, product, public_id)
    if page.viewport_size is not None and page.viewport_size["width"] < 600:
        page.get_by_role("button", name="About this conversation").click()
    card = page.locator("#promises")
    card.locator("summary", has_text="Write a promise down").press("Enter")
    card.get_by_label("What was promised").fill("A call about the poles.")
    card.get_by_label("By when (UTC)").fill("2099-01-01T10:00")
    card.get_by_role("button", name="Write down").click()
    expect(card.locator("li", has_text="A call about the poles.")).to_be_visible(timeout=PATIENCE)
    expect(card.get_by_label("What was promised")).to_be_hidden(timeout=PATIENCE)
    return key


def make_late(product: RunningProduct, key: int) -> None:
    """Its time is over."""
    query(
        product,
        "UPDATE conversations_promise SET due_at = datetime('now', '-1 hour') WHERE conversation_id = ? AND text LIKE 'A call%'",
        key,
    )


def test_a_late_promise_is_marked_in_the_queue_and_the_conversation_until_it_is_kept(
    page: "Page", product: RunningProduct
) -> None:
    key = write_down(page, product, "promised.pia")
    row = page.locator("a.queue-row", has_text="promised.pia")
    expect(row).not_to_contain_text("Late promise", timeout=PATIENCE)

    make_late(product, key)

    # The sweeper brings it up by itself; nobody reloads.
    expect(row).to_contain_text("Late promise", timeout=PATIENCE)
    banner = page.locator(".answering")
    expect(banner).to_contain_text("Late promise", timeout=PATIENCE)
    banner.get_by_role("button", name="Late promise").click()
    expect(page.locator("#promises")).to_be_focused(timeout=PATIENCE)
    page.locator("#promises li", has_text="A call about the poles.").get_by_role("button", name="Kept").click()
    expect(page.locator("#promises")).not_to_contain_text("A call about the poles.", timeout=PATIENCE)
    expect(banner).not_to_contain_text("Late promise", timeout=PATIENCE)
    expect(row).not_to_contain_text("Late promise", timeout=PATIENCE)


def test_on_a_phone_the_mark_leads_to_the_promise(phone: "Page", product: RunningProduct) -> None:
    key = write_down(phone, product, "promised.tom")
    make_late(product, key)

    phone.reload()
    phone.get_by_role("button", name="Late promise").click()

    promise = phone.locator("#promises li", has_text="A call about the poles.")
    expect(promise).to_contain_text("Overdue since", timeout=PATIENCE)
    assert fits(phone)
    promise.get_by_role("button", name="No longer holds").click()
    expect(promise).to_have_count(0, timeout=PATIENCE)
