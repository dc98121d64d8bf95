"""The product's main job, from outside: what `make run` starts, the simulated platform, and a real browser."""

import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from drill import wire
from tests.pictures import make_png
from tests.playing import answers, query, say, sign_in, simulator
from tests.product import RunningProduct
from tests.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import APIResponse, Browser, Page, Route

QUESTION = "How long does standard delivery take?"
ASKS_FOR_A_PERSON = "I want to speak to a real person"
ANSWER_SECONDS = 60


def signed(product: RunningProduct, body: bytes, *, secret: str = "") -> dict[str, str]:
    key = (secret or product.secrets()["SIM_CLIENT_SECRET"]).encode()
    moment = str(int(time.time()))
    digest = hmac.new(key, moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", "Tiktok-Signature": f"t={moment},s={digest}"}


def event(product: RunningProduct, text: str) -> tuple[str, bytes]:
    """A message event as the platform would send it for a customer it knows, and the message's id."""
    known = say(product, "Hello", user=f"guest-{uuid.uuid4().hex[:6]}")
    account = simulator(product, "GET", "apps")
    app = (account["apps"] if isinstance(account, dict) else account)[0]
    business = app["accounts"][0]["business_id"]
    message_id = f"ZHJpbGw+{uuid.uuid4().hex}="
    content = {
        "from": "guest",
        "to": "shop",
        "from_user": {"id": f"guest-{message_id}", "role": "personal_account"},
        "to_user": {"id": business, "role": "business_account"},
        "unique_identifier": f"guest-{message_id}",
        "conversation_id": known,
        "message_id": message_id,
        "timestamp": int(time.time() * 1000),
        "type": "text",
        "text": {"body": text},
    }
    envelope = {
        "client_key": app["client_key"],
        "event": "im_receive_msg",
        "create_time": int(time.time()),
        "user_openid": business,
        "content": json.dumps(content),
    }
    return message_id, json.dumps(envelope).encode()


def test_a_customers_question_is_answered_at_the_platform_with_words_of_an_article(product: RunningProduct) -> None:
    thread = say(product, QUESTION, user="asks-once")

    wait_until(lambda: len(answers(product, thread)) == 1, seconds=ANSWER_SECONDS, what="the answer")
    text = answers(product, thread)[0]["detail"]["content"]
    quoted = query(
        product, "SELECT count(*) FROM agent_passage WHERE instr(?, substr(text, 1, 40)) > 0", json.dumps(text)
    )
    assert quoted[0][0] >= 1


def test_three_quick_messages_get_one_answer(product: RunningProduct) -> None:
    (thread,) = {say(product, line, user="quick") for line in ("Hi there", "quick question", QUESTION)}

    wait_until(lambda: len(answers(product, thread)) == 1, seconds=ANSWER_SECONDS, what="the answer")
    undecided = "SELECT count(*) FROM conversations_message WHERE disposition = 'undecided'"
    wait_until(lambda: query(product, undecided)[0][0] == 0, seconds=ANSWER_SECONDS, what="every message's end")
    assert len(answers(product, thread)) == 1


def test_fifty_parallel_duplicates_are_one_row_and_one_reply(product: RunningProduct) -> None:
    message_id, body = event(product, QUESTION)
    headers = signed(product, body)

    def post(_: int) -> int:
        return wire.post(f"{product.url}/webhooks/tiktok", content=body, headers=headers, timeout=30).status_code

    with ThreadPoolExecutor(50) as pool:
        statuses = set(pool.map(post, range(50)))

    rows = "SELECT disposition, disposition_id FROM conversations_message WHERE platform_message_id = ?"
    wait_until(
        lambda: [row[0] for row in query(product, rows, message_id)] in (["answered"], ["handed_over"]),
        seconds=ANSWER_SECONDS,
        what="the message's one end",
    )
    assert statuses == {200}
    assert (
        query(product, "SELECT count(*) FROM integrations_webhookevent WHERE event_key LIKE ?", f"%{message_id}%")[0][0]
        == 1
    )


def test_a_forged_event_is_401_and_leaves_no_row(product: RunningProduct) -> None:
    message_id, body = event(product, "Give me everything")

    answer = wire.post(
        f"{product.url}/webhooks/tiktok", content=body, headers=signed(product, body, secret="guessed"), timeout=30
    )

    assert answer.status_code == 401
    assert (
        query(product, "SELECT count(*) FROM integrations_webhookevent WHERE event_key LIKE ?", f"%{message_id}%")[0][0]
        == 0
    )


@pytest.fixture
def visitor(browser: "Browser", product: RunningProduct) -> "Iterator[Page]":
    """Somebody with the web chat open."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="en-GB")
    page = context.new_page()
    page.goto(f"{product.url}/chat/{product.secrets()['CHAT_PUBLIC_KEY']}/")
    yield page
    context.close()


def send_reply(page: "Page", text: str) -> None:
    """Send, and press once more where the page asks because the customer wrote meanwhile."""
    page.fill("#reply-text", text)
    page.press("#reply-text", "Control+Enter")
    mine = page.locator(".entry[data-from=human]", has_text=text)
    asked_again = page.locator(".composer-alert")
    mine.or_(asked_again).first.wait_for(timeout=30_000)
    if mine.count() == 0:
        page.press("#reply-text", "Control+Enter")


def write(page: "Page", text: str) -> None:
    page.fill("#chat-field", text)
    page.press("#chat-field", "Enter")


@pytest.mark.browser
def test_a_person_is_asked_for_appears_live_answers_live_and_the_bot_is_silent(
    visitor: "Page", page: "Page", product: RunningProduct
) -> None:
    sign_in(page, product, "dana")
    page.goto(f"{product.url}/workspace/?view=unclaimed")
    waiting = page.locator("a.queue-row", has_text="about what nobody else asks")
    assert waiting.count() == 0

    # The request reaches the open queue by itself, and the visitor is told once.
    write(visitor, f"{ASKS_FOR_A_PERSON} about what nobody else asks")
    waiting.wait_for(timeout=60_000)
    visitor.locator("#chat-banner[data-owner=waiting]").wait_for(timeout=30_000)

    # Dana takes it and answers; both arrive without a reload.
    waiting.click()
    page.locator(".answering button", has_text="Claim").click()
    page.locator(".answering[data-owner=you]").wait_for()
    visitor.locator("#chat-banner[data-owner=human]").wait_for(timeout=30_000)

    # Each sees the other write.
    page.locator("#reply-text").press_sequentially("Hel")
    visitor.locator("#chat-typing-text", has_text="is typing").wait_for(timeout=30_000)
    visitor.locator("#chat-field").press_sequentially("Are you")
    page.locator(".customer-typing").wait_for(timeout=30_000)
    visitor.fill("#chat-field", "")
    send_reply(page, "Hello, this is Dana. How can I help?")
    visitor.locator(".chat-message[data-from=human]", has_text="this is Dana").wait_for(timeout=30_000)

    # What the visitor writes now reaches Dana, and the bot says nothing.
    spoken = visitor.locator(".chat-message[data-from=bot]").count()
    write(visitor, QUESTION)
    page.locator(".entry[data-from=customer]", has_text=QUESTION).wait_for(timeout=30_000)
    send_reply(page, "Two to four working days.")
    visitor.locator(".chat-message[data-from=human]", has_text="Two to four").wait_for(timeout=30_000)
    assert visitor.locator(".chat-message[data-from=bot]").count() == spoken

    # Handed back, the bot answers again.
    page.locator(".pane-tools button", has_text="Hand back").click()
    page.locator("dialog[open] button[type=submit]").click()
    visitor.locator("#chat-banner[data-owner=bot]").wait_for(timeout=30_000)
    write(visitor, "What does shipping cost?")
    visitor.locator(".chat-message[data-from=bot]").nth(spoken).wait_for(timeout=60_000)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture with a place written beside it."""
    file = tmp_path / "label.png"
    file.write_bytes(make_png(640, 360, note=b"48.2082 N 16.3738 E"))
    return file


def claim(visitor: "Page", page: "Page", product: RunningProduct, topic: str) -> None:
    """The visitor asks for a person, and dana takes the conversation."""
    sign_in(page, product, "dana")
    write(visitor, f"{ASKS_FOR_A_PERSON} {topic}")
    page.goto(f"{product.url}/workspace/?view=all")
    page.locator("a.queue-row", has_text=topic).first.click()
    page.locator(".answering button", has_text="Claim").click(timeout=30_000)
    page.locator(".answering[data-owner=you]").wait_for()


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


@pytest.mark.browser
def test_a_picture_is_looked_at_before_it_is_sent_and_waits_for_its_composer(
    visitor: "Page", page: "Page", product: RunningProduct, photo: Path
) -> None:
    claim(visitor, page, product, "about a photo")
    preview, problem = page.locator(".composer-picture"), page.locator(".composer-picture-problem")

    # What is too large is said before anything is sent.
    page.evaluate(
        """() => { const field = document.getElementById("reply-picture"), chosen = new DataTransfer();
        chosen.items.add(new File([new Uint8Array(12_000_000)], "big.jpg", { type: "image/jpeg" }));
        field.files = chosen.files; field.dispatchEvent(new Event("change", { bubbles: true })); }"""
    )
    problem.get_by_text("This picture is 12 MB; Web chat takes up to 8 MB.").wait_for()
    page.set_input_files("#reply-picture", photo)
    page.locator(".composer-thumb[src]").wait_for()
    assert not problem.is_visible()
    page.click("[data-picture=remove]")
    assert not preview.is_visible()

    # A look into another conversation takes nothing away, and puts nothing there.
    page.set_input_files("#reply-picture", photo)
    title = page.locator("#conversation .pane-title")
    name = title.inner_text()
    page.locator("a.queue-row:not([aria-current=true])").first.click()
    page.locator("#conversation .pane-title", has_not_text=name).wait_for()
    assert page.locator(".composer-thumb[src]").count() == 0
    page.locator("a.queue-row", has_text="about a photo").first.click()
    page.locator("#conversation .pane-title", has_text=name).wait_for()
    page.locator(".composer-thumb[src]").wait_for()


@pytest.mark.browser
def test_a_picture_from_the_composer_is_seen_by_the_visitor_and_by_nobody_else(
    visitor: "Page", page: "Page", product: RunningProduct, photo: Path
) -> None:
    claim(visitor, page, product, "about a label")
    page.set_input_files("#reply-picture", photo)
    page.fill("#picture-description", "The label on the box")
    send_reply(page, "It looks like this:")

    # Both arrive as one message, live on both pages, on a phone's width.
    page.locator(".entry[data-from=human] img.attachment-picture[alt='The label on the box']").wait_for(timeout=30_000)
    assert page.locator(".composer-picture").is_hidden()
    visitor.locator(".chat-picture[data-state=shown]").wait_for(timeout=30_000)
    shown = visitor.locator(".chat-message[data-from=human]", has_text="It looks like this:").locator(".chat-picture")
    assert shown.locator("img").get_attribute("alt") == "The label on the box"
    box = shown.bounding_box()
    assert box is not None
    assert 100 < box["width"] <= 390 - box["x"]
    assert visitor.evaluate("document.documentElement.scrollWidth") <= 390

    # Enlarged on a press, closed by a key, still there after a reload.
    shown.click()
    visitor.locator("dialog.chat-viewer[open] img").wait_for()
    visitor.keyboard.press("Escape")
    visitor.locator("dialog.chat-viewer[open]").wait_for(state="detached")
    visitor.reload()
    visitor.locator(".chat-picture[data-state=shown]").wait_for(timeout=30_000)

    # The address alone opens nothing, and the file holds the pixels only.
    kept = "SELECT public_id, file FROM conversations_attachment WHERE name = 'The label on the box'"
    ((public_id, file),) = query(product, kept)
    chat = f"{product.url}/chat/{product.secrets()['CHAT_PUBLIC_KEY']}"
    assert wire.get(f"{chat}/pictures/{uuid.UUID(public_id)}", timeout=10).status_code == 401
    assert (product.folder / "media" / file).read_bytes() == make_png(640, 360)


@pytest.mark.browser
def test_an_answer_goes_into_its_panes_although_what_asked_was_renewed_meanwhile(
    page: "Page", product: RunningProduct
) -> None:
    sign_in(page, product, "dana")
    page.goto(f"{product.url}/workspace/?view=all")
    row = page.locator("a.queue-row").first
    address, conversation = row.get_attribute("href") or "", row.get_attribute("data-id")
    held: list[Route] = []
    page.locator(".connection[data-state=live]").wait_for()
    page.route(f"**{address}", lambda route, _: held.append(route))
    with page.expect_request(f"**{address}"):
        row.click()

    row.evaluate("row => row.replaceWith(row.cloneNode(true))")
    held[0].continue_()

    page.locator(f"#conversation[data-conversation='{conversation}']").wait_for()
    assert page.locator("#queue a.queue-row").count() > 0


@pytest.mark.browser
def test_the_dashboard_moves_by_itself_and_its_number_opens_the_rows(page: "Page", product: RunningProduct) -> None:
    sign_in(page, product, "sam")
    page.goto(f"{product.url}/dashboard/")
    page.locator(".connection[data-state=live]").wait_for()
    before = page.locator(".tiles").first.inner_text()

    say(product, ASKS_FOR_A_PERSON, user="seen-on-the-dashboard")

    wait_until(lambda: page.locator(".tiles").first.inner_text() != before, seconds=60, what="the dashboard to move")
    page.locator("a.tile").first.click()
    page.locator("main table, main .state").first.wait_for()


@pytest.mark.browser
def test_a_prompt_editor_publishes_another_greeting_and_the_next_answer_uses_it(
    visitor: "Page", page: "Page", product: RunningProduct
) -> None:
    sign_in(page, product, "admin")
    (greeting,) = query(
        product,
        "SELECT t.id FROM agent_replytemplate t JOIN agent_release r ON r.id = t.release_id"
        " WHERE t.key = 'greeting' AND t.language = 'en' AND r.state = 'published' ORDER BY r.number DESC LIMIT 1",
    )
    page.goto(f"{product.url}/admin/agent/replytemplate/{greeting[0]}/change/")
    page.fill("textarea[name=text]", "Ahoy! What can I do for you?")
    page.click("button[name=_save]")
    page.locator("text=Saved in draft release").wait_for()
    write(visitor, "Hello!")
    visitor.locator(".chat-message[data-from=bot]").first.wait_for(timeout=60_000)
    assert visitor.locator("text=Ahoy").count() == 0

    page.get_by_role("link", name="See what it changes, and publish it").first.click()
    page.locator("text=Ahoy").first.wait_for()
    page.get_by_role("link", name="Publish").click()
    page.get_by_label("What for").fill("A word of the sea")
    page.get_by_role("button", name="Publish").click()
    page.locator("text=the next answer follows it").wait_for()

    wait_until(lambda: _greets_anew(visitor), seconds=120, what="the new greeting")


def _greets_anew(visitor: "Page") -> bool:
    spoken = visitor.locator(".chat-message[data-from=bot]").count()
    write(visitor, "Hello again!")
    visitor.locator(".chat-message[data-from=bot]").nth(spoken).wait_for(timeout=60_000)
    return "Ahoy" in visitor.locator(".chat-message[data-from=bot]").nth(spoken).inner_text()
