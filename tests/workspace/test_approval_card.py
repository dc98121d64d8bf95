"""The card of what waits for a decision, in a real browser: changed and approved once, asked about, declined."""

import json
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.browser import PHONE
from tests.playing import PATIENCE, answered, conversation_of, fits, open_conversation, query, sign_in
from tests.product import RunningProduct

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

expect = pytest.importorskip("playwright.sync_api").expect

pytestmark = pytest.mark.browser

REPLY = "Thank you. Our sales team writes to ada@mail.example."


def make_lead(product: RunningProduct, user: str) -> str:
    """Somebody who asked for a person, and whose lead waits for a decision as a turn leaves it; their conversation's id."""
    answered(product, "I want to speak to a real person", user=user)
    key, public_id = conversation_of(product, user)
    given = {"email": "ada@mail.example", "consent": "Yes, ada@mail.example", "quantity": "60", "need": "Sixty jackets"}
    query(
        product,
        "INSERT INTO agent_lead (public_id, conversation_id, episode_id, state, email, need, product, quantity, budget,"
        " wanted_by, consent, consent_seq, consented_at, created_at) SELECT ?, ?, max(id), 'waiting', ?, '', '', 60, '', '',"
        " ?, 1, datetime('now'), datetime('now') FROM conversations_episode WHERE conversation_id = ?",
        uuid.uuid4().hex,
        key,
        given["email"],
        given["consent"],
        key,
    )
    query(
        product,
        "INSERT INTO agent_approval (public_id, run_id, conversation_id, tool, input, reply, state, reason, created_at)"
        " SELECT ?, max(id), ?, 'lead', ?, ?, 'waiting', '', datetime('now') FROM agent_agentrun WHERE conversation_id = ?",
        uuid.uuid4().hex,
        key,
        json.dumps(given),
        REPLY,
        key,
    )
    return public_id


def test_of_two_people_one_approves_with_a_change_and_the_other_is_told(
    browser: "Browser", page: "Page", product: RunningProduct
) -> None:
    lead = make_lead(product, "lead.two")
    colleague = browser.new_context(locale="en-GB").new_page()
    for window, name in ((page, "sam"), (colleague, "admin")):
        sign_in(window, product, name)
        open_conversation(window, product, lead)
    # What the colleague sees stays as it is: their line is down.
    colleague.locator("#approval").get_by_text("Ask the customer first").click()
    colleague.locator("#approval").get_by_label("Your question").fill("Which sizes?")
    colleague.route(
        "**/workspace/c/**", lambda route: route.abort() if route.request.method == "GET" else route.continue_()
    )
    card = page.locator("#approval")
    expect(card).not_to_contain_text("ada@mail.example", timeout=PATIENCE)

    card.get_by_text("Change it first").click()
    card.get_by_label("Another e-mail address").fill("team@mail.example")
    card.get_by_label("Another quantity").fill("80")
    card.get_by_label("Another need").fill("Jackets for a club")
    card.get_by_label("Another budget").fill("4000 EUR")
    card.get_by_label("Another date").fill("15 March")
    card.get_by_role("button", name="Approve").click()
    expect(page.locator(".entry[data-from=human]", has_text="team@mail.example")).to_be_visible(timeout=PATIENCE)
    expect(card).to_have_count(0, timeout=PATIENCE)
    colleague.locator("#approval").get_by_role("button", name="Ask", exact=True).click()

    expect(colleague.locator("#problem")).to_contain_text(
        "Sam Okafor decided this already: approved.", timeout=PATIENCE
    )
    assert query(
        product, "SELECT email, quantity, state, need, budget, wanted_by FROM agent_lead ORDER BY id DESC LIMIT 1"
    ) == [("team@mail.example", 80, "open", "Jackets for a club", "4000 EUR", "15 March")]
    colleague.context.close()


def test_a_quantity_that_is_none_is_told_and_what_was_typed_stays(page: "Page", product: RunningProduct) -> None:
    lead = make_lead(product, "lead.wrong")
    sign_in(page, product, "sam")
    open_conversation(page, product, lead)
    card = page.locator("#approval")

    card.get_by_text("Change it first").click()
    card.get_by_label("Another quantity").fill("0")
    card.get_by_role("button", name="Approve").click()

    expect(page.locator("#problem")).to_contain_text("a whole number from 1", timeout=PATIENCE)
    expect(card.get_by_label("Another quantity")).to_have_value("0", timeout=PATIENCE)


@pytest.mark.parametrize(
    ("way", "field", "words", "button", "state"),
    [
        ("Ask the customer first", "Your question", "Which sizes do you need?", "Ask", "asked"),
        ("Decline", "Why (for colleagues)", "Too few", "Decline it", "declined"),
    ],
)
def test_asking_and_declining_on_a_phone(
    phone: "Page", product: RunningProduct, way: str, field: str, words: str, button: str, state: str
) -> None:
    lead = make_lead(product, f"lead.{state}")
    sign_in(phone, product, "sam")
    open_conversation(phone, product, lead)
    phone.get_by_role("button", name="About this conversation").click()
    card = phone.locator("#approval")
    assert fits(phone)

    card.locator("summary", has_text=way).press("Enter")
    card.get_by_label(field).fill(words)
    box = card.get_by_role("button", name=button, exact=True).bounding_box()
    card.get_by_role("button", name=button, exact=True).click()

    expect(card).to_have_count(0, timeout=PATIENCE)
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
    decided = "SELECT state FROM agent_approval WHERE conversation_id = ?"
    assert query(product, decided, conversation_of(product, f"lead.{state}")[0]) == [(state,)]
