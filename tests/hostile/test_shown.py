"""Markup and templates that customers send, as browsers show them: every page holds them as text, and nothing of them happens.

Once, with SQLite: what pages and scripts make of a text knows no database. That both keep it and give it back letter by letter is
tried with the same texts in ``test_words``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.hostile.cases import CASES, covers, words
from tests.playing import conversation_of, query, say, sign_in
from tests.product import RunningProduct
from tests.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser

NAMES = sorted(name for name in CASES if "T-001" <= name <= "T-014")
TEXTS = {name: words(CASES[name]) for name in NAMES}
SECONDS = 60
# What an element would have to be, or to have, for one of the texts to have become more than text.
GROWN = """() => [...document.querySelectorAll("*")].filter(element =>
    (element.localName === "script" && !element.src && /evil|alert|postMessage/.test(element.text))
    || (element.localName === "style" && /evil\\.example/.test(element.textContent))
    || [...element.attributes].some(({ name, value }) => name !== "title" && !name.startsWith("aria-") && !name.startsWith("data-")
        && name !== "value" && (/^on/.test(name) && /alert|fetch/.test(value)
        || name === "srcdoc" || (/^(href|src|action|formaction|style)$/.test(name) && /evil\\.example|javascript:|^x$/.test(value))))
).map(element => element.outerHTML.slice(0, 200))"""


@dataclass(slots=True, kw_only=True)
class Watched:
    """A browser's page and what went on in it that should not."""

    page: "Page"
    problems: list[str] = field(default_factory=list)

    def shows_text_only(self, product: RunningProduct) -> None:
        """Nothing of the texts was run, fetched, reported or built."""
        assert self.page.evaluate(GROWN) == []
        assert self.problems == []


@pytest.fixture(scope="module")
def sent(product: RunningProduct) -> dict[str, str]:
    """Each text sent by a customer of its own, taken in; by name, the conversation's id in addresses."""
    before = counts(product)
    for name, text in TEXTS.items():
        say(product, text, user=f"hostile-{name}")
    wait_until(lambda: len(kept(product)) == len(TEXTS), seconds=SECONDS, what="the texts to be taken in")
    after = counts(product)
    # One customer, conversation and message more for each; nothing of all the rest is gone.
    for table, number in before.items():
        assert after[table] >= number + (len(TEXTS) if table in PER_TEXT else 0), table
    return {name: conversation_of(product, f"hostile-{name}")[1] for name in TEXTS}


PER_TEXT = ("conversations_customer", "conversations_conversation", "conversations_message")


def counts(product: RunningProduct) -> dict[str, int]:
    """How many rows each table of what was said has."""
    tables = (*PER_TEXT, "core_user", "agent_passage", "integrations_platformaccount")
    return {table: int(query(product, f"SELECT count(*) FROM {table}")[0][0]) for table in tables}  # noqa: S608  (constants)


def kept(product: RunningProduct) -> list[tuple[int, str]]:
    """The customers' messages that are one of the texts."""
    rows = query(product, "SELECT id, text FROM conversations_message WHERE sender_type = 'customer' AND account_id IN"
                 " (SELECT id FROM integrations_platformaccount WHERE platform = 'tiktok')")  # fmt: skip
    return [(int(pk), str(text)) for pk, text in rows if text in TEXTS.values()]


