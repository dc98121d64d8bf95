"""Looking something up while answering, in a real browser: asked, found, and put into the reply."""

from typing import TYPE_CHECKING

import pytest

from tests.playing import PATIENCE, answered, conversation_of, fits, open_conversation, sign_in
from tests.product import RunningProduct

if TYPE_CHECKING:
    from playwright.sync_api import Page

expect = pytest.importorskip("playwright.sync_api").expect

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("window", ["page", "phone"])
def test_a_passage_is_found_and_put_into_the_reply(
    request: pytest.FixtureRequest, window: str, product: RunningProduct
) -> None:
    page: Page = request.getfixturevalue(window)
    answered(product, "I want to speak to a real person", user=f"looked.up.{window}")
    sign_in(page, product, "sam")
    open_conversation(page, product, conversation_of(product, f"looked.up.{window}")[1])
    page.locator("[data-dialog-open=knowledge-dialog]").first.click()

    query = page.get_by_label("What is asked?")
    expect(query).to_be_focused(timeout=PATIENCE)
    query.fill("How long does delivery take?")
    query.press("Enter")
    hit = page.locator(".knowledge-hit").first
    hit.wait_for(timeout=PATIENCE)
    assert fits(page)
    passage = hit.locator(".knowledge-text").inner_text()
    hit.get_by_role("button", name="Put into the reply").click()

    expect(page.locator("#knowledge-dialog")).to_be_hidden(timeout=PATIENCE)
    expect(page.locator("#reply-text")).to_have_value(passage, timeout=PATIENCE)
