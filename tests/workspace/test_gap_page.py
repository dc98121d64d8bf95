"""The page of gaps in a real browser: what nobody could answer becomes an article, is published, and is answered from."""

import uuid
from typing import TYPE_CHECKING

import pytest

from tests.playing import answered, conversation_of, fits, open_conversation, query, sign_in
from tests.product import RunningProduct
from tests.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

QUESTION = "Do you sharpen old axes and kitchen knives?"
ANSWER = "Yes, we sharpen old axes and kitchen knives, for 40 EUR each."


OTHER = "Which chemical compounds are in the dye of your green rope?"


@pytest.fixture(scope="module", autouse=True)
def _asked(product: RunningProduct) -> None:
    # Both at once, for the reader of runs lets them settle for a minute.
    assert "40 EUR" not in answered(product, QUESTION, user="axe.kim")
    answered(product, OTHER, user="rope.ari")


def gap_of(product: RunningProduct, user: str) -> str:
    """How the card of the gap is found that the reader of runs puts the customer's question into."""
    conversation, _ = conversation_of(product, user)
    of_run = (
        "SELECT g.public_id FROM agent_gap g JOIN agent_gapquestion q ON q.gap_id = g.id"
        " JOIN agent_agentrun r ON r.id = q.run_id WHERE r.conversation_id = ?"
    )
    found = wait_until(lambda: query(product, of_run, conversation), seconds=90, what="the gap")
    return f"[data-gap='{uuid.UUID(found[0][0])}']"


def test_what_nobody_could_answer_becomes_an_article_that_answers(page: "Page", product: RunningProduct) -> None:
    card = gap_of(product, "axe.kim")
    sign_in(page, product, "admin")
    open_conversation(page, product, conversation_of(product, "axe.kim")[1])
    page.fill("#reply-text", ANSWER)
    page.press("#reply-text", "Control+Enter")
    page.locator(".entry[data-from=human]", has_text=ANSWER).wait_for()

    # The answer stands beside the question, and becomes a draft by one press.
    page.goto(f"{product.url}/knowledge/gaps/")
    gap = page.locator(card)
    assert ANSWER in gap.inner_text()
    gap.get_by_role("button", name="Draft an article from the answer").click()
    page.get_by_text("Drafted. Read it over").wait_for()
    page.locator("button[name=_save]").click()
    page.get_by_role("link", name="See what it changes, and publish it").first.click()
    page.get_by_role("link", name="Publish").click()
    page.get_by_label("What for").fill("Axes")
    page.get_by_role("button", name="Publish").click()
    page.get_by_text("the next answer follows it").wait_for()

    # Nobody has to answer it again: the gap is gone, and the next customer is told.
    page.goto(f"{product.url}/knowledge/gaps/")
    assert page.locator(card).count() == 0
    wait_until(
        lambda: "40 EUR" in answered(product, QUESTION, user=f"axe.{uuid.uuid4().hex[:6]}"),
        seconds=180,
        what="the answer from the new article",
    )


def test_what_is_not_for_an_article_is_put_away_and_taken_out_again_on_a_phone(
    phone: "Page", product: RunningProduct
) -> None:
    card = gap_of(product, "rope.ari")
    sign_in(phone, product, "admin")
    phone.goto(f"{product.url}/knowledge/gaps/")
    gap = phone.locator(card)
    assert "No person has answered this yet." in gap.inner_text()
    assert fits(phone)

    gap.get_by_role("button", name="Not for an article").click()
    phone.get_by_text("Put away.").wait_for()
    assert gap.count() == 0
    phone.get_by_role("link", name="Not for an article").click()
    gap.get_by_role("button", name="An article after all").click()

    phone.get_by_text("Open again.").wait_for()
    assert gap.count() == 1