@pytest.fixture
def watched(browser: "Browser", product: RunningProduct) -> "Iterator[Watched]":
    """A desktop page in which dialogs, requests to elsewhere, reports of the content policy and script errors are noted."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, locale="en-GB")
    yield watching(context, product)
    context.close()


def watching(context: "BrowserContext", product: RunningProduct) -> Watched:
    """A page of the context whose doings are noted."""
    seen = Watched(page=context.new_page())
    home = urlsplit(product.url).netloc

    def asked(url: str) -> None:
        parts = urlsplit(url)
        if (parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != home) or parts.path == "/csp":
            seen.problems.append(f"request: {url}")

    context.on("request", lambda request: asked(request.url))
    context.on("page", lambda other: seen.problems.append(f"window: {other.url}") if other is not seen.page else None)
    seen.page.on("websocket", lambda line: asked(line.url))
    seen.page.on("pageerror", lambda error: seen.problems.append(f"script error: {error}"))
    seen.page.on("console", lambda line: seen.problems.append(line.text) if "Content Security" in line.text else None)

    def dialog(opened: "object") -> None:
        seen.problems.append("a dialog opened")
        opened.dismiss()  # type: ignore[attr-defined]

    seen.page.on("dialog", dialog)
    return seen


@covers(*NAMES)
def test_the_queue_and_each_conversation_show_what_was_sent(
    watched: Watched, product: RunningProduct, sent: dict[str, str]
) -> None:
    page = watched.page
    sign_in(page, product, "dana")

    page.goto(f"{product.url}/workspace/?view=all")
    page.locator("a.queue-row").first.wait_for()
    lines = page.locator(".queue-row-line").all_inner_texts()
    assert {folded(text)[:60] for text in TEXTS.values()} & {folded(line)[:60] for line in lines}
    watched.shows_text_only(product)

    for name, public_id in sent.items():
        page.goto(f"{product.url}/workspace/c/{public_id}/?view=all")
        bubbles = page.locator(".entry[data-from=customer] .bubble")
        bubbles.first.wait_for()
        page.locator(".connection[data-state=live]").wait_for()
        assert bubbles.all_inner_texts() == [TEXTS[name]]
        # The product of the template is nowhere among the words that are said or quoted.
        told = page.locator(".bubble, .queue-row-line, .suggestion-text, .hand-off-want").all_inner_texts()
        assert not [line for line in told if re.search(r"(?<!\d)49(?!\d)", line)]
        watched.shows_text_only(product)


@covers(*NAMES)
def test_the_dashboard_and_its_rows_run_nothing(
    watched: Watched, product: RunningProduct, sent: dict[str, str]
) -> None:
    page = watched.page
    sign_in(page, product, "admin")
    assert sent

    for path in ("/dashboard/", "/dashboard/rows/with-bot/", "/dashboard/rows/handed-over/", "/operations/"):
        answer = page.goto(f"{product.url}{path}")
        assert answer is not None
        page.locator("main").first.wait_for()
        watched.shows_text_only(product)


@covers(*NAMES)
def test_the_admin_shows_each_message_and_conversation_as_text(
    watched: Watched, product: RunningProduct, sent: dict[str, str]
) -> None:
    page = watched.page
    sign_in(page, product, "admin")
    pages = [("message", pk, text) for pk, text in kept(product)]
    pages += [("conversation", conversation_of(product, f"hostile-{name}")[0], TEXTS[name]) for name in sent]

    for kind, pk, text in pages:
        answer = page.goto(f"{product.url}/admin/conversations/{kind}/{pk}/change/")
        assert answer is not None
        assert answer.status == 200
        page.wait_for_load_state("load")
        assert folded(text) in folded(page.locator("body").inner_text())
        watched.shows_text_only(product)
    for kind in ("message", "conversation", "customer"):
        page.goto(f"{product.url}/admin/conversations/{kind}/")
        page.wait_for_load_state("load")
        watched.shows_text_only(product)


@covers(*NAMES)
def test_the_chat_shows_what_was_written_in_it(watched: Watched, product: RunningProduct) -> None:
    page = watched.page
    address = f"{product.url}/chat/{product.secrets()['CHAT_PUBLIC_KEY']}/"
    page.goto(address)
    mine = page.locator(".chat-message[data-from=customer]")

    for number, text in enumerate(TEXTS.values(), start=1):
        page.fill("#chat-field", text)
        page.press("#chat-field", "Enter")
        mine.nth(number - 1).wait_for(timeout=30_000)
    for _ in ("as it was written", "as it is kept"):
        shown = [folded(line) for line in mine.all_inner_texts()]
        assert [text for text in TEXTS.values() if not any(folded(text) in line for line in shown)] == []
        said = page.locator(".chat-message").all_inner_texts()
        assert not [line for line in said if re.search(r"(?<![\d:])49(?![\d:])", line)]
        watched.shows_text_only(product)
        page.reload()
        mine.nth(len(TEXTS) - 1).wait_for(timeout=30_000)


def folded(text: str) -> str:
    """The text on one line, as lists show it."""
    return " ".join(text.split())
